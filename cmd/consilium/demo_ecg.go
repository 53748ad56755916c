package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// electrocardiogram draws an invented tracing on millimetre paper: 25 mm/s,
// 10 mm/mV, three leads of six seconds. shift moves the ST segment, in mV; a
// rate above 110 has no P wave and an irregular rhythm.
func electrocardiogram(rate, shift float64) []byte {
	const scale, width, height = 6, 150, 75 // pixels per millimetre; millimetres
	img := image.NewRGBA(image.Rect(0, 0, width*scale, height*scale))
	for y := range height * scale {
		for x := range width * scale {
			c := color.RGBA{255, 247, 245, 255}
			switch {
			case x%(5*scale) == 0 || y%(5*scale) == 0:
				c = color.RGBA{238, 160, 150, 255}
			case x%scale == 0 || y%scale == 0:
				c = color.RGBA{248, 214, 208, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	ink := color.RGBA{20, 24, 40, 255}
	for lead := range 3 {
		base, gain := float64(15+lead*23)*scale, 10.0*scale*(0.7+0.15*float64(lead))
		before := base
		for x := range width * scale {
			y := base - gain*wave(float64(x)/scale/25, rate, shift)
			from, to := int(math.Min(before, y)), int(math.Max(before, y))
			for at := from - 1; at <= to+1; at++ {
				img.SetRGBA(x, at, ink)
			}
			before = y
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // into memory; an RGBA image always encodes
	return out.Bytes()
}

// wave is the voltage in mV at t seconds.
func wave(t, rate, shift float64) float64 {
	irregular := rate > 110
	beat := 60 / rate
	n := math.Floor(t / beat)
	at := t - n*beat
	if irregular {
		at += 0.12 * math.Sin(n*2.399)
	}
	bump := func(centre, width, height float64) float64 {
		d := (at - centre) / width
		return height * math.Exp(-d*d)
	}
	v := bump(0.30, 0.008, -0.12) + bump(0.325, 0.012, 1.1) + bump(0.352, 0.010, -0.25) + bump(0.50, 0.045, 0.22+shift)
	if irregular {
		v += 0.04 * math.Sin(2*math.Pi*6.3*t)
	} else {
		v += bump(0.16, 0.025, 0.12)
	}
	if at > 0.36 && at < 0.46 {
		v += shift
	}
	return v
}
