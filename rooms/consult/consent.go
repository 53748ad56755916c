package consult

import (
	"slices"
	"strings"
	"time"
)

// Purposes of consent (知情同意), each given and withdrawn by itself.
const (
	ForCare       = "care"       // the consult itself
	ForSharing    = "sharing"    // the record goes to another institution
	ForRecording  = "recording"  // picture and sound are kept
	ForAttendance = "attendance" // an interpreter or observer is present
)

var purposes = []string{ForCare, ForSharing, ForRecording, ForAttendance}

// consentsTo reports whether consent for the purpose stands at that time.
func (c *Case) consentsTo(purpose string, now time.Time) bool {
	return slices.ContainsFunc(c.Consents, func(g Consented) bool {
		return g.Purpose == purpose && g.Withdrawn.IsZero() && (g.Expires.IsZero() || now.Before(g.Expires))
	})
}

// consentsMissing lists what is still to be asked of the patient before the
// consult: consent-care, and consent-sharing when the invited side is another
// institution.
func (c *Case) consentsMissing(now time.Time) []string {
	var out []string
	for _, purpose := range c.lacksConsent(now) {
		out = append(out, "consent-"+purpose)
	}
	return out
}

// lacksConsent lists the purposes for which the consult needs consent and has none.
func (c *Case) lacksConsent(now time.Time) []string {
	var out []string
	if !c.consentsTo(ForCare, now) {
		out = append(out, ForCare)
	}
	if c.Invited != c.Institution && !c.consentsTo(ForSharing, now) {
		out = append(out, ForSharing)
	}
	return out
}

// consentRecorded: or deferred in an emergency, unless it was withdrawn since.
func consentRecorded(m *move) *Error {
	missing := m.c.consentsMissing(m.now)
	if len(missing) == 0 || m.c.Deferred != "" && !m.c.withdrawn(m.now) {
		return nil
	}
	return lacking(GuardConsent, missing, "Record the patient's consent first. In an emergency it can be deferred with a reason.")
}

// withdrawn reports whether a consent that the consult lacks was given and taken back.
func (c *Case) withdrawn(now time.Time) bool {
	lacks := c.lacksConsent(now)
	return slices.ContainsFunc(c.Consents, func(g Consented) bool { return has(lacks, g.Purpose) && !g.Withdrawn.IsZero() })
}

// consentSettled: what was deferred is recorded or explained before the opinion
// is signed.
func consentSettled(m *move) *Error {
	missing := m.c.consentsMissing(m.now)
	if len(missing) == 0 || m.c.Explained != "" {
		return nil
	}
	return lacking(GuardConsent, missing, "The patient's consent is not recorded yet. The doctor beside the patient records it, or you explain why it could not be had; then the opinion can be signed.")
}

// consentWhole: the command records, defers or explains, and is complete.
func consentWhole(m *move) *Error {
	cmd := m.cmd.(ConsentCmd)
	switch {
	case len(cmd.Purposes) > 0:
		return wholeRecord(cmd, m.now)
	case filled(cmd.Deferred):
		if m.c.Urgency != Emergency {
			return refuse(GuardUrgency, "Consent can be deferred in an emergency only. Ask the patient or the guardian now and record it.")
		}
		return nil
	case filled(cmd.Explained):
		return nil
	}
	return lacking(GuardConsent, []string{"purposes"}, "Say what the patient consents to, or why consent is deferred, or why it could not be had.")
}

// wholeRecord: a consent without version, language and signer proves nothing.
func wholeRecord(cmd ConsentCmd, now time.Time) *Error {
	var missing []string
	for _, f := range []struct{ key, text string }{
		{"version", cmd.Version}, {"language", cmd.Language}, {"signer", cmd.Signer}, {"relationship", cmd.Relationship},
	} {
		if !filled(f.text) {
			missing = append(missing, f.key)
		}
	}
	if len(missing) > 0 {
		return lacking(GuardConsent, missing, "The consent is not complete: say who consented, in what relation to the patient, in which language, to which version of the text.")
	}
	for _, p := range cmd.Purposes {
		if !slices.Contains(purposes, p) {
			return lacking(GuardKnown, []string{p}, "There is no such purpose of consent.")
		}
	}
	if !cmd.Expires.IsZero() && !now.Before(cmd.Expires) {
		return refuse(GuardTime, "This consent would have expired already. Choose a later end, or none.")
	}
	return nil
}

// consentExplainedOnly: an expert is not beside the patient and records nothing,
// but may explain.
func consentExplainedOnly(m *move) *Error {
	cmd := m.cmd.(ConsentCmd)
	if len(cmd.Purposes) > 0 || filled(cmd.Deferred) {
		return &Error{Code: NotYours, Message: "Consent is recorded by the clinicians beside the patient. You can explain why it could not be had."}
	}
	return consentWhole(m)
}

func consentStands(m *move) *Error {
	id := m.cmd.(WithdrawCmd).ID
	if slices.ContainsFunc(m.c.Consents, func(g Consented) bool { return g.ID == id && g.Withdrawn.IsZero() }) {
		return nil
	}
	return lacking(GuardKnown, []string{id}, "This consent is not recorded here, or was withdrawn already.")
}

func (m *move) consent() {
	cmd := m.cmd.(ConsentCmd)
	if filled(cmd.Deferred) {
		m.c.Deferred = cmd.Deferred
	}
	if filled(cmd.Explained) {
		m.c.Explained = cmd.Explained
	}
	m.record(cmd)
}

// record adds one entry per purpose; the ids follow from the act's id.
func (m *move) record(cmd ConsentCmd) {
	for _, p := range union(cmd.Purposes) {
		m.c.Consents = append(m.c.Consents, Consented{
			ID: m.facts.ID + "-" + p, Purpose: p, Version: cmd.Version, Language: cmd.Language,
			Signer: cmd.Signer, Relationship: cmd.Relationship, Given: m.now, Expires: cmd.Expires, RecordedBy: m.by.Person,
		})
	}
}

// withdraw keeps the entry and says when it was taken back. An explanation of
// before does not explain it. Guests whom the patient no longer wants there lose
// their seats.
func (m *move) withdraw() {
	for i, g := range m.c.Consents {
		if g.ID != m.cmd.(WithdrawCmd).ID {
			continue
		}
		m.c.Consents[i].Withdrawn = m.now
		if g.Purpose == ForCare || g.Purpose == ForSharing {
			m.c.Explained = ""
		}
	}
	if !m.c.consentsTo(ForAttendance, m.now) {
		m.dismissGuests()
	}
}

func filled(s string) bool { return strings.TrimSpace(s) != "" }
