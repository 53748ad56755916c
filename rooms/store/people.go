package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
)

type personRow struct {
	bun.BaseModel `bun:"table:people,alias:p"`

	ID           string    `bun:"id,pk"`
	Tenant       string    `bun:"tenant"`
	Login        string    `bun:"login"`
	Name         string    `bun:"name"`
	NameLatin    string    `bun:"name_latin"`
	Title        string    `bun:"title"`
	Licence      string    `bun:"licence"`
	LicenceUntil time.Time `bun:"licence_until,nullzero"`
	Specialty    string    `bun:"specialty"`
	Department   string    `bun:"department"`
	Telephone    string    `bun:"telephone"`
	Locale       string    `bun:"locale"`
	Zone         string    `bun:"zone"`
	Disabled     bool      `bun:"disabled"`
	TOTP         bool      `bun:"totp"`
	Epoch        int64     `bun:"epoch"`
	Created      time.Time `bun:"created"`
}

type grantRow struct {
	bun.BaseModel `bun:"table:grants,alias:g"`

	Person      string    `bun:"person,pk"`
	Position    int       `bun:"position,pk"`
	Tenant      string    `bun:"tenant"`
	Institution string    `bun:"institution,nullzero"`
	Role        auth.Role `bun:"role"`
	Since       time.Time `bun:"since"`
	Until       time.Time `bun:"until,nullzero"`
}

func (p personRow) person() auth.Person {
	return auth.Person{
		ID: p.ID, Tenant: p.Tenant, Login: p.Login, Name: p.Name, NameLatin: p.NameLatin, Title: p.Title,
		Licence: p.Licence, LicenceUntil: p.LicenceUntil, Specialty: p.Specialty, Department: p.Department,
		Telephone: p.Telephone, Locale: p.Locale, Zone: p.Zone, Grants: []auth.Grant{},
		Disabled: p.Disabled, TOTP: p.TOTP, Epoch: p.Epoch, Created: p.Created,
	}
}

func rowOfPerson(p auth.Person) personRow {
	return personRow{
		ID: p.ID, Tenant: p.Tenant, Login: auth.NormalLogin(p.Login), Name: p.Name, NameLatin: p.NameLatin, Title: p.Title,
		Licence: p.Licence, LicenceUntil: p.LicenceUntil, Specialty: p.Specialty, Department: p.Department,
		Telephone: p.Telephone, Locale: p.Locale, Zone: p.Zone,
		Disabled: p.Disabled, TOTP: p.TOTP, Epoch: p.Epoch, Created: p.Created,
	}
}

// Person returns the person with the id, of whichever tenant: sessions and
// tokens name people, not tenants. Use [Reader.Colleague] for what a user asks.
func (r Reader) Person(ctx context.Context, id string) (auth.Person, error) {
	return r.onePerson(ctx, "p.id = ?", id)
}

// PersonByLogin returns the person with the login, in its normal form.
func (r Reader) PersonByLogin(ctx context.Context, login string) (auth.Person, error) {
	return r.onePerson(ctx, "p.login = ?", login)
}

// Colleague returns the person with the id when they belong to the tenant.
func (r Reader) Colleague(ctx context.Context, tenant, id string) (auth.Person, error) {
	p, err := r.Person(ctx, id)
	if err == nil && p.Tenant != tenant {
		return auth.Person{}, ErrNotFound
	}
	return p, err
}

func (r Reader) onePerson(ctx context.Context, where string, arg any) (auth.Person, error) {
	list, err := r.people(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where(where, arg) })
	if err != nil {
		return auth.Person{}, err
	}
	if len(list) == 0 {
		return auth.Person{}, ErrNotFound
	}
	return list[0], nil
}

// PeopleFilter narrows the directory; zero fields do not narrow.
type PeopleFilter struct {
	Tenant      string // required
	IDs         []string
	Role        auth.Role // held at At
	Institution string    // where some grant (the role, if given) holds at At
	Specialty   string
	Department  string
	Query       string // part of a name or login
	At          time.Time
	Disabled    bool // include accounts that are disabled
	Limit       int  // 0: 500
}

// People lists people of the tenant by name.
func (r Reader) People(ctx context.Context, f PeopleFilter) ([]auth.Person, error) {
	if f.IDs != nil && len(f.IDs) == 0 {
		return []auth.Person{}, nil
	}
	return r.people(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("p.tenant = ?", f.Tenant).Order("p.name", "p.id")
		if f.IDs != nil {
			q = q.Where("p.id IN (?)", bun.List(f.IDs))
		}
		if f.Role != "" || f.Institution != "" {
			g := r.db.NewSelect().TableExpr("grants AS g").ColumnExpr("1").Where("g.person = p.id")
			if f.Role != "" {
				g = g.Where("g.role = ?", f.Role)
			}
			if f.Institution != "" {
				g = g.Where("g.institution = ?", f.Institution)
			}
			if !f.At.IsZero() {
				g = g.Where("g.since <= ? AND (g.until IS NULL OR g.until > ?)", f.At, f.At)
			}
			q = q.Where("EXISTS (?)", g)
		}
		if f.Specialty != "" {
			q = q.Where("p.specialty = ?", f.Specialty)
		}
		if f.Department != "" {
			q = q.Where("p.department = ?", f.Department)
		}
		if f.Query != "" {
			like := contains(f.Query)
			q = q.Where(`(lower(p.name) LIKE ? ESCAPE '\' OR lower(p.name_latin) LIKE ? ESCAPE '\' OR p.login LIKE ? ESCAPE '\')`, like, like, like)
		}
		if !f.Disabled {
			q = q.Where("NOT p.disabled")
		}
		if f.Limit <= 0 {
			f.Limit = 500
		}
		return q.Limit(int64(f.Limit))
	})
}

// contains makes a LIKE pattern (escape character \) for a part of a text.
func contains(text string) string {
	text = strings.ToLower(strings.ReplaceAll(text, "\x00", ""))
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

func (r Reader) people(ctx context.Context, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]auth.Person, error) {
	var rows []personRow
	if err := narrow(r.db.NewSelect().Model(&rows)).Scan(ctx); err != nil {
		return nil, translate(err)
	}
	list := make([]auth.Person, len(rows))
	ids := make([]string, len(rows))
	at := make(map[string]int, len(rows))
	for i, row := range rows {
		list[i], ids[i], at[row.ID] = row.person(), row.ID, i
	}
	if len(ids) == 0 {
		return list, nil
	}
	var grants []grantRow
	if err := r.db.NewSelect().Model(&grants).Where("person IN (?)", bun.List(ids)).Order("person", "position").Scan(ctx); err != nil {
		return nil, translate(err)
	}
	for _, g := range grants {
		p := &list[at[g.Person]]
		p.Grants = append(p.Grants, auth.Grant{Institution: g.Institution, Role: g.Role, From: g.Since, Until: g.Until})
	}
	return list, nil
}

// AddPerson creates the account with its grants and the hash of its password;
// an empty hash means that nobody can sign in yet. auth.ErrLoginTaken when the
// login is in use.
func (s *Store) AddPerson(ctx context.Context, p auth.Person, hash string) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.AddPerson(ctx, p, hash) })
}

// AddPerson does the same within the transaction.
func (tx *Tx) AddPerson(ctx context.Context, p auth.Person, hash string) error {
	row := rowOfPerson(p)
	if _, err := tx.PersonByLogin(ctx, row.Login); err == nil {
		return auth.ErrLoginTaken
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	if _, err := tx.db.NewInsert().Model(&row).Exec(ctx); err != nil {
		if errors.Is(translate(err), ErrExists) {
			return errors.Join(auth.ErrLoginTaken, err)
		}
		return err
	}
	if _, err := tx.db.NewRaw("INSERT INTO credentials (person, hash) VALUES (?, ?)", p.ID, hash).Exec(ctx); err != nil {
		return err
	}
	return tx.SetGrants(ctx, p.Tenant, p.ID, p.Grants)
}

// SavePerson changes what an administrator or the person may change: names,
// title, licence, specialty, department, telephone, locale and zone, and
// whether the account is disabled. Login, tenant, grants, second factor and
// epoch stay; disabling does not revoke, the caller does that too.
func (s *Store) SavePerson(ctx context.Context, p auth.Person) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.SavePerson(ctx, p) })
}

// SavePerson does the same within the transaction.
func (tx *Tx) SavePerson(ctx context.Context, p auth.Person) error {
	row := rowOfPerson(p)
	return mustBeOwn(affected(tx.db.NewUpdate().Model(&row).
		Column("name", "name_latin", "title", "licence", "licence_until", "specialty", "department", "telephone", "locale", "zone", "disabled").
		Where("id = ? AND tenant = ?", p.ID, p.Tenant).Exec(ctx)))
}

// SetGrants replaces the person's roles.
func (s *Store) SetGrants(ctx context.Context, tenant, person string, grants []auth.Grant) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.SetGrants(ctx, tenant, person, grants) })
}

// SetGrants does the same within the transaction.
func (tx *Tx) SetGrants(ctx context.Context, tenant, person string, grants []auth.Grant) error {
	if _, err := tx.Colleague(ctx, tenant, person); err != nil {
		return err
	}
	if _, err := tx.db.NewDelete().Model((*grantRow)(nil)).Where("person = ?", person).Exec(ctx); err != nil {
		return err
	}
	for i, g := range grants {
		if g.Institution != "" {
			if _, err := tx.Institution(ctx, tenant, g.Institution); err != nil {
				return err
			}
		}
		row := grantRow{Person: person, Position: i, Tenant: tenant, Institution: g.Institution, Role: g.Role, Since: g.From, Until: g.Until}
		if _, err := tx.db.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Enrolled reports whether the tenant has a partnership administrator who is
// not disabled.
func (r Reader) Enrolled(ctx context.Context, tenant string) (bool, error) {
	ok, err := r.db.NewSelect().TableExpr("grants AS g").Join("JOIN people AS p ON p.id = g.person").
		Where("g.tenant = ? AND g.role = ? AND NOT p.disabled", tenant, auth.PartnershipAdmin).Exists(ctx)
	return ok, translate(err)
}
