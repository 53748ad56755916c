package api

import (
	"encoding/json"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// FuzzBodies sends anything at all to the operations that take JSON: it may be
// refused, but never as the server's own mistake.
func FuzzBodies(f *testing.F) {
	p := found(f)
	p.as("doctor")
	p.as("coordinator")
	p.as("admin")
	id := p.file()
	var list []*huma.Operation
	p.api.each(func(o *huma.Operation) {
		if o.RequestBody != nil && o.RequestBody.Content["application/json"] != nil && p.api.actions[o.OperationID] != open {
			list = append(list, o)
		}
	})
	for i, o := range list {
		_, body, _ := p.request(o, id)
		raw, err := json.Marshal(body)
		p.ok(err)
		f.Add(uint8(i), raw)
	}
	f.Add(uint8(0), []byte(`{"kind":"video","request":{"patient":{"birth":"9999-99-99","age":-1},"question":"\u0000","specialty":"😀","vitals":[{"taken":"0001-01-01T00:00:00Z","systolic":1e308}]}}`))
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		p.t = t
		o := list[int(which)%len(list)]
		if o.OperationID == "session-password" || o.OperationID == "session-unlock" || o.OperationID == "totp-confirm" {
			return // slowed down on purpose
		}
		path, _, _ := p.request(o, id)
		for _, who := range []string{"doctor", "coordinator", "admin"} {
			a := p.send(who, o.Method, path, raw)
			if a.status >= 500 {
				t.Errorf("%s %s by %s: %d %s", o.Method, o.Path, who, a.status, a.raw)
			}
			if !json.Valid(a.raw) && len(a.raw) > 0 {
				t.Errorf("%s %s answers with something that is not JSON", o.Method, o.Path)
			}
		}
	})
}

func FuzzVersion(f *testing.F) {
	for _, s := range []string{"", "*", `"7"`, `W/"7"`, "-1", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := version(s); err == nil && v < 0 {
			t.Errorf("%q is version %d", s, v)
		}
	})
}
