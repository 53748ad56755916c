package sfu

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// layersMost is in how many sizes a browser may send one picture at once.
	layersMost = 3
	maxRID     = 16 // bytes, as in a header extension of one byte (RFC 8285 §4.2)
)

// layersByMID holds the names (rid) of the layers that sections send, the
// smallest first.
type layersByMID map[string][]string

// layerIDs are the header extensions by which packets tell their section, their
// layer, and the layer that they repair (RFC 8852). All sections of a bundle use
// the same.
type layerIDs struct {
	mid, rid, repaired int // 0: none
}

// layered is what an offer's section says of layers.
type layered struct {
	ids       layerIDs
	named     []string // a=rid lines that send
	simulcast string   // the a=simulcast line
}

// extension reads an extmap line.
func (s *rawSection) extension(uri string, id int) {
	switch uri {
	case transportCC:
		s.twcc = id
	case sdesMID:
		s.ids.mid = id
	case sdesRID:
		s.ids.rid = id
	case sdesRepair:
		s.ids.repaired = id
	}
}

// rid reads a line like "a=rid:q send" (RFC 8851 §4). What it restricts the
// browser keeps to by itself.
func (s *rawSection) rid(val string) error {
	fields := strings.Fields(val)
	if len(fields) < 2 || fields[1] != "send" {
		return nil
	}
	if !isRID(fields[0]) {
		return malformed("the media offer has a malformed rid line")
	}
	if len(s.named) == 16 {
		return unsupported("a section has too many streams")
	}
	s.named = append(s.named, fields[0])
	return nil
}

// sent reads the layers out of a line like "a=simulcast:send q;~h;f" (RFC 8853
// §5.1), nil when there are none. Of alternatives the first counts, and whether a
// layer is paused at first is of no matter: it is one when it comes.
func (s *rawSection) sent() ([]string, error) {
	fields := strings.Fields(s.simulcast)
	at := slices.Index(fields, "send")
	if at < 0 {
		return nil, nil
	}
	if at+1 == len(fields) || strings.Count(fields[at+1], ";") >= len(s.named) {
		return nil, malformed("the media offer has a malformed simulcast line")
	}
	var rids []string
	for alternatives := range strings.SplitSeq(fields[at+1], ";") {
		rid, _, _ := strings.Cut(alternatives, ",")
		rid = strings.TrimPrefix(rid, "~")
		if !slices.Contains(s.named, rid) || slices.Contains(rids, rid) {
			return nil, malformed("the media offer has a malformed simulcast line")
		}
		rids = append(rids, rid)
	}
	switch {
	case s.kind == audio:
		return nil, unsupported("sound has no layers")
	case len(rids) > layersMost:
		return nil, unsupported("a section has over %d layers", layersMost)
	case s.ids.mid == 0 || s.ids.rid == 0:
		return nil, unsupported("layers need the header extensions that name section and layer")
	}
	return rids, nil
}

// settleIDs takes over the header extensions of the sections with layers, and
// makes sure that nothing else has their numbers.
func (p *offerParser) settleIDs() error {
	o := &p.offer
	for i, s := range o.sections {
		if s.rids == nil {
			continue
		}
		if o.ids != (layerIDs{}) && o.ids != p.raw[i].ids {
			return unsupported("a header extension has two ids")
		}
		o.ids = p.raw[i].ids
	}
	if o.ids == (layerIDs{}) {
		return nil
	}
	taken := []int{o.ids.mid, o.ids.rid}
	if o.ids.repaired != 0 {
		taken = append(taken, o.ids.repaired)
	}
	slices.Sort(taken)
	if len(slices.Compact(slices.Clone(taken))) != len(taken) {
		return unsupported("two header extensions have one id")
	}
	for _, s := range o.sections {
		if slices.Contains(taken, s.twcc) {
			return unsupported("two header extensions have one id")
		}
	}
	return nil
}

// keepTo makes a later offer use the header extensions of the first: packets
// on their way have them.
func (o *offer) keepTo(ids layerIDs) error {
	if o.ids != (layerIDs{}) && o.ids != ids {
		return unsupported("layers must be in the first offer and keep their header extensions")
	}
	o.ids = ids
	return nil
}

func (ids layerIDs) describe(b *strings.Builder) {
	fmt.Fprintf(b, "a=extmap:%d %s\r\na=extmap:%d %s\r\n", ids.mid, sdesMID, ids.rid, sdesRID)
	if ids.repaired != 0 {
		fmt.Fprintf(b, "a=extmap:%d %s\r\n", ids.repaired, sdesRepair)
	}
}

func isRID(s string) bool {
	return s != "" && len(s) <= maxRID && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
