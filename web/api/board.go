package api

import (
	"context"
	"time"

	"consilium/rooms"
	"consilium/rooms/consult"
)

func (a *API) boardRoutes() {
	on(a, route{id: "rings", method: "GET", path: "/api/rings", summary: "What rings for the reader now", policy: signedIn, quiet: true},
		func(ctx context.Context, _ *struct{}) (*body[[]rooms.RingView], error) {
			return reply(a.Desk.Rings(ctx, actor(ctx)))
		})
	on(a, route{id: "board", method: "GET", path: "/api/board", summary: "The coordinator's live picture", policy: "board.read"},
		func(ctx context.Context, _ *struct{}) (*body[rooms.BoardView], error) {
			return reply(a.Desk.Board(ctx, actor(ctx)))
		})
	on(a, route{id: "schedule", method: "GET", path: "/api/schedule", summary: "Bookings by expert", policy: "schedule.read"},
		func(ctx context.Context, in *struct {
			From time.Time `query:"from" required:"true"`
			To   time.Time `query:"to" required:"true" doc:"at most 42 days after from"`
		}) (*body[rooms.ScheduleView], error) {
			return reply(a.Desk.Schedule(ctx, actor(ctx), in.From, in.To))
		})
	on(a, route{id: "quality", method: "GET", path: "/api/quality", summary: "A masked sample of closed consults", policy: "quality.sample"},
		func(ctx context.Context, in *struct {
			Limit int `query:"limit" minimum:"1" maximum:"100" default:"20"`
		}) (*body[[]rooms.SampleView], error) {
			return reply(a.Desk.Quality(ctx, actor(ctx), in.Limit))
		})
	on(a, route{id: "audit", method: "GET", path: "/api/audit", summary: "The audit trail, newest first", policy: "audit.read"},
		func(ctx context.Context, in *struct {
			Person string    `query:"person" maxLength:"64"`
			Case   string    `query:"case" maxLength:"64"`
			Action string    `query:"action" maxLength:"64"`
			From   time.Time `query:"from"`
			To     time.Time `query:"to"`
			Cursor string    `query:"cursor" maxLength:"200"`
			Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"100"`
		}) (*body[rooms.AuditPage], error) {
			return reply(a.Desk.Audit(ctx, actor(ctx), rooms.AuditFilter{Person: in.Person, Case: in.Case, Action: in.Action, From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit}))
		})
	on(a, route{id: "break-glass", method: "POST", path: "/api/breakglass/{id}", summary: "紧急调阅: open one case for 60 minutes; the owner is told", policy: "breakglass.open", status: 201},
		func(ctx context.Context, in *struct {
			CaseID
			Body consult.GlassCmd
		}) (*body[rooms.CaseView], error) {
			return reply(a.Desk.BreakGlass(ctx, actor(ctx), in.ID, in.Body))
		})
	on(a, route{id: "breaches", method: "GET", path: "/api/breakglass", summary: "Emergency accesses that wait for a review", policy: "breakglass.review"},
		func(ctx context.Context, _ *struct{}) (*body[[]rooms.BreachView], error) {
			return reply(a.Desk.OpenBreaches(ctx, actor(ctx)))
		})
	on(a, route{id: "break-glass-review", method: "POST", path: "/api/breakglass/{id}/review", summary: "Take the flag off one emergency access", policy: "breakglass.review", status: 204},
		func(ctx context.Context, in *struct {
			CaseID
			Body consult.ReviewCmd
		}) (*nothing, error) {
			return nil, a.Desk.ReviewGlass(ctx, actor(ctx), in.ID, in.Body)
		})
}
