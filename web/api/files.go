package api

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"consilium/rooms"
)

// maxUpload is the largest attachment, in bytes.
const maxUpload = 20 << 20

// uploads is how many attachments are received at once: each is held in memory.
const uploads = 12

// uploadTime lets the largest attachment through a 64 kbit/s uplink.
const uploadTime = 50 * time.Minute

type upload struct {
	File huma.FormFile `form:"file" required:"true" doc:"photo, PDF or other file, at most 20 MB"`
}

func (a *API) fileRoutes() {
	on(a, route{id: "attachment-add", method: "POST", path: "/api/consults/{id}/attachments", summary: "Attach a photo, a PDF or another file", policy: "attachment.add", status: 201,
		maxBody: maxUpload + 1<<20, bodyTime: uploadTime, middle: huma.Middlewares{a.bounded(make(chan struct{}, uploads))}},
		func(ctx context.Context, in *struct {
			CaseID
			Key     string `header:"Idempotency-Key" maxLength:"100"`
			RawBody huma.MultipartFormFiles[upload]
		}) (*body[rooms.AttachmentView], error) {
			f := in.RawBody.Data().File
			defer f.Close()
			if f.Size > maxUpload {
				return nil, refuse("too-large", "a file may have 20 MB; this one has %d MB", f.Size>>20)
			}
			return reply(a.Desk.AddAttachment(ctx, actor(ctx), in.ID, in.Key, f.Filename, f.File))
		})
	on(a, route{id: "attachment-read", method: "GET", path: "/api/consults/{id}/attachments/{attachment}", summary: "The bytes of an attachment", policy: "attachment.read"},
		func(ctx context.Context, in *struct {
			CaseID
			Attachment string `path:"attachment" maxLength:"64"`
		}) (*huma.StreamResponse, error) {
			view, file, err := a.Desk.OpenAttachment(ctx, actor(ctx), in.ID, in.Attachment)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				defer file.Close()
				r, w := humago.Unwrap(hc)
				serveAttachment(w, r, view, file)
			}}, nil
		})
}

// serveAttachment sends a file so that a browser can do no harm with it: only
// photos that this server has itself encoded are shown; all else is a download.
func serveAttachment(w http.ResponseWriter, r *http.Request, view rooms.AttachmentView, file rooms.File) {
	h := w.Header()
	disposition := "attachment"
	if view.Kind == "photo" {
		disposition = "inline"
	}
	h.Set("Content-Type", view.Type)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": view.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", strconv.Quote(view.Hash))
	http.ServeContent(w, r, "", time.Time{}, file)
}

// bounded lets a few uploads run at once and cuts each off at the limit while it
// is being read.
func (a *API) bounded(slots chan struct{}) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		if r.ContentLength > maxUpload+1<<20 {
			a.deny(ctx, w, refuse("too-large", "a file may have 20 MB"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload+1<<20)
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			next(ctx)
		case <-r.Context().Done():
		}
	}
}
