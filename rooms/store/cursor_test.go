package store

import "testing"

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("bad")
	f.Add(encodeCursor(caseCursor{Priority: 1, ID: "x"}))
	f.Add(encodeCursor(auditCursor{ID: "x"}))
	f.Fuzz(func(t *testing.T, text string) {
		var c caseCursor
		if decodeCursor(text, &c) != nil {
			return
		}
		var again caseCursor
		if err := decodeCursor(encodeCursor(c), &again); len(c.ID) < 200 && (err != nil || !c.At.Equal(again.At) || c.ID != again.ID) {
			t.Errorf("%q reads as %+v, then as %+v (%v)", text, c, again, err)
		}
	})
}

func TestDocumentRefusesNUL(t *testing.T) {
	for text, want := range map[string]error{"plain": nil, `\u0000`: nil, `\\u0000`: nil, "a\x00b": ErrBadText, "\\\x00": ErrBadText, "\x00\x00": ErrBadText} {
		if _, err := document(map[string]string{"k": text}); err != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}
