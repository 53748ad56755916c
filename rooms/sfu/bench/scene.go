package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
)

const (
	sceneWidth, sceneHeight = 1280, 720
	sceneFrames             = 30 // a second, after which it begins anew
	sceneGrain              = 6  // of the light, as a cheap camera's
)

// scene writes what the camera sees: something like a head that moves before a wall,
// as grainy as a room's light makes it. Chromium's own invented picture is so plain
// that it does not take the rate.
func scene(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	random := rand.New(rand.NewPCG(1, 2))
	grey := make([]byte, sceneWidth*sceneHeight/2)
	for i := range grey {
		grey[i] = 128
	}
	_, _ = fmt.Fprintf(w, "YUV4MPEG2 W%d H%d F30:1 Ip C420jpeg\n", sceneWidth, sceneHeight) // Flush tells
	for n := range sceneFrames {
		sin, cos := math.Sincos(2 * math.Pi * float64(n) / sceneFrames)
		left, top := sceneWidth/2+int(30*sin), sceneHeight/2+int(15*cos)
		_, _ = w.WriteString("FRAME\n")
		for y := range sceneHeight {
			for x := range sceneWidth {
				light := 50 + 60*x/sceneWidth + 40*y/sceneHeight
				if dx, dy := x-left, y-top; 4*dx*dx+2*dy*dy < sceneHeight*sceneHeight/4 {
					light = 130 + 50*(dx&63)/64 + 30*(dy&31)/32
				}
				_ = w.WriteByte(byte(light + random.IntN(2*sceneGrain+1) - sceneGrain))
			}
		}
		_, _ = w.Write(grey)
	}
	return w.Flush()
}
