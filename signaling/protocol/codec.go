package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrEnvelope means that a frame is no {"type": …, "body": …}: the peer does
// not speak this protocol.
var ErrEnvelope = errors.New("frame is not a JSON object of type and body")

// MessageError means that a frame is an envelope, but its message is unknown or
// its body is not what the table says.
type MessageError struct {
	Code ErrorCode // UnknownMessage or Malformed
	Type string    // as sent, at most 64 bytes
	Why  string
}

func (e *MessageError) Error() string { return string(e.Code) + ": " + e.Type + ": " + e.Why }

type envelope struct {
	Type   string          `json:"type"`
	Offset uint64          `json:"offset,omitempty"`
	Body   json.RawMessage `json:"body"`
}

// Decode reads one frame that from sent on socket and returns the body as its
// type in the table (a value, not a pointer). It is strict: names match to the
// letter, every field without omitempty is there, nothing is null, unknown,
// twice, longer than its limit or outside its list.
func Decode(socket Socket, from Side, frame []byte) (body any, err error) {
	body, _, err = DecodeEvent(socket, from, frame)
	return body, err
}

// DecodeEvent is Decode for who follows the desk's events: it also answers the
// event's position, 0 for what is no event.
func DecodeEvent(socket Socket, from Side, frame []byte) (body any, offset uint64, err error) {
	if from == Client && len(frame) > MaxFrame {
		return nil, 0, ErrEnvelope
	}
	env, err := open(frame)
	if err != nil || env.Offset != 0 && (socket != Desk || from != Server) {
		return nil, 0, ErrEnvelope
	}
	body, err = decodeBody(socket, from, env)
	return body, env.Offset, err
}

func open(frame []byte) (env envelope, err error) {
	if !utf8.Valid(frame) {
		return env, ErrEnvelope
	}
	dec := json.NewDecoder(bytes.NewReader(frame))
	if err := check(dec, reflect.TypeFor[envelope](), ""); err != nil {
		return env, ErrEnvelope
	}
	if _, err := dec.Token(); err != io.EOF {
		return env, ErrEnvelope
	}
	if err := json.Unmarshal(frame, &env); err != nil {
		return env, ErrEnvelope
	}
	return env, nil
}

func decodeBody(socket Socket, from Side, env envelope) (any, error) {
	e, ok := byName[nameKey{socket, from, env.Type}]
	if !ok {
		return nil, &MessageError{Code: UnknownMessage, Type: clip(env.Type), Why: "no such message on the " + string(socket) + " socket"}
	}
	if err := check(json.NewDecoder(bytes.NewReader(env.Body)), e.Body, "body"); err != nil {
		return nil, &MessageError{Code: Malformed, Type: e.Type, Why: err.Error()}
	}
	v := reflect.New(e.Body)
	if err := json.Unmarshal(env.Body, v.Interface()); err != nil {
		return nil, &MessageError{Code: Malformed, Type: e.Type, Why: "a number is out of range"}
	}
	return v.Elem().Interface(), nil
}

// Encode writes the frame for a body that from sends on socket. Missing lists
// are written as empty ones. A body outside the table is a programming error
// and panics.
func Encode(socket Socket, from Side, body any) []byte { return encode(socket, from, 0, body) }

// EncodeEvent is Encode for an event of the desk at a position of its stream.
func EncodeEvent(offset uint64, body any) []byte { return encode(Desk, Server, offset, body) }

func encode(socket Socket, from Side, offset uint64, body any) []byte {
	e, ok := byBody[bodyKey{socket, from, reflect.TypeOf(body)}]
	if !ok {
		panic(fmt.Sprintf("protocol: %T is no message from the %s on the %s socket", body, from, socket))
	}
	v := reflect.New(e.Body).Elem()
	v.Set(reflect.ValueOf(body))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
	frame, err := json.Marshal(struct {
		Type   string `json:"type"`
		Offset uint64 `json:"offset,omitempty"`
		Body   any    `json:"body"`
	}{e.Type, offset, v.Interface()})
	if err != nil {
		panic(fmt.Sprintf("protocol: %T: %v", body, err))
	}
	return frame
}

// TypeOf is the wire name of a body that from sends on socket, "" if it has none.
func TypeOf(socket Socket, from Side, body any) string {
	return byBody[bodyKey{socket, from, reflect.TypeOf(body)}].Type
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// check walks one JSON value and reports where it departs from t. encoding/json
// alone forgives too much: other letter case, repeated names, null, absence.
func check(dec *json.Decoder, t reflect.Type, path string) error {
	if t == rawMessage {
		var raw json.RawMessage
		return dec.Decode(&raw)
	}
	tok, err := dec.Token()
	if err != nil {
		return fmt.Errorf("%s is not JSON", path)
	}
	switch t.Kind() {
	case reflect.Struct:
		if tok != json.Delim('{') {
			return fmt.Errorf("%s is not an object", path)
		}
		return checkObject(dec, t, path)
	case reflect.Slice:
		if tok != json.Delim('[') {
			return fmt.Errorf("%s is not a list", path)
		}
		for i := 0; dec.More(); i++ {
			if err := check(dec, t.Elem(), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		_, err := dec.Token()
		return err
	case reflect.String:
		if _, ok := tok.(string); !ok {
			return fmt.Errorf("%s is not a string", path)
		}
	case reflect.Bool:
		if _, ok := tok.(bool); !ok {
			return fmt.Errorf("%s is not true or false", path)
		}
	default:
		if _, ok := tok.(float64); !ok {
			return fmt.Errorf("%s is not a number", path)
		}
	}
	return nil
}

func checkObject(dec *json.Decoder, t reflect.Type, path string) error {
	seen := make(map[string]bool, t.NumField())
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return fmt.Errorf("%s is not JSON", path)
		}
		name, _ := tok.(string)
		f, ok := fieldNamed(t, name)
		if !ok {
			return fmt.Errorf("%s has an unknown field %q", path, clip(name))
		}
		if seen[name] {
			return fmt.Errorf("%s.%s appears twice", path, name)
		}
		seen[name] = true
		if err := checkField(dec, f, path+"."+name); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%s is not JSON", path)
	}
	for i := range t.NumField() {
		if name, optional := wireName(t.Field(i)); !optional && !seen[name] {
			return fmt.Errorf("%s.%s is missing", path, name)
		}
	}
	return nil
}

// checkField checks one value against its type and then against the limits in
// the field's tags, in characters or items.
func checkField(dec *json.Decoder, f reflect.StructField, path string) error {
	limited := f.Tag.Get("enum") != "" || f.Tag.Get("maxLength") != "" || f.Tag.Get("maxItems") != ""
	if !limited {
		return check(dec, f.Type, path)
	}
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return fmt.Errorf("%s is not JSON", path)
	}
	if err := check(json.NewDecoder(bytes.NewReader(raw)), f.Type, path); err != nil {
		return err
	}
	if f.Type.Kind() == reflect.Slice {
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return fmt.Errorf("%s is not a list", path)
		}
		if len(items) > limit(f, "maxItems") {
			return fmt.Errorf("%s has too many items", path)
		}
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("%s is not a string", path)
	}
	if utf8.RuneCountInString(s) > limit(f, "maxLength") {
		return fmt.Errorf("%s is too long", path)
	}
	if list, ok := f.Tag.Lookup("enum"); ok && !slices.Contains(strings.Split(list, ","), s) {
		return fmt.Errorf("%s is none of %s", path, list)
	}
	return nil
}

func limit(f reflect.StructField, tag string) int {
	if v := f.Tag.Get(tag); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			panic("protocol: " + f.Name + " has a bad " + tag)
		}
		return n
	}
	return MaxFrame
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if n, _ := wireName(t.Field(i)); n == name {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

// wireName is a field's JSON name, and whether it may be absent.
func wireName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, strings.Contains(options, "omitempty")
}

func clip(s string) string {
	const most = 64
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}
