package store

import (
	"encoding/base64"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCursorOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			var c caseCursor
			_ = decodeCursor(cursor, &c) // must not panic, may refuse
		}
		at := time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")).UTC()
		want := caseCursor{Priority: rapid.IntRange(0, 2).Draw(t, "priority"), At: at, Created: at, ID: NewID()}
		var got caseCursor
		if err := decodeCursor(encodeCursor(want), &got); err != nil || got != want {
			t.Errorf("%+v comes back as %+v (%v)", want, got, err)
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
