package protocol_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"consilium/signaling/protocol"
)

// fixtures reads every fixture with the socket and side that its name tells.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) != len(protocol.Table()) {
		t.Fatalf("%d fixtures for %d messages (%v)", len(paths), len(protocol.Table()), err)
	}
	all := make(map[string][]byte)
	for _, path := range paths {
		frame, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = frame
	}
	return all
}

func TestFixturesSurviveARoundTrip(t *testing.T) {
	for name, frame := range fixtures(t) {
		part := strings.Split(name, ".")
		socket, from := protocol.Socket(part[0]), protocol.Side(part[1])
		body, err := protocol.Decode(socket, from, frame)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := protocol.TypeOf(socket, from, body); got != part[2] {
			t.Errorf("%s decodes as %q", name, got)
		}
		again, err := protocol.Decode(socket, from, protocol.Encode(socket, from, body))
		if err != nil {
			t.Errorf("%s does not survive encoding: %v", name, err)
		}
		if diff := cmp.Diff(body, again); diff != "" {
			t.Errorf("%s changed on the way (-sent +received):\n%s", name, diff)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	envelope := errors.New("no envelope")
	for _, c := range []struct {
		name, frame string
		want        error // nil: accepted; envelope: ErrEnvelope
	}{
		{"as documented", `{"type":"media","body":{"microphone":true,"camera":false,"screen":false}}`, nil},
		{"no fields", `{"type":"knock","body":{}}`, nil},
		{"optional fields absent", `{"type":"hello","body":{}}`, nil},

		{"a position where none belongs", `{"type":"knock","offset":3,"body":{}}`, envelope},
		{"not JSON", `hello`, envelope},
		{"empty", ``, envelope},
		{"a list", `[]`, envelope},
		{"no type", `{"body":{}}`, envelope},
		{"no body", `{"type":"knock"}`, envelope},
		{"type in capitals", `{"Type":"knock","body":{}}`, envelope},
		{"more than type and body", `{"type":"knock","body":{},"id":1}`, envelope},
		{"two frames", `{"type":"knock","body":{}}{}`, envelope},
		{"cut", `{"type":"knock","body":{`, envelope},
		{"not UTF-8", "{\"type\":\"\xff\",\"body\":{}}", envelope},
		{"too big", `{"type":"chat","body":{"key":"k","text":"` + strings.Repeat("x", protocol.MaxFrame) + `"}}`, envelope},

		{"unknown type", `{"type":"wave","body":{}}`, &protocol.MessageError{Code: protocol.UnknownMessage}},
		{"a server's message", `{"type":"welcome","body":{}}`, &protocol.MessageError{Code: protocol.UnknownMessage}},
		{"unknown field", `{"type":"knock","body":{"loud":true}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"field in capitals", `{"type":"admit","body":{"Participant":"p"}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"field missing", `{"type":"media","body":{"microphone":true,"camera":false}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"field twice", `{"type":"admit","body":{"participant":"a","participant":"b"}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"null", `{"type":"admit","body":{"participant":null}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"body null", `{"type":"knock","body":null}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"body a list", `{"type":"knock","body":[]}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"wrong type", `{"type":"admit","body":{"participant":7}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"fraction for a whole number", `{"type":"ping","body":{"at":1.5}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"number out of range", `{"type":"ping","body":{"at":1e400}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"outside the list", `{"type":"offer","body":{"id":1,"sdp":"","tracks":[{"mid":"0","source":"radio"}]}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"too many items", `{"type":"offer","body":{"id":1,"sdp":"","tracks":[` + strings.Repeat(`{"mid":"0","source":"camera"},`, 8) + `{"mid":"0","source":"camera"}]}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"text too long", `{"type":"chat","body":{"key":"k","text":"` + strings.Repeat("字", 4001) + `"}}`, &protocol.MessageError{Code: protocol.Malformed}},
		{"text just fits", `{"type":"chat","body":{"key":"k","text":"` + strings.Repeat("字", 4000) + `"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := protocol.Decode(protocol.Room, protocol.Client, []byte(c.frame))
			var want, got *protocol.MessageError
			switch {
			case c.want == envelope:
				if !errors.Is(err, protocol.ErrEnvelope) {
					t.Errorf("got %v, want a refused envelope", err)
				}
			case c.want == nil:
				if err != nil {
					t.Errorf("refused: %v", err)
				}
			case !errors.As(err, &got) || !errors.As(c.want, &want) || got.Code != want.Code:
				t.Errorf("got %v, want code %v", err, c.want)
			}
		})
	}
}

func TestEncodeWritesEmptyLists(t *testing.T) {
	frame := protocol.Encode(protocol.Room, protocol.Server, protocol.Lines{})
	if got, want := string(frame), `{"type":"lines","body":{"lines":[]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCloseCodesTellWhetherToComeBack(t *testing.T) {
	seen := make(map[protocol.CloseCode]bool)
	for _, c := range protocol.CloseCodes() {
		if seen[c.Code] || c.Code < 4000 || c.Code > 4999 || c.Code.String() != c.Name {
			t.Errorf("%d %s is not in order", c.Code, c.Name)
		}
		seen[c.Code] = true
	}
	if !protocol.CloseSlow.MayReturn() || protocol.CloseTakenOver.MayReturn() {
		t.Error("4001 may come back, 4501 must not")
	}
}

func FuzzDecode(f *testing.F) {
	for name, frame := range fixtures(f) {
		part := strings.Split(name, ".")
		f.Add(part[0], part[1], frame)
	}
	f.Fuzz(func(t *testing.T, socket, from string, frame []byte) {
		body, err := protocol.Decode(protocol.Socket(socket), protocol.Side(from), frame)
		if err != nil {
			return
		}
		again, err := protocol.Decode(protocol.Socket(socket), protocol.Side(from), protocol.Encode(protocol.Socket(socket), protocol.Side(from), body))
		if err != nil {
			t.Fatalf("accepted %q, but not what it means: %v", frame, err)
		}
		if diff := cmp.Diff(body, again); diff != "" {
			t.Fatalf("meaning changed:\n%s", diff)
		}
	})
}
