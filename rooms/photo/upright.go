package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
)

// orientation reads how a JPEG is to be turned (Exif 2.32, tag 0x0112): 1 is
// upright. The rest of the Exif data is never looked at and goes away with the
// new encoding.
func orientation(data []byte) int {
	for at := 2; at+4 <= len(data) && data[at] == 0xFF; {
		marker, size := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xDA || size < 2 || at+2+size > len(data) { // start of scan, or cut short
			return 1
		}
		segment := data[at+4 : at+2+size]
		if marker == 0xE1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return inTIFF(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

// inTIFF finds the tag in the first directory of a TIFF header.
func inTIFF(t []byte) int {
	if len(t) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(t[:2]) == "II" {
		order = binary.LittleEndian
	}
	dir := int64(order.Uint32(t[4:]))
	if dir+2 > int64(len(t)) {
		return 1
	}
	n := int64(order.Uint16(t[dir:]))
	for i := range n {
		entry := dir + 2 + 12*i
		if entry+12 > int64(len(t)) {
			return 1
		}
		if order.Uint16(t[entry:]) == 0x0112 {
			if v := int(order.Uint16(t[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright turns and mirrors the picture as its orientation says.
func upright(img image.Image, how int) image.Image {
	if how <= 1 || how > 8 {
		return img
	}
	b := img.Bounds()
	src := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(src, src.Bounds(), img, b.Min, draw.Src)
	w, h := b.Dx(), b.Dy()
	if how >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range b.Dy() {
		for x := range b.Dx() {
			var tx, ty int
			switch how {
			case 2:
				tx, ty = b.Dx()-1-x, y
			case 3:
				tx, ty = b.Dx()-1-x, b.Dy()-1-y
			case 4:
				tx, ty = x, b.Dy()-1-y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = b.Dy()-1-y, x
			case 7:
				tx, ty = b.Dy()-1-y, b.Dx()-1-x
			case 8:
				tx, ty = y, b.Dx()-1-x
			}
			from, to := src.PixOffset(x, y), out.PixOffset(tx, ty)
			copy(out.Pix[to:to+4], src.Pix[from:from+4])
		}
	}
	return out
}
