package client

import (
	"bytes"
	"image"
	"testing"

	"golang.org/x/image/vp8"
)

func TestPictureIsVP8ThatMoves(t *testing.T) {
	next := picture(320, 240)
	var former *image.YCbCr
	for range 5 {
		frame := next()
		if len(frame) > 1200 {
			t.Errorf("a frame of %d bytes does not fit into one packet", len(frame))
		}
		d := vp8.NewDecoder()
		d.Init(bytes.NewReader(frame), len(frame))
		header, err := d.DecodeFrameHeader()
		if err != nil {
			t.Fatal(err)
		}
		if !header.KeyFrame || header.Width != 320 || header.Height != 240 {
			t.Fatalf("header %+v", header)
		}
		shown, err := d.DecodeFrame()
		if err != nil {
			t.Fatal(err)
		}
		if former != nil && bytes.Equal(former.Y, shown.Y) {
			t.Error("two frames look the same")
		}
		former = &image.YCbCr{Y: bytes.Clone(shown.Y)}
	}
}
