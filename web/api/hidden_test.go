package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/store"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func dutyOf(person string, rank int) store.Duty {
	return store.Duty{Tenant: tenant, Department: cardiology, Person: person, Rank: rank, From: time.Now().Add(-time.Hour).UTC()}
}

func (p *partnership) actor(login string) auth.Actor {
	person, err := p.store.Person(context.Background(), login)
	p.ok(err)
	return auth.Actor{Person: login, Tenant: tenant, Grants: person.Holds(time.Now())}
}

// sample makes the smallest value that fits a schema, so that a request passes
// validation and the answer is about access.
func sample(r huma.Registry, s *huma.Schema) any {
	if s.Ref != "" {
		return sample(r, r.SchemaFromRef(s.Ref))
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[len(s.Enum)-1]
	case s.Format == "date-time":
		return time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	}
	switch s.Type {
	case huma.TypeObject:
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = sample(r, s.Properties[name])
		}
		return out
	case huma.TypeArray:
		return []any{}
	case huma.TypeInteger, huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case huma.TypeBoolean:
		return false
	}
	if s.MinLength != nil {
		return strings.Repeat("x", *s.MinLength)
	}
	return ""
}

// request builds a valid request for an operation on the case.
func (p *partnership) request(o *huma.Operation, id string) (path string, body any, headers []string) {
	path = strings.NewReplacer("{id}", id, "{attachment}", store.NewID()).Replace(o.Path)
	for _, q := range o.Parameters {
		if q.In == "query" && q.Required {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			path += sep + q.Name + "=" + fmt.Sprint(sample(p.api.huma.OpenAPI().Components.Schemas, q.Schema))
			if q.Name == "to" {
				path = path[:strings.LastIndex(path, "=")+1] + time.Now().Add(3*time.Hour).UTC().Format(time.RFC3339)
			}
		}
	}
	if o.RequestBody == nil {
		return path, nil, nil
	}
	if json := o.RequestBody.Content["application/json"]; json != nil {
		return path, sample(p.api.huma.OpenAPI().Components.Schemas, json.Schema), nil
	}
	raw, contentType := form("note.txt", []byte("text"))
	return path, raw, []string{"Content-Type", contentType}
}

func form(name string, data []byte) (raw []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreateFormFile("file", name)
	_, _ = part.Write(data)
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// TestAnotherClinicsDoctorFindsNothing asks every operation that names a case,
// for cases in several states, as somebody of the same role elsewhere. The answer
// is the same as for a case that never was.
func TestAnotherClinicsDoctorFindsNothing(t *testing.T) {
	p := found(t)
	draft := p.send("doctor", "POST", "/api/consults", map[string]any{"kind": "video", "request": complete()}).is(201).view().ID
	submitted := p.file()
	calling := p.startNow().is(201).view().ID
	p.send("heart", "POST", "/api/consults/"+calling+"/accept", map[string]any{}).is(200)
	signed := p.startNow().is(201).view().ID
	for _, s := range []step{{"heart", "accept", nil, "", nil}, {"heart", "end", nil, "", nil}} {
		p.send(s.who, "POST", "/api/consults/"+signed+"/"+s.verb, map[string]any{}).is(200)
	}
	p.send("doctor", "POST", "/api/consults/"+signed+"/consent", consent).is(200)
	p.send("heart", "PUT", "/api/consults/"+signed+"/opinion", written).is(200)
	p.send("heart", "POST", "/api/consults/"+signed+"/sign", map[string]any{}).is(200)

	never := store.NewID()
	asked := 0
	p.api.each(func(o *huma.Operation) {
		if !strings.Contains(o.Path, "{id}") || strings.HasPrefix(o.Path, "/api/breakglass/") {
			return // break-glass is how a stranger opens a case, by giving a reason
		}
		asked++
		path, body, headers := p.request(o, never)
		want := p.send("stranger", o.Method, path, body, headers...)
		want.refused(404, "not-found")
		for name, id := range map[string]string{"draft": draft, "submitted": submitted, "in call": calling, "signed": signed} {
			path, body, headers := p.request(o, id)
			got := p.send("stranger", o.Method, path, body, headers...)
			if got.status != 404 || !bytes.Equal(got.raw, want.raw) {
				t.Errorf("%s %s (%s): %d %s; for a case that never was: %d %s", o.Method, o.Path, name, got.status, got.raw, want.status, want.raw)
			}
			if nobody := p.send("", o.Method, path, body, headers...); nobody.status != 401 {
				t.Errorf("%s %s without signing in: %d", o.Method, o.Path, nobody.status)
			}
		}
	})
	if asked < 35 {
		t.Errorf("only %d operations name a case", asked)
	}
	for _, scope := range []string{"mine", "today", "closed"} {
		if list := into[rooms.Lines](p.send("stranger", "GET", "/api/consults?scope="+scope, nil).is(200)); len(list.Items) != 0 {
			t.Errorf("%s lists %d cases of others", scope, len(list.Items))
		}
	}
	p.send("stranger", "GET", "/api/consults?scope=queue", nil).refused(403, "forbidden")
	trail := into[rooms.AuditPage](p.send("auditor", "GET", "/api/audit?person=stranger&case="+signed, nil).is(200))
	if len(trail.Items) == 0 || trail.Items[0].Outcome != store.Refused {
		t.Errorf("the attempts are not in the audit trail: %+v", trail.Items)
	}
}

func TestEmergencyAccess(t *testing.T) {
	p := found(t)
	id := p.file()
	doctor := p.listen("doctor", false)
	p.send("stranger", "POST", "/api/breakglass/"+id, map[string]any{"reason": ""}).refused(422, "invalid")
	v := p.send("stranger", "POST", "/api/breakglass/"+id, map[string]any{"reason": "the patient is here, unconscious"}).is(201).view()
	if v.Scope != "whole" || v.Seat != "break-glass" || time.Until(v.BreakGlass) > time.Hour || time.Until(v.BreakGlass) < 59*time.Minute {
		t.Errorf("emergency access: scope %s seat %s until %s", v.Scope, v.Seat, v.BreakGlass)
	}
	doctor.notice(id, "break-glass")
	p.send("stranger", "POST", "/api/consults/"+id+"/submit", map[string]any{}).refused(403, "forbidden")
	open := into[[]rooms.BreachView](p.send("admin", "GET", "/api/breakglass", nil).is(200))
	if len(open) != 1 || open[0].Person.ID != "stranger" || open[0].Owner.ID != "doctor" {
		t.Fatalf("open accesses: %+v", open)
	}
	p.send("admin", "POST", "/api/breakglass/"+id+"/review", map[string]any{"person": "stranger", "note": "justified"}).is(204)
	if open := into[[]rooms.BreachView](p.send("admin", "GET", "/api/breakglass", nil).is(200)); len(open) != 0 {
		t.Errorf("still flagged after the review: %+v", open)
	}
}

func TestConfidentialCasesAreMaskedButNotMoved(t *testing.T) {
	p := found(t)
	r := complete()
	r["patient"] = map[string]any{"name": "欧阳小明", "age": 40, "sex": "male", "confidential": true}
	id := p.send("doctor", "POST", "/api/consults", map[string]any{"kind": "video", "urgency": "urgent", "request": r}).is(201).view().ID
	p.send("doctor", "POST", "/api/consults/"+id+"/submit", map[string]any{}).is(200)
	p.file()
	items := into[rooms.Lines](p.send("coordinator", "GET", "/api/consults?scope=queue", nil).is(200)).Items
	if len(items) != 2 || items[0].ID != id || items[0].Patient != "欧＊＊" || !items[0].Masked {
		t.Errorf("the queue: %+v", items)
	}
	if found := into[rooms.Lines](p.send("coordinator", "GET", "/api/consults?scope=queue&q=小明", nil).is(200)).Items; len(found) != 0 {
		t.Error("the search finds a confidential case by its patient's name")
	}
	if v := p.send("doctor", "GET", "/api/consults/"+id, nil).is(200).view(); v.Request.Patient.Name != "欧阳小明" {
		t.Error("the owner sees the mask")
	}
}

func TestEveryOperationHasAPolicy(t *testing.T) {
	p := found(t)
	p.ok(p.api.verify())
	huma.Register(p.api.huma, huma.Operation{OperationID: "forgotten", Method: "GET", Path: "/api/forgotten"}, func(context.Context, *struct{}) (*body[string], error) {
		return nil, nil
	})
	if err := p.api.verify(); err == nil || !strings.Contains(err.Error(), "/api/forgotten") {
		t.Errorf("an operation without a policy passes the start-up check: %v", err)
	}
}

func TestDocumentIsOpenAPI31(t *testing.T) {
	p := found(t)
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ Security []map[string][]string }
		Components struct{ Schemas map[string]any }
	}
	p.ok(json.Unmarshal(p.send("", "GET", "/openapi.json", nil).is(200).raw, &doc))
	if doc.OpenAPI != "3.1.0" || len(doc.Paths) < 60 || doc.Components.Schemas["CaseView"] == nil {
		t.Errorf("document: %s, %d paths", doc.OpenAPI, len(doc.Paths))
	}
}
