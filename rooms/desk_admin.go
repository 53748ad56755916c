package rooms

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"consilium/auth"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// Accounts lists the accounts that the administrator looks after, closed ones
// too.
func (d *Desk) Accounts(ctx context.Context, by auth.Actor, query string) ([]AccountView, error) {
	list, err := d.store.People(ctx, store.PeopleFilter{Tenant: by.Tenant, Query: query, Disabled: true, Limit: 2000})
	if err != nil {
		return nil, hide(err)
	}
	out := []AccountView{}
	for _, p := range list {
		if auth.MayManage(by, p) {
			out = append(out, accountView(p))
		}
	}
	return out, nil
}

func accountView(p auth.Person) AccountView {
	v := AccountView{ID: p.ID, Login: p.Login, Name: p.Name, NameLatin: p.NameLatin, Title: p.Title, Licence: p.Licence, LicenceUntil: p.LicenceUntil,
		Specialty: p.Specialty, Department: p.Department, Telephone: p.Telephone, Zone: p.Zone, Locale: p.Locale, Disabled: p.Disabled, TOTP: p.TOTP,
		Grants: p.Grants, Created: p.Created}
	orEmpty(&v.Grants)
	return v
}

// apply takes over the fields that are given.
func (in AccountDraft) apply(p *auth.Person) error {
	for _, f := range []struct {
		from *string
		to   *string
	}{
		{in.Name, &p.Name}, {in.NameLatin, &p.NameLatin}, {in.Title, &p.Title}, {in.Licence, &p.Licence}, {in.Specialty, &p.Specialty},
		{in.Department, &p.Department}, {in.Telephone, &p.Telephone}, {in.Zone, &p.Zone}, {in.Locale, &p.Locale},
	} {
		if f.from != nil {
			*f.to = strings.TrimSpace(*f.from)
		}
	}
	if in.LicenceUntil != nil {
		p.LicenceUntil = in.LicenceUntil.UTC()
	}
	if in.Disabled != nil {
		p.Disabled = *in.Disabled
	}
	if p.Name == "" {
		return &Error{Code: "invalid", Message: "an account needs the person's name", Missing: []string{"name"}}
	}
	if p.Zone != "" {
		if _, err := schedule.In(time.Time{}, p.Zone); err != nil {
			return &Error{Code: "invalid", Message: "there is no such time zone; use a name like Asia/Shanghai", Missing: []string{"zone"}}
		}
	}
	return nil
}

// CreateAccount makes an account without a password; a reset link sets one.
func (d *Desk) CreateAccount(ctx context.Context, by auth.Actor, key string, in AccountCreate) (AccountView, error) {
	now := d.now()
	p := auth.Person{ID: store.NewID(), Tenant: by.Tenant, Login: auth.NormalLogin(in.Login), Created: now.UTC(), Grants: in.Grants}
	if err := auth.CheckLogin(p.Login); err != nil {
		return AccountView{}, err
	}
	if err := in.apply(&p); err != nil {
		return AccountView{}, err
	}
	if err := d.grantable(ctx, by, p.Grants, nil); err != nil {
		return AccountView{}, err
	}
	if !auth.MayManage(by, p) {
		return AccountView{}, &Error{Code: "invalid", Message: "give the person at least one role at your institution", Missing: []string{"grants"}}
	}
	id := p.ID
	_, err := d.store.Once(ctx, store.OnceInput{Tenant: by.Tenant, Person: by.Person, Key: key, Request: digest("account", in)}, &id, func(tx *store.Tx) error {
		if err := tx.AddPerson(ctx, p, ""); err != nil {
			return err
		}
		return tx.Audit(ctx, d.about(ctx, by, "people.create", p.ID))
	})
	if errors.Is(err, auth.ErrLoginTaken) {
		return AccountView{}, &auth.Error{Code: auth.CodeLoginTaken, Message: "This login is in use. Choose another."}
	}
	if err != nil {
		return AccountView{}, hide(err)
	}
	return d.account(ctx, by, id)
}

func (d *Desk) about(ctx context.Context, by auth.Actor, act auth.Action, detail string) store.AuditEntry {
	e := d.entry(ctx, by, act, nil)
	e.Detail = detail
	return e
}

func (d *Desk) account(ctx context.Context, by auth.Actor, id string) (AccountView, error) {
	p, err := d.managed(ctx, by, id)
	return accountView(p), err
}

// managed is a person whom the administrator may change; others do not exist
// for them.
func (d *Desk) managed(ctx context.Context, by auth.Actor, id string) (auth.Person, error) {
	p, err := d.store.Colleague(ctx, by.Tenant, id)
	if err != nil {
		return p, hide(err)
	}
	if !auth.MayManage(by, p) {
		d.refused(ctx, by, "people.manage", "")
		return auth.Person{}, errHidden
	}
	return p, nil
}

// grantable makes sure that the administrator may give the roles that the
// person does not have yet, and that the institutions exist.
func (d *Desk) grantable(ctx context.Context, by auth.Actor, grants, had []auth.Grant) error {
	for i := range grants {
		g := &grants[i]
		if g.From.IsZero() {
			g.From = d.now().UTC()
		}
		if !g.Until.IsZero() && !g.Until.After(g.From) {
			return &Error{Code: "invalid", Message: "a role must end after it begins", Missing: []string{"until"}}
		}
		if slices.ContainsFunc(had, func(h auth.Grant) bool {
			return h.Role == g.Role && h.Institution == g.Institution && h.From.Equal(g.From) && h.Until.Equal(g.Until)
		}) {
			continue
		}
		if !auth.MayGrant(by, by.Tenant, *g) {
			return errForbidden
		}
		if g.Institution == "" {
			continue
		}
		if _, err := d.store.Institution(ctx, by.Tenant, g.Institution); err != nil {
			return hide(err)
		}
	}
	return nil
}

// ChangeAccount changes or disables an account. Disabling ends every session
// and call of the person.
func (d *Desk) ChangeAccount(ctx context.Context, by auth.Actor, id string, in AccountDraft) (AccountView, error) {
	p, err := d.managed(ctx, by, id)
	if err != nil {
		return AccountView{}, err
	}
	was := p.Disabled
	if err := in.apply(&p); err != nil {
		return AccountView{}, err
	}
	if p.Disabled && p.ID == by.Person {
		return AccountView{}, &Error{Code: "invalid", Message: "you cannot close your own account; ask another administrator"}
	}
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SavePerson(ctx, p); err != nil {
			return err
		}
		return tx.Audit(ctx, d.about(ctx, by, "people.change", p.ID))
	})
	if err != nil {
		return AccountView{}, hide(err)
	}
	if p.Disabled && !was {
		if _, err := d.gate.Revoke(ctx, p.ID); err != nil {
			return AccountView{}, err
		}
	}
	return d.account(ctx, by, id)
}

// ResetAccount makes a one-time link with which the person sets a password. It
// removes no second factor unless asked to.
func (d *Desk) ResetAccount(ctx context.Context, by auth.Actor, id string, factor bool) (ResetView, error) {
	p, err := d.managed(ctx, by, id)
	if err != nil {
		return ResetView{}, err
	}
	link, token, err := d.gate.IssueReset(ctx, by.Person, p.ID, factor)
	if err != nil {
		return ResetView{}, err
	}
	if err := d.store.Audit(ctx, d.about(ctx, by, "people.reset", p.ID)); err != nil {
		return ResetView{}, hide(err)
	}
	return ResetView{Path: "/reset#" + token, Expires: link.Expires}, nil
}

// SetGrants replaces a person's roles. The person's sessions end: what they may
// do is fixed when they sign in.
func (d *Desk) SetGrants(ctx context.Context, by auth.Actor, id string, grants []auth.Grant) (AccountView, error) {
	p, err := d.managed(ctx, by, id)
	if err != nil {
		return AccountView{}, err
	}
	if err := d.grantable(ctx, by, grants, p.Grants); err != nil {
		return AccountView{}, err
	}
	if p.ID == by.Person && !slices.ContainsFunc(grants, func(g auth.Grant) bool { return g.Role == auth.PartnershipAdmin || g.Role == auth.InstitutionAdmin }) {
		return AccountView{}, &Error{Code: "invalid", Message: "you cannot take away your own administration; ask another administrator"}
	}
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetGrants(ctx, by.Tenant, p.ID, grants); err != nil {
			return err
		}
		return tx.Audit(ctx, d.about(ctx, by, "people.grants", p.ID))
	})
	if err != nil {
		return AccountView{}, hide(err)
	}
	if lost(p.Grants, grants) {
		if _, err := d.gate.Revoke(ctx, p.ID); err != nil {
			return AccountView{}, err
		}
	}
	p, err = d.store.Colleague(ctx, by.Tenant, id)
	return accountView(p), hide(err)
}

// lost reports whether some role was taken away or shortened.
func lost(before, after []auth.Grant) bool {
	return slices.ContainsFunc(before, func(b auth.Grant) bool {
		return !slices.ContainsFunc(after, func(a auth.Grant) bool {
			return a.Role == b.Role && a.Institution == b.Institution && !a.From.After(b.From) && (a.Until.IsZero() || !b.Until.IsZero() && !a.Until.Before(b.Until))
		})
	})
}

// InstitutionAccounts lists institutions with their agreements.
func (d *Desk) InstitutionAccounts(ctx context.Context, by auth.Actor) ([]InstitutionAccount, error) {
	views, err := d.Institutions(ctx, by)
	if err != nil {
		return nil, err
	}
	n, err := d.names(ctx, d.store.Reader, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	agreements, err := d.store.Agreements(ctx, by.Tenant)
	if err != nil {
		return nil, hide(err)
	}
	out := []InstitutionAccount{}
	for _, v := range views {
		if !at(by, "institution.manage", v.ID) {
			continue
		}
		account := InstitutionAccount{InstitutionView: v, Agreements: []AgreementView{}}
		for _, a := range agreements {
			if a.Inviting == v.ID || a.Invited == v.ID {
				account.Agreements = append(account.Agreements, AgreementView{ID: a.ID, Inviting: n.institution(a.Inviting), Invited: n.institution(a.Invited), Kinds: a.Kinds, From: a.From, Until: a.Until})
			}
		}
		out = append(out, account)
	}
	return out, nil
}

// SaveInstitution makes or changes an institution. Only the partnership's
// administrators make one or add agreements: an agreement binds two parties.
func (d *Desk) SaveInstitution(ctx context.Context, by auth.Actor, key string, in InstitutionDraft) (InstitutionView, error) {
	id := in.ID
	whole := by.Has(auth.PartnershipAdmin)
	if id != "" && !at(by, "institution.manage", id) {
		return InstitutionView{}, errHidden
	}
	if !whole && (id == "" || len(in.Agreements) > 0) {
		return InstitutionView{}, errForbidden
	}
	if _, err := schedule.In(d.now(), in.Zone); err != nil {
		return InstitutionView{}, &Error{Code: "invalid", Message: "there is no such time zone; use a name like Asia/Shanghai", Missing: []string{"zone"}}
	}
	if id == "" {
		id = store.NewID()
	}
	kept := id
	_, err := d.store.Once(ctx, store.OnceInput{Tenant: by.Tenant, Person: by.Person, Key: key, Request: digest("institution", in)}, &kept, func(tx *store.Tx) error {
		return d.writeInstitution(ctx, tx, by, id, in)
	})
	if err != nil {
		return InstitutionView{}, hide(err)
	}
	views, err := d.Institutions(ctx, by)
	if err != nil {
		return InstitutionView{}, err
	}
	for _, v := range views {
		if v.ID == kept {
			return v, nil
		}
	}
	return InstitutionView{}, errHidden
}

func (d *Desk) writeInstitution(ctx context.Context, tx *store.Tx, by auth.Actor, id string, in InstitutionDraft) error {
	if err := tx.SaveInstitution(ctx, store.Institution{ID: id, Tenant: by.Tenant, Name: in.Name, NameLatin: in.NameLatin, Tier: in.Tier, Telephone: in.Telephone, Zone: in.Zone}); err != nil {
		return err
	}
	for _, dep := range in.Departments {
		row := store.Department{ID: dep.ID, Tenant: by.Tenant, Institution: id, Name: dep.Name, NameLatin: dep.NameLatin, Specialty: dep.Specialty, Telephone: dep.Telephone, Next: dep.Next}
		if row.ID == "" {
			row.ID = store.NewID()
		}
		if row.Next != "" {
			if _, err := tx.Department(ctx, by.Tenant, row.Next); err != nil {
				return err
			}
		}
		if err := tx.SaveDepartment(ctx, row); err != nil {
			return err
		}
	}
	for _, a := range in.Agreements {
		if _, err := tx.Institution(ctx, by.Tenant, a.Invited); err != nil {
			return err
		}
		if err := tx.SaveAgreement(ctx, store.Agreement{ID: store.NewID(), Tenant: by.Tenant, Inviting: id, Invited: a.Invited, Kinds: a.Kinds, From: a.From, Until: a.Until}); err != nil {
			return err
		}
	}
	e := d.about(ctx, by, "institution.save", id)
	e.Institution = id
	return tx.Audit(ctx, e)
}
