package sfu

import (
	"bytes"
	"slices"
	"testing"
)

func TestForgedRecords(t *testing.T) {
	hello := []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3}
	cipher := []byte{20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1}
	finished := []byte{22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 9, 9, 9, 9}
	goodbye := []byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 1, 0}
	for name, c := range map[string]struct {
		datagram []byte
		want     bool
	}{
		"a first flight":                  {hello, false},
		"a last flight":                   {slices.Concat(hello, cipher, finished), false},
		"an encrypted goodbye":            {slices.Concat(goodbye[:4], []byte{1}, goodbye[5:]), false},
		"a plain goodbye":                 {goodbye, true},
		"a plain goodbye behind a flight": {slices.Concat(hello, goodbye), true},
		"plain application data":          {[]byte{23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0}, true},
		"an unknown type":                 {[]byte{40, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0}, true},
		"a change to no cipher":           {[]byte{20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 2}, true},
		"a header cut off":                {hello[:9], true},
		"a body cut off":                  {hello[:15], true},
		"STUN":                            {[]byte{0, 1, 0, 0}, false},
		"media":                           {[]byte{0x80, 96, 0, 1}, false},
		"nothing":                         {nil, false},
	} {
		if got := forged(c.datagram); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Of a last flight that a browser sends again the end is kept, and of what others
// send nothing.
func TestSealed(t *testing.T) {
	plain := []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 2, 3}
	end := []byte{22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 9, 9, 9, 9}
	for name, c := range map[string]struct{ datagram, want []byte }{
		"a last flight":         {slices.Concat(plain, end), end},
		"a handshake in clear":  {slices.Concat(plain, plain), nil},
		"something cut off":     {slices.Concat(end, end[:15]), end},
		"nothing":               {nil, nil},
		"the end, then a plain": {slices.Concat(end, plain), end},
	} {
		if got := sealed(c.datagram); !bytes.Equal(got, c.want) {
			t.Errorf("%s: % x", name, got)
		}
	}
}

// FuzzForged: what passes is records from end to end, and nothing in the clear
// but what a handshake is made of.
func FuzzForged(f *testing.F) {
	f.Add([]byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1})
	f.Add([]byte{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 3, 0, 2, 1, 0})
	f.Add([]byte{23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 3, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] < 20 || b[0] > 63 || forged(b) {
			return
		}
		for len(b) > 0 {
			end := 13 + int(b[11])<<8 + int(b[12])
			if plain := b[3] == 0 && b[4] == 0; plain && b[0] != 22 && (b[0] != 20 || end != 14) {
				t.Fatalf("a plain record of type %d passes", b[0])
			}
			b = b[end:]
		}
	})
}
