package auth

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Person is someone who may sign in. Secrets are not here but in Credentials.
type Person struct {
	ID           string    `json:"id"`
	Tenant       string    `json:"tenant" doc:"partnership id"`
	Login        string    `json:"login" doc:"unique on the installation, as NormalLogin makes it"`
	Name         string    `json:"name"`
	NameLatin    string    `json:"name_latin,omitempty" doc:"the name in Latin letters"`
	Title        string    `json:"title,omitempty" doc:"professional title, 职称"`
	Licence      string    `json:"licence,omitempty" doc:"number of the licence to practise"`
	LicenceUntil time.Time `json:"licence_until,omitzero" doc:"end of the licence; none: without end"`
	Specialty    string    `json:"specialty,omitempty" doc:"a code of the specialty list"`
	Department   string    `json:"department,omitempty" doc:"id of the department where the person mainly works"`
	Telephone    string    `json:"telephone,omitempty"`
	Locale       string    `json:"locale,omitempty" doc:"BCP 47: zh-CN or en"`
	Zone         string    `json:"zone,omitempty" doc:"IANA time zone"`
	Grants       []Grant   `json:"grants"`
	Disabled     bool      `json:"disabled"`
	TOTP         bool      `json:"totp" doc:"a second factor is set up"`
	Epoch        int64     `json:"-"` // raised by every revocation; sessions and tokens of a lower one are void
	Created      time.Time `json:"created"`
}

// Holds returns the grants that are valid at the time.
func (p Person) Holds(at time.Time) []Grant {
	var held []Grant
	for _, g := range p.Grants {
		if g.Valid(at) {
			held = append(held, g)
		}
	}
	return held
}

// Valid reports whether the grant holds at the time: [From, Until).
func (g Grant) Valid(at time.Time) bool {
	return !at.Before(g.From) && (g.Until.IsZero() || at.Before(g.Until))
}

// NormalLogin is the form in which a login is stored and compared, so that
// full-width letters from a Chinese keyboard and capitals mean the same login.
func NormalLogin(login string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(login)))
}
