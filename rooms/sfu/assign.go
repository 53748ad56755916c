package sfu

// wanted is one thing that a peer should receive.
type wanted struct {
	participant string
	source      Source
}

// place is a line as assign sees it.
type place struct {
	kind kind
	pair int
	has  wanted // zero: spare
}

// assign puts what is wanted (in the order of joining) on lines. It returns
// what each line carries, and how many lines of each kind were missing.
//
// Whoever has a line keeps it. A participant's microphone and camera go on a
// pair, for lip sync, preferring the pair where one of them already is, then a
// wholly spare pair; screens go on the last spare video line, away from the
// pairs. When only halves of pairs are left they are used all the same: seen
// out of step is better than not seen.
func assign(places []place, wants []wanted) (out []wanted, audioMissing, videoMissing int) {
	out = make([]wanted, len(places))
	placed := make(map[wanted]bool, len(wants))
	for _, w := range wants {
		for i, p := range places {
			if p.has == w && p.kind == w.source.kind() && out[i] == (wanted{}) {
				out[i], placed[w] = w, true
				break
			}
		}
	}
	for _, w := range wants {
		if placed[w] {
			continue
		}
		if i := pick(places, out, w); i >= 0 {
			out[i], placed[w] = w, true
		} else if w.source.kind() == audio {
			audioMissing++
		} else {
			videoMissing++
		}
	}
	return out, audioMissing, videoMissing
}

// pick finds the best spare line, or -1.
func pick(places []place, out []wanted, w wanted) int {
	best, bestScore := -1, -1
	for i, p := range places {
		if p.kind != w.source.kind() || out[i] != (wanted{}) {
			continue
		}
		score := 1
		partner, hasPartner := partnerOf(places, i)
		switch {
		case w.source == Screen:
			// The later the better; a line without an audio partner best of all.
			score = 2 + i
			if !hasPartner {
				score += len(places)
			}
		case hasPartner && out[partner].participant == w.participant && out[partner].source != Screen:
			score = 4
		case hasPartner && out[partner] == (wanted{}):
			score = 3
		case !hasPartner:
			score = 2
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

func partnerOf(places []place, i int) (int, bool) {
	for j, p := range places {
		if j != i && p.pair == places[i].pair && p.kind != places[i].kind {
			return j, true
		}
	}
	return -1, false
}
