package auth

import "slices"

// Action is something that a person may be allowed to do. An act on a case is
// "consult." and the lifecycle's verb.
type Action string

// Allow is the one place where access is decided: same partnership, and a row
// of the table whose who and when both fit. Whatever no row allows is denied.
//
// A caller turns a denial about an object into "not found" unless the actor
// may see the object (Visible), and a denial without an object into
// "forbidden". Whether the state of a case permits an act is not decided here:
// that is the lifecycle's answer, which also says what is possible instead.
func Allow(a Actor, act Action, o Object) bool {
	if a.Person == "" || a.Tenant == "" || a.Tenant != o.Tenant {
		return false
	}
	for _, r := range rowsOf[act] {
		if r.who.fits(a, o) && r.when.has(o.Stage) {
			return true
		}
	}
	return false
}

// Visible reports whether the actor may know that the case exists.
func Visible(a Actor, o Object) bool {
	return Allow(a, "case.summary", o) || Allow(a, "room.enter", o)
}

// Actions lists every action of the table once, in the table's order. A route
// whose action is not among them must not start.
func Actions() []Action {
	var acts []Action
	for _, r := range table {
		if !slices.Contains(acts, r.act) {
			acts = append(acts, r.act)
		}
	}
	return acts
}

// row allows act to who while the case is in one of the stages.
type row struct {
	act  Action
	who  who
	when stages
}

// who is a group of people as the table names them.
type who interface{ fits(Actor, Object) bool }

// seats are people with one of these seats in the case, who also still hold a
// role that the seat rests on.
type seats []Seat

// partner are people with one of these roles anywhere in the partnership.
type partner []Role

// here are people with one of these roles at the object's own institution
// (for a case: the inviting one).
type here []Role

// outsider are people with one of these roles and no seat in the case.
type outsider []Role

// nobody: the server does it by itself; no person may ask for it.
type nobody struct{}

func (s seats) fits(a Actor, o Object) bool {
	return slices.Contains(s, o.Seat) && restsOn(o.Seat, a, o)
}

func (p partner) fits(a Actor, _ Object) bool { return slices.ContainsFunc(p, a.Has) }

func (h here) fits(a Actor, o Object) bool {
	return len(o.Institutions) > 0 && o.Institutions[0] != "" &&
		slices.ContainsFunc(h, func(r Role) bool { return a.HasAt(r, o.Institutions[0]) })
}

func (x outsider) fits(a Actor, o Object) bool {
	return o.Seat == SeatNone && slices.ContainsFunc(x, a.Has)
}

func (nobody) fits(Actor, Object) bool { return false }

// restsOn reports whether the actor holds a role that carries the seat. A seat
// outlives no role: a doctor whose grant ended is out of the case as well.
func restsOn(s Seat, a Actor, o Object) bool {
	switch s {
	case SeatOwner:
		return here{Requester}.fits(a, o)
	case SeatAccompanying:
		return here{Accompanying, Requester}.fits(a, o)
	case SeatInvited, SeatExpert, SeatChair, SeatMember:
		return a.Has(Expert)
	case SeatInterpreter:
		return a.Has(Interpreter)
	case SeatObserver:
		return a.Has(Observer) || a.Has(Requester) || a.Has(Expert)
	case SeatBreakGlass:
		return a.Has(Requester) || a.Has(Expert)
	}
	return false
}

// stages are the parts of a case's life in which a row holds.
type stages []Stage

// global: no case is involved.
var global = stages{""}

func (s stages) has(stage Stage) bool { return slices.Contains(s, stage) }

var rowsOf = func() map[Action][]row {
	rows := make(map[Action][]row)
	for _, r := range table {
		rows[r.act] = append(rows[r.act], r)
	}
	return rows
}()

// MayGrant reports whether the actor may give the grant to a person of the
// partnership: an administrator of an institution only roles at that
// institution, and never the roles that see the whole partnership.
func MayGrant(a Actor, tenant string, g Grant) bool {
	if a.Tenant == "" || a.Tenant != tenant || a.Person == "" {
		return false
	}
	if a.Has(PartnershipAdmin) {
		return true
	}
	if g.Institution == "" || !a.HasAt(InstitutionAdmin, g.Institution) {
		return false
	}
	switch g.Role {
	case Requester, Accompanying, Expert, Interpreter, Observer, InstitutionAdmin:
		return true
	}
	return false
}

// MayManage reports whether the actor may change, disable or reset the person:
// who could not have given a grant may not take over its holder's account.
func MayManage(a Actor, p Person) bool {
	if a.Tenant == "" || a.Tenant != p.Tenant || a.Person == "" {
		return false
	}
	if a.Has(PartnershipAdmin) {
		return true
	}
	return len(p.Grants) > 0 && !slices.ContainsFunc(p.Grants, func(g Grant) bool {
		return !MayGrant(a, p.Tenant, g)
	})
}
