package api

import (
	"context"

	"consilium/rooms"
)

func (a *API) directoryRoutes() {
	on(a, route{id: "institutions", method: "GET", path: "/api/institutions", summary: "Institutions of the partnership, with their departments", policy: "directory.read"},
		func(ctx context.Context, _ *struct{}) (*body[[]rooms.InstitutionView], error) {
			return reply(a.Desk.Institutions(ctx, actor(ctx)))
		})
	on(a, route{id: "specialties", method: "GET", path: "/api/specialties", summary: "Specialties, and the least that a request to each must hold", policy: signedIn},
		func(ctx context.Context, _ *struct{}) (*body[[]rooms.SpecialtyView], error) {
			return reply(a.Desk.Specialties(), nil)
		})
	on(a, route{id: "people", method: "GET", path: "/api/people", summary: "People of the partnership", policy: "directory.read"},
		func(ctx context.Context, in *struct {
			Role        string `query:"role" maxLength:"40"`
			Specialty   string `query:"specialty" maxLength:"64"`
			Institution string `query:"institution" maxLength:"64"`
			Query       string `query:"q" maxLength:"100"`
		}) (*body[[]rooms.PersonView], error) {
			return reply(a.Desk.People(ctx, actor(ctx), rooms.PeopleFilter{Role: in.Role, Specialty: in.Specialty, Institution: in.Institution, Query: in.Query}))
		})
	on(a, route{id: "duty", method: "GET", path: "/api/duty", summary: "Who is on duty now", policy: "duty.read"},
		func(ctx context.Context, _ *struct{}) (*body[rooms.DutyView], error) {
			return reply(a.Desk.Duty(ctx, actor(ctx)))
		})
	on(a, route{id: "duty-set", method: "PUT", path: "/api/duty/{department}", summary: "Go on or off duty; a coordinator or administrator may do it for others", policy: "duty.read"},
		func(ctx context.Context, in *struct {
			Department string `path:"department" maxLength:"64"`
			Body       rooms.DutyChange
		}) (*body[rooms.DutyView], error) {
			return reply(a.Desk.SetDuty(ctx, actor(ctx), in.Department, in.Body))
		})
}
