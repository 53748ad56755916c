package main

import "time"

const (
	playStep   = 2 * time.Millisecond // Chromium's pacer acts about so often
	soundEvery = 20 * time.Millisecond
	soundSize  = 80   // bytes of an Opus packet, 32 kbit/s
	packetMax  = 1200 // bytes of payload; Chromium stays below
)

// workload is who is there and what they send.
type workload struct {
	name        string
	rooms, size int
	rate        int // of the picture, bit/s
	frameEvery  time.Duration
}

var (
	twoOfSix    = workload{"two rooms of six", 2, 6, 1_500_000, time.Second / 30}
	twentyOfTwo = workload{"twenty rooms of two", 20, 2, 1_500_000, time.Second / 30}
)

// small is for growth: so little from each that a hundred rooms fit on a small
// machine.
func small(rooms int) workload {
	return workload{"rooms of two", rooms, 2, 120_000, time.Second / 10}
}

// split tells the packets' sizes of a frame: a key frame is four times a common
// one, a common one varies by a fifth. A frame is cut as Chromium does it: into
// equal parts, of which the last few are a byte longer.
func (w workload) split(frame int, key bool) []int {
	bytes := w.rate / 8 * int(w.frameEvery/time.Microsecond) / 1_000_000
	bytes += bytes * (frame*7%5 - 2) / 10
	if key {
		bytes *= 4
	}
	n := (bytes + packetMax - 1) / packetMax
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = bytes / n
		if i >= n-bytes%n {
			sizes[i]++
		}
	}
	return sizes
}
