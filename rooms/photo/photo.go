// Package photo makes clean pictures of uploaded ones: decoded and encoded anew,
// upright, without location data, camera data or anything hidden behind the
// image. It keeps no state but one slot, so that only one large picture is in
// memory at a time; it knows nothing of cases.
package photo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"

	_ "golang.org/x/image/webp"
	_ "image/gif" // decoders by content

	scale "golang.org/x/image/draw"
)

var (
	ErrNotAPhoto     = errors.New("photo: not a picture in a known format")
	ErrBroken        = errors.New("photo: the picture cannot be decoded")
	ErrTooManyPixels = errors.New("photo: too many pixels")
)

const (
	maxPixels = 50_000_000 // width × height; a telephone's largest ordinary picture
	maxSide   = 4096       // pixels; larger pictures are scaled down to it
	quality   = 88         // JPEG
)

// Picture is a clean picture.
type Picture struct {
	Data          []byte
	Type          string // image/jpeg or image/png
	Width, Height int    // pixels
}

// slot bounds the memory that decoding takes: one picture at a time.
var slot = make(chan struct{}, 1)

// Clean makes a clean picture of data. Its format is told from its content.
func Clean(ctx context.Context, data []byte) (Picture, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return Picture{}, ErrNotAPhoto
	}
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 {
		return Picture{}, ErrBroken
	}
	if int64(cfg.Width)*int64(cfg.Height) > maxPixels {
		return Picture{}, ErrTooManyPixels
	}
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	img, err := decode(data)
	if err != nil {
		return Picture{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	img = fit(img)
	if format == "jpeg" {
		img = upright(img, orientation(data))
	}
	return encode(img, format)
}

// decode turns a decoder's panic, should one be left in some format, into an
// error: the input is a stranger's.
func decode(data []byte) (img image.Image, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("decoder panicked: %v", v)
		}
	}()
	img, _, err = image.Decode(bytes.NewReader(data))
	return img, err
}

func encode(img image.Image, format string) (Picture, error) {
	b := img.Bounds()
	p := Picture{Width: b.Dx(), Height: b.Dy(), Type: "image/jpeg"}
	var out bytes.Buffer
	// Drawn curves and text (ECG, screens) stay sharp; photographs become JPEG.
	if format == "png" || format == "gif" {
		p.Type = "image/png"
		if err := (&png.Encoder{CompressionLevel: png.DefaultCompression}).Encode(&out, img); err != nil {
			return Picture{}, err
		}
		if out.Len() <= 8<<20 {
			p.Data = out.Bytes()
			return p, nil
		}
		out.Reset()
		p.Type = "image/jpeg"
	}
	if err := jpeg.Encode(&out, onWhite(img), &jpeg.Options{Quality: quality}); err != nil {
		return Picture{}, err
	}
	p.Data = out.Bytes()
	return p, nil
}

// onWhite puts a picture with transparent parts on white, as JPEG has none.
func onWhite(img image.Image) image.Image {
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		return img
	}
	flat := image.NewRGBA(img.Bounds())
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, img.Bounds().Min, draw.Over)
	return flat
}

func fit(img image.Image) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w <= maxSide && h <= maxSide {
		return img
	}
	if w >= h {
		w, h = maxSide, max(1, h*maxSide/w)
	} else {
		w, h = max(1, w*maxSide/h), maxSide
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	scale.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	return small
}
