package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"consilium/rooms/consult"
)

// Tenant is a partnership (医联体). Everything else belongs to one.
type Tenant struct {
	ID        string    `bun:"id,pk" json:"id"`
	Name      string    `bun:"name" json:"name"`
	NameLatin string    `bun:"name_latin" json:"name_latin,omitempty"`
	Created   time.Time `bun:"created" json:"created"`
}

// Institution is a clinic or a hospital of the partnership.
type Institution struct {
	ID        string `bun:"id,pk" json:"id"`
	Tenant    string `bun:"tenant" json:"tenant"`
	Name      string `bun:"name" json:"name"`
	NameLatin string `bun:"name_latin" json:"name_latin,omitempty"`
	Tier      string `bun:"tier" json:"tier" enum:"village,township,county,city"`
	Telephone string `bun:"telephone" json:"telephone,omitempty"`
	Zone      string `bun:"zone" json:"zone" doc:"IANA time zone"`
}

// Department is a department of an institution; emergencies ring departments.
type Department struct {
	ID          string `bun:"id,pk" json:"id"`
	Tenant      string `bun:"tenant" json:"tenant"`
	Institution string `bun:"institution" json:"institution"`
	Name        string `bun:"name" json:"name"`
	NameLatin   string `bun:"name_latin" json:"name_latin,omitempty"`
	Specialty   string `bun:"specialty" json:"specialty"`
	Telephone   string `bun:"telephone" json:"telephone,omitempty"`
	Next        string `bun:"next" json:"next,omitempty" doc:"department that rings when this one does not answer"`
}

// Agreement is the written agreement that lets one institution invite another.
type Agreement struct {
	ID       string         `bun:"id,pk" json:"id"`
	Tenant   string         `bun:"tenant" json:"tenant"`
	Inviting string         `bun:"inviting" json:"inviting"`
	Invited  string         `bun:"invited" json:"invited"`
	Kinds    []consult.Kind `bun:"kinds,type:jsonb" json:"kinds"`
	From     time.Time      `bun:"since" json:"from"`
	Until    time.Time      `bun:"until,nullzero" json:"until,omitzero"`
}

// Duty says that a person is on duty for a department during [From, Until).
type Duty struct {
	Tenant     string    `bun:"tenant" json:"tenant"`
	Department string    `bun:"department,pk" json:"department"`
	Person     string    `bun:"person,pk" json:"person"`
	Rank       int       `bun:"rank" json:"rank" doc:"1 rings first, 2 is the deputy"`
	From       time.Time `bun:"since,pk" json:"from"`
	Until      time.Time `bun:"until,nullzero" json:"until,omitzero"`
}

// SaveTenant creates the tenant or changes its names.
func (s *Store) SaveTenant(ctx context.Context, t Tenant) error {
	return s.Write(ctx, func(tx *Tx) error {
		_, err := tx.db.NewInsert().Model(&t).On("CONFLICT (id) DO UPDATE").
			Set("name = EXCLUDED.name, name_latin = EXCLUDED.name_latin").Exec(ctx)
		return err
	})
}

// Tenants lists the partnerships of this installation.
func (r Reader) Tenants(ctx context.Context) ([]Tenant, error) {
	list := []Tenant{}
	err := r.db.NewSelect().Model(&list).Order("created", "id").Scan(ctx)
	return list, translate(err)
}

// SaveInstitution creates the institution or changes everything but its tenant.
func (s *Store) SaveInstitution(ctx context.Context, in Institution) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.SaveInstitution(ctx, in) })
}

// SaveInstitution does the same within the transaction.
func (tx *Tx) SaveInstitution(ctx context.Context, in Institution) error {
	return mustBeOwn(affected(tx.db.NewInsert().Model(&in).On("CONFLICT (id) DO UPDATE").
		Set("name = EXCLUDED.name, name_latin = EXCLUDED.name_latin, tier = EXCLUDED.tier").
		Set("telephone = EXCLUDED.telephone, zone = EXCLUDED.zone").
		Where("institution.tenant = EXCLUDED.tenant").Exec(ctx)))
}

// Institution returns one institution of the tenant.
func (r Reader) Institution(ctx context.Context, tenant, id string) (Institution, error) {
	var in Institution
	err := r.db.NewSelect().Model(&in).Where("tenant = ? AND id = ?", tenant, id).Scan(ctx)
	return in, translate(err)
}

// Institutions lists the tenant's institutions, the largest tier first.
func (r Reader) Institutions(ctx context.Context, tenant string) ([]Institution, error) {
	list := []Institution{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ?", tenant).
		OrderExpr("CASE tier WHEN 'city' THEN 0 WHEN 'county' THEN 1 WHEN 'township' THEN 2 ELSE 3 END, name, id").Scan(ctx)
	return list, translate(err)
}

// SaveDepartment creates the department or changes everything but where it belongs.
func (s *Store) SaveDepartment(ctx context.Context, d Department) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.SaveDepartment(ctx, d) })
}

// SaveDepartment does the same within the transaction.
func (tx *Tx) SaveDepartment(ctx context.Context, d Department) error {
	return mustBeOwn(affected(tx.db.NewInsert().Model(&d).On("CONFLICT (id) DO UPDATE").
		Set("name = EXCLUDED.name, name_latin = EXCLUDED.name_latin, specialty = EXCLUDED.specialty").
		Set("telephone = EXCLUDED.telephone, next = EXCLUDED.next").
		Where("department.tenant = EXCLUDED.tenant AND department.institution = EXCLUDED.institution").Exec(ctx)))
}

// Department returns one department of the tenant.
func (r Reader) Department(ctx context.Context, tenant, id string) (Department, error) {
	var d Department
	err := r.db.NewSelect().Model(&d).Where("tenant = ? AND id = ?", tenant, id).Scan(ctx)
	return d, translate(err)
}

// Departments lists the tenant's departments by institution.
func (r Reader) Departments(ctx context.Context, tenant string) ([]Department, error) {
	list := []Department{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ?", tenant).Order("institution", "name", "id").Scan(ctx)
	return list, translate(err)
}

// SaveAgreement creates the agreement or changes its kinds and dates.
func (s *Store) SaveAgreement(ctx context.Context, a Agreement) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.SaveAgreement(ctx, a) })
}

// SaveAgreement does the same within the transaction.
func (tx *Tx) SaveAgreement(ctx context.Context, a Agreement) error {
	return mustBeOwn(affected(tx.db.NewInsert().Model(&a).On("CONFLICT (id) DO UPDATE").
		Set("kinds = EXCLUDED.kinds, since = EXCLUDED.since, until = EXCLUDED.until").
		Where("agreement.tenant = EXCLUDED.tenant").Exec(ctx)))
}

// Agreements lists the tenant's agreements, past ones too.
func (r Reader) Agreements(ctx context.Context, tenant string) ([]Agreement, error) {
	list := []Agreement{}
	err := r.db.NewSelect().Model(&list).Where("tenant = ?", tenant).Order("inviting", "invited", "since").Scan(ctx)
	return list, translate(err)
}

// Agreement finds an agreement that lets inviting ask invited for the kind of
// consult at the time; ErrNotFound when there is none.
func (r Reader) Agreement(ctx context.Context, tenant, inviting, invited string, kind consult.Kind, at time.Time) (Agreement, error) {
	var list []Agreement
	err := r.db.NewSelect().Model(&list).
		Where("tenant = ? AND inviting = ? AND invited = ?", tenant, inviting, invited).
		Where("since <= ? AND (until IS NULL OR until > ?)", at, at).
		Order("since DESC", "id").Scan(ctx)
	if err != nil {
		return Agreement{}, translate(err)
	}
	for _, a := range list {
		if slices.Contains(a.Kinds, kind) {
			return a, nil
		}
	}
	return Agreement{}, ErrNotFound
}

// TakeDuty puts the person on duty from d.From; a duty of theirs in the same
// department that still runs ends then.
func (s *Store) TakeDuty(ctx context.Context, d Duty) error {
	return s.Write(ctx, func(tx *Tx) error {
		if err := tx.LeaveDuty(ctx, d.Tenant, d.Department, d.Person, d.From); err != nil {
			return err
		}
		return mustBeOwn(affected(tx.db.NewInsert().Model(&d).On("CONFLICT (department, person, since) DO UPDATE").
			Set("rank = EXCLUDED.rank, until = EXCLUDED.until").
			Where("duty.tenant = EXCLUDED.tenant").Exec(ctx)))
	})
}

// LeaveDuty ends the person's duty in the department at the time.
func (s *Store) LeaveDuty(ctx context.Context, tenant, department, person string, at time.Time) error {
	return s.Write(ctx, func(tx *Tx) error { return tx.LeaveDuty(ctx, tenant, department, person, at) })
}

// LeaveDuty does the same within the transaction.
func (tx *Tx) LeaveDuty(ctx context.Context, tenant, department, person string, at time.Time) error {
	_, err := tx.db.NewUpdate().Model((*Duty)(nil)).Set("until = ?", at).
		Where("tenant = ? AND department = ? AND person = ?", tenant, department, person).
		Where("since <= ? AND (until IS NULL OR until > ?)", at, at).Exec(ctx)
	return err
}

// OnDuty lists who is on duty in the department at the time, first rank first.
func (r Reader) OnDuty(ctx context.Context, tenant, department string, at time.Time) ([]Duty, error) {
	list := []Duty{}
	err := r.duties(tenant, at, &list).Where("department = ?", department).Order("rank", "since", "person").Scan(ctx)
	return list, translate(err)
}

// Duties lists everybody who is on duty at the time, by department and rank.
func (r Reader) Duties(ctx context.Context, tenant string, at time.Time) ([]Duty, error) {
	list := []Duty{}
	err := r.duties(tenant, at, &list).Order("department", "rank", "since", "person").Scan(ctx)
	return list, translate(err)
}

func (r Reader) duties(tenant string, at time.Time, list *[]Duty) *bun.SelectQuery {
	return r.db.NewSelect().Model(list).Where("tenant = ?", tenant).
		Where("since <= ? AND (until IS NULL OR until > ?)", at, at)
}

// mustBeOwn turns "nothing was written" into ErrNotFound: the id belongs to
// another tenant, which answers as if it did not exist.
func mustBeOwn(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
