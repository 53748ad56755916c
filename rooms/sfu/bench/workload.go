package main

import (
	_ "embed"
	"strconv"
	"strings"
	"time"
)

const (
	playStep     = 2 * time.Millisecond // Chromium's pacer acts about so often
	soundEvery   = 20 * time.Millisecond
	soundSize    = 80   // bytes of an Opus packet, 32 kbit/s
	packetMax    = 1180 // bytes of payload: with RTP's header and one extension 1200
	descriptor   = 4    // bytes of them that say of VP8 which frame it is (RFC 7741)
	recordedRate = 1_500_000
)

// recording is how Chromium cut the frames of a picture of recordedRate, bit/s, thirty
// a second: record.go wrote it.
//
//go:embed frames.txt
var recording string

// recorded are the packets' sizes of each frame, the first a key frame.
var recorded = read(recording)

func read(text string) (frames [][]int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var sizes []int
		for _, field := range strings.Fields(line) {
			size, err := strconv.Atoi(field)
			if err != nil {
				panic(err) // it is part of the program
			}
			sizes = append(sizes, size)
		}
		frames = append(frames, sizes)
	}
	return frames
}

// workload is who is there and what they send.
type workload struct {
	name        string
	rooms, size int
	rate        int // of the picture, bit/s
	frameEvery  time.Duration
	frames      [][]int // the packets' sizes of each, the first a key frame
}

var (
	twoOfSix    = workload{"two rooms of six", 2, 6, recordedRate, time.Second / 30, recorded}
	twentyOfTwo = workload{"twenty rooms of two", 20, 2, recordedRate, time.Second / 30, recorded}
)

// small is for growth: so little from each that a hundred rooms fit on a small
// machine.
func small(rooms int) workload {
	return scaled("rooms of two", rooms, 2, 120_000, time.Second/10)
}

// scaled makes frames of another size vary as the recorded ones do.
func scaled(name string, rooms, size, rate int, frameEvery time.Duration) workload {
	w := workload{name: name, rooms: rooms, size: size, rate: rate, frameEvery: frameEvery}
	scale := float64(rate) * frameEvery.Seconds() / (recordedRate / 30)
	for _, sizes := range recorded {
		bytes := 0
		for _, size := range sizes {
			bytes += size - descriptor
		}
		w.frames = append(w.frames, split(int(scale*float64(bytes))))
	}
	return w
}

// split cuts a frame as Chromium does it: into equal parts, of which the last few are
// a byte longer.
func split(bytes int) []int {
	n := (bytes + packetMax - descriptor - 1) / (packetMax - descriptor)
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = descriptor + (bytes+i)/n
	}
	return sizes
}

// packets are the sizes of a person's n-th frame. Everybody begins at another one, so
// that large frames of all do not come at once.
func (w workload) packets(n int, begins float64, key bool) []int {
	if key {
		return w.frames[0]
	}
	common := w.frames[1:]
	return common[(n+int(begins*float64(len(common))))%len(common)]
}
