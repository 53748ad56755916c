package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"reflect"
	"strings"

	"consilium/signaling/protocol"
)

//go:embed preamble.md
var preamble string

// document is PROTOCOL.md: the hand-written preamble, then the tables.
func document(docs docs) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!-- %s -->\n\n%s", notice, preamble)
	for _, u := range unions {
		path := "/ws/desk"
		if u.socket == protocol.Room {
			path = "/ws/rooms/{consult}"
		}
		way := "app → server"
		if u.from == protocol.Server {
			way = "server → app"
		}
		fmt.Fprintf(&out, "\n## %s socket, %s (`%s`)\n\n| type | body | what it does |\n| --- | --- | --- |\n", title(string(u.socket)), way, path)
		for _, e := range protocol.Table() {
			if e.Socket == u.socket && e.From == u.from {
				fmt.Fprintf(&out, "| `%s` | [%s](#%s) | %s |\n", e.Type, e.Body.Name(), strings.ToLower(e.Body.Name()), docs[e.Body.Name()])
			}
		}
	}
	out.WriteString("\n## Bodies\n\nA field marked *optional* may be absent; every other field is always there.\n")
	for _, t := range bodies() {
		fmt.Fprintf(&out, "\n### %s\n\n%s\n", t.Name(), docs[t.Name()])
		if t.NumField() == 0 {
			out.WriteString("\nNo fields: `{}`.\n")
			continue
		}
		out.WriteString("\n| field | type | meaning |\n| --- | --- | --- |\n")
		for i := range t.NumField() {
			f := t.Field(i)
			name, optional := wireName(f)
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", name, strings.ReplaceAll(docType(f), "|", "\\|"), meaning(f, optional))
		}
	}
	out.WriteString("\n## Error codes\n\n`error` answers a message that could not be carried out; the socket stays open.\n\n| code | try again | meaning |\n| --- | --- | --- |\n")
	for _, c := range protocol.ErrorCodes() {
		again := "no"
		if c.Temporary {
			again = "yes"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", c.Code, again, c.Doc)
	}
	out.WriteString("\n## Close codes\n\nAfter 4000–4499 the app may connect again by itself, after 4500–4999 it must not.\n\n| code | reason | meaning |\n| --- | --- | --- |\n")
	for _, c := range protocol.CloseCodes() {
		fmt.Fprintf(&out, "| %d | `%s` | %s |\n", c.Code, c.Name, c.Doc)
	}
	return out.Bytes()
}

func docType(f reflect.StructField) string {
	if strings.Contains(string(f.Tag), "enum:") {
		var quoted []string
		for _, v := range strings.Split(f.Tag.Get("enum"), ",") {
			quoted = append(quoted, fmt.Sprintf("`%q`", v))
		}
		return strings.Join(quoted, " | ")
	}
	return typeName(f)
}

func meaning(f reflect.StructField, optional bool) string {
	parts := []string{}
	if optional {
		parts = append(parts, "*optional*")
	}
	if v := f.Tag.Get("maxLength"); v != "" {
		parts = append(parts, "at most "+v+" characters")
	}
	if v := f.Tag.Get("maxItems"); v != "" {
		parts = append(parts, "at most "+v+" items")
	}
	if doc := f.Tag.Get("doc"); doc != "" {
		parts = append(parts, doc)
	}
	return strings.Join(parts, "; ")
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
