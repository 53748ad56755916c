package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// link is what is known of the path between a browser and us. Shares and rates
// are smoothed over a few seconds.
type link struct {
	stats     Stats
	bytesUp   uint64 // of ended feeds and all, at the last look
	bytesDown uint64
	looked    time.Time
	// The browser reports on its own schedule, so losses are gathered until
	// there is something to divide by.
	expectedDown, lostDown int64
}

// smoothing is the weight of the newest second.
const smoothing = 0.4

func blend(old, sample float64) float64 { return old + smoothing*(sample-old) }

// report is the connection's clockwork: once per second it sends the reports of
// RFC 3550 for all its streams in one compound packet, and takes stock.
func (c *connection) report() {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-c.done.Done():
			return
		case now := <-ticker.C:
			c.reportOnce(now)
		}
	}
}

func (c *connection) reportOnce(now time.Time) {
	c.mu.Lock()
	feeds := append([]*feed(nil), c.feeds...)
	c.mu.Unlock()
	c.sendReports(feeds, now)
	c.balance(feeds, now)
	path := c.path()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.stats.Path = path
}

// sendReports sends the reports and notes what the browser's said.
func (c *connection) sendReports(feeds []*feed, now time.Time) {
	c.peer.room.mu.Lock()
	lines := c.lines
	c.peer.room.mu.Unlock()

	var expectedUp, lostUp int64
	var bytesUp uint64
	own := &rtcp.ReceiverReport{SSRC: c.ssrc}
	for _, f := range feeds {
		f.checkLive(now)
		bytesUp += f.arrivals.total()
		block, expected, lost, ok := f.arrivals.report(f.ssrc, now)
		if ok {
			own.Reports = append(own.Reports, block)
			expectedUp, lostUp = expectedUp+expected, lostUp+lost
		}
	}
	packets := []rtcp.Packet{own, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{
		Source: c.ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "media"}},
	}}}}
	var expectedDown, lostDown int64
	var bytesDown uint64
	for _, l := range lines {
		if sr := l.senderReport(now); sr != nil {
			packets = append(packets, sr)
		}
		expected, lost, rtt, bytes := l.collect()
		expectedDown, lostDown, bytesDown = expectedDown+expected, lostDown+lost, bytesDown+bytes
		if rtt > 0 {
			c.rtt.Store(int64(rtt))
		}
	}
	c.sendRTCP(packets...)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.link.look(now, bytesUp, bytesDown)
	if expectedUp > 0 {
		c.link.stats.LossUp = blend(c.link.stats.LossUp, float64(lostUp)/float64(expectedUp))
	}
	c.link.lost(expectedDown, lostDown)
	c.link.stats.RTT = time.Duration(c.rtt.Load())
}

// look updates the rates. A feed that ended makes bytesUp fall; such a second
// is left out.
func (k *link) look(now time.Time, bytesUp, bytesDown uint64) {
	if seconds := now.Sub(k.looked).Seconds(); !k.looked.IsZero() && seconds > 0 {
		if bytesUp >= k.bytesUp {
			k.stats.RateUp = blend(k.stats.RateUp, float64(bytesUp-k.bytesUp)*8/1000/seconds)
		}
		if bytesDown >= k.bytesDown {
			k.stats.RateDown = blend(k.stats.RateDown, float64(bytesDown-k.bytesDown)*8/1000/seconds)
		}
	}
	k.looked, k.bytesUp, k.bytesDown = now, bytesUp, bytesDown
}

func (k *link) lost(expected, lost int64) {
	k.expectedDown += expected
	k.lostDown += lost
	if k.expectedDown < 20 {
		return
	}
	k.stats.LossDown = blend(k.stats.LossDown, float64(k.lostDown)/float64(k.expectedDown))
	k.expectedDown, k.lostDown = 0, 0
}

// path names the transport in use.
func (c *connection) path() string {
	r := c.way.route.Load()
	switch {
	case r == nil || !c.isUp():
		return ""
	case r.tcp:
		return "tcp"
	}
	return "udp"
}

func (c *connection) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link.stats
}
