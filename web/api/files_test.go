package api

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"consilium/rooms"
)

// photograph is a JPEG with a place and an orientation in its Exif data.
func photograph(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for x := range 40 {
		for y := range 20 {
			img.Set(x, y, color.RGBA{uint8(6 * x), uint8(10 * y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00GPS 30.25N 120.16E"
	size := len(exif) + 2
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, byte(size >> 8), byte(size)}, exif...)
	return append(out, b.Bytes()[2:]...)
}

func (p *partnership) attach(who, id, name string, data []byte, headers ...string) answer {
	p.t.Helper()
	raw, contentType := form(name, data)
	return p.send(who, "POST", "/api/consults/"+id+"/attachments", raw, append(headers, "Content-Type", contentType)...)
}

func TestPhotosAreCleanedAndTheRestIsDownloaded(t *testing.T) {
	p := found(t)
	id := p.file()
	doctor, coordinator := p.listen("doctor", true), p.listen("coordinator", true)
	photo := into[rooms.AttachmentView](p.attach("doctor", id, "IMG_1.JPG", photograph(t)).is(201))
	if photo.Kind != "photo" || photo.Type != "image/jpeg" || photo.Width != 20 || photo.Height != 40 {
		t.Errorf("photo %+v: it was not turned upright", photo)
	}
	doctor.changed(id, "")
	coordinator.changed(id, "")
	a := p.send("doctor", "GET", "/api/consults/"+id+"/attachments/"+photo.ID, nil).is(200)
	if bytes.Contains(a.raw, []byte("GPS")) || bytes.Contains(a.raw, []byte("Exif")) {
		t.Error("the photo still tells where it was taken")
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "inline") {
		t.Errorf("photo headers: %v", a.header)
	}
	for name, c := range map[string]struct{ data, kind, mediaType, file string }{
		"report.pdf": {"%PDF-1.7 …", "pdf", "application/pdf", "report.pdf"},
		"x.html":     {"<script>alert(1)</script>", "file", "application/octet-stream", "x.html"},
		"x.svg":      {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "file", "application/octet-stream", "x.svg"},
		"fake.jpg":   {"MZ not a picture", "file", "application/octet-stream", "fake.jpg"},
		"../../etc/passwd": {
			"root", "file", "application/octet-stream", "passwd"},
	} {
		v := into[rooms.AttachmentView](p.attach("doctor", id, name, []byte(c.data)).is(201))
		if v.Kind != c.kind || v.Type != c.mediaType || v.Name != c.file {
			t.Errorf("%s became %+v", name, v)
		}
		a := p.send("doctor", "GET", "/api/consults/"+id+"/attachments/"+v.ID, nil).is(200)
		if !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || a.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" ||
			a.header.Get("X-Content-Type-Options") != "nosniff" || string(a.raw) != c.data {
			t.Errorf("%s is served with %v", name, a.header)
		}
	}
	if v := p.send("doctor", "GET", "/api/consults/"+id, nil).view(); len(v.Attachments) != 6 {
		t.Errorf("%d attachments", len(v.Attachments))
	}
	if v := p.send("coordinator", "GET", "/api/consults/"+id, nil).view(); len(v.Attachments) != 0 {
		t.Error("the coordinator sees the files")
	}
	p.send("coordinator", "GET", "/api/consults/"+id+"/attachments/"+photo.ID, nil).refused(403, "forbidden")
}

func TestFilesThatAreRefused(t *testing.T) {
	p := found(t)
	id := p.file()
	p.attach("doctor", id, "empty", nil).refused(422, "attachment-broken")
	cut := photograph(t)
	p.attach("doctor", id, "cut.jpg", cut[:len(cut)/2]).refused(422, "attachment-broken")
	p.attach("doctor", id, "big", make([]byte, maxUpload+1)).refused(413, "too-large")
	p.attach("doctor", id, "bigger", make([]byte, maxUpload+2<<20)).refused(413, "too-large")
	bomb := append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), make([]byte, 20)...)
	p.attach("doctor", id, "bomb.gif", bomb).refused(422, "attachment-pixels")

	one := into[rooms.AttachmentView](p.attach("doctor", id, "a.txt", []byte("a"), "Idempotency-Key", "f").is(201))
	two := into[rooms.AttachmentView](p.attach("doctor", id, "a.txt", []byte("a"), "Idempotency-Key", "f").is(201))
	if one.ID != two.ID {
		t.Error("the same key attached the file twice")
	}
	p.attach("doctor", id, "a.txt", []byte("b"), "Idempotency-Key", "f").refused(409, "key-reused")
}
