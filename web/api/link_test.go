package api

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestTheLinkCheckMovesWhatItSaysAndNoMore(t *testing.T) {
	p := found(t)
	p.as("doctor")
	for _, bytes := range []string{"0", "8192", "131072"} {
		got := into[Padding](p.send("doctor", "GET", "/api/link?bytes="+bytes, nil).is(200))
		raw, err := base64.StdEncoding.DecodeString(got.Padding)
		p.ok(err)
		if want := map[string]int{"0": 0, "8192": 8 << 10, "131072": 128 << 10}[bytes]; len(raw) != want {
			t.Errorf("%s bytes asked for, %d came", bytes, len(raw))
		}
	}
	first := into[Padding](p.send("doctor", "GET", "/api/link?bytes=64", nil).is(200))
	if again := into[Padding](p.send("doctor", "GET", "/api/link?bytes=64", nil).is(200)); again == first {
		t.Error("what comes down is the same each time, so that something on the way may keep it")
	}
	p.send("doctor", "GET", "/api/link?bytes=131073", nil).refused(422, "invalid")
	p.send("doctor", "PUT", "/api/link", map[string]any{"padding": strings.Repeat("x", 128<<10)}).is(204)
	p.send("doctor", "PUT", "/api/link", map[string]any{"padding": strings.Repeat("x", 180<<10)}).refused(413, "too-large")
}
