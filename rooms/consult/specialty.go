package consult

import (
	"slices"
	"strings"
)

// Specialty is a wanted specialty and its minimum data set: what an expert of
// that specialty cannot do without. Keys are stable; their words live in the app.
//
//	question, complaint, history, examination, medication, allergies   a field of the request
//	diagnoses                                                          at least one
//	vitals.NAME                                                        measured at least once
//	data.NAME                                                          an entry of Request.Data
type Specialty struct {
	Code  string   `json:"code"`
	Items []string `json:"items" doc:"keys of the minimum data set"`
}

// common is what every specialty needs.
var common = []string{"complaint", "history", "diagnoses"}

var specialties = []Specialty{
	{"general", nil},
	{"cardiology", []string{"vitals.systolic", "vitals.diastolic", "vitals.heart_rate", "medication", "data.onset", "data.ecg"}},
	{"neurology", []string{"vitals.systolic", "vitals.diastolic", "vitals.gcs", "vitals.glucose", "data.last-well", "data.deficit"}},
	{"imaging", []string{"data.modality", "data.body-part", "data.taken"}},
	{"respiratory", []string{"vitals.respiratory_rate", "vitals.spo2", "vitals.temperature", "data.smoking"}},
	{"paediatrics", []string{"vitals.weight", "vitals.temperature", "vitals.heart_rate", "allergies", "data.feeding"}},
	{"obstetrics", []string{"vitals.systolic", "vitals.diastolic", "data.gestation", "data.parity", "data.fetal-heart"}},
	{"surgery", []string{"vitals.systolic", "vitals.heart_rate", "examination", "allergies", "data.onset", "data.last-meal"}},
}

// Specialties lists all, each with its whole minimum data set.
func Specialties() []Specialty {
	out := make([]Specialty, len(specialties))
	for i, s := range specialties {
		out[i] = Specialty{s.Code, slices.Concat(common, s.Items)}
	}
	return out
}

// SpecialtyOf is the specialty with the code.
func SpecialtyOf(code string) (Specialty, bool) {
	for _, s := range specialties {
		if s.Code == code {
			return Specialty{s.Code, slices.Concat(common, s.Items)}, true
		}
	}
	return Specialty{}, false
}

// Unidentified lists what is missing to know who the patient is.
func (p Patient) Unidentified() []string {
	var out []string
	if !filled(p.Name) && !filled(p.LocalID) {
		out = append(out, "patient.name")
	}
	if p.Age == nil && p.Birth == "" {
		out = append(out, "patient.age")
	}
	if p.Sex == "" {
		out = append(out, "patient.sex")
	}
	return out
}

// Lacks lists the keys of the minimum data set that the request does not have,
// in the set's order.
func (r Request) Lacks() []string {
	s, ok := SpecialtyOf(r.Specialty)
	if !ok {
		return []string{"specialty"}
	}
	var out []string
	for _, key := range s.Items {
		if !r.holds(key) {
			out = append(out, key)
		}
	}
	return out
}

func (r Request) holds(key string) bool {
	if name, ok := strings.CutPrefix(key, "data."); ok {
		return filled(r.Data[name])
	}
	if name, ok := strings.CutPrefix(key, "vitals."); ok {
		return slices.ContainsFunc(r.Vitals, func(v Vitals) bool { return v.value(name) != nil })
	}
	switch key {
	case "diagnoses":
		return slices.ContainsFunc(r.Diagnoses, func(d Diagnosis) bool { return filled(d.Text) })
	case "complaint":
		return filled(r.Complaint)
	case "history":
		return filled(r.History)
	case "examination":
		return filled(r.Examination)
	case "medication":
		return filled(r.Medication)
	case "allergies":
		return filled(r.Allergies)
	}
	return false
}

// value is the measurement by its JSON name, nil when not taken.
func (v Vitals) value(name string) *float64 {
	return map[string]*float64{
		"systolic": v.Systolic, "diastolic": v.Diastolic, "heart_rate": v.HeartRate, "respiratory_rate": v.Respiratory,
		"temperature": v.Temperature, "spo2": v.SpO2, "weight": v.Weight, "height": v.Height,
		"glucose": v.Glucose, "gcs": v.GCS, "pain": v.Pain,
	}[name]
}

// Empty reports whether nothing was measured.
func (v Vitals) Empty() bool {
	for _, name := range []string{"systolic", "diastolic", "heart_rate", "respiratory_rate", "temperature", "spo2", "weight", "height", "glucose", "gcs", "pain"} {
		if v.value(name) != nil {
			return false
		}
	}
	return true
}
