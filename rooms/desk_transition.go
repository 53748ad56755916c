package rooms

import (
	"context"
	"errors"
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// Do carries out a person's act on a case.
func (d *Desk) Do(ctx context.Context, by auth.Actor, id, key string, expect int64, cmd consult.Command) (CaseView, error) {
	res, err := d.transition(ctx, by, store.TransitionInput{ID: id, Key: key, Expect: expect}, cmd)
	if err != nil {
		return CaseView{}, err
	}
	return d.viewAfter(ctx, by, res.Case)
}

// actionOf names the permission that a command needs.
func actionOf(v consult.Verb) auth.Action {
	switch v {
	case consult.Glass:
		return "breakglass.open"
	case consult.Review:
		return "breakglass.review"
	}
	return auth.Action("consult." + string(v))
}

// transition lets the lifecycle decide about cmd, in one transaction with
// everything that goes with it.
func (d *Desk) transition(ctx context.Context, by auth.Actor, in store.TransitionInput, cmd consult.Command) (store.Result, error) {
	now := d.now()
	verb := cmd.Verb()
	in.Tenant, in.By, in.IP = by.Tenant, by, addressOf(ctx)
	if in.Key != "" {
		in.Request = digest(in.ID, verb, cmd)
	}
	armed, err := d.armedFor(ctx, by.Tenant, verb)
	if err != nil {
		return store.Result{}, err
	}
	res, err := d.store.Transition(ctx, in, func(tx *store.Tx, c *consult.Case) (consult.Event, error) {
		if by.Person != consult.SystemPerson {
			if err := tooLate(c, by.Person, verb); err != nil {
				return consult.Event{}, err
			}
			if err := allow(by, actionOf(verb), c, now); err != nil {
				return consult.Event{}, err
			}
		}
		f, err := d.facts(ctx, tx.Reader, c, cmd, by, now, armed)
		if err != nil {
			return consult.Event{}, err
		}
		event, err := c.Apply(cmd, by, now, f)
		if err != nil {
			return consult.Event{}, err
		}
		return event, d.alongside(ctx, tx, c, cmd, by, f, event)
	})
	if err != nil {
		if errors.Is(err, errForbidden) || errors.Is(err, errHidden) {
			d.refused(ctx, by, actionOf(verb), in.ID)
		}
		return store.Result{}, hide(err)
	}
	return res, nil
}

// tooLate tells an expert who answers a ring that a colleague was faster: they
// were asked and lost their seat by it, so the permission table would say that
// there is no such case.
func tooLate(c *consult.Case, person string, verb consult.Verb) error {
	if verb != consult.Accept && verb != consult.Decline {
		return nil
	}
	for _, a := range slices.Backward(c.Asked) {
		if a.Person == person {
			if a.Answer == "taken" {
				return &consult.Error{Code: consult.Taken, Message: "A colleague has accepted this consult already. There is nothing left for you to do."}
			}
			return nil
		}
	}
	return nil
}

// alongside writes what belongs to an act beside the case itself, and tells who
// has to know at once.
func (d *Desk) alongside(ctx context.Context, tx *store.Tx, c *consult.Case, cmd consult.Command, by auth.Actor, f consult.Facts, e consult.Event) error {
	switch cmd := cmd.(type) {
	case consult.SignCmd:
		return d.keepSigned(ctx, tx, c, *f.Draft)
	case consult.AppendCmd:
		return d.keepAddendum(ctx, tx, c, by, cmd.Text, e.At)
	case consult.GlassCmd:
		b := c.Breaches[len(c.Breaches)-1]
		if err := tx.AddBreakGlass(ctx, store.BreakGlass{ID: store.NewID(), Tenant: c.Tenant, Case: c.ID, Person: b.Person, Reason: b.Reason, Opened: b.At, Until: b.Until}); err != nil {
			return err
		}
		return d.notify(ctx, tx, c, "break-glass", c.Author)
	case consult.ReviewCmd:
		return d.keepReview(ctx, tx, c, by, cmd, e.At)
	case consult.ArriveCmd:
		if c.SeatOf(by.Person, e.At) == auth.SeatOwner || c.SeatOf(by.Person, e.At) == auth.SeatAccompanying {
			return d.notify(ctx, tx, c, "knocking", c.In(auth.SeatExpert, auth.SeatChair, auth.SeatMember)...)
		}
	}
	if e.Unheard {
		coordinators, err := d.coordinators(ctx, tx.Reader, c.Tenant, e.At)
		if err != nil {
			return err
		}
		return d.notify(ctx, tx, c, "unanswered", append(coordinators, c.Author)...)
	}
	return nil
}

// RoomEvent makes a transition that follows from what happens in a live room.
func (d *Desk) RoomEvent(ctx context.Context, caseID string, verb consult.Verb, by auth.Actor) (RoomCase, error) {
	var cmd consult.Command
	switch verb {
	case consult.Arrive:
		cmd = consult.ArriveCmd{}
	case consult.Admit:
		cmd = consult.AdmitCmd{}
	case consult.Interrupt:
		cmd = consult.InterruptCmd{}
	case consult.Resume:
		cmd = consult.ResumeCmd{}
	case consult.End:
		cmd = consult.EndCmd{}
	default:
		return RoomCase{}, errForbidden
	}
	if by.Person == "" {
		by = consult.System(by.Tenant)
	}
	if verb == consult.Interrupt && by.Person == consult.SystemPerson {
		if err := d.mayInterrupt(ctx, caseID); err != nil {
			return RoomCase{}, err
		}
	}
	res, err := d.transition(ctx, by, store.TransitionInput{ID: caseID}, cmd)
	if err != nil {
		return RoomCase{}, err
	}
	d.setReopened(caseID, false)
	return roomCase(res.Case), nil
}

func roomCase(c *consult.Case) RoomCase {
	return RoomCase{State: c.State, Version: c.Version, StartNow: c.StartNow, Began: c.Began}
}

// CreateDraft begins a request.
func (d *Desk) CreateDraft(ctx context.Context, by auth.Actor, key string, in DraftInput) (CaseView, error) {
	institution, err := requesterAt(by, in.Institution, "consult.create")
	if err != nil {
		return CaseView{}, err
	}
	if err := d.companionFits(ctx, by.Tenant, institution, in.Request.Companion); err != nil {
		return CaseView{}, err
	}
	c, event := consult.New(consult.Opening{ID: store.NewID(), Institution: institution, Kind: in.Kind, Urgency: in.Urgency, Request: in.Request}, by, d.now())
	res, err := d.store.Create(ctx, store.CreateInput{Case: c, Event: event, Key: key, Request: digest("create", in), By: by, IP: addressOf(ctx), Institution: institution}, nil)
	if err != nil {
		return CaseView{}, hide(err)
	}
	return d.viewAfter(ctx, by, res.Case)
}

// StartNow starts an emergency consult (急会诊): created, triaged, invited and
// ringing in one transaction.
func (d *Desk) StartNow(ctx context.Context, by auth.Actor, key string, cmd consult.StartCmd) (CaseView, error) {
	institution, err := requesterAt(by, cmd.Institution, "consult.start")
	if err != nil {
		return CaseView{}, err
	}
	if err := d.companionFits(ctx, by.Tenant, institution, cmd.Companion); err != nil {
		return CaseView{}, err
	}
	department, err := d.store.Department(ctx, by.Tenant, cmd.Department)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return CaseView{}, &consult.Error{Code: consult.GuardNobody, Message: "Choose the department that should be rung.", Missing: []string{"department"}}
		}
		return CaseView{}, hide(err)
	}
	asked := digest("start", cmd)
	if cmd.Specialty == "" {
		cmd.Specialty = department.Specialty
	}
	now := d.now()
	armed, err := d.armedFor(ctx, by.Tenant, consult.Start)
	if err != nil {
		return CaseView{}, err
	}
	c, _ := consult.New(consult.Opening{ID: store.NewID(), Institution: institution, Kind: consult.Video, Urgency: consult.Emergency}, by, now)
	in := store.CreateInput{Case: c, Key: key, Request: asked, By: by, IP: addressOf(ctx), Institution: institution, Action: "consult.start"}
	res, err := d.store.Create(ctx, in, func(tx *store.Tx, c *consult.Case) (consult.Event, error) {
		f, err := d.facts(ctx, tx.Reader, c, cmd, by, now, armed)
		if err != nil {
			return consult.Event{}, err
		}
		event, err := c.Apply(cmd, by, now, f)
		if err != nil {
			return consult.Event{}, err
		}
		return event, d.alongside(ctx, tx, c, cmd, by, f, event)
	})
	if err != nil {
		return CaseView{}, hide(err)
	}
	return d.viewAfter(ctx, by, res.Case)
}

// requesterAt is the institution that the person asks from.
func requesterAt(by auth.Actor, wanted string, act auth.Action) (string, error) {
	var places []string
	for _, g := range by.Grants {
		if g.Role == auth.Requester && !slices.Contains(places, g.Institution) && at(by, act, g.Institution) {
			places = append(places, g.Institution)
		}
	}
	switch {
	case wanted != "" && slices.Contains(places, wanted):
		return wanted, nil
	case wanted != "" || len(places) == 0:
		return "", errForbidden
	case len(places) > 1:
		return "", &Error{Code: "invalid", Message: "you work at several institutions: say from which one you ask", Missing: []string{"institution"}}
	}
	return places[0], nil
}

// companionFits makes sure that the accompanying clinician works there.
func (d *Desk) companionFits(ctx context.Context, tenant, institution, person string) error {
	if person == "" {
		return nil
	}
	p, err := d.store.Colleague(ctx, tenant, person)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return hide(err)
	}
	for _, g := range p.Holds(d.now()) {
		if g.Institution == institution && (g.Role == auth.Accompanying || g.Role == auth.Requester) && !p.Disabled {
			return nil
		}
	}
	return &consult.Error{Code: consult.GuardPerson, Message: "The accompanying clinician must work at the inviting institution.", Missing: []string{"companion"}}
}

// EditRequest saves the request as it is typed.
func (d *Desk) EditRequest(ctx context.Context, by auth.Actor, id string, in RequestEdit) (CaseView, error) {
	now := d.now()
	res, err := d.store.Transition(ctx, store.TransitionInput{Tenant: by.Tenant, ID: id, Expect: in.Version, By: by, IP: addressOf(ctx), Action: "case.edit"},
		func(tx *store.Tx, c *consult.Case) (consult.Event, error) {
			if err := allow(by, "case.edit", c, now); err != nil {
				return consult.Event{}, err
			}
			if in.Request.Companion != c.Request.Companion {
				if err := d.companionFits(ctx, by.Tenant, c.Institution, in.Request.Companion); err != nil {
					return consult.Event{}, err
				}
			}
			return c.Edit(consult.Edit{Request: in.Request, Kind: in.Kind, Urgency: in.Urgency}, by, now)
		})
	return d.afterEdit(ctx, by, id, "case.edit", res, err)
}

// AddVitals adds a set of measurements.
func (d *Desk) AddVitals(ctx context.Context, by auth.Actor, id, key string, v consult.Vitals) (CaseView, error) {
	now := d.now()
	in := store.TransitionInput{Tenant: by.Tenant, ID: id, Key: key, By: by, IP: addressOf(ctx), Action: "case.vitals"}
	if key != "" {
		in.Request = digest(id, "vitals", v)
	}
	res, err := d.store.Transition(ctx, in, func(_ *store.Tx, c *consult.Case) (consult.Event, error) {
		if err := allow(by, "case.vitals", c, now); err != nil {
			return consult.Event{}, err
		}
		return c.AddVitals(v, by, now)
	})
	return d.afterEdit(ctx, by, id, "case.vitals", res, err)
}

func (d *Desk) afterEdit(ctx context.Context, by auth.Actor, id string, act auth.Action, res store.Result, err error) (CaseView, error) {
	if errors.Is(err, errForbidden) || errors.Is(err, errHidden) {
		d.refused(ctx, by, act, id)
	}
	if err != nil {
		return CaseView{}, hide(err)
	}
	return d.viewAfter(ctx, by, res.Case)
}

// BreakGlass opens a case for an hour to a clinician outside it (紧急调阅). It is
// known by its id or by the number printed on the opinion.
func (d *Desk) BreakGlass(ctx context.Context, by auth.Actor, id string, cmd consult.GlassCmd) (CaseView, error) {
	if len(id) < 20 { // a number: ids are UUIDs
		list, _, err := d.store.Cases(ctx, store.CaseFilter{Tenant: by.Tenant, Query: id, Reader: by.Person, At: d.now(), Limit: 20, Order: store.ByNewest})
		if err != nil {
			return CaseView{}, hide(err)
		}
		for _, c := range list {
			if numberOf(&c) == id {
				id = c.ID
			}
		}
	}
	return d.Do(ctx, by, id, "", 0, cmd)
}

// ReviewGlass takes the flag off an emergency access.
func (d *Desk) ReviewGlass(ctx context.Context, by auth.Actor, id string, cmd consult.ReviewCmd) error {
	_, err := d.transition(ctx, by, store.TransitionInput{ID: id}, cmd)
	return err
}

// keepReview takes the person's emergency accesses to the case off the list of
// those that wait for a review.
func (d *Desk) keepReview(ctx context.Context, tx *store.Tx, c *consult.Case, by auth.Actor, cmd consult.ReviewCmd, at time.Time) error {
	open, err := tx.BreakGlasses(ctx, c.Tenant, c.ID, false)
	if err != nil {
		return err
	}
	for _, b := range open {
		if b.Person == cmd.Person {
			if err := tx.ReviewBreakGlass(ctx, c.Tenant, b.ID, by.Person, cmd.Note, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenBreaches lists emergency accesses that nobody has reviewed.
func (d *Desk) OpenBreaches(ctx context.Context, by auth.Actor) ([]BreachView, error) {
	list, err := d.store.BreakGlasses(ctx, by.Tenant, "", false)
	if err != nil {
		return nil, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	out := make([]BreachView, 0, len(list))
	for _, b := range list {
		c, err := d.store.Case(ctx, by.Tenant, b.Case)
		if err != nil {
			return nil, hide(err)
		}
		if err := d.addPeople(ctx, d.store.Reader, by.Tenant, n, []string{b.Person, c.Author}); err != nil {
			return nil, hide(err)
		}
		out = append(out, BreachView{Consult: c.ID, Number: c.Number, Person: n.person(b.Person, ""), Owner: n.person(c.Author, c.Institution),
			Reason: b.Reason, Opened: b.Opened, Until: b.Until})
	}
	return out, nil
}

// coordinators are the partnership's coordinators now.
func (d *Desk) coordinators(ctx context.Context, r store.Reader, tenant string, now time.Time) ([]string, error) {
	list, err := r.People(ctx, store.PeopleFilter{Tenant: tenant, Role: auth.Coordinator, At: now})
	out := make([]string, 0, len(list)+1)
	for _, p := range list {
		out = append(out, p.ID)
	}
	return out, err
}
