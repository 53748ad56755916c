package sfu

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawDemands(t *rapid.T) []demand {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) demand {
		return demand{
			source: rapid.SampledFrom([]Source{Camera, Screen}).Draw(t, "source"),
			rate:   rapid.IntRange(0, 3_000_000).Draw(t, "rate"),
		}
	}), 0, 8).Draw(t, "demands")
}

func TestSharesFitTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := rapid.IntRange(0, 10_000_000).Draw(t, "budget")
		demands := drawDemands(t)
		shares := allot(budget, demands)
		sum, served := 0, true
		for i, share := range shares {
			sum += share
			if share != 0 && share < demands[i].least() {
				t.Fatalf("picture %d gets %d: too little to be of use", i, share)
			}
			if share > 0 && !served {
				t.Fatalf("picture %d is served before a more important one: %v", i, shares)
			}
			served = share > 0
		}
		if sum > budget {
			t.Fatalf("%v is %d, more than %d", shares, sum, budget)
		}
		if most := min(budget/videoFloor, len(demands)); most > 0 && shares[most-1] == 0 {
			t.Fatalf("room for %d pictures, but shares are %v", most, shares)
		}
		if len(demands) > 0 && shares[0] > 0 && budget-sum > 1000 {
			t.Fatalf("%d of %d are left over: %v", budget-sum, budget, shares)
		}
	})
}

func TestMoreBudgetPausesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		budget := rapid.IntRange(0, 5_000_000).Draw(t, "budget")
		more := rapid.IntRange(0, 1_000_000).Draw(t, "more")
		demands := drawDemands(t)
		before, after := allot(budget, demands), allot(budget+more, demands)
		for i := range before {
			if before[i] > 0 && after[i] == 0 {
				t.Fatalf("picture %d is paused although there is more: %v, then %v", i, before, after)
			}
		}
	})
}

func TestACeilingTakesAtMostHalf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom([]Source{Camera, Screen}).Draw(t, "source")
		shares := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(videoFloor, 4_000_000), rapid.Just(unlimited)), 1, 8).Draw(t, "shares")
		ceiling := ceilingFor(s.most(), shares)
		if ceiling < videoFloor {
			t.Fatalf("%d is below what is of use", ceiling)
		}
		top := 0
		for _, share := range shares {
			useful := min(share, s.most())
			top = max(top, useful)
			if ceiling < useful/2 {
				t.Fatalf("%d takes more than half from one who can have %d", ceiling, useful)
			}
		}
		if ceiling < unlimited && ceiling > top {
			t.Fatalf("%d fits nobody of %v", ceiling, shares)
		}
	})
}

func TestBudgetFallsAtOnceAndRisesLater(t *testing.T) {
	var e budget
	now := time.Unix(0, 0)
	step := func(after time.Duration, reading, want int) {
		t.Helper()
		now = now.Add(after)
		if reading > 0 {
			e.note(reading, now)
		}
		if got := e.value(now); got != want {
			t.Fatalf("after %d: %d, want %d", reading, got, want)
		}
	}
	step(0, 0, unlimited)
	step(0, 500, 500)
	step(time.Second, 200, 200)
	step(time.Second, 300, 200)
	step(time.Second, 400, 200)
	step(2*time.Second, 0, 300) // 300 has held for three seconds
	step(time.Second, 0, 400)
	step(time.Hour, 0, 400) // nothing new: what was known stays
	step(0, 900, 400)
	step(time.Second, 100, 100)
	// Readings come as fast as somebody likes; few are kept.
	for i := range 100_000 {
		e.note(200+i, now.Add(time.Duration(i)*time.Microsecond))
	}
	if len(e.estimates) > 40 {
		t.Errorf("%d readings are kept", len(e.estimates))
	}
}
