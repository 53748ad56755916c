package api

import (
	"context"

	"consilium/auth"
	"consilium/rooms"
)

// GrantsSet replaces the roles of a person, as far as the administrator may.
type GrantsSet struct {
	Grants []auth.Grant `json:"grants" maxItems:"50"`
}

// PersonID names the account in the path.
type PersonID struct {
	ID string `path:"person" maxLength:"64"`
}

func (a *API) adminRoutes() {
	on(a, route{id: "accounts", method: "GET", path: "/api/admin/people", summary: "Accounts that the administrator looks after", policy: "people.manage"},
		func(ctx context.Context, in *struct {
			Query string `query:"q" maxLength:"100"`
		}) (*body[[]rooms.AccountView], error) {
			return reply(a.Desk.Accounts(ctx, actor(ctx), in.Query))
		})
	on(a, route{id: "account-create", method: "POST", path: "/api/admin/people", summary: "Make an account; the person sets a password by a one-time link", policy: "people.manage", status: 201},
		func(ctx context.Context, in *struct {
			Key  string `header:"Idempotency-Key" maxLength:"100"`
			Body rooms.AccountCreate
		}) (*body[rooms.AccountView], error) {
			return reply(a.Desk.CreateAccount(ctx, actor(ctx), in.Key, in.Body))
		})
	on(a, route{id: "account-change", method: "PATCH", path: "/api/admin/people/{person}", summary: "Change or disable an account", policy: "people.manage"},
		func(ctx context.Context, in *struct {
			PersonID
			Body rooms.AccountDraft
		}) (*body[rooms.AccountView], error) {
			return reply(a.Desk.ChangeAccount(ctx, actor(ctx), in.ID, in.Body))
		})
	on(a, route{id: "account-reset", method: "POST", path: "/api/admin/people/{person}/reset", summary: "A one-time link to set a password", policy: "people.manage", status: 201},
		func(ctx context.Context, in *struct {
			PersonID
			Factor bool `query:"factor" doc:"the link also removes the second factor (lost telephone)"`
		}) (*body[rooms.ResetView], error) {
			return reply(a.Desk.ResetAccount(ctx, actor(ctx), in.ID, in.Factor))
		})
	on(a, route{id: "account-grants", method: "PUT", path: "/api/admin/people/{person}/grants", summary: "Set a person's roles", policy: "people.manage"},
		func(ctx context.Context, in *struct {
			PersonID
			Body GrantsSet
		}) (*body[rooms.AccountView], error) {
			return reply(a.Desk.SetGrants(ctx, actor(ctx), in.ID, in.Body.Grants))
		})
	on(a, route{id: "institution-save", method: "POST", path: "/api/admin/institutions", summary: "Make or change an institution, its departments and agreements", policy: "institution.manage"},
		func(ctx context.Context, in *struct {
			Key  string `header:"Idempotency-Key" maxLength:"100"`
			Body rooms.InstitutionDraft
		}) (*body[rooms.InstitutionView], error) {
			return reply(a.Desk.SaveInstitution(ctx, actor(ctx), in.Key, in.Body))
		})
	on(a, route{id: "admin-institutions", method: "GET", path: "/api/admin/institutions", summary: "Institutions with their agreements", policy: "institution.manage"},
		func(ctx context.Context, _ *struct{}) (*body[[]rooms.InstitutionAccount], error) {
			return reply(a.Desk.InstitutionAccounts(ctx, actor(ctx)))
		})
}
