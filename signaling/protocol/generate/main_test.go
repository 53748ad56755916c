package main

import "testing"

func TestGeneratedFilesAreCurrent(t *testing.T) {
	if err := run(true); err != nil {
		t.Error(err)
	}
}

func TestEveryMessageIsDocumented(t *testing.T) {
	found, err := readDocs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies() {
		if found[b.Name()] == "" {
			t.Errorf("%s has no comment", b.Name())
		}
	}
}
