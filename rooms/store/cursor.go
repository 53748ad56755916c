package store

import (
	"encoding/base64"
	"encoding/json"
	"errors"
)

// ErrBadCursor says that a cursor is not one that a list gave out.
var ErrBadCursor = errors.New("this page does not exist, begin again with the first")

func encodeCursor(v any) string {
	b, _ := json.Marshal(v) // only for structs of plain fields, which cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text string, v any) error {
	if len(text) > 400 {
		return ErrBadCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, v) != nil {
		return ErrBadCursor
	}
	return nil
}
