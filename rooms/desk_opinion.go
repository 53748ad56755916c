package rooms

import (
	"context"
	"errors"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// draftOf is the person's own unsigned opinion; nil when there is none.
func (d *Desk) draftOf(ctx context.Context, r store.Reader, c *consult.Case, person string) (*consult.Opinion, error) {
	o, err := r.OpinionDraft(ctx, c.Tenant, c.ID, person)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &o, nil
}

// SaveOpinion saves what the expert has written so far. Nobody else sees it.
func (d *Desk) SaveOpinion(ctx context.Context, by auth.Actor, id string, content consult.OpinionContent) (consult.Opinion, error) {
	now := d.now()
	var seen *consult.Case
	o, err := d.store.SaveOpinionDraft(ctx, by.Tenant, id, by.Person, content, now, func(c *consult.Case) error {
		seen = c
		seat := c.SeatOf(by.Person, now)
		answers := seat == auth.SeatExpert || seat == auth.SeatChair || seat == auth.SeatMember
		if !answers || c.State.Drafted() || !auth.Visible(by, c.Object(by.Person, now)) {
			if err := allow(by, "opinion.draft", c, now); err != nil {
				return err
			}
		} else {
			return &consult.Error{Code: consult.StateForbids, Message: "An opinion is written between acceptance and signature. What is missing afterwards goes into an addendum.",
				Possible: possible(by, c, c.Object(by.Person, now))}
		}
		return nil
	})
	if err != nil {
		if errors.Is(err, errHidden) || errors.Is(err, errForbidden) {
			d.refused(ctx, by, "opinion.draft", id)
		}
		return consult.Opinion{}, hide(err)
	}
	if d.reads.first(by.Person, id, "opinion.draft", now) {
		if err := d.store.Audit(ctx, d.entry(ctx, by, "opinion.draft", seen)); err != nil {
			return consult.Opinion{}, hide(err)
		}
	}
	return o, nil
}

// keepSigned freezes the signed opinion with the record that it rests on.
func (d *Desk) keepSigned(ctx context.Context, tx *store.Tx, c *consult.Case, draft consult.Opinion) error {
	stays, err := tx.Attendances(ctx, c.Tenant, c.ID)
	if err != nil {
		return err
	}
	experts := c.In(auth.SeatExpert, auth.SeatChair, auth.SeatMember)
	people := append([]string{}, experts...)
	for _, s := range stays {
		people = append(people, s.Person)
	}
	n, err := d.names(ctx, tx.Reader, c.Tenant, people...)
	if err != nil {
		return err
	}
	record := consult.OpinionRecord{
		Inviting: n.institutions[c.Institution].Name, Invited: n.institutions[c.Invited].Name,
		Material: []consult.Material{{Kind: "request", Name: "request", Hash: c.Request.Hash()}},
	}
	for _, id := range experts {
		p := n.people[id]
		record.Experts = append(record.Experts, consult.Signatory{Person: id, Name: p.Name, Title: p.Title, Licence: p.Licence, Specialty: p.Specialty})
	}
	named := map[string]bool{}
	for _, s := range stays {
		if name := n.people[s.Person].Name; !named[s.Person] && name != "" {
			named[s.Person] = true
			record.Attendees = append(record.Attendees, name)
		}
	}
	files, err := tx.Attachments(ctx, c.Tenant, c.ID)
	if err != nil {
		return err
	}
	for _, a := range files {
		record.Material = append(record.Material, consult.Material{Kind: "attachment", Name: a.Name, Hash: a.Hash})
	}
	return tx.AddOpinion(ctx, c.Tenant, c.Seal(draft, record))
}

func (d *Desk) keepAddendum(ctx context.Context, tx *store.Tx, c *consult.Case, by auth.Actor, text string, at time.Time) error {
	versions, err := tx.Opinions(ctx, c.Tenant, c.ID)
	if err != nil {
		return err
	}
	return tx.AddOpinion(ctx, c.Tenant, consult.Addendum(versions, by.Person, text, at))
}

// checked holds each signed opinion against its digest. One that was changed
// behind the server's back is shown as such: hiding it would take from the
// reader what they may have acted upon.
func (d *Desk) checked(ctx context.Context, versions []consult.Opinion) []OpinionView {
	out := make([]OpinionView, 0, len(versions))
	for _, o := range versions {
		v := OpinionView{Opinion: o}
		if o.Version == 1 {
			intact := o.Intact()
			v.Intact = &intact
			if !intact {
				d.log.ErrorContext(ctx, "a signed opinion is not what was signed", "case", o.Case, "version", o.Version)
			}
		}
		out = append(out, v)
	}
	return out
}

// ReadOpinion notes that the person has the signed opinion before their eyes.
func (d *Desk) ReadOpinion(ctx context.Context, by auth.Actor, id string) (CaseView, error) {
	c, err := d.open(ctx, by, id, "opinion.read")
	if err != nil {
		return CaseView{}, err
	}
	versions, err := d.store.Opinions(ctx, by.Tenant, id)
	if err != nil {
		return CaseView{}, hide(err)
	}
	news := false
	for _, o := range versions {
		first, err := d.store.NoteReceipt(ctx, by.Tenant, id, o.Version, by.Person, store.Read, d.now())
		if err != nil {
			return CaseView{}, hide(err)
		}
		news = news || first && by.Person == c.Author
	}
	if news {
		if err := d.store.Write(ctx, func(tx *store.Tx) error { return d.touched(ctx, tx, c) }); err != nil {
			return CaseView{}, hide(err)
		}
	}
	return d.view(ctx, by, c)
}
