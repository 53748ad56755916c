package store

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"consilium/auth"
	"consilium/rooms/consult"
)

// TransitionInput says which case is to change and who changes it.
type TransitionInput struct {
	Tenant  string
	ID      string
	Key     string // idempotency key, per person; empty: none
	Request string // digest of what is asked; the same key with another one is refused
	Expect  int64  // version that the actor saw; 0: any
	Timer   string // id of the claimed timer that this transition answers; it counts as fired with it

	By          auth.Actor // consult.System for timers and the live room
	IP          string
	Institution string // of the actor, for the audit trail
	Action      string // for the audit trail; empty: consult.<verb>
	Detail      string // for the audit trail; no clinical text
	Told        bool   // show it in the timeline even though it is no step of the lifecycle
}

// Result is what a transition left behind.
type Result struct {
	Case     *consult.Case
	Event    consult.Event
	Replayed bool // the key was used before: nothing happened now
}

// CodeKeyReused is the code of the consult.Error for an idempotency key that was
// used for something else.
const CodeKeyReused = "key-reused"

// Transition changes one case in one transaction: it loads the case, lets f
// change it (by [consult.Case.Apply], or by editing it and returning an event
// without a verb), and writes the case if nobody else did meanwhile, with its
// history, seats, busy intervals and timers, an audit entry and an outbox
// entry. f may run more than once, each time on a freshly loaded case, and must
// write through tx only. An error of f leaves everything as it was.
//
// ErrNotFound: no such case in the tenant. ErrTimerGone: the timer no longer
// applies. *consult.Error with consult.Stale, consult.BookedTwice (Missing holds
// the ids of who is booked already) or CodeKeyReused.
func (s *Store) Transition(ctx context.Context, in TransitionInput, f func(tx *Tx, c *consult.Case) (consult.Event, error)) (Result, error) {
	var res Result
	var booked *consult.Case // the case whose booking was being written
	err := s.Write(ctx, func(tx *Tx) error {
		res, booked = Result{}, nil
		c, err := tx.oneCase(ctx, in.Tenant, in.ID, true)
		if err != nil {
			return err
		}
		if event, found, err := tx.replay(ctx, in.Tenant, in.By.Person, in.Key, in.Request, in.ID); err != nil || found {
			res = Result{Case: c, Event: event, Replayed: true}
			return err
		}
		if in.Timer != "" {
			if err := tx.Fire(ctx, in.Timer, time.Now()); err != nil {
				return err
			}
		}
		if in.Expect != 0 && in.Expect != c.Version {
			return stale()
		}
		before := c.Version
		was := peopleOf(c)
		event, err := f(tx, c)
		if err != nil {
			return err
		}
		if c.Version == before {
			c.Version++
		}
		event = complete(event, c, in.By)
		booked = c
		if err := tx.writeCase(ctx, c, before); err != nil {
			return err
		}
		res = Result{Case: c, Event: event}
		return tx.record(ctx, in, c, event, was)
	})
	if errors.Is(err, errBookedTwice) && booked != nil {
		return Result{}, s.bookedTwice(ctx, booked)
	}
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// CreateInput is a new case and who makes it. Number and version are given here.
type CreateInput struct {
	Case    *consult.Case
	Event   consult.Event // of the command that made it; zero for a plain draft
	Key     string
	Request string

	By          auth.Actor
	IP          string
	Institution string
	Action      string // empty: consult.create
	Detail      string
}

// Create stores a new case, with everything that a transition writes. f, which
// may be nil, can change it within the transaction before it is written, as in
// Transition.
func (s *Store) Create(ctx context.Context, in CreateInput, f func(tx *Tx, c *consult.Case) (consult.Event, error)) (Result, error) {
	tenant, made := in.Case.Tenant, in.Case
	t := TransitionInput{Tenant: tenant, ID: made.ID, Key: in.Key, Request: in.Request, By: in.By, IP: in.IP,
		Institution: in.Institution, Action: in.Action, Detail: in.Detail}
	if t.Action == "" {
		t.Action = "consult.create"
	}
	var res Result
	var booked *consult.Case
	err := s.Write(ctx, func(tx *Tx) error {
		res, booked = Result{}, nil
		if event, found, err := tx.replay(ctx, tenant, in.By.Person, in.Key, in.Request, ""); err != nil || found {
			res = Result{Event: event, Replayed: true}
			if found {
				res.Case, err = tx.Case(ctx, tenant, event.Case)
			}
			return err
		}
		c := *made
		var err error
		if c.Number, err = tx.nextNumber(ctx, tenant); err != nil {
			return err
		}
		event := in.Event
		if f != nil {
			if event, err = f(tx, &c); err != nil {
				return err
			}
		}
		c.Version = max(c.Version, 1)
		booked = &c
		event = complete(event, &c, in.By)
		if err := tx.writeCase(ctx, &c, 0); err != nil {
			return err
		}
		res = Result{Case: &c, Event: event}
		return tx.record(ctx, t, &c, event, nil)
	})
	if errors.Is(err, errBookedTwice) && booked != nil {
		return Result{}, s.bookedTwice(ctx, booked)
	}
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// complete fills in what the store knows better than the caller.
func complete(e consult.Event, c *consult.Case, by auth.Actor) consult.Event {
	e.Case, e.Tenant, e.Version, e.To = c.ID, c.Tenant, c.Version, c.State
	if e.From == "" {
		e.From = c.State
	}
	if e.By == "" {
		e.By = by.Person
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.UTC()
	return e
}

func stale() *consult.Error {
	return &consult.Error{Code: consult.Stale, Message: "Somebody changed this consult meanwhile. Look at it again, then repeat what you wanted to do."}
}

func (tx *Tx) nextNumber(ctx context.Context, tenant string) (int64, error) {
	var n int64
	err := tx.db.NewRaw(`INSERT INTO case_numbers (tenant, last) VALUES (?, 1)
		ON CONFLICT (tenant) DO UPDATE SET last = case_numbers.last + 1 RETURNING last`, tenant).Scan(ctx, &n)
	return n, err
}

// writeCase writes the case if it still has the version before (0: it is new),
// keeps the version in the history, and brings seats and busy time in line.
func (tx *Tx) writeCase(ctx context.Context, c *consult.Case, before int64) error {
	row, err := rowOfCase(c)
	if err != nil {
		return err
	}
	if before == 0 {
		if _, err := tx.db.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
	} else {
		n, err := affected(tx.db.NewUpdate().Model(&row).ExcludeColumn("id", "tenant", "number", "created").
			Where("id = ? AND tenant = ? AND version = ?", c.ID, c.Tenant, before).Exec(ctx))
		if err != nil {
			return err
		}
		if n == 0 {
			return errAgain
		}
	}
	if c.State != consult.Draft {
		if _, err := tx.db.NewRaw("INSERT INTO case_history (case_id, version, at, doc) VALUES (?, ?, ?, ?)",
			c.ID, c.Version, time.Now(), row.Doc).Exec(ctx); err != nil {
			return err
		}
	}
	if err := tx.writeSeats(ctx, c); err != nil {
		return err
	}
	return tx.writeBusy(ctx, c)
}

type seatRow struct {
	bun.BaseModel `bun:"table:seats,alias:st"`

	Tenant string    `bun:"tenant"`
	Case   string    `bun:"case_id,pk"`
	Person string    `bun:"person,pk"`
	Seat   auth.Seat `bun:"seat,pk"`
	Since  time.Time `bun:"since,pk"`
	Until  time.Time `bun:"until,nullzero"`
}

// writeSeats mirrors the members into a table that lists can look for. The
// document, with its history, stays the record of who sat where.
func (tx *Tx) writeSeats(ctx context.Context, c *consult.Case) error {
	if _, err := tx.db.NewDelete().Model((*seatRow)(nil)).Where("case_id = ?", c.ID).Exec(ctx); err != nil {
		return err
	}
	rows := make([]seatRow, 0, len(c.Members))
	for _, m := range c.Members {
		row := seatRow{Tenant: c.Tenant, Case: c.ID, Person: m.Person, Seat: m.Seat, Since: m.Since, Until: m.Until}
		if !slices.ContainsFunc(rows, func(r seatRow) bool {
			return r.Person == row.Person && r.Seat == row.Seat && r.Since.Equal(row.Since)
		}) {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.db.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// record writes what goes with the case: audit, outbox, timers, and the answer
// to the key.
func (tx *Tx) record(ctx context.Context, in TransitionInput, c *consult.Case, e consult.Event, was []string) error {
	action := in.Action
	if action == "" {
		action = "consult." + string(e.Verb)
	}
	err := tx.Audit(ctx, AuditEntry{Tenant: c.Tenant, At: e.At, Person: e.By, Session: in.By.Session, IP: in.IP, Action: action,
		Case: c.ID, Institution: in.Institution, From: e.From, To: e.To, Version: c.Version, Detail: in.Detail,
		Told: e.Verb != "" || in.Told || action == "consult.create"})
	if err != nil {
		return err
	}
	people, err := tx.audience(ctx, c, e, was)
	if err != nil {
		return err
	}
	if err := tx.Announce(ctx, OutboxEntry{Tenant: c.Tenant, Kind: KindChanged, Case: c.ID, Version: c.Version, State: c.State,
		Verb: e.Verb, People: people, Event: &e, At: e.At}); err != nil {
		return err
	}
	if e.Verb != "" || e.Timers != nil {
		if err := tx.replaceTimers(ctx, c, e.Timers); err != nil {
			return err
		}
	}
	if in.Key == "" {
		return nil
	}
	result, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return tx.remember(ctx, idempotencyRow{Tenant: c.Tenant, Person: in.By.Person, Key: in.Key, Request: in.Request,
		Case: c.ID, Result: string(result), At: e.At})
}

// peopleOf is everybody with a seat.
func peopleOf(c *consult.Case) []string {
	people := []string{c.Author}
	for _, m := range c.Members {
		people = append(people, m.Person)
	}
	return people
}

// audience is who may be told of the change: who has or had a seat, who is
// asked or no longer asked, and, unless it is a draft, the coordinators.
func (tx *Tx) audience(ctx context.Context, c *consult.Case, e consult.Event, was []string) ([]string, error) {
	people := slices.Concat(was, peopleOf(c), e.People, e.Asked, e.Released)
	if c.State != consult.Draft {
		var coordinators []string
		err := tx.db.NewSelect().TableExpr("grants AS g").ColumnExpr("DISTINCT g.person").
			Where("g.tenant = ? AND g.role = ?", c.Tenant, auth.Coordinator).
			Where("g.since <= ? AND (g.until IS NULL OR g.until > ?)", e.At, e.At).Scan(ctx, &coordinators)
		if err != nil {
			return nil, err
		}
		people = append(people, coordinators...)
	}
	slices.Sort(people)
	return slices.DeleteFunc(slices.Compact(people), func(p string) bool { return p == "" }), nil
}
