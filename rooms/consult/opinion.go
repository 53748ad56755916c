package consult

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Lacks lists the required fields of an opinion that are empty. A report on an
// examination (remote diagnosis) recommends no treatment of its own.
func (o OpinionContent) Lacks(k Kind) []string {
	var out []string
	for _, f := range []struct {
		key, text string
		needed    bool
	}{
		{"findings", o.Findings, true},
		{"diagnosis", o.Diagnosis, true},
		{"treatment", o.Treatment, k != RemoteDiagnosis},
	} {
		if f.needed && !filled(f.text) {
			out = append(out, f.key)
		}
	}
	return out
}

// Drafted reports whether someone with an expert's seat may write a draft now.
func (s State) Drafted() bool { return has(taken, s) }

func opinionComplete(m *move) *Error {
	d := m.facts.Draft
	if d == nil || d.Author != m.by.Person || d.Case != m.c.ID || d.Version != 0 {
		return lacking(GuardOpinion, OpinionContent{}.Lacks(m.c.Kind), "There is no draft of yours to sign yet.")
	}
	if missing := d.Content.Lacks(m.c.Kind); len(missing) > 0 {
		return lacking(GuardOpinion, missing, "The opinion is not complete: fill in what is missing, then sign.")
	}
	return nil
}

// asSeen: the signature is for what the signer had on the screen.
func asSeen(m *move) *Error {
	if seen := m.cmd.(SignCmd).Digest; seen != "" && seen != m.facts.Draft.Content.Digest() {
		return refuse(Stale, "The saved draft differs from what you see, perhaps from another window. Read it again, then sign.")
	}
	return nil
}

// Digest is the SHA-256, in hex, of the content's canonical JSON.
func (o OpinionContent) Digest() string { return digest(o) }

// Seal makes the signed opinion, version 1, of a draft: after Apply has agreed
// to the signature. The record is what the caller knows of names, attendees and
// material; what follows from the case and the draft is filled in here.
func (c *Case) Seal(draft Opinion, record OpinionRecord) Opinion {
	o := draft
	o.Version, o.Saved, o.Signed, o.Delivered = 1, time.Time{}, c.Signed, c.Signed
	o.Read, o.Addendum = time.Time{}, ""
	record.Number, record.Agreement = c.Number, c.Agreement
	record.Signer, record.Signed = c.Signer, c.Signed
	record.Began, record.Ended = c.Began, c.Finished
	record.Question = c.Request.Question
	record.Mode = "video"
	if c.Began.IsZero() {
		record.Mode = "written"
	}
	record.Responsibility = "inviting"
	if c.Kind == RemoteDiagnosis {
		record.Responsibility = "invited"
	}
	if record.Experts == nil {
		record.Experts = []Signatory{}
	}
	if record.Material == nil {
		record.Material = []Material{}
	}
	record.Digest = ""
	record.Digest = sealed(o.Content, record)
	o.Record = &record
	return o
}

// Intact reports whether a signed opinion is still what was signed. An addendum
// has no digest of its own.
func (o Opinion) Intact() bool {
	if o.Record == nil {
		return false
	}
	record := *o.Record
	record.Digest = ""
	return sealed(o.Content, record) == o.Record.Digest
}

func sealed(content OpinionContent, record OpinionRecord) string {
	return digest(struct {
		Content OpinionContent `json:"content"`
		Record  OpinionRecord  `json:"record"`
	}{content, record})
}

// Addendum is the next version of the opinion: text beside what was signed,
// never instead of it. Versions are all the versions there are.
func Addendum(versions []Opinion, by, text string, now time.Time) Opinion {
	last := Opinion{}
	for _, o := range versions {
		if o.Version >= last.Version {
			last = o
		}
	}
	now = instant(now)
	return Opinion{Case: last.Case, Version: last.Version + 1, Author: by, Signed: now, Delivered: now, Addendum: text}
}

// Hash of the request as reviewed, for OpinionRecord.Material.
func (r Request) Hash() string { return digest(r) }

// digest is the SHA-256, in hex, of the value's canonical JSON.
func digest(v any) string {
	sum := sha256.Sum256(canonical(v))
	return hex.EncodeToString(sum[:])
}

// canonical is JSON in one form only: keys in byte order, no white space, UTF-8
// without escapes for HTML, numbers as they were written.
func canonical(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("consult: a value of plain fields did not marshal: " + err.Error())
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		panic("consult: JSON of our own did not parse: " + err.Error())
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		panic("consult: a JSON tree did not marshal: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
