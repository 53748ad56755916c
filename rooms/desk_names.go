package rooms

import (
	"context"
	"slices"

	"consilium/auth"
	"consilium/rooms/store"
)

// names is what a view needs to call institutions, departments and people by
// their names. It is read anew for each answer: a partnership has a few dozen
// institutions, and a name that was corrected must show.
type names struct {
	institutions map[string]store.Institution
	departments  map[string]store.Department
	people       map[string]auth.Person
}

// names reads the partnership's places, and the people named.
func (d *Desk) names(ctx context.Context, r store.Reader, tenant string, people ...string) (names, error) {
	n := names{institutions: map[string]store.Institution{}, departments: map[string]store.Department{}, people: map[string]auth.Person{}}
	ins, err := r.Institutions(ctx, tenant)
	if err != nil {
		return n, err
	}
	for _, in := range ins {
		n.institutions[in.ID] = in
	}
	deps, err := r.Departments(ctx, tenant)
	if err != nil {
		return n, err
	}
	for _, dep := range deps {
		n.departments[dep.ID] = dep
	}
	return n, d.addPeople(ctx, r, tenant, n, people)
}

// addPeople reads those of the people that n does not know yet.
func (d *Desk) addPeople(ctx context.Context, r store.Reader, tenant string, n names, people []string) error {
	var ids []string
	for _, id := range people {
		if _, known := n.people[id]; !known && id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := r.People(ctx, store.PeopleFilter{Tenant: tenant, IDs: ids, Disabled: true, Limit: len(ids)})
	for _, p := range list {
		n.people[p.ID] = p
	}
	return err
}

func (n names) institution(id string) Named {
	in := n.institutions[id]
	return Named{ID: id, Name: in.Name, NameLatin: in.NameLatin}
}

func (n names) institutionOrNil(id string) *Named {
	if id == "" {
		return nil
	}
	named := n.institution(id)
	return &named
}

func (n names) departmentOrNil(id string) *Named {
	dep, ok := n.departments[id]
	if !ok {
		return nil
	}
	return &Named{ID: id, Name: dep.Name, NameLatin: dep.NameLatin}
}

func (n names) named(person string) Named {
	p := n.people[person]
	return Named{ID: person, Name: p.Name, NameLatin: p.NameLatin}
}

// person is a colleague as seen at the institution that they act for; empty
// means their first one.
func (n names) person(id, institution string) PersonName {
	p := n.people[id]
	if institution == "" {
		for _, g := range p.Grants {
			if g.Institution != "" {
				institution = g.Institution
				break
			}
		}
	}
	return PersonName{
		ID: id, Name: p.Name, NameLatin: p.NameLatin, Title: p.Title, Specialty: p.Specialty, Telephone: p.Telephone,
		Institution: institution, InstitutionName: n.institutions[institution].Name,
		InstitutionNameLatin: n.institutions[institution].NameLatin,
	}
}

func (n names) grants(grants []auth.Grant) []GrantView {
	out := make([]GrantView, 0, len(grants))
	for _, g := range grants {
		in := n.institutions[g.Institution]
		out = append(out, GrantView{Institution: g.Institution, InstitutionName: in.Name, NameLatin: in.NameLatin, Role: g.Role, From: g.From, Until: g.Until})
	}
	return out
}
