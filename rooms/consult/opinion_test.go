package consult

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func signedOpinion() (*Case, Opinion) {
	c, _ := New(Opening{ID: "case-1", Number: 7, Institution: "clinic", Kind: Video, Urgency: Routine, Request: wholeRequest(false)}, actor("Li"), morning)
	c.Signer, c.Signed, c.Agreement = "Wang", morning.Add(time.Hour), "agreement-city"
	draft := Opinion{Case: c.ID, Author: "Wang", Saved: morning, Content: whole}
	return c, c.Seal(draft, OpinionRecord{
		Inviting: "Clinic", Invited: "City", Experts: []Signatory{{Person: "Wang", Name: "王 <Wang> & Co", Title: "Chief physician"}},
		Material: []Material{{Kind: "request", Name: "request", Hash: c.Request.Hash()}},
	})
}

func TestSealedOpinion(t *testing.T) {
	c, o := signedOpinion()
	if o.Version != 1 || !o.Intact() || len(o.Record.Digest) != 64 {
		t.Fatalf("%+v", o)
	}
	if o.Record.Question != c.Request.Question || o.Record.Number != 7 || o.Record.Responsibility != "inviting" || o.Record.Mode != "written" {
		t.Errorf("%+v", o.Record)
	}
	// It survives a round trip through a database.
	raw, _ := json.Marshal(o)
	var back Opinion
	if err := json.Unmarshal(raw, &back); err != nil || !back.Intact() {
		t.Errorf("not intact after a round trip: %v", err)
	}
	// Any change of what was signed shows.
	for name, change := range map[string]func(*Opinion){
		"treatment": func(o *Opinion) { o.Content.Treatment += "." },
		"expert":    func(o *Opinion) { o.Record.Experts[0].Name = "Chen" },
		"time":      func(o *Opinion) { o.Record.Signed = o.Record.Signed.Add(time.Millisecond) },
		"material":  func(o *Opinion) { o.Record.Material = nil },
		"digest":    func(o *Opinion) { o.Record.Digest = "" },
		"record":    func(o *Opinion) { o.Record = nil },
	} {
		_, forged := signedOpinion()
		if change(&forged); forged.Intact() {
			t.Errorf("a changed %s goes unnoticed", name)
		}
	}
}

func TestDigestIsCanonical(t *testing.T) {
	// The order in which fields and map keys were written does not matter, nor
	// does who encodes: this is the SHA-256 of the same bytes everywhere.
	got := string(canonical(map[string]any{"b": 1.50, "a": "<é&>", "c": []int{2, 1}}))
	if want := `{"a":"<é&>","b":1.5,"c":[2,1]}`; got != want {
		t.Errorf("canonical form %s, want %s", got, want)
	}
	a, b := Request{Data: map[string]string{"x": "1", "y": "2"}}, Request{Data: map[string]string{"y": "2", "x": "1"}}
	if a.Hash() != b.Hash() {
		t.Error("the same request has two hashes")
	}
}

func TestAddendumStandsBeside(t *testing.T) {
	_, o := signedOpinion()
	second := Addendum([]Opinion{o}, "Wang", "Troponin is high.", morning)
	third := Addendum([]Opinion{second, o}, "Chen", "I disagree.", morning)
	if second.Version != 2 || third.Version != 3 || third.Case != "case-1" || third.Author != "Chen" || !o.Intact() {
		t.Errorf("%+v %+v", second, third)
	}
}

func TestMinimumData(t *testing.T) {
	for _, s := range Specialties() {
		r := Request{Specialty: s.Code, Data: map[string]string{}}
		if got := r.Lacks(); !slices.Equal(got, s.Items) {
			t.Errorf("%s: an empty request lacks %v, the set is %v", s.Code, got, s.Items)
		}
		one := 1.0
		r.Complaint, r.History, r.Examination, r.Medication, r.Allergies = "x", "x", "x", "x", "x"
		r.Diagnoses = []Diagnosis{{Text: "x"}}
		r.Vitals = []Vitals{ // taken at several times
			{Systolic: &one, Diastolic: &one, HeartRate: &one, GCS: &one},
			{Respiratory: &one, Temperature: &one, SpO2: &one, Weight: &one, Glucose: &one},
		}
		for _, item := range s.Items {
			if len(item) > 5 && item[:5] == "data." {
				r.Data[item[5:]] = "x"
			}
		}
		if got := r.Lacks(); len(got) > 0 {
			t.Errorf("%s: a whole request lacks %v", s.Code, got)
		}
	}
	if got := (Request{Specialty: "alchemy"}).Lacks(); !slices.Equal(got, []string{"specialty"}) {
		t.Errorf("an unknown specialty lacks %v", got)
	}
}
