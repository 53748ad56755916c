package rooms

import (
	"time"

	"consilium/rooms/consult"
)

// Named is something with an id and its name in both scripts.
type Named struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	NameLatin string `json:"name_latin,omitempty" doc:"the name in Latin script, when it has one"`
}

// Line is a consult as one row of a list: enough to recognise it and to see
// what it waits for, and no more of the record than that.
type Line struct {
	ID          string           `json:"id"`
	Number      int64            `json:"number"`
	Version     int64            `json:"version"`
	State       consult.State    `json:"state" enum:"draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Since       time.Time        `json:"since" doc:"when the state was entered"`
	Due         time.Time        `json:"due,omitzero" doc:"when the state must be left"`
	Created     time.Time        `json:"created"`
	Kind        consult.Kind     `json:"kind" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	Urgency     consult.Urgency  `json:"urgency" enum:"emergency,urgent,routine"`
	StartNow    bool             `json:"start_now"`
	Specialty   string           `json:"specialty"`
	Institution Named            `json:"institution" doc:"inviting institution"`
	Invited     *Named           `json:"invited,omitempty" doc:"invited institution"`
	Department  *Named           `json:"department,omitempty" doc:"invited department"`
	Patient     string           `json:"patient" doc:"name, or its mask when the case is confidential and the reader need not know; empty for an interpreter or observer, as are specialty, age, sex and question"`
	Masked      bool             `json:"masked,omitempty"`
	Age         *int             `json:"age,omitempty" doc:"years"`
	Sex         string           `json:"sex,omitempty" enum:",male,female,other,unknown"`
	Question    string           `json:"question"`
	Author      Named            `json:"author"`
	Experts     []Named          `json:"experts" doc:"who accepted; before that, who was asked"`
	Booking     *consult.Booking `json:"booking,omitempty"`
	WaitsFor    string           `json:"waits_for" enum:",requester,coordinator,expert,both,system" doc:"who has the next step; empty: nobody"`
	Seat        string           `json:"seat" enum:",owner,accompanying,invited,expert,chair,member,interpreter,observer,break-glass" doc:"the reader's seat"`
	Possible    []consult.Verb   `json:"possible" enum:"submit,return,triage,invite,accept,decline,schedule,prepare,arrive,admit,interrupt,resume,end,write,conclude,sign,append,decide,follow,close,cancel,expire,miss,reopen,start,consent,withdraw,escalate,join,break-glass,review" doc:"what the reader may do with it now"`
	Unread      bool             `json:"unread,omitempty" doc:"a signed opinion that the owner has not opened"`
}

// Lines is one page of a list.
type Lines struct {
	Items []Line `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; empty: this was the last"`
}

// PersonName is a person as colleagues see them beside a case.
type PersonName struct {
	ID                   string `json:"id"`
	Name                 string `json:"name"`
	NameLatin            string `json:"name_latin,omitempty"`
	Title                string `json:"title,omitempty"`
	Specialty            string `json:"specialty,omitempty"`
	Telephone            string `json:"telephone,omitempty"`
	Institution          string `json:"institution,omitempty" doc:"institution id"`
	InstitutionName      string `json:"institution_name,omitempty"`
	InstitutionNameLatin string `json:"institution_name_latin,omitempty"`
}

// Phone is a number that is on the screen as the last resort.
type Phone struct {
	Of        string `json:"of" enum:"inviting,invited,department"`
	Name      string `json:"name"`
	NameLatin string `json:"name_latin,omitempty"`
	Number    string `json:"number"`
}

// CaseView is a consult as far as the reader's seat opens it.
type CaseView struct {
	ID          string                `json:"id"`
	Number      int64                 `json:"number"`
	Version     int64                 `json:"version" doc:"send it back in If-Match to refuse a write on something newer"`
	Scope       string                `json:"scope" enum:"none,summary,whole" doc:"summary: request holds only what an invited expert or a coordinator may see; none: a guest in the call, or somebody who just left the case: nothing of the record"`
	Seat        string                `json:"seat" enum:",owner,accompanying,invited,expert,chair,member,interpreter,observer,break-glass"`
	State       consult.State         `json:"state" enum:"draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Since       time.Time             `json:"since"`
	Due         time.Time             `json:"due,omitzero"`
	Created     time.Time             `json:"created"`
	Ended       time.Time             `json:"ended,omitzero"`
	Kind        consult.Kind          `json:"kind" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	Urgency     consult.Urgency       `json:"urgency" enum:"emergency,urgent,routine"`
	StartNow    bool                  `json:"start_now"`
	Institution Named                 `json:"institution"`
	Invited     *Named                `json:"invited,omitempty"`
	Department  *Named                `json:"department,omitempty"`
	Author      string                `json:"author" doc:"person id; see people"`
	Request     consult.Request       `json:"request"`
	Masked      bool                  `json:"masked,omitempty" doc:"the patient's name is masked for this reader"`
	Lacks       []string              `json:"lacks" doc:"what is still needed before the draft can be submitted: keys of the specialty's minimum data, or names of fields"`
	Members     []consult.Member      `json:"members"`
	People      map[string]PersonName `json:"people" doc:"everybody that this view names, by person id"`
	Triage      *consult.Triaging     `json:"triage,omitempty"`
	Note        string                `json:"note,omitempty" doc:"the coordinator's words when returning the case"`
	Bypass      string                `json:"bypass,omitempty" doc:"why an emergency was submitted without the minimum data set"`
	Missing     []string              `json:"missing" doc:"what the coordinator found missing when returning the case"`
	Booking     *consult.Booking      `json:"booking,omitempty"`
	Consents    []consult.Consented   `json:"consents"`
	Deferred    string                `json:"consent_deferred,omitempty"`
	Explained   string                `json:"consent_explained,omitempty" doc:"why deferred or withdrawn consent was not recorded"`
	Wave        int                   `json:"wave,omitempty" doc:"the group of experts that rings now, counted from 1; 0: nothing rings"`
	Unheard     bool                  `json:"unheard,omitempty" doc:"everybody in line was rung and nobody accepted, or nobody's app could ring: use the telephone"`
	RingUntil   time.Time             `json:"ring_until,omitzero" doc:"when the present wave of ringing ends"`
	Asked       []consult.Asked       `json:"asked"`
	Chair       string                `json:"chair,omitempty" doc:"person id of the MDT chair"`
	Prepared    *consult.Prepared     `json:"prepared,omitempty"`
	Arrived     []string              `json:"arrived" doc:"person ids who knocked"`
	Began       time.Time             `json:"began,omitzero" doc:"when the call began"`
	Finished    time.Time             `json:"finished,omitzero" doc:"when the call ended"`
	Writing     string                `json:"writing,omitempty" doc:"why the consult continues in writing"`
	Breaches    []consult.Breach      `json:"breaches" doc:"break-glass accesses, flagged until reviewed"`
	Decision    *consult.Decision     `json:"decision,omitempty"`
	Outcomes    []consult.Outcome     `json:"outcomes"`
	Reason      string                `json:"reason,omitempty"`
	Absent      consult.Side          `json:"absent,omitempty" enum:",inviting,invited,both"`
	Opinions    []OpinionView         `json:"opinions" doc:"signed opinion first, then addenda"`
	Draft       *consult.Opinion      `json:"draft,omitempty" doc:"the reader's own unsigned opinion"`
	Attachments []AttachmentView      `json:"attachments"`
	WaitsFor    string                `json:"waits_for" enum:",requester,coordinator,expert,both,system"`
	Possible    []consult.Verb        `json:"possible" enum:"submit,return,triage,invite,accept,decline,schedule,prepare,arrive,admit,interrupt,resume,end,write,conclude,sign,append,decide,follow,close,cancel,expire,miss,reopen,start,consent,withdraw,escalate,join,break-glass,review" doc:"what the reader may do now"`
	May         []string              `json:"may" doc:"further actions open to the reader here: case.edit, case.vitals, attachment.add, opinion.draft, room.enter, chat.read …"`
	Phones      []Phone               `json:"phones"`
	BreakGlass  time.Time             `json:"break_glass,omitzero" doc:"when the reader's emergency access ends"`
}

// OpinionView is one signed version of the opinion.
type OpinionView struct {
	consult.Opinion
	Intact *bool `json:"intact,omitempty" doc:"whether the signed opinion still is what its digest was made of; false: it was changed in the database, tell the reader not to rely on it; absent for an addendum, which has no digest"`
}

// AttachmentView is a file that belongs to the case.
type AttachmentView struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Kind   string    `json:"kind" enum:"photo,pdf,file" doc:"photo: may be shown in the page; others are downloads"`
	Type   string    `json:"type" doc:"media type"`
	Size   int64     `json:"size" doc:"bytes"`
	Hash   string    `json:"hash" doc:"SHA-256, hex"`
	Width  int       `json:"width,omitempty" doc:"pixels"`
	Height int       `json:"height,omitempty" doc:"pixels"`
	By     string    `json:"by" doc:"person id"`
	At     time.Time `json:"at"`
}

// TimelineEntry is one thing that happened to a case.
type TimelineEntry struct {
	ID          string        `json:"id"`
	At          time.Time     `json:"at"`
	Person      string        `json:"person,omitempty" doc:"person id; empty: the system"`
	Name        string        `json:"name,omitempty"`
	Institution string        `json:"institution,omitempty" doc:"institution name"`
	Action      string        `json:"action" doc:"consult.<verb>, case.read, attachment.add, room.enter …"`
	From        consult.State `json:"from,omitempty" enum:",draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	To          consult.State `json:"to,omitempty" enum:",draft,submitted,returned,triaged,invited,accepted,scheduled,ready,waiting,in-call,interrupted,async,opinion-due,signed,decided,follow-up,closed,cancelled,expired,no-show"`
	Detail      string        `json:"detail,omitempty" doc:"never clinical text; of attachment.add: photo, pdf or file"`
	Lasted      int           `json:"lasted,omitempty" doc:"seconds in the call, when someone left it"`
	Link        *SessionLink  `json:"link,omitempty" doc:"how the link was in that time, when someone left the call"`
	Outcome     string        `json:"outcome" enum:"done,refused"`
}

// SessionLink is how a person's link was during a stay in a call, on average.
type SessionLink struct {
	RTT        float64 `json:"rtt" doc:"ms"`
	Loss       float64 `json:"loss" doc:"share of packets lost, 0 to 1, the worse direction"`
	RateUp     float64 `json:"rate_up" doc:"kbit/s sent"`
	RateDown   float64 `json:"rate_down" doc:"kbit/s received"`
	Concealed  float64 `json:"concealed" doc:"share of the sound that had to be invented, 0 to 1"`
	Freezes    int     `json:"freezes" doc:"times that a picture stood still"`
	Reconnects int     `json:"reconnects" doc:"times that sound and picture came back after they were lost"`
	Path       string  `json:"path" enum:"udp,tcp,relay"`
}

// ChatView is one kept message of a case.
type ChatView struct {
	Seq       int64     `json:"seq"`
	Key       string    `json:"key"`
	Person    string    `json:"person"`
	Name      string    `json:"name"`
	NameLatin string    `json:"name_latin,omitempty"`
	At        time.Time `json:"at"`
	Text      string    `json:"text"`
}

// RingView is what an expert sees while it rings.
type RingView struct {
	Consult    string          `json:"consult"`
	Number     int64           `json:"number"`
	Urgency    consult.Urgency `json:"urgency" enum:"emergency,urgent,routine"`
	Specialty  string          `json:"specialty"`
	Department *Named          `json:"department,omitempty"`
	From       Named           `json:"from" doc:"inviting institution"`
	Telephone  string          `json:"telephone,omitempty" doc:"of the inviting institution"`
	Author     PersonName      `json:"author"`
	Age        *int            `json:"age,omitempty"`
	Sex        string          `json:"sex,omitempty" enum:",male,female,other,unknown"`
	Question   string          `json:"question"`
	Since      time.Time       `json:"since" doc:"when the doctor asked"`
	Until      time.Time       `json:"until,omitzero" doc:"when this wave ends"`
	Wave       int             `json:"wave"`
	Invitation bool            `json:"invitation,omitempty" doc:"true: invited into a running call"`
}

// TicketView opens a socket once, within 60 seconds.
type TicketView struct {
	Ticket string `json:"ticket" doc:"single use, 60 s; the first frame of the socket"`
	Path   string `json:"path" doc:"path of the socket, on this host"`
}
