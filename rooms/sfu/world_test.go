package sfu

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// world runs a room in virtual time: publishers, the server's own forwarding and
// decisions, links with a queue, and browsers that watch. Nothing in it waits,
// and nothing depends on the machine.
type world struct {
	now    time.Time
	agenda agenda
	count  int
	chance *rand.Rand
	room   *Room
}

func newWorld(seed uint64) *world {
	return &world{
		now: time.Unix(1_800_000_000, 0), chance: rand.New(rand.NewPCG(1, seed)), room: &Room{peers: map[string]*Peer{}},
	}
}

// agenda is what will happen, the next first.
type agenda []happening

type happening struct {
	at    time.Time
	order int // of those at the same time
	do    func()
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(happening)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (w *world) after(d time.Duration, do func()) {
	w.count++
	heap.Push(&w.agenda, happening{w.now.Add(d), w.count, do})
}

// every does something now and then, for ever.
func (w *world) every(d time.Duration, do func()) {
	w.after(d, func() { do(); w.every(d, do) })
}

func (w *world) run(d time.Duration) {
	end := w.now.Add(d)
	for len(w.agenda) > 0 && !w.agenda[0].at.After(end) {
		h := heap.Pop(&w.agenda).(happening)
		w.now = h.at
		h.do()
	}
	w.now = end
}

// peer is somebody in the room whose connection is up and says what it has to
// say to control.
func (w *world) peer(id string, control func(rtcp.Packet)) *Peer {
	p := &Peer{id: id, room: w.room, inside: true, events: events{closed: true}}
	p.conn = &connection{peer: p, control: func(packets []rtcp.Packet) error {
		for _, p := range packets {
			control(p)
		}
		return nil
	}}
	p.conn.ready.Store(true)
	w.room.peers[id] = p
	w.room.order = append(w.room.order, p)
	// Connections do not take stock at the same moment.
	w.after(time.Duration(w.chance.IntN(1000))*time.Millisecond, func() {
		w.every(reportInterval, func() {
			p.conn.sendReports(p.conn.feeds, w.now)
			p.conn.balance(p.conn.feeds, w.now)
		})
	})
	return p
}

// wire is a link with a queue that drops what does not fit.
type wire struct {
	world *world
	rate  int           // bits/s
	queue time.Duration // the longest
	delay time.Duration // one way
	loss  float64
	free  time.Time // when all that waits has left
}

// headers are what IP, UDP and SRTP add to a packet, bytes.
const headers = 20 + 8 + 16

// queued is how long a packet would wait.
func (k *wire) queued() time.Duration { return max(k.free.Sub(k.world.now), 0) }

func (k *wire) carry(size int, arrive func()) (fits bool) {
	wait := k.queued()
	if wait > k.queue {
		return false
	}
	k.free = k.world.now.Add(wait + time.Duration(size+headers)*8*time.Second/time.Duration(k.rate))
	if k.world.chance.Float64() >= k.loss {
		k.world.after(k.free.Add(k.delay).Sub(k.world.now), arrive)
	}
	return true
}

// viewer is a browser that watches, behind a link.
type viewer struct {
	*Peer
	world    *world
	link     *wire
	recorder *twcc.Recorder
	lines    map[uint32]*incoming // by SSRC
	record   record
	paused   map[*line]bool
	away     time.Time // until then its machine does something else
}

// incoming is a line as the browser sees it.
type incoming struct {
	*line
	started  bool
	first    int64 // extended sequence numbers
	highest  int64
	came     int64
	lastSR   uint32
	lastSRAt time.Time
	key      bool // nothing but a key frame is of use
	layer    int
	sent     rtp.Header // the newest of the picture
	ended    uint32     // time of the newest frame that was sent to its end
	picture  uint16
	shown    time.Time // when the last frame came
	torn     bool      // something of the present frame is lost
}

// record is what one would notice.
type record struct {
	began        time.Time
	queue        []time.Duration // every 20 ms
	settled      time.Duration   // since when the queue was never too long
	sound        int             // packets sent
	soundDropped int             // by a full queue
	switches     int             // pauses and resumptions
	resumed      time.Duration   // the last, after the beginning
	bytes        int             // of pictures that came
	first        time.Duration   // until the first of them, 0: none came
	layers       int             // changes from one layer to another
	broken       int             // packets that do not go on where the one before ended
	frozen       time.Duration   // the longest time without a frame
	frames       int             // that came whole
}

// queueLong is more than should ever stand.
const queueLong = 300 * time.Millisecond

func (w *world) watch(id string, link wire, from ...*studio) *viewer {
	v := &viewer{world: w, link: &link, recorder: twcc.NewRecorder(1), lines: map[uint32]*incoming{}}
	link.world = w
	v.paused = map[*line]bool{}
	v.forget()
	v.Peer = w.peer(id, func(p rtcp.Packet) {
		// Reports take their part of the link.
		v.link.carry(p.MarshalSize(), func() { v.told(p) })
	})
	for i, s := range from {
		for _, source := range []Source{Microphone, Camera} {
			l := newLine(v.conn, receiving{mid: id, kind: source.kind(), pair: i, twcc: 4})
			l.ssrc = uint32(100 + 10*i + source.index())
			if l.kind == audio {
				l.types[opus] = 111
			} else {
				l.types[vp8], l.rtxTypes[vp8], l.rtxSSRC = 96, 97, l.ssrc+5
			}
			l.out = v
			pub := s.publications[source.index()]
			l.tune(pub)
			l.occupant = pub
			l.pause.layer = pub.top()
			l.aim(pub.top(), true)
			v.conn.lines = append(v.conn.lines, l)
			in := &incoming{line: l, key: true, layer: pub.top(), shown: w.now}
			v.lines[l.ssrc] = in
			if l.rtxSSRC != 0 {
				v.lines[l.rtxSSRC] = in
			}
			var audience []*line
			if old := pub.subscribers.Load(); old != nil {
				audience = slices.Clone(*old)
			}
			audience = append(audience, l)
			pub.subscribers.Store(&audience)
		}
	}
	w.room.fit(v.Peer, w.now)
	w.every(20*time.Millisecond, v.look)
	w.every(time.Second, v.reports)
	w.every(200*time.Millisecond, v.needKeys)
	w.every(100*time.Millisecond, func() { v.whenFree(v.estimates) })
	return v
}

// readTime is what a browser short of time takes to read a packet.
const readTime = time.Millisecond

// whenFree does something at once, or when the machine has time again, after what
// waits already.
func (v *viewer) whenFree(do func()) {
	if !v.world.now.Before(v.away) {
		do()
		return
	}
	v.away = v.away.Add(readTime)
	v.world.after(v.away.Sub(v.world.now), do)
}

// busy makes the viewer's machine short of time from now on: again and again it
// does something else for a while.
func (v *viewer) busy() {
	some := func(most time.Duration) time.Duration { return time.Duration(v.world.chance.Int64N(int64(most))) }
	v.world.after(some(time.Second), func() {
		if away := v.world.now.Add(some(900 * time.Millisecond)); away.After(v.away) {
			v.away = away
		}
		v.busy()
	})
}

// WriteRTP implements mediaWriter: what a line sends.
func (v *viewer) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	size := h.MarshalSize() + len(payload) + int(h.PaddingSize)
	in, header := v.lines[h.SSRC], *h
	var number []byte
	if h.Extension {
		number = slices.Clone(h.GetExtension(4))
	}
	_, key := look(vp8, payload)
	start := h.SSRC == in.ssrc && in.kind == video && key
	if h.SSRC == in.ssrc && in.kind == video && !in.goesOn(h, payload, start) {
		v.record.broken++
	}
	fits := v.link.carry(size, func() { v.whenFree(func() { v.arrived(in, header, number, start, size) }) })
	if in.kind == audio {
		v.record.sound++
		if !fits {
			v.record.soundDropped++
		}
	}
	return size, nil
}

// goesOn tells whether a packet continues the line's picture: numbers without a gap,
// time that does not go back, pictures one after the other, another layer only with a
// key frame.
func (in *incoming) goesOn(h *rtp.Header, payload []byte, start bool) bool {
	last := in.sent
	in.sent = *h
	if h.Padding {
		return h.SequenceNumber == last.SequenceNumber+1 || last.SSRC == 0
	}
	d, _ := parseVP8(payload)
	picture, ended := in.picture, in.ended
	in.picture = d.id
	if h.Marker {
		in.ended = h.Timestamp
	}
	if last.SSRC == 0 {
		return start
	}
	same := d.id == picture && h.Timestamp == last.Timestamp
	next := d.id == (picture+1)&0x7fff && int32(h.Timestamp-ended) > 0
	return h.SequenceNumber == last.SequenceNumber+1 && (same || next)
}

func (v *viewer) Write(b []byte) (int, error) { return len(b), nil }

func (v *viewer) arrived(in *incoming, h rtp.Header, number []byte, start bool, size int) {
	if number != nil {
		v.recorder.Record(h.SSRC, binary.BigEndian.Uint16(number), v.world.now.UnixMicro()-1_799_999_000_000_000)
	}
	if h.SSRC != in.ssrc {
		return
	}
	if !in.started {
		in.started, in.first, in.highest = true, int64(h.SequenceNumber), int64(h.SequenceNumber)-1
	}
	seq := in.highest + int64(int16(h.SequenceNumber-uint16(in.highest)))
	lost := seq - in.highest - 1
	in.highest = max(in.highest, seq)
	in.came++
	if in.kind == audio {
		return
	}
	if start {
		in.key = false
	}
	in.torn = !start && (in.torn || lost > 0)
	if !in.key {
		if v.record.bytes += size; h.Marker {
			v.record.frozen = max(v.record.frozen, v.world.now.Sub(in.shown))
			in.shown = v.world.now
			if !in.torn {
				v.record.frames++
			}
		}
		if v.record.first == 0 {
			v.record.first = v.world.now.Sub(v.record.began)
		}
	}
	if lost > 0 && lost < 1000 {
		var ask []uint16
		for n := range lost {
			ask = append(ask, uint16(seq-lost+n))
		}
		v.say(&rtcp.TransportLayerNack{MediaSSRC: in.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(ask)})
	}
}

// told takes the server's sender reports in, for the round trip.
func (v *viewer) told(p rtcp.Packet) {
	if sr, ok := p.(*rtcp.SenderReport); ok {
		if in := v.lines[sr.SSRC]; in != nil {
			in.lastSR, in.lastSRAt = uint32(sr.NTPTime>>16), v.world.now
		}
	}
}

// say sends RTCP to the server; the way there is free.
func (v *viewer) say(p rtcp.Packet) {
	v.world.after(v.link.delay, func() {
		v.conn.receiveControl([]rtcp.Packet{p}, v.world.now)
	})
}

// needKeys asks for the key frame that nothing can be shown without, as often as
// Chromium does.
func (v *viewer) needKeys() {
	for ssrc, in := range v.lines {
		if ssrc == in.ssrc && in.key && in.started && in.kind == video {
			v.say(&rtcp.PictureLossIndication{MediaSSRC: ssrc})
		}
	}
}

func (v *viewer) reports() {
	for ssrc, in := range v.lines {
		if ssrc == in.ssrc && in.started {
			delay := uint32(0)
			if in.lastSR != 0 {
				delay = uint32(v.world.now.Sub(in.lastSRAt).Seconds() * 65536)
			}
			v.say(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{
				SSRC: ssrc, LastSequenceNumber: uint32(in.highest), LastSenderReport: in.lastSR,
				TotalLost: uint32(max(in.highest-in.first+1-in.came, 0)),
				Delay:     delay,
			}}})
		}
	}
}

func (v *viewer) estimates() {
	for _, p := range v.recorder.BuildFeedbackPacket() {
		v.say(p)
	}
}

// look is what one notices at a moment.
func (v *viewer) look() {
	r, since := &v.record, v.world.now.Sub(v.record.began)
	queued := v.link.queued()
	r.queue = append(r.queue, queued)
	if queued > queueLong {
		r.settled = since
	}
	for _, l := range v.conn.lines {
		if paused := l.showsPaused(); v.paused[l] != paused {
			v.paused[l] = paused
			r.switches++
			if !paused {
				r.resumed = since
			}
		}
	}
	for _, in := range v.lines {
		if in.feed != nil && in.feed.layer != in.layer {
			in.layer = in.feed.layer
			r.layers++
		}
	}
}

// forget begins a new record.
func (v *viewer) forget() { v.record = record{began: v.world.now} }

// queue95 is the queue that one moment in twenty exceeds.
func (r *record) queue95() time.Duration {
	return r.quantile(95)
}

func (r *record) quantile(percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(r.queue))
	return sorted[len(sorted)*percent/100]
}

// rate is that of the pictures, bits/s.
func (v *viewer) rate() int {
	return int(float64(v.record.bytes*8) / v.world.now.Sub(v.record.began).Seconds())
}
