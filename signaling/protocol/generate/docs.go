package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"

	"consilium/signaling/protocol"
)

// docs holds the doc comment of each message type by its Go name.
type docs map[string]string

// readDocs reads the doc comments beside the types, so that the document says
// what the code says.
func readDocs(dir string) (docs, error) {
	found := make(docs)
	for _, name := range []string{"desk.go", "room.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					found[t.Name.Name] = strings.Join(strings.Fields(gen.Doc.Text()), " ")
				}
			}
		}
	}
	return found, nil
}

// bodies is every struct of the protocol, messages first use first, each
// followed by the structs that it is made of.
func bodies() []reflect.Type {
	var all []reflect.Type
	seen := make(map[reflect.Type]bool)
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		all = append(all, t)
		for i := range t.NumField() {
			add(t.Field(i).Type)
		}
	}
	for _, e := range protocol.Table() {
		add(e.Body)
	}
	return all
}

func wireName(f reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, strings.Contains(options, "omitempty")
}
