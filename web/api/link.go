package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
)

// maxPadding bounds what the link check sends one way, bytes: half a second of a
// 2 Mbit/s link, so that nobody's call beside it suffers for long.
const maxPadding = 128 << 10

// Padding is random, so that nothing on the way makes it smaller than it says.
type Padding struct {
	Padding string `json:"padding" maxLength:"174764" doc:"random bytes in base64, to be timed and thrown away"`
}

// linkRoutes let a page in the lobby time transfers of a known size both ways.
func (a *API) linkRoutes() {
	on(a, route{id: "link-down", method: "GET", path: "/api/link", summary: "Bytes to time on the way down", policy: signedIn, quiet: true},
		func(_ context.Context, in *struct {
			Bytes int `query:"bytes" minimum:"0" maximum:"131072" doc:"how many"`
		}) (*body[Padding], error) {
			b := make([]byte, in.Bytes)
			_, _ = rand.Read(b) // never fails
			return &body[Padding]{Body: Padding{Padding: base64.StdEncoding.EncodeToString(b)}}, nil
		})
	on(a, route{id: "link-up", method: "PUT", path: "/api/link", summary: "Bytes to time on the way up", policy: signedIn, quiet: true, status: 204, maxBody: maxPadding*4/3 + 1<<10},
		func(_ context.Context, _ *struct{ Body Padding }) (*struct{}, error) { return nil, nil })
}
