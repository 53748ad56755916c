package api

import (
	"context"
	"net/http"
	"time"

	"consilium/auth"
	"consilium/rooms"
)

// SignIn is what a person types to sign in.
type SignIn struct {
	Login    string `json:"login" minLength:"1" maxLength:"64"`
	Password string `json:"password" minLength:"1" maxLength:"200"`
	Code     string `json:"code,omitempty" maxLength:"10" doc:"of the second factor; asked for with code second-factor-needed"`
}

// Unlock opens the idle lock.
type Unlock struct {
	Password string `json:"password" minLength:"1" maxLength:"200"`
}

// PasswordChange replaces the own password.
type PasswordChange struct {
	Old string `json:"old" maxLength:"200"`
	New string `json:"new" minLength:"10" maxLength:"200" doc:"at least ten characters"`
}

// TOTPBegin replaces a second factor, or sets up the first.
type TOTPBegin struct {
	Code string `json:"code,omitempty" maxLength:"10" doc:"of the present factor, when there is one"`
}

// TOTPConfirm proves that the app has the secret.
type TOTPConfirm struct {
	Code string `json:"code" minLength:"6" maxLength:"10"`
}

// Preferences are the person's own settings.
type Preferences struct {
	Locale string `json:"locale,omitempty" enum:"zh-CN,en"`
	Zone   string `json:"zone,omitempty" maxLength:"64" doc:"IANA time zone"`
}

// ResetUse sets a password by a one-time link.
type ResetUse struct {
	Token    string `json:"token" minLength:"1" maxLength:"200"`
	Password string `json:"password" minLength:"10" maxLength:"200"`
}

// EnrolmentUse makes the first administrator by the one-time link of the start.
type EnrolmentUse struct {
	Token    string `json:"token" minLength:"1" maxLength:"200"`
	Login    string `json:"login" minLength:"2" maxLength:"64" pattern:"^[a-z0-9][a-z0-9._-]*$"`
	Name     string `json:"name" minLength:"1" maxLength:"120"`
	Password string `json:"password" minLength:"10" maxLength:"200"`
	Locale   string `json:"locale,omitempty" enum:"zh-CN,en"`
	Zone     string `json:"zone,omitempty" maxLength:"64"`
}

type meWithCookie struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      rooms.Me
}

type cookieOnly struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) cookie(value string, age time.Duration) http.Cookie {
	return http.Cookie{
		Name: CookieName(a.Secure), Value: value, Path: "/", HttpOnly: true, Secure: a.Secure,
		SameSite: http.SameSiteStrictMode, MaxAge: int(age / time.Second),
	}
}

// sessionAge is how long a browser keeps the cookie; the server ends sessions by
// its own clock, which is sooner.
const sessionAge = 24 * time.Hour

// welcome answers with who the cookie belongs to, and sets it.
func (a *API) welcome(ctx context.Context, value string) (*meWithCookie, error) {
	who, s, err := a.Gate.Authenticate(ctx, value)
	if err != nil {
		return nil, err
	}
	me, err := a.me(ctx, who, s)
	return &meWithCookie{SetCookie: a.cookie(value, sessionAge), Body: me}, err
}

func (a *API) me(ctx context.Context, who auth.Actor, s auth.Session) (rooms.Me, error) {
	if s.Locked { // the actor stays outside until the password is given
		who = s.Holder()
	}
	me, err := a.Desk.Me(ctx, who)
	me.Locked, me.TOTPRequired, me.Version = s.Locked, s.SecondFactorDue, a.Version
	return me, err
}

func (a *API) sessionRoutes() {
	on(a, route{id: "session-open", method: "POST", path: "/api/session", summary: "Sign in", policy: open},
		func(ctx context.Context, in *body[SignIn]) (*meWithCookie, error) {
			s, value, err := a.Gate.SignIn(ctx, in.Body.Login, in.Body.Password, in.Body.Code, address(ctx))
			if err != nil {
				return nil, err
			}
			out, err := a.welcome(ctx, value)
			if err != nil {
				return nil, err
			}
			return out, a.Desk.SignedIn(ctx, auth.Actor{Person: s.Person, Tenant: s.Tenant, Session: s.ID})
		})
	on(a, route{id: "session-read", method: "GET", path: "/api/session", summary: "Who is signed in", policy: lockedToo},
		func(ctx context.Context, _ *struct{}) (*body[rooms.Me], error) {
			return reply(a.me(ctx, actor(ctx), session(ctx)))
		})
	on(a, route{id: "session-close", method: "DELETE", path: "/api/session", summary: "Sign out", policy: lockedToo, status: 204},
		func(ctx context.Context, _ *struct{}) (*cookieOnly, error) {
			return &cookieOnly{SetCookie: a.cookie("", -time.Second)}, a.Gate.SignOut(ctx, cookieValue(ctx))
		})
	on(a, route{id: "session-unlock", method: "POST", path: "/api/session/unlock", summary: "Open the idle lock", policy: lockedToo},
		func(ctx context.Context, in *body[Unlock]) (*body[rooms.Me], error) {
			if _, err := a.Gate.Unlock(ctx, cookieValue(ctx), in.Body.Password, address(ctx)); err != nil {
				return nil, err
			}
			who, s, err := a.Gate.Authenticate(ctx, cookieValue(ctx))
			if err != nil {
				return nil, err
			}
			return reply(a.me(ctx, who, s))
		})
	on(a, route{id: "session-lock", method: "POST", path: "/api/session/lock", summary: "Lock now", policy: lockedToo, status: 204},
		func(ctx context.Context, _ *struct{}) (*nothing, error) {
			return nil, a.Gate.Lock(ctx, cookieValue(ctx))
		})
	on(a, route{id: "session-password", method: "PUT", path: "/api/session/password", summary: "Change the own password; other sessions end", policy: signedIn, status: 204},
		func(ctx context.Context, in *body[PasswordChange]) (*nothing, error) {
			return nil, a.Gate.ChangePassword(ctx, session(ctx), in.Body.Old, in.Body.New, address(ctx))
		})
	on(a, route{id: "totp-begin", method: "POST", path: "/api/session/totp", summary: "Begin to set up a second factor", policy: signedIn},
		func(ctx context.Context, in *body[TOTPBegin]) (*body[auth.Factor], error) {
			return reply(a.Gate.BeginTOTP(ctx, session(ctx), in.Body.Code, address(ctx)))
		})
	on(a, route{id: "totp-confirm", method: "PUT", path: "/api/session/totp", summary: "Finish setting up a second factor", policy: signedIn},
		func(ctx context.Context, in *body[TOTPConfirm]) (*meWithCookie, error) {
			_, value, err := a.Gate.ConfirmTOTP(ctx, session(ctx), in.Body.Code, address(ctx))
			if err != nil {
				return nil, err
			}
			return a.welcome(ctx, value)
		})
	on(a, route{id: "session-preferences", method: "PUT", path: "/api/session/preferences", summary: "Language and time zone", policy: signedIn},
		func(ctx context.Context, in *body[Preferences]) (*body[rooms.Me], error) {
			if err := a.Desk.SetPreferences(ctx, actor(ctx), in.Body.Locale, in.Body.Zone); err != nil {
				return nil, err
			}
			return reply(a.me(ctx, actor(ctx), session(ctx)))
		})
	on(a, route{id: "reset-use", method: "POST", path: "/api/resets/use", summary: "Set a password by a one-time link", policy: open, status: 204},
		func(ctx context.Context, in *body[ResetUse]) (*nothing, error) {
			return nil, a.Gate.UseReset(ctx, in.Body.Token, in.Body.Password)
		})
	on(a, route{id: "enrolment-use", method: "POST", path: "/api/enrolment", summary: "Make the first administrator by the link that the server printed", policy: open, status: 204},
		func(ctx context.Context, in *body[EnrolmentUse]) (*nothing, error) {
			_, err := a.Gate.UseEnrolment(ctx, in.Body.Token, auth.Newcomer{Login: in.Body.Login, Name: in.Body.Name, Password: in.Body.Password, Locale: in.Body.Locale, Zone: in.Body.Zone})
			return nil, err
		})
	on(a, route{id: "ticket-desk", method: "POST", path: "/api/tickets/desk", summary: "A single-use ticket for the desk socket, behind the idle lock too: a locked screen must still ring", policy: lockedToo, quiet: true},
		func(ctx context.Context, _ *struct{}) (*body[rooms.TicketView], error) {
			who := actor(ctx)
			if s := session(ctx); s.Locked {
				who = s.Holder()
			}
			return reply(a.Desk.DeskTicket(ctx, who))
		})
}
