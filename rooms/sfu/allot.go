package sfu

import "math"

// unlimited stands for a link of which nothing is known to be too little.
const unlimited = math.MaxInt32

const (
	// videoFloor is the least that a picture is of use with, bits/s, unless it
	// takes less by itself: a still one may take next to nothing.
	videoFloor, videoLeast = 30_000, 10_000
	// What a source makes at most, bits/s; the app sends no more.
	cameraMost = 1_200_000
	screenMost = 2_000_000
	// A shared screen is looked at closely: it gets so many times a face's share.
	screenWeight = 3
)

func (s Source) most() int {
	if s == Screen {
		return screenMost
	}
	return cameraMost
}

func (s Source) weight() int {
	if s == Screen {
		return screenWeight
	}
	return 1
}

// demand is one picture that wants a share of a link, bits/s.
type demand struct {
	source Source
	rate   int // what it takes now
}

// least is what the picture is worth sending with.
func (d demand) least() int { return min(max(d.rate, videoLeast), videoFloor) }

// want is what the picture could make use of soon.
func (d demand) want() int { return min(d.rate+d.rate/2+videoFloor, d.source.most()) }

// allot divides a link's budget among pictures, the most important first. A
// picture gets at least its least or nothing; what is left after the floors is
// divided by weight, first up to what each wants, then all of it.
func allot(budget int, demands []demand) []int {
	shares := make([]int, len(demands))
	if budget >= unlimited {
		for i := range shares {
			shares[i] = unlimited
		}
		return shares
	}
	for i, d := range demands {
		least := d.least()
		if budget < least {
			break // else a little more would pause what comes after
		}
		shares[i], budget = least, budget-least
	}
	budget = fill(budget, shares, demands, demand.want)
	fill(budget, shares, demands, func(demand) int { return unlimited })
	return shares
}

// fill raises the shares of those who have one, by weight, none beyond its
// limit, and returns what is left.
func fill(budget int, shares []int, demands []demand, limit func(demand) int) int {
	for budget > 0 {
		weights := 0
		for i, d := range demands {
			if shares[i] > 0 && shares[i] < limit(d) {
				weights += d.source.weight()
			}
		}
		if weights == 0 || budget < weights {
			return budget
		}
		unit := budget / weights
		for i, d := range demands {
			if shares[i] > 0 && shares[i] < limit(d) {
				more := min(unit*d.source.weight(), limit(d)-shares[i])
				shares[i], budget = shares[i]+more, budget-more
			}
		}
	}
	return budget
}

// ceilingFor is what a publisher may send, given the shares of those who watch.
// It is the least share that is at least half of the
// greatest: links that are alike get the same picture, and nobody loses more
// than half of theirs to a weaker one. Who has less gets a smaller layer, or none.
func ceilingFor(most int, shares []int) int {
	top := 0
	for _, share := range shares {
		top = max(top, min(share, most))
	}
	ceiling := top
	for _, share := range shares {
		if share >= top/2 {
			ceiling = min(ceiling, share)
		}
	}
	if ceiling >= most {
		return unlimited
	}
	return max(ceiling, videoFloor)
}
