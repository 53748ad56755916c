package photo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// corners is a picture whose four corners differ, so that turning it shows.
func corners(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			c := color.RGBA{40, 40, 40, 255}
			if x < w/2 {
				c.R = 220
			}
			if y < h/2 {
				c.B = 220
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image, orientation byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00II\x2a\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00\x00SECRET PLACE"
	size := len(exif) + 2
	return append(append([]byte{0xFF, 0xD8, 0xFF, 0xE1, byte(size >> 8), byte(size)}, exif...), b.Bytes()[2:]...)
}

func TestOrientation(t *testing.T) {
	// Where the picture's upper left corner (red and blue) comes to lie.
	for how, want := range map[byte]string{1: "upper left", 2: "upper right", 3: "lower right", 4: "lower left", 5: "upper left", 6: "upper right", 7: "lower right", 8: "lower left"} {
		p, err := Clean(context.Background(), jpegOf(t, corners(64, 32), how))
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.Data))
		if err != nil {
			t.Fatal(err)
		}
		if turned := how >= 5; (p.Width == 32) != turned || img.Bounds().Dx() != p.Width {
			t.Errorf("orientation %d: %d×%d", how, p.Width, p.Height)
		}
		got := "nowhere"
		for name, at := range map[string]image.Point{"upper left": {2, 2}, "upper right": {p.Width - 3, 2}, "lower left": {2, p.Height - 3}, "lower right": {p.Width - 3, p.Height - 3}} {
			if r, _, b, _ := img.At(at.X, at.Y).RGBA(); r > 0x9000 && b > 0x9000 {
				got = name
			}
		}
		if got != want {
			t.Errorf("orientation %d: the corner is %s, want %s", how, got, want)
		}
		if bytes.Contains(p.Data, []byte("SECRET")) {
			t.Errorf("orientation %d: the place is still in the file", how)
		}
	}
}

func TestFormats(t *testing.T) {
	var p, g bytes.Buffer
	if err := png.Encode(&p, corners(5000, 10)); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&g, corners(30, 30), nil); err != nil {
		t.Fatal(err)
	}
	small, err := Clean(context.Background(), append(p.Bytes(), "hidden behind the end"...))
	if err != nil || small.Type != "image/png" || small.Width != maxSide || small.Height != 8 || bytes.Contains(small.Data, []byte("hidden")) {
		t.Errorf("a wide PNG: %v, %+v", err, small)
	}
	if pic, err := Clean(context.Background(), g.Bytes()); err != nil || pic.Type != "image/png" {
		t.Errorf("a GIF: %v", err)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"text": {[]byte("hello"), ErrNotAPhoto}, "nothing": {nil, ErrNotAPhoto}, "PDF": {[]byte("%PDF-1.4"), ErrNotAPhoto},
		"cut PNG": {p.Bytes()[:60], ErrBroken}, "huge GIF": {append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), make([]byte, 9)...), ErrTooManyPixels},
	} {
		if _, err := Clean(context.Background(), c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add(jpegOf(f, corners(16, 8), 6))
	var b bytes.Buffer
	_ = png.Encode(&b, corners(8, 8))
	f.Add(b.Bytes())
	f.Add([]byte("GIF89a"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Clean(context.Background(), data)
		if err != nil {
			return
		}
		if p.Width < 1 || p.Height < 1 || p.Width > maxSide || p.Height > maxSide || len(p.Data) == 0 {
			t.Errorf("a clean picture of %d×%d with %d bytes", p.Width, p.Height, len(p.Data))
		}
		if _, err := Clean(context.Background(), p.Data); err != nil {
			t.Errorf("what was made clean cannot be read: %v", err)
		}
	})
}
