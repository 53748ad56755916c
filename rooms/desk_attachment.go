package rooms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"consilium/auth"
	"consilium/rooms/photo"
	"consilium/rooms/store"
)

const (
	maxFile      = 20 << 20 // bytes of one attachment
	mostFiles    = 60       // attachments of one case
	longFileName = 120      // characters
)

// File is an open attachment.
type File interface {
	io.ReadSeeker
	io.Closer
}

func attachmentView(a store.Attachment) AttachmentView {
	return AttachmentView{ID: a.ID, Name: a.Name, Kind: a.Kind, Type: a.Type, Size: a.Size, Hash: a.Hash, Width: a.Width, Height: a.Height, By: a.Person, At: a.At}
}

// AddAttachment attaches a file. What it is, its content says, not its name: an
// image is decoded and encoded anew, so that no location data and nothing hidden
// in it survives; anything else is only ever a download.
func (d *Desk) AddAttachment(ctx context.Context, by auth.Actor, id, key, name string, r io.Reader) (AttachmentView, error) {
	c, err := d.store.Case(ctx, by.Tenant, id)
	if err != nil {
		return AttachmentView{}, hide(err)
	}
	if err := allow(by, "attachment.add", c, d.now()); err != nil { // before reading megabytes
		d.refused(ctx, by, "attachment.add", id)
		return AttachmentView{}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		return AttachmentView{}, &Error{Code: "attachment-broken", Message: "the file did not arrive whole; send it again"}
	case len(data) > maxFile:
		return AttachmentView{}, &Error{Code: "too-large", Message: "a file may have 20 MB"}
	case len(data) == 0:
		return AttachmentView{}, &Error{Code: "attachment-broken", Message: "the file is empty"}
	}
	sent := digest(id, "attachment", data)
	a := store.Attachment{ID: store.NewID(), Tenant: by.Tenant, Case: id, Person: by.Person, At: d.now()}
	if data, err = identify(ctx, data, &a); err != nil {
		return AttachmentView{}, err
	}
	a.Name = fileName(name, a.Kind, a.Type)
	blob, err := d.blobs.Put(ctx, by.Tenant, bytes.NewReader(data), maxFile+maxFile/2)
	if err != nil {
		return AttachmentView{}, hide(err)
	}
	a.Size, a.Hash = blob.Size, blob.Hash
	in := store.OnceInput{Tenant: by.Tenant, Person: by.Person, Key: key, Request: sent}
	kept := a.ID
	_, err = d.store.Once(ctx, in, &kept, func(tx *store.Tx) error { return d.attach(ctx, tx, by, a) })
	if err != nil {
		return AttachmentView{}, hide(err)
	}
	if a, err = d.store.Attachment(ctx, by.Tenant, id, kept); err != nil {
		return AttachmentView{}, hide(err)
	}
	return attachmentView(a), nil
}

// attach adds the file to the case, if that is still allowed now that the bytes
// are here.
func (d *Desk) attach(ctx context.Context, tx *store.Tx, by auth.Actor, a store.Attachment) error {
	c, err := tx.Case(ctx, by.Tenant, a.Case)
	if err != nil {
		return err
	}
	if err := allow(by, "attachment.add", c, d.now()); err != nil {
		return err
	}
	have, err := tx.Attachments(ctx, by.Tenant, a.Case)
	if err != nil {
		return err
	}
	if len(have) >= mostFiles {
		return &Error{Code: "too-many-files", Message: "this consult has 60 files already; put several into one PDF"}
	}
	if err := tx.AddAttachment(ctx, a); err != nil {
		return err
	}
	e := d.entry(ctx, by, "attachment.add", c)
	e.Told, e.Detail = true, a.Kind
	if err := tx.Audit(ctx, e); err != nil {
		return err
	}
	return d.touched(ctx, tx, c)
}

// identify says what the bytes are, and returns those to keep.
func identify(ctx context.Context, data []byte, a *store.Attachment) ([]byte, error) {
	clean, err := photo.Clean(ctx, data)
	switch {
	case err == nil:
		a.Kind, a.Type, a.Width, a.Height = "photo", clean.Type, clean.Width, clean.Height
		return clean.Data, nil
	case errors.Is(err, photo.ErrTooManyPixels):
		return nil, &Error{Code: "attachment-pixels", Message: "the picture has more than 50 million pixels; make it smaller"}
	case errors.Is(err, photo.ErrBroken):
		return nil, &Error{Code: "attachment-broken", Message: "the picture cannot be read; take it again or send another format"}
	case !errors.Is(err, photo.ErrNotAPhoto):
		return nil, err
	}
	a.Kind, a.Type = "file", "application/octet-stream"
	if bytes.HasPrefix(data, []byte("%PDF-")) {
		a.Kind, a.Type = "pdf", "application/pdf"
	}
	return data, nil
}

// fileName is the name as the uploader's machine called it, without what could
// lead a file system or a screen astray, and with the ending of what it is.
func fileName(name, kind, mediaType string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	stem, ending := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
	switch {
	case mediaType == "image/jpeg":
		ending = ".jpg"
	case mediaType == "image/png":
		ending = ".png"
	case kind == "pdf":
		ending = ".pdf"
	}
	if stem == "" {
		stem = kind
	}
	if runes := []rune(stem); len(runes) > longFileName {
		stem = string(runes[:longFileName])
	}
	if len(ending) > 12 {
		ending = ""
	}
	return stem + ending
}

// OpenAttachment opens the bytes of an attachment. The caller closes the file.
func (d *Desk) OpenAttachment(ctx context.Context, by auth.Actor, id, attachment string) (AttachmentView, File, error) {
	if _, err := d.open(ctx, by, id, "attachment.read"); err != nil {
		return AttachmentView{}, nil, err
	}
	a, err := d.store.Attachment(ctx, by.Tenant, id, attachment)
	if err != nil {
		return AttachmentView{}, nil, hide(err)
	}
	f, err := d.blobs.Open(by.Tenant, a.Hash)
	if err != nil {
		return AttachmentView{}, nil, hide(err)
	}
	return attachmentView(a), f, nil
}
