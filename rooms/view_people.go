package rooms

import (
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
)

// Me is the signed-in person and what the app may offer them.
type Me struct {
	Person       PersonName  `json:"person"`
	Login        string      `json:"login"`
	Tenant       string      `json:"tenant"`
	Grants       []GrantView `json:"grants" doc:"roles that hold now"`
	May          []string    `json:"may" doc:"actions open to the person whatever the case: consult.create, queue.read, people.manage …"`
	Departments  []Named     `json:"departments" doc:"departments where the person can be on duty"`
	Locale       string      `json:"locale" enum:"zh-CN,en"`
	Zone         string      `json:"zone" doc:"IANA time zone"`
	Locked       bool        `json:"locked" doc:"the session waits for the password after 15 idle minutes"`
	TOTP         bool        `json:"totp" doc:"second factor is set up"`
	TOTPRequired bool        `json:"totp_required" doc:"must set up a second factor before anything else"`
	Demo         bool        `json:"demo" doc:"a demonstration: accounts and patients are invented"`
	Version      string      `json:"version" doc:"of the server; when it changes the app reloads itself when idle"`
}

// GrantView is a role with the name of its institution.
type GrantView struct {
	Institution     string    `json:"institution"`
	InstitutionName string    `json:"institution_name"`
	NameLatin       string    `json:"institution_name_latin,omitempty"`
	Role            auth.Role `json:"role" enum:"requester,accompanying,expert,coordinator,interpreter,observer,institution-admin,partnership-admin,quality-reviewer,finance,auditor"`
	From            time.Time `json:"from"`
	Until           time.Time `json:"until,omitzero"`
}

// PersonView is a person in the directory.
type PersonView struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	NameLatin string      `json:"name_latin,omitempty"`
	Title     string      `json:"title,omitempty"`
	Specialty string      `json:"specialty,omitempty"`
	Telephone string      `json:"telephone,omitempty"`
	Zone      string      `json:"zone,omitempty"`
	Grants    []GrantView `json:"grants"`
	Online    bool        `json:"online"`
	Armed     bool        `json:"armed" doc:"some page of theirs can ring"`
	OnDuty    bool        `json:"on_duty"`
}

// AccountView is a person as an administrator sees them.
type AccountView struct {
	ID           string       `json:"id"`
	Login        string       `json:"login"`
	Name         string       `json:"name"`
	NameLatin    string       `json:"name_latin,omitempty"`
	Title        string       `json:"title,omitempty"`
	Licence      string       `json:"licence,omitempty"`
	LicenceUntil time.Time    `json:"licence_until,omitzero" doc:"end of the licence; absent: without end"`
	Specialty    string       `json:"specialty,omitempty"`
	Department   string       `json:"department,omitempty" doc:"department id"`
	Telephone    string       `json:"telephone,omitempty"`
	Zone         string       `json:"zone,omitempty"`
	Locale       string       `json:"locale,omitempty"`
	Disabled     bool         `json:"disabled"`
	TOTP         bool         `json:"totp"`
	Grants       []auth.Grant `json:"grants"`
	Created      time.Time    `json:"created"`
}

// AccountDraft makes or changes an account; on a change an absent field stays.
type AccountDraft struct {
	Login        string     `json:"login,omitempty" maxLength:"64" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"needed for a new account; cannot be changed later"`
	Name         *string    `json:"name,omitempty" maxLength:"120"`
	NameLatin    *string    `json:"name_latin,omitempty" maxLength:"120"`
	Title        *string    `json:"title,omitempty" maxLength:"120"`
	Licence      *string    `json:"licence,omitempty" maxLength:"64"`
	Specialty    *string    `json:"specialty,omitempty" maxLength:"64"`
	LicenceUntil *time.Time `json:"licence_until,omitempty" doc:"end of the licence"`
	Department   *string    `json:"department,omitempty" maxLength:"64" doc:"department id where the person mainly works"`
	Telephone    *string    `json:"telephone,omitempty" maxLength:"40"`
	Zone         *string    `json:"zone,omitempty" maxLength:"64" doc:"IANA time zone"`
	Locale       *string    `json:"locale,omitempty" enum:"zh-CN,en"`
	Disabled     *bool      `json:"disabled,omitempty" doc:"true ends every session and call of the person"`
}

// ResetView is a one-time link that lets a person set a password.
type ResetView struct {
	Path    string    `json:"path" doc:"path and fragment to open on this host; the fragment never reaches the server's log"`
	Expires time.Time `json:"expires"`
}

// DepartmentView is a department with its number.
type DepartmentView struct {
	ID          string `json:"id"`
	Institution string `json:"institution" doc:"institution id"`
	Name        string `json:"name"`
	NameLatin   string `json:"name_latin,omitempty"`
	Specialty   string `json:"specialty"`
	Telephone   string `json:"telephone"`
	Next        string `json:"next,omitempty" doc:"department that rings when nobody here answers"`
	OnDuty      int    `json:"on_duty" doc:"how many are on duty now"`
	Armed       int    `json:"armed" doc:"how many of those have a page that can ring"`
}

// InstitutionView is an institution with its departments.
type InstitutionView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	NameLatin   string           `json:"name_latin,omitempty"`
	Tier        string           `json:"tier" enum:"village,township,county,city"`
	Telephone   string           `json:"telephone"`
	Zone        string           `json:"zone" doc:"IANA time zone"`
	Departments []DepartmentView `json:"departments"`
	Invitable   bool             `json:"invitable" doc:"an agreement lets the reader's institution invite it now"`
}

// InstitutionDraft makes or changes an institution, with its departments and agreements.
type InstitutionDraft struct {
	ID          string            `json:"id,omitempty" doc:"of the institution to change; empty makes a new one"`
	Name        string            `json:"name" minLength:"1" maxLength:"200"`
	NameLatin   string            `json:"name_latin,omitempty" maxLength:"200"`
	Tier        string            `json:"tier" enum:"village,township,county,city"`
	Telephone   string            `json:"telephone" minLength:"3" maxLength:"40"`
	Zone        string            `json:"zone" maxLength:"64"`
	Departments []DepartmentDraft `json:"departments,omitempty" maxItems:"100" doc:"made or changed; never deleted"`
	Agreements  []AgreementDraft  `json:"agreements,omitempty" maxItems:"100" doc:"added"`
}

// DepartmentDraft makes or changes a department.
type DepartmentDraft struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name" minLength:"1" maxLength:"200"`
	NameLatin string `json:"name_latin,omitempty" maxLength:"200"`
	Specialty string `json:"specialty" maxLength:"64"`
	Telephone string `json:"telephone" minLength:"3" maxLength:"40"`
	Next      string `json:"next,omitempty"`
}

// AgreementDraft lets this institution invite another.
type AgreementDraft struct {
	Invited string         `json:"invited" doc:"institution id"`
	Kinds   []consult.Kind `json:"kinds" minItems:"1" enum:"video,asynchronous,diagnosis,mdt,teaching"`
	From    time.Time      `json:"from"`
	Until   time.Time      `json:"until,omitzero"`
}

// SpecialtyView is a specialty and the least a request to it must hold. The
// words for both live in the app.
type SpecialtyView struct {
	Code  string   `json:"code"`
	Items []string `json:"items" doc:"minimum data set: names of fields of the request, vitals.<field>, data.<key>"`
}

// DutyView is who is on duty now, by department.
type DutyView struct {
	Departments []DutyDepartment `json:"departments"`
}

// DutyDepartment is one department's roster of now.
type DutyDepartment struct {
	Department  DepartmentView `json:"department"`
	Institution Named          `json:"institution"`
	People      []DutyPerson   `json:"people" doc:"by rank"`
	May         []string       `json:"may" doc:"duty.self, duty.manage: what the reader may change here"`
}

// DutyPerson is one person on duty.
type DutyPerson struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	NameLatin string    `json:"name_latin,omitempty"`
	Title     string    `json:"title,omitempty"`
	Telephone string    `json:"telephone,omitempty"`
	Rank      int       `json:"rank" doc:"1 first, 2 deputy"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until,omitzero"`
	Online    bool      `json:"online"`
	Armed     bool      `json:"armed" doc:"some page of theirs can ring"`
	InCall    bool      `json:"in_call"`
}
