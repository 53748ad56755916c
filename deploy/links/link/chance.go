package link

import "math/rand/v2"

// chance decides which packets are lost: each by itself, or in bursts after
// Gilbert and Elliott, with a good state that loses nothing and a bad one that
// loses everything.
type chance struct {
	random *rand.Rand
	bad    bool
}

func newChance(seed uint64) chance {
	return chance{random: rand.New(rand.NewPCG(seed, 0))}
}

// loses draws for one packet.
func (c *chance) loses(s Setting) bool {
	if s.Loss == 0 {
		c.bad = false
		return false
	}
	if s.Burst <= 1 {
		return c.random.Float64() < s.Loss
	}
	// A burst ends after each packet with 1/Burst; the share of time in the bad
	// state is Loss when bursts begin this often.
	begins := s.Loss / (s.Burst * (1 - s.Loss))
	if c.bad {
		c.bad = c.random.Float64() >= 1/s.Burst
	} else {
		c.bad = c.random.Float64() < begins
	}
	return c.bad
}
