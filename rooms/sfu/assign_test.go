package sfu

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func pairsOf(n int) []place {
	var places []place
	for i := range n {
		places = append(places, place{kind: audio, pair: i}, place{kind: video, pair: i})
	}
	return places
}

func TestAssign(t *testing.T) {
	a, b := "a", "b"
	for name, c := range map[string]struct {
		places                     []place
		wants, want                []wanted
		audioMissing, videoMissing int
	}{
		"newcomers take pairs from the front": {
			places: pairsOf(2),
			wants:  []wanted{{a, Microphone}, {a, Camera}, {b, Microphone}, {b, Camera}},
			want:   []wanted{{a, Microphone}, {a, Camera}, {b, Microphone}, {b, Camera}},
		},
		"a screen stays away from the next newcomer's pair": {
			places: pairsOf(3),
			wants:  []wanted{{a, Microphone}, {a, Camera}, {a, Screen}},
			want:   []wanted{{a, Microphone}, {a, Camera}, {}, {}, {}, {a, Screen}},
		},
		"a camera joins its microphone": {
			places: []place{{audio, 0, wanted{}}, {video, 0, wanted{}}, {audio, 1, wanted{a, Microphone}}, {video, 1, wanted{}}},
			wants:  []wanted{{a, Microphone}, {a, Camera}},
			want:   []wanted{{}, {}, {a, Microphone}, {a, Camera}},
		},
		"whoever has a line keeps it": {
			places: []place{{audio, 0, wanted{b, Microphone}}, {video, 0, wanted{b, Camera}}, {audio, 1, wanted{}}, {video, 1, wanted{}}},
			wants:  []wanted{{a, Microphone}, {a, Camera}, {b, Microphone}, {b, Camera}},
			want:   []wanted{{b, Microphone}, {b, Camera}, {a, Microphone}, {a, Camera}},
		},
		"halves are better than nothing": {
			places: []place{{audio, 0, wanted{}}, {video, 0, wanted{b, Screen}}, {audio, 1, wanted{b, Microphone}}, {video, 1, wanted{}}},
			wants:  []wanted{{a, Microphone}, {a, Camera}, {b, Microphone}, {b, Screen}},
			want:   []wanted{{a, Microphone}, {b, Screen}, {b, Microphone}, {a, Camera}},
		},
		"what finds no line is counted": {
			places:       pairsOf(1),
			wants:        []wanted{{a, Microphone}, {a, Camera}, {b, Microphone}, {b, Camera}, {b, Screen}},
			want:         []wanted{{a, Microphone}, {a, Camera}},
			audioMissing: 1, videoMissing: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, audioMissing, videoMissing := assign(c.places, c.wants)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(wanted{})); d != "" {
				t.Error(d)
			}
			if audioMissing != c.audioMissing || videoMissing != c.videoMissing {
				t.Errorf("missing %d and %d", audioMissing, videoMissing)
			}
		})
	}
}

func TestAssignHoldsWhatItPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := pairsOf(rapid.IntRange(0, 6).Draw(t, "pairs"))
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			var wants []wanted
			for i := range 8 {
				for _, s := range sources {
					if rapid.Bool().Draw(t, fmt.Sprint(i, s)) {
						wants = append(wants, wanted{fmt.Sprint(i), s})
					}
				}
			}
			out, audioMissing, videoMissing := assign(places, wants)
			seen := map[wanted]int{}
			for i, w := range out {
				if w == (wanted{}) {
					continue
				}
				if seen[w]++; seen[w] > 1 {
					t.Fatalf("%v has two lines", w)
				}
				if w.source.kind() != places[i].kind {
					t.Fatalf("%v is on a line of %s", w, places[i].kind)
				}
			}
			missing := [2]int{}
			spare := [2]int{}
			for _, w := range wants {
				if seen[w] == 0 {
					missing[w.source.kind()]++
				}
			}
			for i, w := range out {
				if w == (wanted{}) {
					spare[places[i].kind]++
				}
			}
			if missing != [2]int{audioMissing, videoMissing} {
				t.Fatalf("missing %v, told %d and %d", missing, audioMissing, videoMissing)
			}
			for k := range missing {
				if missing[k] > 0 && spare[k] > 0 {
					t.Fatalf("something %s is missing while a line is spare", kind(k))
				}
			}
			for i := range places {
				had := places[i].has
				if had != (wanted{}) && seen[had] > 0 && out[i] != had {
					t.Fatalf("%v was moved", had)
				}
				places[i].has = out[i]
			}
		}
	})
}
