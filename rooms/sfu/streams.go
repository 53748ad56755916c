package sfu

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pion/rtp"
)

// maxStrangers bounds the streams that a browser may open without having declared
// them.
const maxStrangers = 256

// streams knows what a connection's incoming streams are. An offer declares them
// by number (SSRC), or as layers by name; nothing else comes in.
type streams struct {
	mu        sync.Mutex // guards what follows
	known     map[uint32]*stream
	ids       layerIDs
	twcc      uint8                // header extension of transport-wide numbers, 0: none
	layers    map[layerName]uint32 // the stream of each, 0: it has not come yet
	sections  map[string]*section  // of the layers, by mid
	strangers map[uint32]struct{}
}

// layerName is what a packet says of its stream.
type layerName struct {
	mid, rid string
	repaired bool // the stream repairs the layer
}

// stream is one incoming stream.
type stream struct {
	layerName
	codecs [128]codec           // by payload type; of a repairing stream, that of what it repairs
	asks   bool                 // may be asked for what is lost
	feed   atomic.Pointer[feed] // where its packets go, nil until the first
}

func newStream(s *section, name layerName) *stream {
	st := &stream{layerName: name}
	for _, c := range s.codecs {
		st.asks = st.asks || c.codec != opus || slices.Contains(c.feedback, "nack")
		if !name.repaired {
			st.codecs[c.pt] = c.codec
		} else if c.rtx >= 0 {
			st.codecs[c.rtx] = c.codec
		}
	}
	return st
}

// declare opens exactly the streams of an offer's accepted sections. It returns
// the feeds of those that are no more.
func (s *streams) declare(accepted []section, ids layerIDs) (gone []*feed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, layers := s.known, s.layers
	s.known, s.layers, s.sections = map[uint32]*stream{}, map[layerName]uint32{}, map[string]*section{}
	s.ids, s.twcc = ids, 0
	open := func(ssrc uint32, section *section, name layerName) {
		if s.known[ssrc] = known[ssrc]; s.known[ssrc] == nil || s.known[ssrc].layerName != name {
			s.known[ssrc] = newStream(section, name)
		}
	}
	for i := range accepted {
		section := &accepted[i]
		if s.twcc == 0 {
			s.twcc = uint8(section.twcc)
		}
		if section.rids == nil {
			open(section.ssrc, section, layerName{mid: section.mid})
			if section.rtx != 0 {
				open(section.rtx, section, layerName{mid: section.mid, repaired: true})
			}
			continue
		}
		s.sections[section.mid] = section
		for _, rid := range section.rids {
			for _, repaired := range []bool{false, true} {
				name := layerName{section.mid, rid, repaired}
				s.layers[name] = layers[name]
				if ssrc := layers[name]; ssrc != 0 {
					open(ssrc, section, name)
				}
			}
		}
	}
	for ssrc, st := range known {
		if f := st.feed.Load(); f != nil && !st.repaired && s.known[ssrc] != st {
			gone = append(gone, f)
		}
	}
	return gone
}

// wants tells whether a stream is declared, or may prove to be a layer. Browsers
// probe bandwidth on stream 0.
func (s *streams) wants(ssrc uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[ssrc] != nil || len(s.layers) > 0 || ssrc == 0
}

// find tells a packet's stream, nil: none, and its transport-wide number.
func (s *streams) find(h *rtp.Header) (st *stream, number []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.twcc != 0 {
		number = h.GetExtension(s.twcc)
	}
	if st = s.known[h.SSRC]; st != nil {
		return st, number
	}
	extension := func(id int) string {
		if id == 0 {
			return ""
		}
		return string(h.GetExtension(uint8(id)))
	}
	name := layerName{mid: extension(s.ids.mid), rid: extension(s.ids.rid)}
	if repaired := extension(s.ids.repaired); repaired != "" {
		name.rid, name.repaired = repaired, true
	}
	if ssrc, ok := s.layers[name]; !ok || ssrc != 0 {
		return nil, number // no layer, or another stream is
	}
	st = newStream(s.sections[name.mid], name)
	s.layers[name], s.known[h.SSRC] = h.SSRC, st
	return st, number
}

// tooMany notes a stream that nobody declared, and tells whether there are more than
// any browser has.
func (s *streams) tooMany(ssrc uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[ssrc] != nil || ssrc == 0 {
		return false
	}
	if s.strangers == nil {
		s.strangers = map[uint32]struct{}{}
	}
	if len(s.strangers) < maxStrangers {
		s.strangers[ssrc] = struct{}{}
		return false
	}
	_, counted := s.strangers[ssrc]
	return !counted
}

// accepted lists the sections that may send.
func (o *offer) accepted(p plan) []section {
	var out []section
	for _, s := range o.sections {
		if _, ok := p.sources[s.mid]; ok {
			out = append(out, s)
		}
	}
	return out
}
