package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// holdsCalls lets a crowd hold calls at a server of its own and reads the result. Who
// is on a thin downlink gets the small layer of the pictures, the others the large.
func holdsCalls(t *testing.T) {
	scratch := t.TempDir()
	p := command(t, []string{"TMPDIR=" + scratch}, "load", "--rooms", "2", "--people", "3", "--thin", "1", "--thin-rate", "400", "--for", "5s", "--joins", "10", "--picture", "300")
	if code := p.wait(); code != 0 {
		t.Fatalf("it ended with %d:\n%s", code, p.text)
	}
	for _, line := range []string{
		`(?m)^2 calls of 3, pictures of 300 kbit/s`,
		`(?m)^joined, all heard and seen +[1-9]\d* ms, slowest twentieth from [1-9]\d* ms$`,
		`(?m)^1 of each call on a downlink of 400 kbit/s$`,
		`(?m)^packets that arrived +[1-9]\d* /s, \d+\.\d{3} % lost$`,
		`(?m)^processor time of the server +[1-9]\d*\.\d µs a packet, [1-9]\d* % of a processor$`,
		`(?m)^memory of the server +[1-9]\d*\.\d MB$`,
	} {
		if !regexp.MustCompile(line).MatchString(p.text.String()) {
			t.Errorf("no line like %s:\n%s", line, p.text)
		}
	}
	got := make([]float64, 6)
	_, seen, _ := strings.Cut(p.text.String(), "a picture on a thin downlink")
	if _, err := fmt.Sscanf(seen, "%f kbit/s, %f frames/s, %f %% small; at the others %f kbit/s, %f frames/s, %f %% small",
		&got[0], &got[1], &got[2], &got[3], &got[4], &got[5]); err != nil {
		t.Fatalf("what pictures got is not told (%v):\n%s", err, p.text)
	}
	// A busy machine delays some of it.
	if got[1] < 5 || got[2] < 90 || got[3] < 150 || got[0] > got[3]*3/4 || got[5] > 0 {
		t.Errorf("the thin ones do not get the small layer and the others the large:\n%s", p.text)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v behind (%v)", left, err)
	}
}
