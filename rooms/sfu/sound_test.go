package sfu

import (
	"context"
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// leg is the way between somebody and the server, which loses in bursts.
type leg struct {
	delay time.Duration // one way
	loss  float64
	burst float64 // packets, on average
	bad   bool
}

// talk is somebody who speaks and somebody who listens, in virtual time.
type talk struct {
	*world
	up, asks    *leg // from and to the speaker
	down, wants *leg // to and from the listener
	line        *line
	feed        *feed
	said        map[uint16][]byte // by the speaker's numbers
	asked       int               // packets that the server asked for
	sent        int               // by the server, original or not
	mute        bool              // the listener asks for nothing

	number, first uint16 // of the listener's line
	heard         map[uint16]time.Duration
	twice         int
	highest       uint16
	missed        map[uint16]time.Time
	hears         bool
}

const (
	syllable = 20 * time.Millisecond
	// playable is how much later than others a packet may come.
	playable = 200 * time.Millisecond
)

func newTalk(seed uint64, up, down leg) *talk {
	t := &talk{
		world: newWorld(seed), up: &up, down: &down, asks: new(up), wants: new(down),
		said: map[uint16][]byte{}, heard: map[uint16]time.Duration{}, missed: map[uint16]time.Time{},
	}
	speaker := t.peer("speaker", func(p rtcp.Packet) { t.carry(t.asks, func() { t.told(p) }) })
	listener := t.peer("listener", func(rtcp.Packet) {})
	speaker.conn.rtt.Store(int64(2 * up.delay))
	listener.conn.rtt.Store(int64(2 * down.delay))
	pub := newPublication(speaker, Microphone)
	pub.open.Store(true)
	t.feed = newFeed(pub, 0, speaker.conn, 1, true)
	t.feed.live.Store(true)
	pub.feeds[0].Store(t.feed)
	t.line = newLine(listener.conn, receiving{mid: "2", kind: audio})
	t.line.out, t.line.ssrc, t.line.types[opus] = t, 100, 111
	t.line.tune(pub)
	pub.subscribers.Store(&[]*line{t.line})
	t.after(0, t.speak)
	return t
}

func (t *talk) carry(l *leg, do func()) {
	if l.loss > 0 {
		leaves, chance := l.loss/(l.burst*(1-l.loss)), t.chance.Float64()
		if l.bad {
			l.bad = chance >= 1/l.burst
		} else {
			l.bad = chance < leaves
		}
	}
	if !l.bad {
		t.after(l.delay, do)
	}
}

func (t *talk) speak() {
	t.number++
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, 60), uint64(t.now.UnixNano()))
	t.said[t.number] = payload[:60]
	t.say(t.number)
	t.after(syllable, t.speak)
}

func (t *talk) say(number uint16) {
	t.carry(t.up, func() {
		payload := t.said[number]
		if delete(t.said, number); payload == nil {
			return // SRTP lets nothing through twice
		}
		t.feed.take(&packet{seq: number, time: uint32(number) * 960, codec: opus, key: true, payload: payload}, false, 72, t.now)
	})
}

// told is what the server asks the speaker for. Like a browser, the speaker answers
// whatever is asked.
func (t *talk) told(p rtcp.Packet) {
	n, ok := p.(*rtcp.TransportLayerNack)
	if !ok {
		return
	}
	for _, pair := range n.Nacks {
		for _, number := range pair.PacketList() {
			t.asked++
			t.say(number)
		}
	}
}

// WriteRTP implements mediaWriter: what the server sends the listener.
func (t *talk) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	t.sent++
	number, spoken := h.SequenceNumber, time.Unix(0, int64(binary.BigEndian.Uint64(payload)))
	t.carry(t.down, func() { t.hear(number, t.now.Sub(spoken)) })
	return len(payload) + 12, nil
}

// hear is what a browser does with a packet: with each it asks for all that it lacks
// and could still play.
func (t *talk) hear(number uint16, took time.Duration) {
	if !t.hears {
		t.hears, t.first, t.highest = true, number, number-1
	}
	if _, had := t.heard[number-t.first]; had {
		t.twice++
		return
	}
	t.heard[number-t.first] = took
	delete(t.missed, number)
	for ; int16(number-t.highest) > 0; t.highest++ {
		if t.highest+1 != number {
			t.missed[t.highest+1] = t.now
		}
	}
	var lost []uint16
	for n, since := range t.missed {
		if t.now.Sub(since) > playable {
			delete(t.missed, n)
		} else {
			lost = append(lost, n)
		}
	}
	if len(lost) == 0 || t.mute {
		return
	}
	slices.Sort(lost)
	t.carry(t.wants, func() { t.line.feedback(nack(100, lost...)[0], t.now) })
}

// madeUp is the share of what was said that was not there when it was to be heard.
func (t *talk) madeUp() float64 {
	all, good := int(t.highest-t.first)+1, 0
	for _, took := range t.heard {
		if took <= t.up.delay+t.down.delay+playable {
			good++
		}
	}
	return 1 - float64(good)/float64(all)
}

// Bursts of loss on either leg are repaired in time, and cost no more than is lost.
func TestLostSoundIsRepaired(t *testing.T) {
	clean := leg{delay: time.Millisecond}
	bursts := leg{delay: 20 * time.Millisecond, loss: 0.1, burst: 2}
	single := leg{delay: 20 * time.Millisecond, loss: 0.1, burst: 1}
	for _, c := range []struct {
		name     string
		up, down leg
		most     float64
	}{
		{"up", bursts, clean, 0.03}, {"down", clean, bursts, 0.03}, {"both", bursts, bursts, 0.06},
		{"up, one by one", single, clean, 0.01}, {"down, one by one", clean, single, 0.01},
	} {
		t.Run(c.name, func(t *testing.T) {
			without := newTalk(1, c.up, c.down)
			without.mute, without.feed.asks = true, false
			without.run(time.Minute)
			with := newTalk(1, c.up, c.down)
			with.run(time.Minute)
			t.Logf("%.1f %% made up, %.1f %% without repairs; %d asked for, %d sent, %d came twice of %d",
				100*with.madeUp(), 100*without.madeUp(), with.asked, with.sent, with.twice, with.number)
			if with.madeUp() > c.most || without.madeUp() < 0.07 {
				t.Errorf("%.3f is made up, %.3f without repairs", with.madeUp(), without.madeUp())
			}
			if more := with.sent - without.sent; float64(more) > 0.25*float64(with.number) || with.twice > int(with.number)/50 {
				t.Errorf("%d packets more were sent, %d came twice", more, with.twice)
			}
		})
	}
}

// Where a repair would come too late for the ear, none is asked for and none is sent.
func TestSoundIsNotRepairedTooLate(t *testing.T) {
	far := leg{delay: 150 * time.Millisecond, loss: 0.03, burst: 1}
	talk := newTalk(1, far, far)
	talk.run(time.Minute)
	if came := int(talk.feed.arrivals.received); talk.asked > 0 || talk.sent != came {
		t.Errorf("%d packets were asked for; %d came and %d were sent", talk.asked, came, talk.sent)
	}
}

// What was repaired was lost all the same: by that the speaker's browser chooses its
// redundancy.
func TestRepairedSoundIsReportedAsLost(t *testing.T) {
	talk := newTalk(1, leg{delay: 20 * time.Millisecond, loss: 0.1, burst: 2}, leg{delay: time.Millisecond})
	talk.run(time.Minute)
	a := &talk.feed.arrivals
	if lost := 1 - float64(a.received)/float64(a.highest-a.base+1); math.Abs(lost-0.1) > 0.02 {
		t.Errorf("a loss of %.3f is reported", lost)
	}
}

// Whoever asks for everything again and again gets a share of what was sent.
func TestAStormOfRequestsForSoundIsCapped(t *testing.T) {
	out := &sink{}
	l, f := onAirSound(out)
	now := time.Unix(1_800_000_000, 0)
	const said = 500
	for seq := range uint16(said) {
		now = now.Add(syllable)
		f.take(&packet{seq: seq, codec: opus, key: true, payload: []byte{1, 2, 3}}, false, 15, now)
		for back := range uint16(soundCacheSize) {
			l.repair(uint16(l.lastSeq)-back, now)
		}
	}
	if repairs := out.packets - said; repairs > soundBurst+said*3/10 || repairs < said/4 {
		t.Errorf("%d repairs of %d packets", repairs, said)
	}
}

// A packet that is under way is not sent once more, however often it is asked for.
func TestSoundUnderWayIsNotSentAgain(t *testing.T) {
	out := &sink{}
	l, f := onAirSound(out)
	now := time.Unix(1_800_000_000, 0)
	for seq := range uint16(20) {
		say(f, seq)
	}
	lost := uint16(l.lastSeq) - 3
	for _, c := range []struct {
		after   time.Duration
		packets int
	}{{0, 21}, {20 * time.Millisecond, 21}, {80 * time.Millisecond, 21}, {30 * time.Millisecond, 22}, {20 * time.Millisecond, 22}} {
		now = now.Add(c.after)
		l.feedback(nack(100, lost)[0], now)
		if out.packets != c.packets {
			t.Fatalf("%v later %d packets were sent, want %d", c.after, out.packets, c.packets)
		}
	}
	if out.last.SequenceNumber != lost || out.last.SSRC != 100 || out.last.PayloadType != 111 {
		t.Errorf("the repair is %+v, want %d", out.last, lost)
	}
	// What was never sent, or is long gone, is not made up.
	l.feedback(nack(100, lost+10, lost-soundCacheSize)[0], now.Add(time.Second))
	if out.packets != 22 {
		t.Error("a packet that was not sent was repaired")
	}
}

// A speaker who loses nearly everything is not asked for more than a share.
func TestTheSpeakerIsAskedForAShare(t *testing.T) {
	m := newMissing(audio)
	now := time.Unix(1_800_000_000, 0)
	asked := map[uint16]bool{}
	const came = 500
	for n := range uint16(came) {
		now = now.Add(4 * syllable)
		for _, seq := range m.note(4*n, now, 40*time.Millisecond) {
			asked[seq] = true
		}
	}
	if len(asked) > soundBurst+came*3/10 || len(asked) < came/4 {
		t.Errorf("%d packets were asked for when %d came", len(asked), came)
	}
	// After a silence nothing is asked for that nobody waits for.
	if due := m.note(4*came+400, now.Add(time.Minute), 40*time.Millisecond); len(due) > 0 {
		t.Errorf("%d packets of a silence are asked for", len(due))
	}
}

func TestForwardingSoundDoesNotAllocate(t *testing.T) {
	_, f := onAirSound(&sink{})
	now := time.Unix(1_800_000_000, 0)
	p := packet{codec: opus, key: true, payload: make([]byte, 60)}
	step := func() {
		now = now.Add(syllable)
		p.seq, p.time = p.seq+1, p.time+960
		f.take(&p, false, 72, now)
	}
	for range soundCacheSize + 1 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

// Over real connections: whoever offers it is asked for lost sound and may ask.
func TestSoundIsMendedForWhoOffersIt(t *testing.T) {
	r := listen(t).NewRoom()
	up := uplinkDropper{mime: webrtc.MimeTypeOpus}
	down := dropper{every: 7, mime: webrtc.MimeTypeOpus}
	expert := join(t, r, "expert", clientOptions{mendsSound: true, interceptors: []interceptor.Factory{down}})
	join(t, r, "clinic", clientOptions{mendsSound: true, interceptors: []interceptor.Factory{up}})
	expert.gets("clinic", Microphone)
	mid := expert.on("clinic", Microphone)
	number := regexp.MustCompile(`^[0-9]{5}`)
	eventually(t, "sound that was lost on either leg", func() bool {
		var lostUp, lostDown bool
		for i, p := range expert.packets(mid) {
			if i < 20 {
				continue
			}
			n, err := strconv.Atoi(string(number.Find(p.payload)))
			lostUp = lostUp || err == nil && n%9 == 0
			lostDown = lostDown || p.header.SequenceNumber%7 == 0
		}
		return lostUp && lostDown
	})
}

// Who does not offer it is not told that it may ask.
func TestSoundIsMendedOnlyWhenOffered(t *testing.T) {
	offers := map[string]bool{offerOf(t, "chromium"): false, offerOf(t, "firefox"): false}
	opus := "a=rtpmap:111 opus/48000/2\r\n"
	offers[strings.ReplaceAll(offerOf(t, "chromium"), opus, opus+"a=rtcp-fb:111 nack\r\n")] = true
	for offer, want := range offers {
		p, err := listen(t).NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
		must(t, err)
		answer, _, err := p.Offer(context.Background(), offer, chromiumTracks)
		must(t, err)
		for _, section := range splitSections(answer)[1:] {
			if !strings.HasPrefix(section[0], "m=audio") {
				continue
			}
			if got := slices.Contains(section, "a=rtcp-fb:111 nack"); got != want {
				t.Errorf("offered %v, answered %v:\n%s", want, got, strings.Join(section, "\n"))
			}
		}
	}
}
