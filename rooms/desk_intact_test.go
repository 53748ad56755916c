package rooms

import (
	"context"
	"testing"

	"consilium/rooms/consult"
)

func TestASignedOpinionThatWasChangedInTheDatabaseShows(t *testing.T) {
	o := openOffice(t)
	ctx := context.Background()
	o.attends("heart", DeskPosition{})
	id := o.start()
	do := func(login string, cmd consult.Command) {
		t.Helper()
		_, err := o.Do(ctx, o.actor(login), id, "", 0, cmd)
		o.ok(err)
	}
	do("heart", consult.AcceptCmd{})
	do("heart", consult.EndCmd{})
	do("doctor", consult.ConsentCmd{Purposes: []string{"care", "sharing"}, Version: "1", Language: "en", Signer: "S", Relationship: "self"})
	_, err := o.SaveOpinion(ctx, o.actor("heart"), id, consult.OpinionContent{Findings: "ST elevation", Diagnosis: "STEMI", Treatment: "aspirin 300 mg"})
	o.ok(err)
	do("heart", consult.SignCmd{})
	do("heart", consult.AppendCmd{Text: "call me"})
	opinions := func() []OpinionView {
		t.Helper()
		v, err := o.Consult(ctx, o.actor("doctor"), id)
		o.ok(err)
		if len(v.Opinions) != 2 {
			t.Fatalf("%d opinions", len(v.Opinions))
		}
		return v.Opinions
	}
	if v := opinions(); v[0].Intact == nil || !*v[0].Intact || v[1].Intact != nil {
		t.Errorf("as signed: %+v", v)
	}
	tried := o.complains()
	o.tamper(`DROP TRIGGER opinions_keep`)
	o.tamper(`UPDATE opinions SET doc = replace(doc, '300 mg', '900 mg') WHERE version = 1`)
	if v := opinions(); v[0].Intact == nil || *v[0].Intact {
		t.Errorf("changed behind the server's back: %+v", v[0])
	}
	select {
	case <-tried:
	default:
		t.Error("the log says nothing of it")
	}
}
