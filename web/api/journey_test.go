package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"consilium/rooms"
	"consilium/rooms/consult"
)

// step is one request of a journey, and what follows from it.
type step struct {
	who, verb string // the act: POST /api/consults/{id}/<verb>
	body      any
	state     consult.State // afterwards
	told      []*ear        // who hears of it
}

func (p *partnership) play(id string, steps []step) rooms.CaseView {
	p.t.Helper()
	var v rooms.CaseView
	for _, s := range steps {
		body := s.body
		if body == nil {
			body = map[string]any{}
		}
		v = p.send(s.who, "POST", "/api/consults/"+id+"/"+s.verb, body).is(200).view()
		if v.State != s.state {
			p.t.Fatalf("after %s by %s: state %s, want %s", s.verb, s.who, v.State, s.state)
		}
		verb := consult.Verb(s.verb)
		if s.verb == "call-in" {
			verb = consult.Join
		}
		for _, e := range s.told {
			e.changed(id, verb)
		}
	}
	return v
}

func TestScheduledConsultFromRequestToOutcome(t *testing.T) {
	onBoth(t, scheduledConsultFromRequestToOutcome)
}

func scheduledConsultFromRequestToOutcome(t *testing.T, p *partnership) {
	doctor, coordinator, expert, stranger := p.listen("doctor", true), p.listen("coordinator", true), p.listen("heart", true), p.listen("stranger", true)

	id := p.send("doctor", "POST", "/api/consults", map[string]any{"kind": "video", "urgency": "urgent", "request": map[string]any{"patient": map[string]any{}, "question": "", "specialty": "cardiology"}}).is(201).view().ID
	bad := p.send("doctor", "POST", "/api/consults/"+id+"/submit", map[string]any{}).refused(422, "guard-incomplete")
	if !has(bad.Missing, "patient.name") {
		t.Errorf("missing %v does not name the patient", bad.Missing)
	}
	p.send("coordinator", "GET", "/api/consults/"+id, nil).refused(404, "not-found") // drafts are the author's own
	v := p.send("doctor", "PATCH", "/api/consults/"+id+"/request", map[string]any{"request": complete()}).is(200).view()
	if len(v.Lacks) != 0 {
		t.Errorf("a complete request lacks %v", v.Lacks)
	}
	p.play(id, []step{
		{"doctor", "consent", consent, consult.Draft, nil},
		{"doctor", "submit", nil, consult.Submitted, []*ear{doctor, coordinator}},
	})
	queue := into[rooms.Lines](p.send("coordinator", "GET", "/api/consults?scope=queue", nil).is(200))
	if len(queue.Items) != 1 || queue.Items[0].ID != id || !has(queue.Items[0].Possible, consult.Triage) {
		t.Fatalf("the coordinator's queue: %+v", queue.Items)
	}
	summary := p.send("coordinator", "GET", "/api/consults/"+id, nil).is(200).view()
	if summary.Scope != "summary" || summary.Request.History != "" || summary.Request.Patient.LocalID != "" || len(summary.Consents) != 0 {
		t.Errorf("the coordinator sees more than the clinical summary: %+v", summary.Request)
	}
	p.play(id, []step{
		{"coordinator", "triage", map[string]any{"urgency": "urgent", "grounds": "pain"}, consult.Triaged, []*ear{doctor}},
		{"coordinator", "invite", map[string]any{"people": []string{"heart"}}, consult.Invited, []*ear{expert, doctor}},
	})
	if before := p.send("heart", "GET", "/api/consults/"+id, nil).is(200).view(); before.Scope != "summary" || before.Request.History != "" {
		t.Error("an invited expert sees the record before accepting")
	}
	p.play(id, []step{{"heart", "accept", nil, consult.Accepted, []*ear{doctor, coordinator}}})
	if after := p.send("heart", "GET", "/api/consults/"+id, nil).is(200).view(); after.Scope != "whole" || after.Request.History != "none" {
		t.Error("the expert does not see the record after accepting")
	}

	start := time.Now().Add(10 * time.Minute).UTC().Truncate(time.Second)
	experts := into[[]rooms.ExpertView](p.send("coordinator", "GET", "/api/consults/"+id+"/experts?from="+start.Format(time.RFC3339)+"&to="+start.Add(3*time.Hour).Format(time.RFC3339), nil).is(200))
	if len(experts) != 3 || !experts[0].Agreement || len(experts[0].Free) == 0 {
		t.Errorf("experts to invite: %+v", experts)
	}
	p.play(id, []step{{"coordinator", "schedule", map[string]any{"start": start, "minutes": 30}, consult.Scheduled, []*ear{doctor, expert}}})
	rows := into[rooms.ScheduleView](p.send("heart", "GET", "/api/schedule?from="+start.Add(-time.Hour).Format(time.RFC3339)+"&to="+start.Add(time.Hour).Format(time.RFC3339), nil).is(200)).Rows
	if len(rows) != 1 || len(rows[0].Bookings) != 1 || !rows[0].Bookings[0].Start.Equal(start) {
		t.Errorf("the expert's own calendar: %+v", rows)
	}
	p.play(id, []step{{"doctor", "prepare", map[string]any{"camera": true, "microphone": true, "speaker": true}, consult.Ready, nil}})
	if tk := into[rooms.TicketView](p.send("doctor", "POST", "/api/consults/"+id+"/join", nil).is(200)); tk.Ticket == "" || tk.Path != "/ws/rooms/"+id {
		t.Errorf("ticket %+v", tk)
	}
	p.room(id, "doctor", consult.Arrive)
	expert.notice(id, "knocking")
	p.room(id, "heart", consult.Admit)
	p.play(id, []step{{"heart", "end", nil, consult.OpinionDue, []*ear{doctor, coordinator}}})

	lacking := p.send("heart", "POST", "/api/consults/"+id+"/sign", map[string]any{}).refused(422, "guard-opinion")
	if !has(lacking.Missing, "diagnosis") {
		t.Errorf("an empty opinion lacks %v", lacking.Missing)
	}
	p.send("heart", "PUT", "/api/consults/"+id+"/opinion", written).is(200)
	if d := p.send("doctor", "GET", "/api/consults/"+id, nil).is(200).view(); d.Draft != nil || len(d.Opinions) != 0 {
		t.Error("the doctor sees an unsigned opinion")
	}
	p.play(id, []step{{"heart", "sign", nil, consult.Signed, []*ear{doctor, coordinator}}})
	p.send("heart", "PUT", "/api/consults/"+id+"/opinion", written).refused(409, "state-forbids")
	mine := into[rooms.Lines](p.send("doctor", "GET", "/api/consults", nil).is(200)).Items
	if len(mine) != 1 || !mine[0].Unread {
		t.Error("the doctor's list does not say that there is an unread opinion")
	}
	v = p.send("doctor", "POST", "/api/consults/"+id+"/read", nil).is(200).view()
	if len(v.Opinions) != 1 || v.Opinions[0].Read.IsZero() || v.Opinions[0].Record == nil || v.Opinions[0].Record.Digest == "" {
		t.Fatalf("the signed opinion: %+v", v.Opinions)
	}
	v = p.play(id, []step{
		{"doctor", "decide", map[string]any{"choice": "adopted", "why": "agreed"}, consult.Decided, []*ear{expert}},
		{"doctor", "follow", map[string]any{"day": 7, "text": "well"}, consult.FollowUp, []*ear{expert}},
		{"heart", "append", map[string]any{"text": "later remark"}, consult.FollowUp, []*ear{doctor}},
		{"doctor", "follow", map[string]any{"day": 30, "text": "well"}, consult.FollowUp, nil},
		{"doctor", "close", nil, consult.Closed, []*ear{expert, coordinator}},
	})
	if len(v.Opinions) != 2 || v.Opinions[1].Addendum != "later remark" || len(v.Outcomes) != 2 {
		t.Errorf("at the end: %+v", v)
	}
	line := into[[]rooms.TimelineEntry](p.send("doctor", "GET", "/api/consults/"+id+"/timeline", nil).is(200))
	var actions []string
	for _, e := range line {
		actions = append(actions, e.Action)
	}
	for _, want := range []string{"consult.create", "consult.submit", "consult.triage", "consult.accept", "consult.schedule", "consult.admit", "consult.sign", "consult.decide", "consult.close"} {
		if !has(actions, want) {
			t.Errorf("the timeline lacks %s: %v", want, actions)
		}
	}
	stranger.silent(id)
}

func TestStartNowRingsAndTheFirstTakesIt(t *testing.T) { onBoth(t, startNowRingsAndTheFirstTakesIt) }

func startNowRingsAndTheFirstTakesIt(t *testing.T, p *partnership) {
	p.ok(p.store.TakeDuty(t.Context(), dutyOf("deputy", 1)))
	doctor, coordinator, first, second, other := p.listen("doctor", true), p.listen("coordinator", true), p.listen("heart", true), p.listen("deputy", true), p.listen("physician", true)

	v := p.startNow().is(201).view()
	id := v.ID
	if v.State != consult.Invited || v.Wave != 1 || v.RingUntil.IsZero() || len(v.Phones) != 3 {
		t.Fatalf("after start: %+v", v)
	}
	for _, e := range []*ear{first, second} {
		waitFor(e, "ring", func(r rooms.DeskRing) bool { return r.Consult == id && r.Until > time.Now().UnixMilli() && r.Wave == 1 })
	}
	coordinator.changed(id, consult.Start)
	rings := into[[]rooms.RingView](p.send("heart", "GET", "/api/rings", nil).is(200))
	if len(rings) != 1 || rings[0].Question != "Help?" || rings[0].From.ID != clinic || rings[0].Age == nil {
		t.Fatalf("rings: %+v", rings)
	}
	if v = p.send("heart", "POST", "/api/consults/"+id+"/accept", map[string]any{}).is(200).view(); v.State != consult.InCall || v.Began.IsZero() {
		t.Fatalf("after accept: %s", v.State)
	}
	waitFor(second, "the ring's end", func(r rooms.DeskRingStopped) bool { return r.Consult == id && r.Why == "taken" })
	waitFor(first, "the ring's end", func(r rooms.DeskRingStopped) bool { return r.Consult == id && r.Why == "answered" })
	doctor.changed(id, consult.Accept)
	late := p.send("deputy", "POST", "/api/consults/"+id+"/accept", map[string]any{}).refused(409, "taken")
	if late.Detail == "" {
		t.Error("no words for who came too late")
	}
	p.send("deputy", "GET", "/api/consults/"+id, nil).refused(404, "not-found")
	if rings := into[[]rooms.RingView](p.send("deputy", "GET", "/api/rings", nil).is(200)); len(rings) != 0 {
		t.Error("it still rings at the other expert")
	}
	// A third person is called into the running call: it rings at them too.
	p.play(id, []step{{"heart", "call-in", map[string]any{"person": "physician"}, consult.InCall, nil}})
	waitFor(other, "invitation", func(r rooms.DeskRing) bool { return r.Consult == id && r.Invitation })
	p.play(id, []step{
		{"physician", "accept", nil, consult.InCall, nil},
		{"heart", "end", nil, consult.OpinionDue, []*ear{doctor, other}},
	})
	// Deferred consent is recorded or explained before the opinion is signed.
	p.send("heart", "PUT", "/api/consults/"+id+"/opinion", written).is(200)
	p.send("heart", "POST", "/api/consults/"+id+"/sign", map[string]any{}).refused(422, "guard-consent")
	p.play(id, []step{
		{"doctor", "consent", map[string]any{"explained": "the patient never woke up; the family was told"}, consult.OpinionDue, nil},
		{"heart", "sign", nil, consult.Signed, []*ear{doctor}},
	})
}

func TestNobodyCanRingSoTheNextInLineDoesAtOnce(t *testing.T) {
	p := found(t)
	doctor, coordinator, next := p.listen("doctor", true), p.listen("coordinator", true), p.listen("physician", true)
	p.listen("heart", false) // open, but its sound was never unlocked
	v := p.startNow().is(201).view()
	waitFor(next, "ring", func(r rooms.DeskRing) bool { return r.Consult == v.ID })
	doctor.notice(v.ID, "unanswered")
	coordinator.notice(v.ID, "unanswered")
	var numbers []string
	for _, ph := range v.Phones {
		numbers = append(numbers, ph.Number)
	}
	if !has(numbers, "302") || !has(numbers, "300") {
		t.Errorf("telephone numbers on the screen: %v", numbers)
	}
}

func TestDeclineReturnCancelReopen(t *testing.T) {
	p := found(t)
	id := p.file()
	p.play(id, []step{{"coordinator", "return", map[string]any{"missing": []string{"data.ecg"}, "note": "the ECG please"}, consult.Returned, nil}})
	if v := p.send("doctor", "GET", "/api/consults/"+id, nil).is(200).view(); v.Note != "the ECG please" || !has(v.Missing, "data.ecg") {
		t.Errorf("the doctor does not see what is missing: %+v", v.Missing)
	}
	p.play(id, []step{
		{"doctor", "submit", nil, consult.Submitted, nil},
		{"coordinator", "triage", map[string]any{"urgency": "routine", "grounds": "stable"}, consult.Triaged, nil},
		{"coordinator", "invite", map[string]any{"people": []string{"heart"}}, consult.Invited, nil},
	})
	// Declining takes the case out of the expert's sight, and the answer says so.
	if v := p.send("heart", "POST", "/api/consults/"+id+"/decline", map[string]any{"reason": "on leave"}).is(200).view(); v.State != consult.Triaged || v.Request.Question != "" {
		t.Errorf("after declining: %+v", v)
	}
	p.send("heart", "GET", "/api/consults/"+id, nil).refused(404, "not-found")
	p.play(id, []step{
		{"coordinator", "invite", map[string]any{"people": []string{"deputy"}}, consult.Invited, nil},
		{"deputy", "accept", nil, consult.Accepted, nil},
		{"deputy", "write", map[string]any{"reason": "writing suffices"}, consult.Async, nil},
		{"deputy", "conclude", nil, consult.OpinionDue, nil},
	})
	other := p.file()
	p.play(other, []step{{"doctor", "cancel", map[string]any{"reason": "went by himself"}, consult.Cancelled, nil}})
	p.send("doctor", "POST", "/api/consults/"+other+"/cancel", map[string]any{"reason": "again"}).refused(409, "state-forbids")
}

// room makes a transition that only the live room can.
func (p *partnership) room(id, login string, verb consult.Verb) {
	p.t.Helper()
	_, err := p.desk.RoomEvent(p.t.Context(), id, verb, p.actor(login))
	p.ok(err)
}

func TestKeysAndVersions(t *testing.T) { onBoth(t, keysAndVersions) }

func keysAndVersions(t *testing.T, p *partnership) {
	seen := map[string]bool{}
	answers := make(chan answer, 20)
	p.as("doctor")
	for range 20 {
		go func() { answers <- p.startNow("Idempotency-Key", "k1") }()
	}
	for range 20 {
		a := <-answers
		a.is(http.StatusCreated)
		seen[a.view().ID] = true
	}
	if len(seen) != 1 {
		t.Fatalf("the same key twenty times made %d cases", len(seen))
	}
	p.send("doctor", "POST", "/api/consults/start", map[string]any{
		"department": cardiology, "patient": map[string]any{"name": "Somebody else", "age": 3, "sex": "male"}, "question": "Other?", "consent_deferred": "x",
	}, "Idempotency-Key", "k1").refused(409, "key-reused")

	id := p.file()
	v := p.send("coordinator", "GET", "/api/consults/"+id, nil).is(200).view()
	triage := map[string]any{"urgency": "urgent", "grounds": "pain"}
	p.send("coordinator", "POST", "/api/consults/"+id+"/triage", triage, "If-Match", `"1"`).refused(409, "stale")
	p.send("coordinator", "POST", "/api/consults/"+id+"/triage", triage, "If-Match", "x").refused(400, "malformed")
	one := p.send("coordinator", "POST", "/api/consults/"+id+"/triage", triage, "If-Match", strings.TrimSpace(`"`+itoa(v.Version)+`"`), "Idempotency-Key", "t").is(200).view()
	two := p.send("coordinator", "POST", "/api/consults/"+id+"/triage", triage, "If-Match", `"`+itoa(v.Version)+`"`, "Idempotency-Key", "t").is(200).view()
	if one.Version != two.Version {
		t.Errorf("the same key twice wrote twice: versions %d and %d", one.Version, two.Version)
	}
	forbidden := p.send("coordinator", "POST", "/api/consults/"+id+"/schedule", map[string]any{"start": time.Now().Add(time.Hour), "minutes": 30}).refused(409, "state-forbids")
	if !has(forbidden.Possible, consult.Invite) {
		t.Errorf("the refusal does not say what is possible: %v", forbidden.Possible)
	}
}

func TestNobodyIsBookedTwice(t *testing.T) { onBoth(t, nobodyIsBookedTwice) }

func nobodyIsBookedTwice(t *testing.T, p *partnership) {
	const n = 12
	start := time.Now().Add(2 * time.Hour).UTC()
	var ids []string
	for range n {
		id := p.file()
		p.play(id, []step{
			{"coordinator", "triage", map[string]any{"urgency": "urgent", "grounds": "pain"}, consult.Triaged, nil},
			{"coordinator", "invite", map[string]any{"people": []string{"heart"}}, consult.Invited, nil},
			{"heart", "accept", nil, consult.Accepted, nil},
		})
		ids = append(ids, id)
	}
	answers := make(chan answer, n)
	for i, id := range ids {
		go func() {
			answers <- p.send("coordinator", "POST", "/api/consults/"+id+"/schedule", map[string]any{"start": start.Add(time.Duration(i) * time.Minute), "minutes": 30})
		}()
	}
	won := 0
	for range n {
		a := <-answers
		if a.status == 200 {
			won++
			continue
		}
		if pr := a.refused(409, "booked-twice"); !has(pr.Missing, "heart") {
			t.Errorf("the refusal does not name who is booked: %+v", pr)
		}
	}
	if won != 1 {
		t.Errorf("%d bookings of the same time won", won)
	}
}
