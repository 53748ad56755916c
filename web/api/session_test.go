package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"consilium/auth"
	"consilium/rooms"
)

func TestSignInAndWhatIsRefused(t *testing.T) {
	p := found(t)
	p.send("", "POST", "/api/session", map[string]any{"login": "doctor", "password": "wrong"}).refused(401, "wrong-credentials")
	p.send("", "POST", "/api/session", map[string]any{"login": "nobody", "password": "wrong"}).refused(401, "wrong-credentials")
	me := into[rooms.Me](p.send("doctor", "GET", "/api/session", nil).is(200))
	if me.Person.Name != "Dr doctor" || !has(me.May, "consult.start") || has(me.May, "queue.read") || me.Locked {
		t.Errorf("me: %+v", me)
	}
	trail := into[rooms.AuditPage](p.send("auditor", "GET", "/api/audit?person=doctor&action=session.open", nil).is(200))
	if len(trail.Items) != 1 || trail.Items[0].Address == "" {
		t.Errorf("the sign-in is not in the audit trail: %+v", trail.Items)
	}
	cookie := p.as("doctor")
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %+v", cookie)
	}
	p.sendWith(&http.Cookie{Name: "session", Value: strings.Repeat("A", 43)}, "GET", "/api/session", nil).refused(401, "signed-out")
	p.sendWith(&http.Cookie{Name: "session", Value: "x"}, "GET", "/api/session", nil).refused(401, "signed-out")
	for _, token := range []string{"x", "a.b.c", strings.Repeat("a", 5000), "eyJhbGciOiJub25lIn0.e30."} {
		p.send("", "GET", "/api/session", nil, "Authorization", "Bearer "+token).refused(401, "token-invalid")
	}
	p.send("doctor", "POST", "/api/session/lock", nil).is(204)
	p.send("doctor", "GET", "/api/consults", nil).refused(423, "locked")
	if me := into[rooms.Me](p.send("doctor", "GET", "/api/session", nil).is(200)); !me.Locked || len(me.May) != 0 {
		t.Errorf("behind the lock: %+v", me)
	}
	p.send("doctor", "POST", "/api/session/unlock", map[string]any{"password": "no"}).refused(401, "wrong-credentials")
	p.send("doctor", "POST", "/api/session/unlock", map[string]any{"password": password}).is(200)
	p.send("doctor", "GET", "/api/consults", nil).is(200)
	p.send("doctor", "PUT", "/api/session/preferences", map[string]any{"locale": "zh-CN", "zone": "Mars/Olympus"}).refused(422, "invalid")
	if me := into[rooms.Me](p.send("doctor", "PUT", "/api/session/preferences", map[string]any{"locale": "zh-CN"}).is(200)); me.Locale != "zh-CN" {
		t.Error("the language was not kept")
	}
	out := p.send("doctor", "DELETE", "/api/session", nil).is(204)
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the cookie stays: %s", out.header.Get("Set-Cookie"))
	}
	p.send("doctor", "GET", "/api/session", nil).refused(401, "signed-out")
}

// TestTheLockHoldsBackEverythingButTheBell: behind the idle lock a page can say
// whose it is, unlock, sign out, and open the socket that rings.
func TestTheLockHoldsBackEverythingButTheBell(t *testing.T) {
	p := found(t)
	id := p.startNow().is(201).view().ID
	p.as("heart")
	p.send("heart", "POST", "/api/session/lock", nil).is(204)
	free := []string{"session-read", "session-close", "session-unlock", "session-lock", "ticket-desk"}
	p.api.each(func(o *huma.Operation) {
		if o.Metadata["policy"] == open || has(free, o.OperationID) {
			return
		}
		path, body, headers := p.request(o, id)
		if got := p.send("heart", o.Method, path, body, headers...); got.status != 423 {
			t.Errorf("%s %s behind the lock: %d %s", o.Method, o.Path, got.status, got.raw)
		}
	})
	ticket := into[rooms.TicketView](p.send("heart", "POST", "/api/tickets/desk", nil).is(200))
	who, claims, err := p.api.Gate.AuthenticateToken(t.Context(), auth.TicketToken, ticket.Ticket)
	if err != nil || who.Person != "heart" || claims.Socket != auth.DeskSocket || claims.Session == "" {
		t.Errorf("the ticket: %+v %+v %v", who, claims, err)
	}
	p.send("heart", "GET", "/api/consults", nil).refused(423, "locked") // the ticket unlocked nothing
}

func TestGuessingPasswordsIsSlowedDown(t *testing.T) {
	p := found(t)
	ctx, giveUp := context.WithCancel(t.Context())
	answers := make(chan *http.Response, 20)
	var guessers sync.WaitGroup
	for range cap(answers) { // one after the other would take half a minute: each waits longer
		guessers.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "POST", p.web.URL+"/api/session", strings.NewReader(`{"login":"doctor","password":"wrong"}`))
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", "application/json")
			if res, err := p.web.Client().Do(req); err == nil {
				answers <- res
			}
		})
	}
	for res := range answers {
		raw, err := io.ReadAll(res.Body)
		p.ok(err)
		_ = res.Body.Close()
		a := answer{t, res.StatusCode, res.Header, raw}
		if a.status == http.StatusUnauthorized {
			continue
		}
		if pr := a.refused(429, "too-many-tries"); pr.RetryAfter < 1 || a.header.Get("Retry-After") == "" {
			t.Errorf("no word on when to try again: %+v", pr)
		}
		break
	}
	giveUp()
	guessers.Wait()
}

func TestMalformedRequests(t *testing.T) {
	p := found(t)
	for name, c := range map[string]struct {
		body   []byte
		status int
		code   string
		header []string
	}{
		"no JSON":            {[]byte("{"), 400, "malformed", nil},
		"unknown field":      {[]byte(`{"kind":"video","request":{"patient":{},"question":"","specialty":""},"extra":1}`), 422, "invalid", nil},
		"outside the set":    {[]byte(`{"kind":"séance","request":{"patient":{},"question":"","specialty":""}}`), 422, "invalid", nil},
		"too long":           {[]byte(`{"kind":"video","request":{"patient":{},"specialty":"","question":"` + strings.Repeat("q", 3000) + `"}}`), 422, "invalid", nil},
		"too large":          {[]byte(`{"kind":"video","request":{"patient":{},"specialty":"","question":"` + strings.Repeat("q", maxJSON) + `"}}`), 413, "too-large", nil},
		"a form":             {[]byte("kind=video"), 415, "unsupported-type", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"text":               {[]byte("{}"), 415, "unsupported-type", []string{"Content-Type", "text/plain"}},
		"a NUL in a text":    {[]byte(`{"kind":"video","request":{"patient":{"name":"a\u0000b"},"question":"","specialty":""}}`), 400, "malformed", nil},
		"someone else's aid": {[]byte(`{"kind":"video","request":{"patient":{},"question":"","specialty":"","companion":"stranger"}}`), 422, "guard-person", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			pr := p.send("doctor", "POST", "/api/consults", c.body, c.header...).refused(c.status, c.code)
			for _, f := range pr.Fields {
				if strings.Contains(f.Message, "qqq") || strings.Contains(f.Message, "séance") && c.code == "" {
					t.Errorf("the refusal echoes what was sent: %s", f.Message)
				}
			}
		})
	}
	p.t = t
	p.send("doctor", "GET", "/api/nothing", nil).refused(404, "not-found")
	a := p.send("doctor", "PUT", "/api/consults", map[string]any{})
	a.refused(405, "method")
	if !strings.Contains(strings.Join(a.header.Values("Allow"), " "), "GET") {
		t.Errorf("Allow: %v", a.header.Values("Allow"))
	}
	p.send("doctor", "GET", "/api/consults?cursor=zzz", nil).refused(400, "malformed")
	p.send("doctor", "GET", "/api/consults?scope=everything", nil).refused(422, "invalid")
	p.send("coordinator", "POST", "/api/consults", map[string]any{"kind": "video", "request": complete()}).refused(403, "forbidden")
}

func TestAdministration(t *testing.T) {
	p := found(t)
	grant := func(role auth.Role, place string) map[string]any {
		return map[string]any{"role": role, "institution": place, "from": "2026-01-01T00:00:00Z"}
	}
	newcomer := map[string]any{"login": "newcomer", "name": "Dr New", "grants": []any{grant(auth.Requester, clinic)}}
	made := into[rooms.AccountView](p.send("local-admin", "POST", "/api/admin/people", newcomer, "Idempotency-Key", "n").is(201))
	again := into[rooms.AccountView](p.send("local-admin", "POST", "/api/admin/people", newcomer, "Idempotency-Key", "n").is(201))
	if made.ID != again.ID {
		t.Error("the same key made two accounts")
	}
	p.send("local-admin", "POST", "/api/admin/people", newcomer).refused(409, "login-taken")
	// An institution's administrator gives no roles elsewhere and none above their own.
	for _, g := range []map[string]any{grant(auth.Requester, otherPlace), grant(auth.PartnershipAdmin, clinic), grant(auth.Coordinator, clinic), grant(auth.Auditor, clinic)} {
		p.send("local-admin", "PUT", "/api/admin/people/"+made.ID+"/grants", map[string]any{"grants": []any{g}}).refused(403, "forbidden")
	}
	p.send("local-admin", "PATCH", "/api/admin/people/admin", map[string]any{"name": "Me"}).refused(404, "not-found")
	p.send("local-admin", "POST", "/api/admin/people/admin/reset", nil).refused(404, "not-found")
	p.send("doctor", "GET", "/api/admin/people", nil).refused(403, "forbidden")
	p.send("auditor", "GET", "/api/admin/people", nil).refused(403, "forbidden")

	link := into[rooms.ResetView](p.send("local-admin", "POST", "/api/admin/people/"+made.ID+"/reset", nil).is(201))
	token := strings.TrimPrefix(link.Path, "/reset#")
	use := map[string]any{"token": token, "password": "quite another secret"}
	p.send("", "POST", "/api/resets/use", map[string]any{"token": token, "password": "aaaaaaaaaaaa"}).refused(422, "weak-password")
	p.send("", "POST", "/api/resets/use", use).is(204)
	p.send("", "POST", "/api/resets/use", use).refused(410, "link-void")
	in := p.send("", "POST", "/api/session", map[string]any{"login": "newcomer", "password": "quite another secret"}).is(200)
	cookie := (&http.Response{Header: in.header}).Cookies()[0]

	// Closing the account ends its sessions at once.
	p.send("local-admin", "PATCH", "/api/admin/people/"+made.ID, map[string]any{"disabled": true}).is(200)
	p.sendWith(cookie, "GET", "/api/session", nil).refused(401, "signed-out")

	saved := into[rooms.InstitutionView](p.send("admin", "POST", "/api/admin/institutions", map[string]any{
		"name": "New clinic", "tier": "village", "telephone": "400", "zone": "Asia/Urumqi", "departments": []any{map[string]any{"name": "Ward", "specialty": "general", "telephone": "401"}},
		"agreements": []any{map[string]any{"invited": city, "kinds": []string{"video"}, "from": "2026-01-01T00:00:00Z"}},
	}).is(200))
	if len(saved.Departments) != 1 {
		t.Errorf("saved: %+v", saved)
	}
	p.send("local-admin", "POST", "/api/admin/institutions", map[string]any{"name": "x", "tier": "city", "telephone": "999", "zone": "UTC"}).refused(403, "forbidden")
	p.send("local-admin", "POST", "/api/admin/institutions", map[string]any{"id": city, "name": "x", "tier": "city", "telephone": "999", "zone": "UTC"}).refused(404, "not-found")
	if list := into[[]rooms.InstitutionAccount](p.send("local-admin", "GET", "/api/admin/institutions", nil).is(200)); len(list) != 1 || list[0].ID != clinic || len(list[0].Agreements) != 1 {
		t.Errorf("the local administrator's institutions: %+v", list)
	}
}

func TestDutyAndBoard(t *testing.T) {
	p := found(t)
	change := map[string]any{"on": false}
	p.send("stranger", "PUT", "/api/duty/"+cardiology, change).refused(403, "forbidden")
	v := into[rooms.DutyView](p.send("heart", "PUT", "/api/duty/"+cardiology, change).is(200))
	for _, dep := range v.Departments {
		if dep.Department.ID == cardiology && (len(dep.People) != 1 || dep.People[0].ID != "deputy" || !has(dep.May, "duty.self")) {
			t.Errorf("cardiology: %+v", dep)
		}
	}
	p.send("heart", "PUT", "/api/duty/"+cardiology, map[string]any{"on": true, "person": "deputy"}).refused(403, "forbidden")
	p.send("coordinator", "PUT", "/api/duty/"+cardiology, map[string]any{"on": true, "person": "doctor"}).refused(422, "invalid")
	p.send("coordinator", "PUT", "/api/duty/"+cardiology, map[string]any{"on": true, "person": "heart", "rank": 2}).is(200)

	p.listen("heart", true)
	id := p.startNow().is(201).view().ID
	board := into[rooms.BoardView](p.send("coordinator", "GET", "/api/board", nil).is(200))
	if len(board.Rings) != 1 || board.Rings[0].Consult != id || board.Rings[0].Telephone != "301" || len(board.Counts) != 1 {
		t.Errorf("board: %+v", board)
	}
	p.send("doctor", "GET", "/api/board", nil).refused(403, "forbidden")
	people := into[[]rooms.PersonView](p.send("doctor", "GET", "/api/people?role=expert", nil).is(200))
	armed := 0
	for _, person := range people {
		if person.Armed {
			armed++
		}
	}
	if len(people) != 3 || armed != 1 {
		t.Errorf("%d experts, %d of them can ring", len(people), armed)
	}
}
