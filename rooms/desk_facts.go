package rooms

import (
	"context"
	"errors"
	"slices"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// longestLine bounds how many departments can follow each other in a ring.
const longestLine = 8

// armedFor reads who has a page that can ring, for the acts that ring.
func (d *Desk) armedFor(ctx context.Context, tenant string, v consult.Verb) ([]string, error) {
	if v != consult.Start && v != consult.Escalate && v != consult.Invite {
		return nil, nil
	}
	present, err := d.present(ctx, tenant)
	if err != nil {
		// Without presence nobody counts as able to ring: everybody in line is
		// asked and the telephone is shown, which is the safe side.
		d.log.ErrorContext(ctx, "presence is unknown", "err", err)
		return nil, nil
	}
	var out []string
	for person, p := range present {
		if p.Armed {
			out = append(out, person)
		}
	}
	return out, nil
}

// facts reads what the lifecycle's guards need from outside the case.
func (d *Desk) facts(ctx context.Context, r store.Reader, c *consult.Case, cmd consult.Command, by auth.Actor, now time.Time, armed []string) (consult.Facts, error) {
	f := consult.Facts{ID: store.NewID(), Agreements: map[string]string{}, Experts: map[string]consult.Expert{}}
	var err error
	switch cmd := cmd.(type) {
	case consult.StartCmd:
		err = d.lineUp(ctx, r, c, cmd.Department, now, armed, &f)
	case consult.EscalateCmd:
		err = d.lineUp(ctx, r, c, c.Department, now, armed, &f)
	case consult.InviteCmd:
		if cmd.Department != "" {
			err = d.lineUp(ctx, r, c, cmd.Department, now, armed, &f)
		}
		if err == nil {
			err = d.know(ctx, r, c, cmd.People, cmd.Institution, now, &f)
		}
	case consult.JoinCmd:
		err = d.know(ctx, r, c, []string{cmd.Person}, cmd.Institution, now, &f)
	case consult.AcceptCmd:
		err = d.know(ctx, r, c, []string{by.Person}, seatedAt(c, by.Person), now, &f)
		if err == nil {
			from, to := now, now.Add(consult.Standard.CallLength)
			if c.Booking != nil {
				from, to = c.Booking.Start, c.Booking.End
			}
			f.Busy, err = d.busy(ctx, r, c, []string{c.Author, by.Person}, from, to)
		}
	case consult.ScheduleCmd:
		end := cmd.Start.Add(time.Duration(cmd.Minutes) * time.Minute)
		f.Busy, err = d.busy(ctx, r, c, everybody(c), cmd.Start, end)
	case consult.MissCmd:
		f.Present = d.inRoom(c.ID)
	case consult.SignCmd:
		f.Draft, err = d.draftOf(ctx, r, c, by.Person)
	}
	return f, err
}

func everybody(c *consult.Case) []string {
	out := []string{c.Author}
	for _, m := range c.Members {
		out = append(out, m.Person)
	}
	return out
}

func seatedAt(c *consult.Case, person string) string {
	for _, m := range slices.Backward(c.Members) {
		if m.Person == person {
			return m.Institution
		}
	}
	return ""
}

// lineUp reads who rings in which order: the department's first on duty, its
// deputies, then the department that is next in line.
func (d *Desk) lineUp(ctx context.Context, r store.Reader, c *consult.Case, department string, now time.Time, armed []string, f *consult.Facts) error {
	seen := map[string]bool{}
	for id := department; id != "" && !seen[id] && len(seen) < longestLine; {
		seen[id] = true
		dep, err := r.Department(ctx, c.Tenant, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil // the lifecycle says that nobody can be rung
		}
		if err != nil {
			return err
		}
		duties, err := r.OnDuty(ctx, c.Tenant, id, now)
		if err != nil {
			return err
		}
		if duties, err = d.knowAt(ctx, r, c, duties, dep, now, f); err != nil {
			return err
		}
		f.Roster = append(f.Roster, groups(dep, duties, armed)...)
		id = dep.Next
	}
	return nil
}

func groups(dep store.Department, duties []store.Duty, armed []string) []consult.Group {
	var out []consult.Group
	for _, duty := range duties {
		if len(out) == 0 || out[len(out)-1].Rank != duty.Rank {
			out = append(out, consult.Group{Institution: dep.Institution, Department: dep.ID, Rank: duty.Rank})
		}
		g := &out[len(out)-1]
		g.People = append(g.People, duty.Person)
		if slices.Contains(armed, duty.Person) {
			g.Armed = append(g.Armed, duty.Person)
		}
	}
	if len(out) == 0 { // the department counts, even with nobody on duty
		out = []consult.Group{{Institution: dep.Institution, Department: dep.ID, Rank: 1}}
	}
	return out
}

// knowAt learns about people on duty in a department, and answers the duties of
// those who may answer for an opinion there. Who is on duty in several
// departments acts for the first of them in line.
func (d *Desk) knowAt(ctx context.Context, r store.Reader, c *consult.Case, duties []store.Duty, dep store.Department, now time.Time, f *consult.Facts) ([]store.Duty, error) {
	if err := d.agree(ctx, r, c, dep.Institution, now, f); err != nil || len(duties) == 0 {
		return nil, err
	}
	ids := make([]string, 0, len(duties))
	for _, duty := range duties {
		ids = append(ids, duty.Person)
	}
	list, err := r.People(ctx, store.PeopleFilter{Tenant: c.Tenant, IDs: ids, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if !licensed(p, dep.Institution, now) {
			duties = slices.DeleteFunc(duties, func(duty store.Duty) bool { return duty.Person == p.ID })
		} else if _, known := f.Experts[p.ID]; !known {
			f.Experts[p.ID] = consult.Expert{Institution: dep.Institution, Department: dep.ID, Licensed: true}
		}
	}
	return duties, nil
}

// know learns about people who are named: where each would act, and whether
// they may.
func (d *Desk) know(ctx context.Context, r store.Reader, c *consult.Case, people []string, institution string, now time.Time, f *consult.Facts) error {
	if len(people) == 0 {
		return nil
	}
	list, err := r.People(ctx, store.PeopleFilter{Tenant: c.Tenant, IDs: people, Limit: len(people)})
	if err != nil {
		return err
	}
	for _, p := range list {
		place := institution
		if place == "" {
			if place, err = d.practisesAt(ctx, r, c, p, now, f); err != nil {
				return err
			}
		}
		if err := d.agree(ctx, r, c, place, now, f); err != nil {
			return err
		}
		f.Experts[p.ID] = consult.Expert{Institution: place, Department: departmentAt(ctx, r, c.Tenant, p, place), Licensed: licensed(p, place, now)}
	}
	return nil
}

// practisesAt chooses among the places of an expert who practises at several:
// first one that an agreement covers.
func (d *Desk) practisesAt(ctx context.Context, r store.Reader, c *consult.Case, p auth.Person, now time.Time, f *consult.Facts) (string, error) {
	first := ""
	for _, g := range p.Holds(now) {
		if g.Role != auth.Expert || g.Institution == "" {
			continue
		}
		if err := d.agree(ctx, r, c, g.Institution, now, f); err != nil {
			return "", err
		}
		if f.Agreements[g.Institution] != "" || g.Institution == c.Institution {
			return g.Institution, nil
		}
		if first == "" {
			first = g.Institution
		}
	}
	return first, nil
}

// agree learns whether an agreement lets the inviting institution ask this one.
func (d *Desk) agree(ctx context.Context, r store.Reader, c *consult.Case, institution string, now time.Time, f *consult.Facts) error {
	if _, known := f.Agreements[institution]; known || institution == "" {
		return nil
	}
	a, err := r.Agreement(ctx, c.Tenant, c.Institution, institution, c.Kind, now)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	f.Agreements[institution] = a.ID
	return nil
}

// licensed reports whether the person may answer for an opinion there now.
func licensed(p auth.Person, institution string, now time.Time) bool {
	if p.Disabled || p.Licence == "" || !p.LicenceUntil.IsZero() && !now.Before(p.LicenceUntil) {
		return false
	}
	return slices.ContainsFunc(p.Holds(now), func(g auth.Grant) bool { return g.Role == auth.Expert && g.Institution == institution })
}

// departmentAt is the person's department, when it belongs to the institution.
func departmentAt(ctx context.Context, r store.Reader, tenant string, p auth.Person, institution string) string {
	if p.Department == "" {
		return ""
	}
	if dep, err := r.Department(ctx, tenant, p.Department); err == nil && dep.Institution == institution {
		return dep.ID
	}
	return ""
}

func (d *Desk) busy(ctx context.Context, r store.Reader, c *consult.Case, people []string, from, to time.Time) ([]consult.Busy, error) {
	list, err := r.Busy(ctx, c.Tenant, people, from, to, c.ID)
	out := make([]consult.Busy, 0, len(list))
	for _, b := range list {
		out = append(out, consult.Busy{Person: b.Person, Case: b.Case, Interval: schedule.Interval{Start: b.Start, End: b.End}})
	}
	return out, err
}

// inRoom is who is connected to the case's room on this node.
func (d *Desk) inRoom(id string) []string {
	if d.live == nil {
		return nil
	}
	var out []string
	status, _ := d.live.Live(id)
	for _, p := range status.People {
		if p.Connected {
			out = append(out, p.Person)
		}
	}
	return out
}
