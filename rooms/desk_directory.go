package rooms

import (
	"context"
	"slices"
	"strings"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// Me is the signed-in person. The actor of a locked session has no grants.
func (d *Desk) Me(ctx context.Context, by auth.Actor) (Me, error) {
	p, err := d.store.Colleague(ctx, by.Tenant, by.Person)
	if err != nil {
		return Me{}, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, by.Person)
	if err != nil {
		return Me{}, hide(err)
	}
	me := Me{
		Person: n.person(p.ID, ""), Login: p.Login, Tenant: p.Tenant, Grants: n.grants(by.Grants), May: everything(by),
		Departments: []Named{}, Locale: p.Locale, Zone: p.Zone, TOTP: p.TOTP, Demo: d.demo,
	}
	if me.Locale == "" {
		me.Locale = "zh-CN"
	}
	if me.Zone == "" {
		me.Zone = "Asia/Shanghai"
	}
	for _, dep := range n.departments {
		if worksIn(by, p, dep) {
			me.Departments = append(me.Departments, Named{ID: dep.ID, Name: dep.Name, NameLatin: dep.NameLatin})
		}
	}
	slices.SortFunc(me.Departments, func(a, b Named) int { return strings.Compare(a.Name, b.Name) })
	return me, nil
}

// SignedIn writes down that a person signed in, and from where.
func (d *Desk) SignedIn(ctx context.Context, by auth.Actor) error {
	return hide(d.store.Audit(ctx, d.entry(ctx, by, "session.open", nil)))
}

// worksIn reports whether the person can be on duty in the department: it is
// their own, or it has their specialty at an institution where they are expert.
func worksIn(by auth.Actor, p auth.Person, dep store.Department) bool {
	return by.HasAt(auth.Expert, dep.Institution) && (p.Department == dep.ID || p.Specialty != "" && p.Specialty == dep.Specialty)
}

// SetPreferences changes the person's own language and zone; empty leaves it.
func (d *Desk) SetPreferences(ctx context.Context, by auth.Actor, locale, zone string) error {
	if zone != "" {
		if _, err := schedule.In(time.Time{}, zone); err != nil {
			return &Error{Code: "invalid", Message: "there is no such time zone; use a name like Asia/Shanghai", Missing: []string{"zone"}}
		}
	}
	return hide(d.store.Write(ctx, func(tx *store.Tx) error {
		p, err := tx.Colleague(ctx, by.Tenant, by.Person)
		if err != nil {
			return err
		}
		if locale != "" {
			p.Locale = locale
		}
		if zone != "" {
			p.Zone = zone
		}
		return tx.SavePerson(ctx, p)
	}))
}

// Institutions lists the partnership's institutions with their departments.
func (d *Desk) Institutions(ctx context.Context, by auth.Actor) ([]InstitutionView, error) {
	now := d.now()
	ins, err := d.store.Institutions(ctx, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	deps, err := d.store.Departments(ctx, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	agreements, err := d.store.Agreements(ctx, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	duties, err := d.store.Duties(ctx, by.Tenant, now)
	if err != nil {
		return nil, hide(err)
	}
	present := d.presentOrNobody(ctx, by.Tenant)
	out := make([]InstitutionView, 0, len(ins))
	for _, in := range ins {
		v := InstitutionView{ID: in.ID, Name: in.Name, NameLatin: in.NameLatin, Tier: in.Tier, Telephone: in.Telephone, Zone: in.Zone, Departments: []DepartmentView{}}
		v.Invitable = slices.ContainsFunc(agreements, func(a store.Agreement) bool {
			return a.Invited == in.ID && !now.Before(a.From) && (a.Until.IsZero() || now.Before(a.Until)) &&
				slices.ContainsFunc(by.Grants, func(g auth.Grant) bool { return g.Institution == a.Inviting })
		})
		for _, dep := range deps {
			if dep.Institution == in.ID {
				v.Departments = append(v.Departments, departmentView(dep, duties, present))
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func departmentView(dep store.Department, duties []store.Duty, present map[string]presentPerson) DepartmentView {
	v := DepartmentView{ID: dep.ID, Institution: dep.Institution, Name: dep.Name, NameLatin: dep.NameLatin, Specialty: dep.Specialty, Telephone: dep.Telephone, Next: dep.Next}
	for _, duty := range duties {
		if duty.Department == dep.ID {
			v.OnDuty++
			if present[duty.Person].Armed {
				v.Armed++
			}
		}
	}
	return v
}

// Specialties lists the specialties and the least that a request to each must
// hold. Their words, and those of the items, live in the app.
func (d *Desk) Specialties() []SpecialtyView {
	out := []SpecialtyView{}
	for _, s := range consult.Specialties() {
		out = append(out, SpecialtyView{Code: s.Code, Items: s.Items})
	}
	return out
}

// People lists colleagues of the partnership.
func (d *Desk) People(ctx context.Context, by auth.Actor, in PeopleFilter) ([]PersonView, error) {
	now := d.now()
	list, err := d.store.People(ctx, store.PeopleFilter{Tenant: by.Tenant, Role: auth.Role(in.Role), Institution: in.Institution, Specialty: in.Specialty, Query: in.Query, At: now})
	if err != nil {
		return nil, hide(err)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	duties, err := d.store.Duties(ctx, by.Tenant, now)
	if err != nil {
		return nil, hide(err)
	}
	present := d.presentOrNobody(ctx, by.Tenant)
	out := make([]PersonView, 0, len(list))
	for _, p := range list {
		out = append(out, PersonView{
			ID: p.ID, Name: p.Name, NameLatin: p.NameLatin, Title: p.Title, Specialty: p.Specialty, Telephone: p.Telephone, Zone: p.Zone,
			Grants: n.grants(p.Holds(now)), Online: present[p.ID].Online, Armed: present[p.ID].Armed,
			OnDuty: slices.ContainsFunc(duties, func(x store.Duty) bool { return x.Person == p.ID }),
		})
	}
	return out, nil
}

// Duty is who is on duty now, by department.
func (d *Desk) Duty(ctx context.Context, by auth.Actor) (DutyView, error) {
	now := d.now()
	duties, err := d.store.Duties(ctx, by.Tenant, now)
	if err != nil {
		return DutyView{}, hide(err)
	}
	people := make([]string, 0, len(duties)+1)
	for _, duty := range duties {
		people = append(people, duty.Person)
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant, append(people, by.Person)...)
	if err != nil {
		return DutyView{}, hide(err)
	}
	deps, err := d.store.Departments(ctx, by.Tenant)
	if err != nil {
		return DutyView{}, hide(err)
	}
	present, calling := d.presentOrNobody(ctx, by.Tenant), d.calling(by.Tenant)
	v := DutyView{Departments: []DutyDepartment{}}
	for _, dep := range deps {
		row := DutyDepartment{Department: departmentView(dep, duties, present), Institution: n.institution(dep.Institution), People: []DutyPerson{}, May: []string{}}
		for _, duty := range duties {
			if duty.Department != dep.ID {
				continue
			}
			p := n.people[duty.Person]
			row.People = append(row.People, DutyPerson{ID: p.ID, Name: p.Name, NameLatin: p.NameLatin, Title: p.Title, Telephone: p.Telephone,
				Rank: duty.Rank, From: duty.From, Until: duty.Until, Online: present[p.ID].Online, Armed: present[p.ID].Armed, InCall: calling[p.ID]})
		}
		if worksIn(by, n.people[by.Person], dep) && at(by, "duty.self", dep.Institution) {
			row.May = append(row.May, "duty.self")
		}
		if at(by, "duty.manage", dep.Institution) {
			row.May = append(row.May, "duty.manage")
		}
		v.Departments = append(v.Departments, row)
	}
	return v, nil
}

// calling is who is in a call on this node.
func (d *Desk) calling(tenant string) map[string]bool {
	out := map[string]bool{}
	if d.live == nil {
		return out
	}
	for _, room := range d.live.All(tenant) {
		for _, p := range room.People {
			if p.Phase == PhaseIn {
				out[p.Person] = true
			}
		}
	}
	return out
}

// longestDuty is how long a duty lasts when nobody says otherwise.
const longestDuty = 24 * time.Hour

// SetDuty puts a person on or off duty.
func (d *Desk) SetDuty(ctx context.Context, by auth.Actor, department string, in DutyChange) (DutyView, error) {
	now := d.now()
	dep, err := d.store.Department(ctx, by.Tenant, department)
	if err != nil {
		return DutyView{}, hide(err)
	}
	who := in.Person
	if who == "" {
		who = by.Person
	}
	p, err := d.store.Colleague(ctx, by.Tenant, who)
	if err != nil {
		return DutyView{}, hide(err)
	}
	manages := at(by, "duty.manage", dep.Institution)
	if !manages && (who != by.Person || !at(by, "duty.self", dep.Institution) || !worksIn(by, p, dep)) {
		return DutyView{}, errForbidden
	}
	if !slices.ContainsFunc(p.Holds(now), func(g auth.Grant) bool { return g.Role == auth.Expert && g.Institution == dep.Institution }) {
		return DutyView{}, &Error{Code: "invalid", Message: "only an expert of this institution can be on duty here", Missing: []string{"person"}}
	}
	detail := "off"
	if in.On {
		duty := store.Duty{Tenant: by.Tenant, Department: department, Person: who, Rank: max(in.Rank, 1), From: now, Until: in.Until}
		if duty.Until.IsZero() {
			duty.Until = now.Add(longestDuty)
		}
		if !duty.Until.After(now) || duty.Until.After(now.Add(366*24*time.Hour)) {
			return DutyView{}, &Error{Code: "invalid", Message: "the duty must end in the future, within a year", Missing: []string{"until"}}
		}
		detail = "on"
		err = d.store.TakeDuty(ctx, duty)
	} else {
		err = d.store.LeaveDuty(ctx, by.Tenant, department, who, now)
	}
	if err != nil {
		return DutyView{}, hide(err)
	}
	e := d.entry(ctx, by, "duty.set", nil)
	e.Institution, e.Detail = dep.Institution, detail+" "+department+" "+who
	if err := d.store.Audit(ctx, e); err != nil {
		return DutyView{}, hide(err)
	}
	d.sayPresent(ctx, by.Tenant, who)
	return d.Duty(ctx, by)
}
