package rooms

import (
	"strings"

	"consilium/rooms/consult"
)

// masked takes the patient's name and number out of a text. What else a doctor
// wrote that could tell who it is, no program knows; reviewers are bound by
// their office.
func masked(text string, c *consult.Case) string {
	p := c.Request.Patient
	for _, secret := range []string{p.Name, p.LocalID, p.Birth} {
		if len(secret) > 1 {
			text = strings.ReplaceAll(text, secret, "＊＊")
		}
	}
	return text
}

func maskedOpinion(o consult.OpinionContent, c *consult.Case) consult.OpinionContent {
	for _, f := range []*string{&o.Findings, &o.Limits, &o.Diagnosis, &o.Differentials, &o.Tests, &o.Treatment, &o.Refer, &o.RedFlags, &o.FollowUp, &o.Dissent} {
		*f = masked(*f, c)
	}
	return o
}
