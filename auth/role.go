package auth

import "time"

// Role is what a person may be at one institution. A person holds roles per
// institution, each with a start and an end (multi-site practice, 多点执业).
type Role string

const (
	Requester        Role = "requester"         // 申请医生: the rural doctor on the inviting side
	Accompanying     Role = "accompanying"      // 陪同医务人员: vitals and intake, no decision
	Expert           Role = "expert"            // 受邀专家: the specialist on the invited side
	Coordinator      Role = "coordinator"       // 协调员: triage, assignment, schedule; no media
	Interpreter      Role = "interpreter"       // 翻译
	Observer         Role = "observer"          // 观摩
	InstitutionAdmin Role = "institution-admin" // 机构管理员
	PartnershipAdmin Role = "partnership-admin" // 医联体管理员
	QualityReviewer  Role = "quality-reviewer"  // 质控: masked sample
	Finance          Role = "finance"           // 财务: charges only
	Auditor          Role = "auditor"           // 审计: the audit trail only
)

// Seat is what a person is in one consult. A role opens the door to a kind of
// work; only a seat opens a particular case.
type Seat string

const (
	SeatNone         Seat = ""
	SeatOwner        Seat = "owner"        // the requester who owns the case
	SeatAccompanying Seat = "accompanying" // with the patient
	SeatInvited      Seat = "invited"      // an expert who has been asked and has not answered
	SeatExpert       Seat = "expert"       // an expert who accepted
	SeatChair        Seat = "chair"        // MDT chair, signs the consensus
	SeatMember       Seat = "member"       // MDT member
	SeatInterpreter  Seat = "interpreter"
	SeatObserver     Seat = "observer"
	SeatBreakGlass   Seat = "break-glass" // opened under 紧急调阅, 60 minutes
)

// Stage is the part of a case's life that access depends on. The lifecycle's
// package maps its states onto stages, so this package need not know them.
type Stage string

const (
	StageDraft    Stage = "draft"    // not yet submitted
	StageReturned Stage = "returned" // sent back for completion: the owner edits, the coordinator still sees it
	StageQueue    Stage = "queue"    // submitted until accepted
	StageOpen     Stage = "open"     // accepted until the call begins
	StageCall     Stage = "call"     // ready, waiting, in call, interrupted
	StageWriting  Stage = "writing"  // asynchronous, or opinion due
	StageAnswered Stage = "answered" // signed, decided, follow-up
	StageEnded    Stage = "ended"    // closed, cancelled, expired or no-show, for 30 days
	StageArchived Stage = "archived" // 30 days after ending
)

// Grant is one role of one person at one institution during [From, Until).
// A zero Until has no end. Roles for the whole partnership (coordinator,
// partnership administrator, auditor …) may have no institution.
type Grant struct {
	Institution string    `json:"institution" doc:"institution id; empty for the whole partnership"`
	Role        Role      `json:"role" enum:"requester,accompanying,expert,coordinator,interpreter,observer,institution-admin,partnership-admin,quality-reviewer,finance,auditor"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until,omitzero"`
}

// Actor is who is asking: a person behind a valid session or token, with the
// grants that hold now. The zero Actor may do nothing.
type Actor struct {
	Person  string  // person id
	Tenant  string  // partnership id
	Session string  // session id; empty for a bearer token
	Grants  []Grant // valid now
	Epoch   int64   // the person's revocation epoch when the actor was made
}

// Has reports whether the actor holds the role at any institution.
func (a Actor) Has(r Role) bool {
	for _, g := range a.Grants {
		if g.Role == r {
			return true
		}
	}
	return false
}

// HasAt reports whether the actor holds the role at the institution.
func (a Actor) HasAt(r Role, institution string) bool {
	for _, g := range a.Grants {
		if g.Role == r && g.Institution == institution {
			return true
		}
	}
	return false
}

// Object is what an action is about, as far as access depends on it.
type Object struct {
	Tenant       string
	Institutions []string // institutions that the object belongs to: inviting first, then invited
	Seat         Seat     // the actor's seat in the consult, SeatNone without one
	Stage        Stage
}
