package main

import (
	"os"
	"regexp"
	"testing"
)

// holdsCalls lets a crowd hold calls at a server of its own and reads the result.
func holdsCalls(t *testing.T) {
	scratch := t.TempDir()
	p := command(t, []string{"TMPDIR=" + scratch}, "load", "--rooms", "2", "--people", "3", "--for", "1s", "--joins", "10", "--picture", "300")
	if code := p.wait(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, p.text)
	}
	for _, line := range []string{
		`(?m)^2 calls of 3, pictures of 300 kbit/s`,
		`(?m)^joined, all heard and seen +[1-9]\d* ms, slowest twentieth from [1-9]\d* ms$`,
		`(?m)^packets that arrived +[1-9]\d* /s, \d+\.\d{3} % lost$`,
		`(?m)^processor time of the server +[1-9]\d*\.\d µs a packet, [1-9]\d* % of a processor$`,
		`(?m)^memory of the server +[1-9]\d*\.\d MB$`,
	} {
		if !regexp.MustCompile(line).MatchString(p.text.String()) {
			t.Errorf("no line like %s:\n%s", line, p.text)
		}
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind (%v)", left, err)
	}
}
