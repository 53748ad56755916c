package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"consilium/signaling/protocol"
)

const notice = "Written by go generate ./signaling/protocol. Change the Go types, not this file."

// typescript is the app's view of the protocol: types, and the few values that
// a client needs when it runs.
func typescript(docs docs) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "// %s\n\n", notice)
	fmt.Fprintf(&out, "/** Largest frame in bytes. */\nexport const maxFrame = %d;\n", protocol.MaxFrame)
	for _, t := range bodies() {
		fmt.Fprintf(&out, "\n/** %s */\n", docs[t.Name()])
		if t.NumField() == 0 {
			fmt.Fprintf(&out, "export type %s = Record<string, never>;\n", t.Name())
			continue
		}
		fmt.Fprintf(&out, "export interface %s {\n", t.Name())
		for i := range t.NumField() {
			writeField(&out, t.Field(i))
		}
		out.WriteString("}\n")
	}
	for _, u := range unions {
		fmt.Fprintf(&out, "\n/** %s */\nexport type %s =\n", u.doc, u.name)
		var arms []string
		for _, e := range protocol.Table() {
			if e.Socket == u.socket && e.From == u.from {
				position := ""
				if e.Socket == protocol.Desk && e.From == protocol.Server {
					position = " offset?: number;"
				}
				arms = append(arms, fmt.Sprintf("  | { type: %q;%s body: %s }", e.Type, position, e.Body.Name()))
			}
		}
		out.WriteString(strings.Join(arms, "\n") + ";\n")
	}
	out.WriteString("\n/** Why a message could not be carried out. */\nexport type ErrorCode =\n")
	for i, c := range protocol.ErrorCodes() {
		end := "\n"
		if i == len(protocol.ErrorCodes())-1 {
			end = ";\n"
		}
		fmt.Fprintf(&out, "  /** %s */\n  | %q%s", c.Doc, c.Code, end)
	}
	out.WriteString("\n/** Close codes; after 4500 and above the app must not come back by itself. */\nexport const closeCodes = {\n")
	for _, c := range protocol.CloseCodes() {
		fmt.Fprintf(&out, "  /** %s */\n  %s: %d,\n", c.Doc, camel(c.Name), c.Code)
	}
	out.WriteString("} as const;\n\n/** Whether the app may connect again by itself after this close code. */\nexport const mayReturn = (code: number): boolean => code < 4500;\n\nexport type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];\n")
	return out.Bytes()
}

var unions = []struct {
	name   string
	doc    string
	socket protocol.Socket
	from   protocol.Side
}{
	{"DeskFromClient", "What the app sends on the desk socket.", protocol.Desk, protocol.Client},
	{"DeskFromServer", "What the app receives on the desk socket.", protocol.Desk, protocol.Server},
	{"RoomFromClient", "What the app sends on the room socket.", protocol.Room, protocol.Client},
	{"RoomFromServer", "What the app receives on the room socket.", protocol.Room, protocol.Server},
}

func writeField(out *bytes.Buffer, f reflect.StructField) {
	if doc := f.Tag.Get("doc"); doc != "" {
		fmt.Fprintf(out, "  /** %s */\n", doc)
	}
	name, optional := wireName(f)
	mark := ""
	if optional {
		mark = "?"
	}
	fmt.Fprintf(out, "  %s%s: %s;\n", name, mark, typeName(f))
}

func typeName(f reflect.StructField) string {
	t := f.Type
	switch t.Kind() {
	case reflect.Slice:
		return plainType(t.Elem()) + "[]"
	case reflect.String:
		if list, ok := f.Tag.Lookup("enum"); ok {
			var quoted []string
			for _, v := range strings.Split(list, ",") {
				quoted = append(quoted, strconv.Quote(v))
			}
			return strings.Join(quoted, " | ")
		}
	}
	return plainType(t)
}

func plainType(t reflect.Type) string {
	if t == reflect.TypeFor[protocol.ErrorCode]() {
		return t.Name()
	}
	switch t.Kind() {
	case reflect.Struct:
		return t.Name()
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	}
	return "number"
}

func camel(name string) string {
	var out strings.Builder
	for i, part := range strings.Split(name, "-") {
		if i > 0 {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		out.WriteString(part)
	}
	return out.String()
}

// fixturesTypescript is every sample as a typed literal: the type checker
// proves that the TypeScript types accept what Go writes.
func fixturesTypescript() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "// %s\n\nimport type {\n", notice)
	for _, u := range unions {
		fmt.Fprintf(&out, "  %s,\n", u.name)
	}
	out.WriteString("} from \"./protocol\";\n")
	for _, u := range unions {
		fmt.Fprintf(&out, "\nexport const %s: %s[] = [\n", strings.ToLower(u.name[:1])+u.name[1:], u.name)
		for _, e := range protocol.Table() {
			if e.Socket != u.socket || e.From != u.from {
				continue
			}
			if s, ok := sampleOf(e); ok {
				frame := bytes.TrimSpace(indent(s.frame()))
				fmt.Fprintf(&out, "  %s,\n", bytes.ReplaceAll(frame, []byte("\n"), []byte("\n  ")))
			}
		}
		out.WriteString("];\n")
	}
	return out.Bytes()
}
