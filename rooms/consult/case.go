package consult

import (
	"time"

	"consilium/auth"
)

// Kind is what is asked of the invited side.
type Kind string

const (
	Video           Kind = "video"        // 视频会诊
	Written         Kind = "asynchronous" // 异步会诊, store and forward
	RemoteDiagnosis Kind = "diagnosis"    // 远程诊断: the invited side answers for the report
	MDT             Kind = "mdt"          // 多学科会诊
	Teaching        Kind = "teaching"     // 教学查房
)

// Urgency is clinical urgency, the first key of the queue's order.
type Urgency string

const (
	Emergency Urgency = "emergency" // 急
	Urgent    Urgency = "urgent"    // 加急
	Routine   Urgency = "routine"   // 常规
)

// Case is a consult from request to outcome: the aggregate that a transition
// reads and writes as one. Version counts its writes (compare-and-set).
type Case struct {
	ID          string      `json:"id"`
	Tenant      string      `json:"tenant"`
	Number      int64       `json:"number" doc:"running number within the partnership, printed on the opinion"`
	Version     int64       `json:"version"`
	State       State       `json:"state"`
	Since       time.Time   `json:"since" doc:"when the state was entered, UTC"`
	Due         time.Time   `json:"due,omitzero" doc:"when the present state must be left, UTC"`
	Kind        Kind        `json:"kind"`
	Urgency     Urgency     `json:"urgency"`
	StartNow    bool        `json:"start_now" doc:"began as 急会诊"`
	Institution string      `json:"institution" doc:"inviting institution id"`
	Author      string      `json:"author" doc:"person id of the requester who owns the case"`
	Invited     string      `json:"invited,omitempty" doc:"invited institution id"`
	Department  string      `json:"department,omitempty" doc:"invited department id"`
	Agreement   string      `json:"agreement,omitempty" doc:"agreement id between the institutions"`
	Request     Request     `json:"request"`
	Members     []Member    `json:"members"`
	Triage      *Triaging   `json:"triage,omitempty"`
	Missing     []string    `json:"missing,omitempty" doc:"what the coordinator found missing when returning the case"`
	Note        string      `json:"note,omitempty" doc:"the coordinator's words when returning the case"`
	Bypass      string      `json:"bypass,omitempty" doc:"why an emergency was submitted without the minimum data set"`
	Booking     *Booking    `json:"booking,omitempty"`
	Consents    []Consented `json:"consents"`
	Deferred    string      `json:"consent_deferred,omitempty" doc:"why consent was deferred in an emergency"`
	Explained   string      `json:"consent_explained,omitempty" doc:"why deferred or withdrawn consent was not recorded"`
	Wave        int         `json:"wave,omitempty" doc:"the group of experts that rings now, counted from 1; 0: nothing rings"`
	WaveEnds    time.Time   `json:"wave_ends,omitzero" doc:"when the present ring times out"`
	Unheard     bool        `json:"unheard,omitempty" doc:"everybody in line was rung and nobody accepted"`
	Chair       string      `json:"chair,omitempty" doc:"person id of the MDT chair"`
	Asked       []Asked     `json:"asked,omitempty" doc:"who was invited, and what each answered"`
	Prepared    *Prepared   `json:"prepared,omitempty"`
	Arrived     []string    `json:"arrived,omitempty" doc:"person ids who knocked"`
	Began       time.Time   `json:"began,omitzero" doc:"when the call began"`
	Finished    time.Time   `json:"finished,omitzero" doc:"when the call ended"`
	Writing     string      `json:"writing,omitempty" doc:"why the consult continues in writing"`
	Signer      string      `json:"signer,omitempty" doc:"person id of who signed the opinion"`
	Signed      time.Time   `json:"signed,omitzero"`
	Decision    *Decision   `json:"decision,omitempty"`
	Outcomes    []Outcome   `json:"outcomes"`
	Reason      string      `json:"reason,omitempty" doc:"why the case was cancelled, expired or missed"`
	Absent      Side        `json:"absent,omitempty" doc:"which side did not appear"`
	Breaches    []Breach    `json:"breaches,omitempty" doc:"break-glass accesses, flagged until reviewed"`
	Created     time.Time   `json:"created"`
	Ended       time.Time   `json:"ended,omitzero"`
}

// Side is one side of a consult.
type Side string

const (
	Inviting    Side = "inviting"
	InvitedSide Side = "invited"
	BothSides   Side = "both"
)

// Member is a person's seat in the case.
type Member struct {
	Person      string    `json:"person"`
	Institution string    `json:"institution"`
	Seat        auth.Seat `json:"seat"`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until,omitzero" doc:"when the seat ends by itself (break-glass, observers)"`
}

// Request is what the inviting side asks (FHIR ServiceRequest).
type Request struct {
	Patient     Patient           `json:"patient"`
	Question    string            `json:"question" maxLength:"2000" doc:"the question to the expert"`
	Specialty   string            `json:"specialty" maxLength:"64" doc:"wanted specialty, a code of the specialty list"`
	Complaint   string            `json:"complaint,omitempty" maxLength:"4000" doc:"chief complaint, 主诉"`
	History     string            `json:"history,omitempty" maxLength:"20000" doc:"present and past history, 病史"`
	Examination string            `json:"examination,omitempty" maxLength:"20000" doc:"physical examination, 查体"`
	Diagnoses   []Diagnosis       `json:"diagnoses,omitempty" maxItems:"20" doc:"provisional diagnoses"`
	Allergies   string            `json:"allergies,omitempty" maxLength:"2000"`
	Medication  string            `json:"medication,omitempty" maxLength:"4000" doc:"current medication"`
	Vitals      []Vitals          `json:"vitals,omitempty" maxItems:"200"`
	Data        map[string]string `json:"data,omitempty" doc:"items of the specialty's minimum data set by their key"`
	Companion   string            `json:"companion,omitempty" doc:"person id of the accompanying clinician"`
}

// Patient is who the consult is about, as the inviting institution knows them.
type Patient struct {
	LocalID      string `json:"local_id,omitempty" maxLength:"64" doc:"the institution's own patient number"`
	Name         string `json:"name,omitempty" maxLength:"120"`
	Birth        string `json:"birth,omitempty" pattern:"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$" doc:"birth date, whole or partial (FHIR date)"`
	Age          *int   `json:"age,omitempty" minimum:"0" maximum:"130" doc:"years, when only the age is known"`
	Sex          string `json:"sex,omitempty" enum:",male,female,other,unknown" doc:"FHIR administrative-gender"`
	Confidential bool   `json:"confidential,omitempty" doc:"mask the name in lists; never changes the order"`
}

// Diagnosis is an ICD-10 diagnosis, or a TCM diagnosis that may stand beside it.
type Diagnosis struct {
	System string `json:"system" enum:"icd-10,tcm"`
	Code   string `json:"code,omitempty" maxLength:"16"`
	Text   string `json:"text" maxLength:"400"`
}

// Vitals is one set of measurements; each value is nil when not taken.
// Units are UCUM, codes LOINC, as in the domain's table.
type Vitals struct {
	Taken       time.Time `json:"taken"`
	By          string    `json:"by,omitempty" doc:"person id"`
	Device      string    `json:"device,omitempty" maxLength:"120"`
	Systolic    *float64  `json:"systolic,omitempty" minimum:"20" maximum:"320" doc:"mm[Hg], LOINC 8480-6"`
	Diastolic   *float64  `json:"diastolic,omitempty" minimum:"10" maximum:"220" doc:"mm[Hg], LOINC 8462-4"`
	HeartRate   *float64  `json:"heart_rate,omitempty" minimum:"0" maximum:"350" doc:"/min, LOINC 8867-4"`
	Respiratory *float64  `json:"respiratory_rate,omitempty" minimum:"0" maximum:"120" doc:"/min, LOINC 9279-1"`
	Temperature *float64  `json:"temperature,omitempty" minimum:"20" maximum:"46" doc:"Cel, LOINC 8310-5"`
	SpO2        *float64  `json:"spo2,omitempty" minimum:"0" maximum:"100" doc:"%, LOINC 59408-5"`
	Weight      *float64  `json:"weight,omitempty" minimum:"0.2" maximum:"500" doc:"kg, LOINC 29463-7"`
	Height      *float64  `json:"height,omitempty" minimum:"20" maximum:"260" doc:"cm, LOINC 8302-2"`
	Glucose     *float64  `json:"glucose,omitempty" minimum:"0" maximum:"80" doc:"mmol/L, LOINC 15074-8"`
	GCS         *float64  `json:"gcs,omitempty" minimum:"3" maximum:"15" doc:"{score}, LOINC 9269-2"`
	Pain        *float64  `json:"pain,omitempty" minimum:"0" maximum:"10" doc:"{score}, LOINC 72514-3"`
}

// Triaging is the coordinator's act: urgency on clinical grounds.
type Triaging struct {
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Grounds  string    `json:"grounds"`
	Override string    `json:"override,omitempty" doc:"clinical reason for moving the case out of order"`
}

// Asked is one invitation and its answer.
type Asked struct {
	Person     string    `json:"person"`
	Department string    `json:"department,omitempty"`
	At         time.Time `json:"at"`
	Wave       int       `json:"wave,omitempty"`
	Answer     string    `json:"answer,omitempty" enum:",accepted,declined,taken,unanswered"`
	Reason     string    `json:"reason,omitempty"`
	Answered   time.Time `json:"answered,omitzero"`
}

// Booking is when a scheduled consult takes place; half-open [Start, End) in UTC.
type Booking struct {
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	People  []string  `json:"people" doc:"person ids whose time is taken"`
	Clashes []string  `json:"clashes,omitempty" doc:"consults that an emergency overrode"`
}

// Prepared is the inviting side's device check before a scheduled consult.
type Prepared struct {
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Camera     bool      `json:"camera"`
	Microphone bool      `json:"microphone"`
	Speaker    bool      `json:"speaker"`
	Presenter  string    `json:"presenter" doc:"person id of the clinician beside the patient"`
}

// Breach is one break-glass access (紧急调阅).
type Breach struct {
	Person     string    `json:"person"`
	At         time.Time `json:"at"`
	Until      time.Time `json:"until"`
	Reason     string    `json:"reason"`
	Reviewed   time.Time `json:"reviewed,omitzero"`
	ReviewedBy string    `json:"reviewed_by,omitempty"`
	Note       string    `json:"note,omitempty" doc:"what the review found"`
}

// Consented is one recorded consent (知情同意).
type Consented struct {
	ID           string    `json:"id"`
	Purpose      string    `json:"purpose" enum:"care,sharing,recording,attendance" doc:"attendance: an interpreter or observer is present"`
	Version      string    `json:"version" maxLength:"40" doc:"version of the consent text"`
	Language     string    `json:"language" maxLength:"16" doc:"BCP 47"`
	Signer       string    `json:"signer" maxLength:"120"`
	Relationship string    `json:"relationship" maxLength:"60" doc:"self, parent, child, spouse, guardian …"`
	Given        time.Time `json:"given"`
	Expires      time.Time `json:"expires,omitzero"`
	Withdrawn    time.Time `json:"withdrawn,omitzero"`
	RecordedBy   string    `json:"recorded_by"`
}

// Decision is what the inviting doctor makes of the opinion.
type Decision struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Choice string    `json:"choice" enum:"adopted,partly,not"`
	Why    string    `json:"why"`
}

// Outcome is what came of it, at 7 and 30 days or when lost to follow-up.
type Outcome struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Day  int       `json:"day" enum:"0,7,30" doc:"days after the decision; 0 only when lost to follow-up"`
	Lost bool      `json:"lost,omitempty" doc:"lost to follow-up"`
	Text string    `json:"text"`
}

// Opinion is one version of the expert's written opinion (会诊意见书). The draft
// has version 0 and is seen by its author alone; signing makes version 1; an
// addendum is a further version and never replaces what was signed.
type Opinion struct {
	Case      string         `json:"case"`
	Version   int            `json:"version"`
	Author    string         `json:"author"`
	Saved     time.Time      `json:"saved,omitzero"`
	Signed    time.Time      `json:"signed,omitzero"`
	Content   OpinionContent `json:"content"`
	Record    *OpinionRecord `json:"record,omitempty" doc:"frozen when signed"`
	Addendum  string         `json:"addendum,omitempty" doc:"text of an addendum; content is then empty"`
	Delivered time.Time      `json:"delivered,omitzero"`
	Read      time.Time      `json:"read,omitzero" doc:"when the requester first read it"`
}

// OpinionContent is what the expert writes.
type OpinionContent struct {
	Findings      string      `json:"findings" maxLength:"20000"`
	Limits        string      `json:"limits,omitempty" maxLength:"4000" doc:"limits of the remote examination"`
	Diagnosis     string      `json:"diagnosis" maxLength:"4000"`
	Codes         []Diagnosis `json:"codes,omitempty" maxItems:"20"`
	Certainty     string      `json:"certainty,omitempty" enum:",confirmed,probable,possible"`
	Differentials string      `json:"differentials,omitempty" maxLength:"4000"`
	Tests         string      `json:"tests,omitempty" maxLength:"4000"`
	Treatment     string      `json:"treatment" maxLength:"20000"`
	Refer         string      `json:"refer,omitempty" maxLength:"4000" doc:"criteria to refer or to stay"`
	RedFlags      string      `json:"red_flags,omitempty" maxLength:"4000"`
	FollowUp      string      `json:"follow_up,omitempty" maxLength:"4000"`
	Dissent       string      `json:"dissent,omitempty" maxLength:"4000"`
}

// OpinionRecord is what the signature rests on, frozen at signing.
type OpinionRecord struct {
	Number         int64       `json:"number"`
	Agreement      string      `json:"agreement,omitempty"`
	Inviting       string      `json:"inviting" doc:"institution name"`
	Invited        string      `json:"invited" doc:"institution name"`
	Experts        []Signatory `json:"experts"`
	Attendees      []string    `json:"attendees,omitempty"`
	Signer         string      `json:"signer" doc:"person id of who signed"`
	Signed         time.Time   `json:"signed"`
	Mode           string      `json:"mode" enum:"video,written"`
	Began          time.Time   `json:"began,omitzero"`
	Ended          time.Time   `json:"ended,omitzero"`
	Question       string      `json:"question"`
	Material       []Material  `json:"material" doc:"versions of the material reviewed"`
	Responsibility string      `json:"responsibility" enum:"inviting,invited" doc:"who answers for the decision or report"`
	Digest         string      `json:"digest" doc:"SHA-256, hex, of the canonical JSON of content and record"`
}

// Signatory is an expert as named on the opinion.
type Signatory struct {
	Person    string `json:"person"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	Licence   string `json:"licence"`
	Specialty string `json:"specialty"`
}

// Material is one piece of evidence with its hash.
type Material struct {
	Kind string `json:"kind" enum:"request,attachment"`
	Name string `json:"name"`
	Hash string `json:"hash" doc:"SHA-256, hex"`
}
