// Command generate writes what follows from the protocol's tables: the document
// signaling/PROTOCOL.md, the app's TypeScript types and the fixtures. With
// --check it writes nothing and fails when a file is not current.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"consilium/signaling/protocol"
)

func main() {
	check := flag.Bool("check", false, "fail when a generated file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

const fixtureFolder = "signaling/protocol/testdata"

func run(check bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	docs, err := readDocs(filepath.Join(root, "signaling/protocol"))
	if err != nil {
		return err
	}
	files, err := outputs(docs)
	if err != nil {
		return err
	}
	if check {
		return compare(root, files)
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	stale, err := strangers(root, files)
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// outputs is every generated file by its path in the module.
func outputs(docs docs) (map[string][]byte, error) {
	files := map[string][]byte{
		"signaling/PROTOCOL.md":                document(docs),
		"web/app/src/gen/protocol.ts":          typescript(docs),
		"web/app/src/gen/protocol.fixtures.ts": fixturesTypescript(),
	}
	for _, e := range protocol.Table() {
		s, ok := sampleOf(e)
		if !ok {
			return nil, fmt.Errorf("%s %s %s has no sample", e.Socket, e.From, e.Type)
		}
		frame := s.frame()
		if _, err := protocol.Decode(s.socket, s.from, frame); err != nil {
			return nil, fmt.Errorf("the sample of %s %s %s is not valid: %w", e.Socket, e.From, e.Type, err)
		}
		files[filepath.Join(fixtureFolder, fixtureName(e))] = indent(frame)
	}
	return files, nil
}

func fixtureName(e protocol.Entry) string {
	return fmt.Sprintf("%s.%s.%s.json", e.Socket, e.From, e.Type)
}

func sampleOf(e protocol.Entry) (sample, bool) {
	i := slices.IndexFunc(samples, func(s sample) bool {
		return s.socket == e.Socket && s.from == e.From && protocol.TypeOf(s.socket, s.from, s.body) == e.Type
	})
	if i < 0 {
		return sample{}, false
	}
	return samples[i], true
}

func indent(frame []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, frame, "", "  "); err != nil {
		panic(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func compare(root string, files map[string][]byte) error {
	var problems []error
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !bytes.Equal(got, want) {
			problems = append(problems, fmt.Errorf("%s is not current: run go generate ./signaling/protocol", name))
		}
	}
	stale, err := strangers(root, files)
	if err != nil {
		return err
	}
	for _, path := range stale {
		problems = append(problems, fmt.Errorf("%s belongs to no message: run go generate ./signaling/protocol", path))
	}
	return errors.Join(problems...)
}

// strangers are fixtures of messages that are no more.
func strangers(root string, files map[string][]byte) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, fixtureFolder, "*.json"))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(path string) bool {
		_, known := files[filepath.Join(fixtureFolder, filepath.Base(path))]
		return known
	}), nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
