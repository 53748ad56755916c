package sfu

import "slices"

// plan is what to answer to an offer.
type plan struct {
	directions []direction       // by section, as the browser sees it
	sources    map[string]Source // accepted sending sections, by mid
	rids       layersByMID       // of those that have layers
	receiving  []receiving       // all lines, in the order of the offer
}

type receiving struct {
	mid    string
	kind   kind
	pair   int
	twcc   int // id of the header extension, 0: none
	codecs []offeredCodec
}

// planFor decides on every section of an offer. conn is the connection that the
// offer renegotiates, or nil.
func planFor(o *offer, tracks []Track, may Rights, conn *connection) (plan, error) {
	named, err := nameTracks(o, tracks)
	if err != nil {
		return plan{}, err
	}
	p := plan{directions: make([]direction, len(o.sections)), sources: map[string]Source{}, rids: layersByMID{}}
	known := map[string]bool{}
	var before map[string]*publication
	var rids layersByMID
	if conn != nil {
		for _, mid := range conn.lineMIDs() {
			known[mid] = true
		}
		before, rids = conn.accepted()
		if err := o.keepTo(conn.ids); err != nil {
			return plan{}, err
		}
	}
	pairs := map[kind]int{}
	for i, s := range o.sections {
		source, isNamed := named[s.mid]
		if known[s.mid] && s.direction != recvonly {
			return plan{}, unsupported("section %s is a receiving line and must stay one", s.mid)
		}
		switch {
		case s.direction == recvonly && isNamed:
			return plan{}, unsupported("section %s is named as a track but does not send", s.mid)
		case s.direction == recvonly && before[s.mid] != nil:
			return plan{}, unsupported("section %s was a sending one and cannot become a line", s.mid)
		case s.direction == recvonly:
			p.directions[i] = recvonly
			p.receiving = append(p.receiving, receiving{s.mid, s.kind, pairs[s.kind], s.twcc, s.codecs})
			pairs[s.kind]++
			delete(known, s.mid)
		case s.direction == inactive || !isNamed:
			p.directions[i] = inactive
		case before[s.mid] != nil && before[s.mid].source != source:
			return plan{}, unsupported("section %s already sends another source", s.mid)
		case before[s.mid] != nil && !slices.Equal(rids[s.mid], s.rids):
			return plan{}, unsupported("section %s already sends other layers", s.mid)
		case may.allow(source) || before[s.mid] != nil:
			// A right that was withdrawn shuts the gate; the section stays as it is.
			p.directions[i] = sendonly
			p.sources[s.mid] = source
			if s.rids != nil {
				p.rids[s.mid] = s.rids
			}
		default:
			p.directions[i] = inactive
		}
	}
	if len(known) > 0 {
		return plan{}, unsupported("a receiving line is gone from the offer")
	}
	return p, nil
}

// nameTracks checks the tracks that came with an offer against it.
func nameTracks(o *offer, tracks []Track) (map[string]Source, error) {
	if len(tracks) > len(sources) {
		return nil, unsupported("each source can be sent once")
	}
	kinds := make(map[string]kind, len(o.sections))
	for _, s := range o.sections {
		kinds[s.mid] = s.kind
	}
	named := map[string]Source{}
	taken := map[Source]bool{}
	for _, t := range tracks {
		k, ok := kinds[t.MID]
		switch {
		case !ok:
			return nil, unsupported("a track names a section that the offer does not have")
		case !t.Source.valid() || t.Source.kind() != k:
			return nil, unsupported("a track names a source that does not fit its section")
		case taken[t.Source] || named[t.MID] != "":
			return nil, unsupported("each source can be sent once")
		}
		named[t.MID], taken[t.Source] = t.Source, true
	}
	return named, nil
}
