package sfu

import (
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// atFirstCheck takes the pair of the first check that is authentic for the pair
// to use, until the browser nominates one (RFC 8445 §7.3.1.5). On a link with a
// long round trip a browser has sent the checks of its beginning before the first
// is answered, and nominates with the next, seconds later; its handshake, which
// comes before that, would find nobody. A restart begins anew: it comes with
// another name. Only the agent of one connection may call what it returns.
func atFirstCheck() func(*stun.Message, ice.Candidate, ice.Candidate, *ice.CandidatePair) bool {
	var known string
	return func(check *stun.Message, _, _ ice.Candidate, _ *ice.CandidatePair) bool {
		var name stun.Username
		if name.GetFrom(check) != nil || name.String() == known {
			return false
		}
		known = name.String()
		return true
	}
}
