package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"consilium/rooms"
	"consilium/rooms/consult"
)

// VitalsAdd is one new set of measurements.
type VitalsAdd struct {
	Vitals consult.Vitals `json:"vitals"`
}

// OpinionDraft is what the expert has written so far.
type OpinionDraft struct {
	Content consult.OpinionContent `json:"content"`
}

// ChatSend says something in the case's chat.
type ChatSend struct {
	Key  string `json:"key" minLength:"1" maxLength:"64" doc:"made by the sender; the same key twice is one message"`
	Text string `json:"text" minLength:"1" maxLength:"4000"`
}

// CaseID names the consult in the path.
type CaseID struct {
	ID string `path:"id" maxLength:"64"`
}

// version reads If-Match: a number, bare or quoted as an entity tag. Empty or *
// means any version.
func version(s string) (int64, error) {
	s = strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
	if s == "" || s == "*" {
		return 0, nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 1 {
		return 0, refuse("malformed", "If-Match must hold the version of the consult")
	}
	return v, nil
}

func (a *API) consultRoutes() {
	on(a, route{id: "consults", method: "GET", path: "/api/consults", summary: "Consults that concern the reader, in the order in which they are to be served", policy: signedIn},
		func(ctx context.Context, in *struct {
			Scope  string   `query:"scope" enum:"mine,queue,today,closed" default:"mine" doc:"mine: those in which the reader has a seat; queue: all open ones, for coordinators; today: booked or live today; closed: ended ones"`
			State  []string `query:"state" maxItems:"20" doc:"only these states"`
			Query  string   `query:"q" maxLength:"100" doc:"running number, part of the patient's name or of the institution's patient number"`
			Cursor string   `query:"cursor" maxLength:"200"`
			Limit  int      `query:"limit" minimum:"1" maximum:"200" default:"100"`
			Zone   string   `query:"zone" maxLength:"64" doc:"IANA zone whose day is meant by today; the person's own when empty"`
		}) (*body[rooms.Lines], error) {
			return reply(a.Desk.Consults(ctx, actor(ctx), rooms.ListFilter{Scope: in.Scope, States: in.State, Query: in.Query, Cursor: in.Cursor, Limit: in.Limit, Zone: in.Zone}))
		})
	on(a, route{id: "consult-create", method: "POST", path: "/api/consults", summary: "Begin a request; it stays a draft until submitted", policy: "consult.create", status: 201},
		func(ctx context.Context, in *struct {
			Key  string `header:"Idempotency-Key" maxLength:"100"`
			Body rooms.DraftInput
		}) (*body[rooms.CaseView], error) {
			return reply(a.Desk.CreateDraft(ctx, actor(ctx), in.Key, in.Body))
		})
	on(a, route{id: "consult-start", method: "POST", path: "/api/consults/start", summary: "急会诊: start an emergency consult; the department's experts ring at once", policy: "consult.start", status: 201},
		func(ctx context.Context, in *struct {
			Key  string `header:"Idempotency-Key" maxLength:"100"`
			Body consult.StartCmd
		}) (*body[rooms.CaseView], error) {
			return reply(a.Desk.StartNow(ctx, actor(ctx), in.Key, in.Body))
		})
	on(a, route{id: "consult-read", method: "GET", path: "/api/consults/{id}", summary: "A consult, as far as the reader's seat opens it", policy: "case.summary"},
		func(ctx context.Context, in *CaseID) (*body[rooms.CaseView], error) {
			return reply(a.Desk.Consult(ctx, actor(ctx), in.ID))
		})
	on(a, route{id: "consult-edit", method: "PATCH", path: "/api/consults/{id}/request", summary: "Save the request as it is typed", policy: "case.edit"},
		func(ctx context.Context, in *struct {
			CaseID
			Body rooms.RequestEdit
		}) (*body[rooms.CaseView], error) {
			return reply(a.Desk.EditRequest(ctx, actor(ctx), in.ID, in.Body))
		})
	on(a, route{id: "consult-vitals", method: "POST", path: "/api/consults/{id}/vitals", summary: "Add a set of measurements", policy: "case.vitals", status: 201},
		func(ctx context.Context, in *struct {
			CaseID
			Key  string `header:"Idempotency-Key" maxLength:"100"`
			Body VitalsAdd
		}) (*body[rooms.CaseView], error) {
			return reply(a.Desk.AddVitals(ctx, actor(ctx), in.ID, in.Key, in.Body.Vitals))
		})
	on(a, route{id: "consult-timeline", method: "GET", path: "/api/consults/{id}/timeline", summary: "Who did what, when", policy: "case.timeline"},
		func(ctx context.Context, in *CaseID) (*body[[]rooms.TimelineEntry], error) {
			return reply(a.Desk.Timeline(ctx, actor(ctx), in.ID))
		})
	on(a, route{id: "opinion-draft", method: "PUT", path: "/api/consults/{id}/opinion", summary: "Save the opinion as it is typed; nobody else sees it until it is signed", policy: "opinion.draft"},
		func(ctx context.Context, in *struct {
			CaseID
			Body OpinionDraft
		}) (*body[consult.Opinion], error) {
			return reply(a.Desk.SaveOpinion(ctx, actor(ctx), in.ID, in.Body.Content))
		})
	on(a, route{id: "opinion-read", method: "POST", path: "/api/consults/{id}/read", summary: "The owner has the signed opinion before their eyes", policy: "opinion.read"},
		func(ctx context.Context, in *CaseID) (*body[rooms.CaseView], error) {
			return reply(a.Desk.ReadOpinion(ctx, actor(ctx), in.ID))
		})
	on(a, route{id: "consult-chat", method: "GET", path: "/api/consults/{id}/chat", summary: "The chat that is kept with the case", policy: "chat.read"},
		func(ctx context.Context, in *struct {
			CaseID
			After int64 `query:"after" minimum:"0" doc:"sequence number of the last message seen"`
		}) (*body[[]rooms.ChatView], error) {
			return reply(a.Desk.ReadChat(ctx, actor(ctx), in.ID, in.After))
		})
	on(a, route{id: "consult-say", method: "POST", path: "/api/consults/{id}/chat", summary: "Say something in the case's chat, outside the room", policy: "chat.write", status: 201},
		func(ctx context.Context, in *struct {
			CaseID
			Body ChatSend
		}) (*body[rooms.ChatView], error) {
			return reply(a.Desk.Say(ctx, actor(ctx), in.ID, in.Body.Key, in.Body.Text))
		})
	on(a, route{id: "consult-experts", method: "GET", path: "/api/consults/{id}/experts", summary: "Who could be invited, and when each is free", policy: "consult.invite"},
		func(ctx context.Context, in *struct {
			CaseID
			From    time.Time `query:"from" required:"true"`
			To      time.Time `query:"to" required:"true" doc:"at most 31 days after from"`
			Minutes int       `query:"minutes" minimum:"5" maximum:"480" default:"30"`
		}) (*body[[]rooms.ExpertView], error) {
			return reply(a.Desk.Experts(ctx, actor(ctx), in.ID, in.From, in.To, time.Duration(in.Minutes)*time.Minute))
		})
	on(a, route{id: "consult-join", method: "POST", path: "/api/consults/{id}/join", summary: "A single-use ticket for the consult's room", policy: "room.enter"},
		func(ctx context.Context, in *CaseID) (*body[rooms.TicketView], error) {
			return reply(a.Desk.JoinRoom(ctx, actor(ctx), in.ID))
		})
}

// verbRoutes registers one operation per act of a person on a case. Arriving,
// admitting, interrupting and resuming happen in the room, expiry by the clock.
func (a *API) verbRoutes() {
	verb[consult.SubmitCmd](a, "submit", "Send the request to the coordinator")
	verb[consult.ReturnCmd](a, "return", "Send it back, saying what is missing")
	verb[consult.TriageCmd](a, "triage", "Set the urgency on clinical grounds")
	verb[consult.InviteCmd](a, "invite", "Invite experts or a department")
	verb[consult.AcceptCmd](a, "accept", "Accept the invitation; a start-now consult is thereby in call")
	verb[consult.DeclineCmd](a, "decline", "Decline the invitation, with a reason")
	verb[consult.ScheduleCmd](a, "schedule", "Book a time")
	verb[consult.PrepareCmd](a, "prepare", "Presenter and devices are ready")
	verb[consult.EndCmd](a, "end", "End the call")
	verb[consult.WriteCmd](a, "write", "Go on in writing, without a call")
	verb[consult.ConcludeCmd](a, "conclude", "The writing is under way: the opinion is due")
	verb[consult.SignCmd](a, "sign", "Sign the opinion")
	verb[consult.AppendCmd](a, "append", "Add an addendum to the signed opinion")
	verb[consult.DecideCmd](a, "decide", "Record the decision of the inviting doctor")
	verb[consult.FollowCmd](a, "follow", "Record the outcome")
	verb[consult.CloseCmd](a, "close", "Close the consult")
	verb[consult.CancelCmd](a, "cancel", "Cancel, with a reason")
	verb[consult.MissCmd](a, "miss", "Record which side did not appear")
	verb[consult.ReopenCmd](a, "reopen", "Bring a missed or expired consult back to triage")
	verb[consult.ConsentCmd](a, "consent", "Record a consent, or why it is deferred")
	verb[consult.WithdrawCmd](a, "withdraw", "The patient withdraws a consent")
	verb[consult.EscalateCmd](a, "escalate", "Ring the next in line now")
	verb[consult.JoinCmd](a, "call-in", "Invite another expert into the running call")
}

type verbInput[C any] struct {
	CaseID
	Key   string `header:"Idempotency-Key" maxLength:"100"`
	Match string `header:"If-Match" maxLength:"40" doc:"version of the consult that the person saw; absent: any"`
	Body  C
}

func verb[C consult.Command](a *API, path, summary string) {
	var zero C
	on(a, route{id: "consult-" + path, method: "POST", path: "/api/consults/{id}/" + path, summary: summary, policy: policy("consult." + string(zero.Verb()))},
		func(ctx context.Context, in *verbInput[C]) (*body[rooms.CaseView], error) {
			expect, err := version(in.Match)
			if err != nil {
				return nil, err
			}
			return reply(a.Desk.Do(ctx, actor(ctx), in.ID, in.Key, expect, in.Body))
		})
}
