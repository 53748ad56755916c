package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
	"consilium/rooms/consult"
)

type caseRow struct {
	bun.BaseModel `bun:"table:cases,alias:c"`

	ID           string          `bun:"id,pk"`
	Tenant       string          `bun:"tenant"`
	Number       int64           `bun:"number"`
	Version      int64           `bun:"version"`
	State        consult.State   `bun:"state"`
	Since        time.Time       `bun:"since"`
	Due          time.Time       `bun:"due,nullzero"`
	Kind         consult.Kind    `bun:"kind"`
	Urgency      consult.Urgency `bun:"urgency"`
	Priority     int             `bun:"priority"`
	Institution  string          `bun:"institution"`
	Author       string          `bun:"author"`
	Invited      string          `bun:"invited"`
	Department   string          `bun:"department"`
	Specialty    string          `bun:"specialty"`
	Patient      string          `bun:"patient"`
	LocalID      string          `bun:"local_id"`
	Question     string          `bun:"question"`
	Confidential bool            `bun:"confidential"`
	Starts       time.Time       `bun:"starts,nullzero"`
	Created      time.Time       `bun:"created"`
	Ended        time.Time       `bun:"ended,nullzero"`
	Doc          string          `bun:"doc"`
}

func rowOfCase(c *consult.Case) (caseRow, error) {
	doc, err := document(c)
	if err != nil {
		return caseRow{}, err
	}
	row := caseRow{
		ID: c.ID, Tenant: c.Tenant, Number: c.Number, Version: c.Version, State: c.State, Since: c.Since, Due: c.Due,
		Kind: c.Kind, Urgency: c.Urgency, Priority: c.Urgency.Rank(), Institution: c.Institution, Author: c.Author,
		Invited: c.Invited, Department: c.Department, Specialty: c.Request.Specialty,
		Patient: strings.ToLower(c.Request.Patient.Name), LocalID: strings.ToLower(c.Request.Patient.LocalID),
		Question: strings.ToLower(c.Request.Question), Confidential: c.Request.Patient.Confidential, Created: c.Created, Ended: c.Ended, Doc: doc,
	}
	if c.Booking != nil {
		row.Starts = c.Booking.Start
	}
	return row, nil
}

func (row caseRow) load() (*consult.Case, error) {
	c := new(consult.Case)
	if err := json.Unmarshal([]byte(row.Doc), c); err != nil {
		return nil, fmt.Errorf("case %s cannot be read: %w", row.ID, err)
	}
	if c.Members == nil {
		c.Members = []consult.Member{}
	}
	if c.Consents == nil {
		c.Consents = []consult.Consented{}
	}
	if c.Outcomes == nil {
		c.Outcomes = []consult.Outcome{}
	}
	return c, nil
}

// document writes a value as JSON for a column. A NUL character is refused:
// PostgreSQL cannot keep one.
func document(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	for rest := b; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return string(b), nil
		}
		slashes := 1 // an odd number of backslashes before the u: it is an escape
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 1 {
			return "", ErrBadText
		}
		rest = rest[i+6:]
	}
}

// plain refuses texts that PostgreSQL cannot keep.
func plain(texts ...string) error {
	for _, t := range texts {
		if strings.IndexByte(t, 0) >= 0 {
			return ErrBadText
		}
	}
	return nil
}

// Case returns the case.
func (r Reader) Case(ctx context.Context, tenant, id string) (*consult.Case, error) {
	return r.oneCase(ctx, tenant, id, false)
}

func (r Reader) oneCase(ctx context.Context, tenant, id string, lock bool) (*consult.Case, error) {
	var row caseRow
	q := r.db.NewSelect().Model(&row).Where("tenant = ? AND id = ?", tenant, id)
	if lock {
		q = r.forUpdate(q)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, translate(err)
	}
	return row.load()
}

// CaseOrder is an order of lists.
type CaseOrder int

const (
	ByQueue  CaseOrder = iota // clinical urgency, due time, creation: the queue's order
	ByNewest                  // newest creation first
	ByStart                   // booked start, earliest first; only booked cases
)

// CaseFilter narrows a list of cases; zero fields do not narrow. It does not
// know who may see what: the caller asks for what the reader's seat or role
// opens, and still checks each case.
type CaseFilter struct {
	Tenant      string // required
	Person      string // has one of Seats in the case at At
	Seats       []auth.Seat
	At          time.Time // required with Person
	Institution string    // inviting or invited
	Inviting    string
	Departments []string // invited departments
	States      []consult.State
	NotStates   []consult.State
	Urgency     consult.Urgency
	Query       string    // number, part of the patient's name, local number or question; a confidential case only for Reader
	Reader      string    // who asks
	From, To    time.Time // created in [From, To); with ByStart: booked to start in it
	Overdue     time.Time // due before this time
	Order       CaseOrder
	Limit       int    // 0: 50, at most 500
	Cursor      string // of the previous page
}

// never stands for "no due time": it sorts after every other.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Cases lists cases and the cursor of the next page, empty on the last one.
func (r Reader) Cases(ctx context.Context, f CaseFilter) (list []consult.Case, next string, err error) {
	if f.Limit <= 0 || f.Limit > 500 {
		f.Limit = 50
	}
	var rows []caseRow
	q := r.narrow(r.db.NewSelect().Model(&rows), f).Limit(int64(f.Limit) + 1)
	if q, err = page(q, f); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", translate(err)
	}
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = cursorAfter(rows[f.Limit-1], f.Order)
	}
	list = make([]consult.Case, 0, len(rows))
	for _, row := range rows {
		c, err := row.load()
		if err != nil {
			return nil, "", err
		}
		list = append(list, *c)
	}
	return list, next, nil
}

func (r Reader) narrow(q *bun.SelectQuery, f CaseFilter) *bun.SelectQuery {
	q = q.Where("c.tenant = ?", f.Tenant)
	if f.Person != "" {
		q = q.Where("EXISTS (?)", r.seated(f.Person, f.At, f.Seats))
	}
	if f.Institution != "" {
		q = q.Where("(c.institution = ? OR c.invited = ?)", f.Institution, f.Institution)
	}
	if f.Inviting != "" {
		q = q.Where("c.institution = ?", f.Inviting)
	}
	if f.Departments != nil {
		q = q.Where("c.department IN (?)", bun.List(append([]string{"-"}, f.Departments...)))
	}
	if f.States != nil {
		q = q.Where("c.state IN (?)", bun.List(append([]consult.State{"-"}, f.States...)))
	}
	if len(f.NotStates) > 0 {
		q = q.Where("c.state NOT IN (?)", bun.List(f.NotStates))
	}
	if f.Urgency != "" {
		q = q.Where("c.urgency = ?", f.Urgency)
	}
	if !f.Overdue.IsZero() {
		q = q.Where("c.due < ?", f.Overdue)
	}
	when := "c.created"
	if f.Order == ByStart {
		when = "c.starts"
	}
	if !f.From.IsZero() {
		q = q.Where(when+" >= ?", f.From)
	}
	if !f.To.IsZero() {
		q = q.Where(when+" < ?", f.To)
	}
	if f.Query != "" {
		like := contains(f.Query)
		q = q.Where(`(CAST(c.number AS TEXT) = ? OR ((NOT c.confidential OR EXISTS (?)) AND (c.patient LIKE ? ESCAPE '\' OR c.local_id LIKE ? ESCAPE '\' OR c.question LIKE ? ESCAPE '\')))`,
			strings.TrimSpace(strings.ReplaceAll(f.Query, "\x00", "")), r.seated(f.Reader, f.At, nil), like, like, like)
	}
	return q
}

func (r Reader) seated(person string, at time.Time, seats []auth.Seat) *bun.SelectQuery {
	q := r.db.NewSelect().TableExpr("seats AS st").ColumnExpr("1").
		Where("st.case_id = c.id AND st.person = ? AND (st.until IS NULL OR st.until > ?)", person, at)
	if len(seats) > 0 {
		q = q.Where("st.seat IN (?)", bun.List(seats))
	}
	return q
}

type caseCursor struct {
	Priority int       `json:"p,omitempty"`
	At       time.Time `json:"a"`
	Created  time.Time `json:"c,omitzero"`
	ID       string    `json:"i"`
}

func cursorAfter(row caseRow, order CaseOrder) string {
	cur := caseCursor{ID: row.ID}
	switch order {
	case ByNewest:
		cur.At = row.Created
	case ByStart:
		cur.At = row.Starts
	default:
		cur.Priority, cur.At, cur.Created = row.Priority, row.Due, row.Created
		if cur.At.IsZero() {
			cur.At = never
		}
	}
	return encodeCursor(cur)
}

// page puts the list into its order and goes on after the cursor.
func page(q *bun.SelectQuery, f CaseFilter) (*bun.SelectQuery, error) {
	var cur caseCursor
	if f.Cursor != "" {
		if err := decodeCursor(f.Cursor, &cur); err != nil {
			return nil, err
		}
	}
	switch f.Order {
	case ByNewest:
		if f.Cursor != "" {
			q = q.Where("(c.created < ? OR (c.created = ? AND c.id < ?))", cur.At, cur.At, cur.ID)
		}
		return q.Order("c.created DESC", "c.id DESC"), nil
	case ByStart:
		q = q.Where("c.starts IS NOT NULL")
		if f.Cursor != "" {
			q = q.Where("(c.starts > ? OR (c.starts = ? AND c.id > ?))", cur.At, cur.At, cur.ID)
		}
		return q.Order("c.starts", "c.id"), nil
	}
	if f.Cursor != "" {
		q = q.Where(`(c.priority > ? OR (c.priority = ? AND (COALESCE(c.due, ?) > ? OR (COALESCE(c.due, ?) = ? AND (c.created > ? OR (c.created = ? AND c.id > ?))))))`,
			cur.Priority, cur.Priority, never, cur.At, never, cur.At, cur.Created, cur.Created, cur.ID)
	}
	return q.OrderExpr("c.priority, COALESCE(c.due, ?), c.created, c.id", never), nil
}

// CaseCount is how many cases stand in one state with one urgency.
type CaseCount struct {
	State   consult.State   `bun:"state"`
	Urgency consult.Urgency `bun:"urgency"`
	Count   int             `bun:"count"`
	Late    int             `bun:"late"`   // past their due time
	Oldest  time.Time       `bun:"oldest"` // since when the oldest stands there
}

// Counts counts the tenant's cases by state and urgency.
func (r Reader) Counts(ctx context.Context, tenant string, now time.Time) ([]CaseCount, error) {
	list := []CaseCount{}
	err := r.db.NewSelect().TableExpr("cases AS c").Column("state", "urgency").
		ColumnExpr("COUNT(*) AS count").ColumnExpr("SUM(CASE WHEN due < ? THEN 1 ELSE 0 END) AS late", now).
		ColumnExpr("MIN(since) AS oldest").Where("tenant = ?", tenant).
		Group("state", "urgency").Order("state", "urgency").Scan(ctx, &list)
	return list, translate(err)
}
