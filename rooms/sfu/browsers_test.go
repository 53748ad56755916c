package sfu

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
)

// offerOf reads an offer of a browser: microphone, camera, two spare pairs.
// Chromium's and Firefox's are recorded from the app. Safari's is written after
// how Safari 17 and 18 offer a page that prunes nothing.
func offerOf(t testing.TB, browser string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + browser + ".sdp")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What each browser's offer comes to, and what it is answered.
func TestOffersOfBrowsers(t *testing.T) {
	for browser, want := range map[string]struct {
		microphone, camera section
		answered           map[string]string // the formats of an answered section by kind, the preferred first
	}{
		"chromium": {
			microphone: section{ssrc: 4114239362, twcc: 3},
			camera:     section{ssrc: 1755074132, rtx: 335135608, twcc: 3},
			answered:   map[string]string{"audio": "111", "video": "96 108 109 97"},
		},
		// Port 0 in all sections but the first, with bundle-only: not rejected
		// (RFC 9143 §6). Streams of sections that only receive. No H.264 without its
		// plug-in, but feedback for it.
		"firefox": {
			microphone: section{ssrc: 2555169680, twcc: 7},
			camera:     section{ssrc: 2426231587, rtx: 866235499, twcc: 7},
			answered:   map[string]string{"audio": "109", "video": "120 124"},
		},
		// H.264 first, in two profiles and two modes: only baseline in mode 1 is
		// forwarded, and VP8 before it, which everybody can see; VP9 and AV1 come last.
		// Retransmission named before what it is of. Candidates with names of mDNS.
		"safari": {
			microphone: section{ssrc: 1733204651, twcc: 3},
			camera:     section{ssrc: 2950117384, rtx: 411936027, twcc: 3},
			answered:   map[string]string{"audio": "111", "video": "106 100 101 107 108 109 120 121"},
		},
	} {
		t.Run(browser, func(t *testing.T) {
			text := offerOf(t, browser)
			o, err := parseOffer(text)
			must(t, err)
			for i, want := range []section{want.microphone, want.camera} {
				got := o.sections[i]
				if got.direction != sendonly || got.rejected || got.ssrc != want.ssrc || got.rtx != want.rtx || got.twcc != want.twcc {
					t.Errorf("section %d: %+v", i, got)
				}
			}

			p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
			must(t, err)
			answer, lines, err := p.Offer(context.Background(), text, chromiumTracks)
			must(t, err)
			var mids []string
			for _, l := range lines {
				mids = append(mids, l.MID)
			}
			if !slices.Equal(mids, []string{"2", "3", "4", "5"}) {
				t.Errorf("lines %v", mids)
			}
			blocks := splitSections(answer)[1:]
			for i, direction := range []string{"recvonly", "recvonly", "sendonly", "sendonly", "sendonly", "sendonly"} {
				fields := strings.Fields(blocks[i][0])
				kind := strings.TrimPrefix(fields[0], "m=")
				slices.Sort(fields[4:]) // the first is preferred; after that their order says nothing
				if formats := strings.Join(fields[3:], " "); fields[1] == "0" || formats != want.answered[kind] {
					t.Errorf("section %d is answered %q, want formats %s", i, blocks[i][0], want.answered[kind])
				}
				if !slices.Contains(blocks[i], "a="+direction) {
					t.Errorf("section %d is not %s:\n%s", i, direction, strings.Join(blocks[i], "\n"))
				}
			}
			if strings.Contains(answer, ".local") || !strings.Contains(answer, "a=group:BUNDLE 0 1 2 3 4 5\r\n") {
				t.Errorf("answer:\n%s", answer)
			}
		})
	}
}

// A section that a browser stopped has port 0 as well, but is not there in the
// bundle only.
func TestAStoppedSectionOfFirefoxIsRejected(t *testing.T) {
	blocks := strings.Split(offerOf(t, "firefox"), "m=")
	blocks[6] = strings.Replace(blocks[6], "a=bundle-only\r\n", "", 1)
	o, err := parseOffer(strings.Join(blocks, "m="))
	must(t, err)
	if !o.sections[5].rejected || o.sections[4].rejected {
		t.Errorf("sections %+v", o.sections[4:])
	}
}

// Firefox says of the extensions that name a layer that it only sends them.
func TestLayersOfFirefox(t *testing.T) {
	o, err := parseOffer(offerOf(t, "firefox-layers"))
	must(t, err)
	if want := (layerIDs{mid: 3, rid: 9, repaired: 10}); o.ids != want || !slices.Equal(o.sections[1].rids, []string{"s", "l"}) {
		t.Errorf("extensions %+v and layers %v", o.ids, o.sections[1].rids)
	}
}
