package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"consilium/auth"
	"consilium/rooms/consult"
)

// The gate and the key ring take a Store as their storage.
var _ = func(ctx context.Context, s *Store, k *auth.Keys) { _, _ = auth.NewGate(s, k, auth.Config{}) }

func TestPersonComesBackAsWritten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		want := auth.Person{ID: NewID(), Tenant: f.tenant, Login: "wang.fang", Name: "王芳", NameLatin: "Wang Fang", Title: "主任医师", Licence: "110",
			LicenceUntil: f.now.AddDate(1, 0, 0), Specialty: "cardiology", Department: cardiology, Telephone: "+86 10 0000 0000", Locale: "zh-CN", Zone: "Asia/Shanghai",
			Created: f.now, Grants: []auth.Grant{{Institution: hospital, Role: auth.Expert, From: f.now, Until: f.now.AddDate(1, 0, 0)}, {Role: auth.PartnershipAdmin, From: f.now}}}
		must(t, f.AddPerson(ctx, want, "hash"))
		for name, read := range map[string]func() (auth.Person, error){
			"id":        func() (auth.Person, error) { return f.Person(ctx, want.ID) },
			"login":     func() (auth.Person, error) { return f.PersonByLogin(ctx, "wang.fang") },
			"colleague": func() (auth.Person, error) { return f.Colleague(ctx, f.tenant, want.ID) },
		} {
			got, err := read()
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("by %s: %s", name, d)
			}
		}
		again := want
		again.ID, again.Login, again.Tenant, again.Grants = NewID(), "WANG.Fang", "t2", nil
		if err := f.AddPerson(ctx, again, ""); !errors.Is(err, auth.ErrLoginTaken) {
			t.Errorf("the same login in other letters: %v", err)
		}
		if _, err := f.Person(ctx, again.ID); !errors.Is(err, auth.ErrNoRecord) {
			t.Errorf("half a person was left: %v", err)
		}
		changed := want
		changed.Name, changed.Disabled, changed.Login, changed.Epoch, changed.TOTP = "王芳芳", true, "ignored", 9, true
		must(t, f.SavePerson(ctx, changed))
		got, err := f.Person(ctx, want.ID)
		must(t, err)
		if got.Name != "王芳芳" || !got.Disabled || got.Login != "wang.fang" || got.Epoch != 0 || got.TOTP {
			t.Errorf("after saving: %+v", got)
		}
		if ok, err := f.Enrolled(ctx, f.tenant); err != nil || ok {
			t.Errorf("a disabled administrator counts: %v", err)
		}
		changed.Disabled = false
		must(t, f.SavePerson(ctx, changed))
		if ok, err := f.Enrolled(ctx, f.tenant); err != nil || !ok {
			t.Errorf("the administrator does not count: %v", err)
		}
	})
}

func TestDirectory(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		must(t, f.SetGrants(ctx, f.tenant, f.deputy, []auth.Grant{{Institution: hospital, Role: auth.Expert, From: f.now.Add(time.Hour)}}))
		must(t, f.SavePerson(ctx, auth.Person{ID: f.coord, Tenant: f.tenant, Name: "协调员", Disabled: true}))
		for name, c := range map[string]struct {
			f    PeopleFilter
			want []string
		}{
			"all":             {PeopleFilter{}, []string{f.deputy, f.doctor, f.expert}},
			"disabled too":    {PeopleFilter{Disabled: true}, []string{f.coord, f.deputy, f.doctor, f.expert}},
			"role now":        {PeopleFilter{Role: auth.Expert, At: f.now}, []string{f.expert}},
			"role later":      {PeopleFilter{Role: auth.Expert, At: f.now.Add(time.Hour)}, []string{f.deputy, f.expert}},
			"institution":     {PeopleFilter{Institution: clinic, At: f.now}, []string{f.doctor}},
			"role elsewhere":  {PeopleFilter{Institution: clinic, Role: auth.Expert, At: f.now}, []string{}},
			"query":           {PeopleFilter{Query: "DOC"}, []string{f.doctor}},
			"ids":             {PeopleFilter{IDs: []string{f.doctor, "stranger", "nobody"}}, []string{f.doctor}},
			"no ids":          {PeopleFilter{IDs: []string{}}, []string{}},
			"percent":         {PeopleFilter{Query: "%"}, []string{}},
			"other specialty": {PeopleFilter{Specialty: "neurology"}, []string{}},
		} {
			c.f.Tenant = f.tenant
			list, err := f.People(ctx, c.f)
			must(t, err)
			got := []string{}
			for _, p := range list {
				got = append(got, p.ID)
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	})
}

func TestSessionsAndRevocation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		session := func(id string) auth.Session {
			return auth.Session{ID: id, Person: f.doctor, Tenant: f.tenant, Hash: []byte{0, 1, 255, '\'', id[0]}, Epoch: 0, Created: f.now, Seen: f.now,
				Expires: f.now.Add(time.Hour), SecondFactor: true, Address: "192.0.2.1"}
		}
		for _, id := range []string{"a", "b", "c"} {
			must(t, f.AddSession(ctx, session(id)))
		}
		got, err := f.SessionByHash(ctx, session("a").Hash)
		must(t, err)
		if d := cmp.Diff(session("a"), got); d != "" {
			t.Error(d)
		}
		must(t, f.TouchSession(ctx, "a", f.now.Add(2*time.Minute)))
		must(t, f.TouchSession(ctx, "a", f.now.Add(time.Minute))) // never back
		if got, err := f.Session(ctx, "a"); err != nil || !got.Seen.Equal(f.now.Add(2*time.Minute)) {
			t.Errorf("seen %v %v", got.Seen, err)
		}
		must(t, f.ExtendSession(ctx, "b", f.now.Add(2*time.Hour)))
		must(t, f.ExtendSession(ctx, "b", f.now.Add(time.Minute))) // never sooner
		if got, err := f.Session(ctx, "b"); err != nil || !got.Expires.Equal(f.now.Add(2*time.Hour)) {
			t.Errorf("expires %v %v", got.Expires, err)
		}
		must(t, f.LockSession(ctx, "a"))
		must(t, f.TouchSession(ctx, "a", f.now.Add(3*time.Minute)))
		if got, err := f.Session(ctx, "a"); err != nil || !got.Locked || !got.Seen.Equal(f.now.Add(2*time.Minute)) {
			t.Errorf("locked: %+v %v", got, err)
		}
		must(t, f.UnlockSession(ctx, "a", f.now.Add(4*time.Minute)))
		if got, err := f.Session(ctx, "a"); err != nil || got.Locked || !got.Seen.Equal(f.now.Add(4*time.Minute)) {
			t.Errorf("unlocked: %+v %v", got, err)
		}
		must(t, f.EndSession(ctx, "c"))
		people, sessions, err := f.Epochs(ctx, []string{f.doctor, "nobody"}, []string{"a", "b", "c"})
		must(t, err)
		if d := cmp.Diff(map[string]int64{f.doctor: 0}, people) + cmp.Diff(map[string]int64{"a": 0, "b": 0}, sessions); d != "" {
			t.Error(d)
		}
		must(t, f.EndSession(ctx, "c"))

		epoch, err := f.SetPassword(ctx, f.doctor, "new", "a")
		must(t, err)
		kept, err := f.Session(ctx, "a")
		must(t, err)
		if _, err := f.Session(ctx, "b"); !errors.Is(err, auth.ErrNoRecord) || epoch != 1 || kept.Epoch != 1 {
			t.Errorf("after a new password: epoch %d, kept session's %d, the other's %v", epoch, kept.Epoch, err)
		}
		must(t, f.Rehash(ctx, f.doctor, "old", "x"))
		must(t, f.Rehash(ctx, f.doctor, "new", "newer"))
		if c, err := f.Credentials(ctx, f.doctor); err != nil || c.Hash != "newer" {
			t.Errorf("credentials %+v %v", c, err)
		}
		epoch, err = f.Revoke(ctx, f.doctor)
		must(t, err)
		p, err := f.Person(ctx, f.doctor)
		must(t, err)
		if _, err := f.Session(ctx, "a"); !errors.Is(err, auth.ErrNoRecord) || epoch != 2 || p.Epoch != 2 {
			t.Errorf("after revocation: epoch %d, %v", epoch, err)
		}
		if _, err := f.Revoke(ctx, "nobody"); !errors.Is(err, auth.ErrNoRecord) {
			t.Errorf("revoking nobody: %v", err)
		}
	})
}

func TestSecretsAreUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		count := func(n int, call func() (bool, error)) int {
			used := make([]bool, n)
			for _, err := range parallel(n, func(i int) (err error) { used[i], err = call(); return err }) {
				must(t, err)
			}
			total := 0
			for _, u := range used {
				if u {
					total++
				}
			}
			return total
		}
		if n := count(20, func() (bool, error) { return f.SpendTicket(ctx, "jti", f.now.Add(time.Minute)) }); n != 1 {
			t.Errorf("a ticket was spent %d times", n)
		}
		if n := count(20, func() (bool, error) { return f.UseStep(ctx, f.doctor, 7) }); n != 1 {
			t.Errorf("a TOTP step was used %d times", n)
		}
		if ok, err := f.UseStep(ctx, f.doctor, 6); err != nil || ok {
			t.Errorf("an earlier step was used: %v", err)
		}

		must(t, f.SetSecondFactor(ctx, f.doctor, []byte{1, 0}, []byte{2}))
		p, err := f.Person(ctx, f.doctor)
		must(t, err)
		c, err := f.Credentials(ctx, f.doctor)
		must(t, err)
		if !p.TOTP || !bytes.Equal(c.Secret, []byte{1, 0}) || !bytes.Equal(c.Pending, []byte{2}) || c.Step != 7 {
			t.Errorf("second factor %v %+v", p.TOTP, c)
		}

		link := auth.Link{ID: "l1", Kind: auth.ResetLink, Hash: []byte{9}, Tenant: f.tenant, Person: f.doctor, By: f.coord, Factor: true, Created: f.now, Expires: f.now.Add(time.Hour)}
		must(t, f.AddLink(ctx, link))
		second := link
		second.ID, second.Hash = "l2", []byte{8}
		must(t, f.AddLink(ctx, second))
		if _, err := f.LinkByHash(ctx, []byte{9}); !errors.Is(err, auth.ErrNoRecord) {
			t.Errorf("an older link is still good: %v", err)
		}
		got, err := f.LinkByHash(ctx, []byte{8})
		must(t, err)
		if d := cmp.Diff(second, got); d != "" {
			t.Error(d)
		}
		if n := count(20, func() (bool, error) { _, used, err := f.RedeemReset(ctx, "l2", f.now, "reset"); return used, err }); n != 1 {
			t.Errorf("a reset link was used %d times", n)
		}
		p, err = f.Person(ctx, f.doctor)
		must(t, err)
		c, err = f.Credentials(ctx, f.doctor)
		must(t, err)
		if p.TOTP || c.Hash != "reset" || len(c.Secret) != 0 || p.Epoch != 1 {
			t.Errorf("after the reset: %+v %+v", p, c)
		}

		must(t, f.AddLink(ctx, auth.Link{ID: "e", Kind: auth.EnrolmentLink, Hash: []byte{7}, Tenant: f.tenant, Created: f.now, Expires: f.now.Add(time.Hour)}))
		first := auth.Person{ID: "first", Tenant: f.tenant, Login: f.doctor, Created: f.now, Grants: []auth.Grant{{Role: auth.PartnershipAdmin, From: f.now}}}
		if used, err := f.RedeemEnrolment(ctx, "e", f.now, first, "h"); !errors.Is(err, auth.ErrLoginTaken) || used {
			t.Errorf("a login in use: %v %v", used, err)
		}
		first.Login = "first"
		if used, err := f.RedeemEnrolment(ctx, "e", f.now, first, "h"); err != nil || !used {
			t.Errorf("the refused try used the link up: %v %v", used, err)
		}
		if used, err := f.RedeemEnrolment(ctx, "e", f.now, first, "h"); err != nil || used {
			t.Errorf("enrolled twice: %v %v", used, err)
		}

		key := auth.SigningKey{ID: "k", Public: []byte{0, 1}, Private: []byte{2, 0}, From: f.now, Retire: f.now.Add(time.Hour), Until: f.now.Add(2 * time.Hour)}
		must(t, f.AddSigningKey(ctx, key))
		must(t, f.Sweep(ctx, f.now.Add(30*time.Minute)))
		keys, err := f.SigningKeys(ctx)
		must(t, err)
		if d := cmp.Diff([]auth.SigningKey{key}, keys); d != "" {
			t.Error(d)
		}
		must(t, f.Sweep(ctx, f.now.Add(3*time.Hour)))
		if keys, err = f.SigningKeys(ctx); err != nil || len(keys) != 0 {
			t.Errorf("void keys are kept: %v %v", keys, err)
		}
	})
}

func TestInstitutionsAgreementsAndDuty(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		list, err := f.Institutions(ctx, f.tenant)
		must(t, err)
		if len(list) != 2 || list[0].ID != hospital {
			t.Errorf("institutions, the largest first: %+v", list)
		}
		want := Institution{ID: clinic, Tenant: f.tenant, Name: "青山镇中心卫生院", NameLatin: "Qingshan", Tier: "township", Telephone: "0571-1", Zone: "Asia/Urumqi"}
		must(t, f.SaveInstitution(ctx, want))
		if got, err := f.Institution(ctx, f.tenant, clinic); err != nil || got != want {
			t.Errorf("%+v %v", got, err)
		}

		must(t, f.SaveAgreement(ctx, Agreement{ID: "a", Tenant: f.tenant, Inviting: clinic, Invited: hospital,
			Kinds: []consult.Kind{consult.Video, consult.MDT}, From: f.now, Until: f.now.Add(time.Hour)}))
		for name, c := range map[string]struct {
			inviting, invited string
			kind              consult.Kind
			at                time.Time
			ok                bool
		}{
			"in force":        {clinic, hospital, consult.MDT, f.now, true},
			"another kind":    {clinic, hospital, consult.Teaching, f.now, false},
			"other direction": {hospital, clinic, consult.Video, f.now, false},
			"too early":       {clinic, hospital, consult.Video, f.now.Add(-time.Second), false},
			"ended":           {clinic, hospital, consult.Video, f.now.Add(time.Hour), false},
		} {
			a, err := f.Agreement(ctx, f.tenant, c.inviting, c.invited, c.kind, c.at)
			if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNotFound) || c.ok && a.ID != "a" {
				t.Errorf("agreement %s: %+v %v", name, a, err)
			}
		}

		duty := func(person string, rank, minutes int) {
			must(t, f.TakeDuty(ctx, Duty{Tenant: f.tenant, Department: cardiology, Person: person, Rank: rank, From: f.now.Add(time.Duration(minutes) * time.Minute)}))
		}
		duty(f.deputy, 2, 0)
		duty(f.expert, 1, 1)
		duty(f.deputy, 1, 5) // moves up: one duty at a time
		at := func(minutes int) (who []string) {
			list, err := f.OnDuty(ctx, f.tenant, cardiology, f.now.Add(time.Duration(minutes)*time.Minute))
			must(t, err)
			for _, d := range list {
				who = append(who, d.Person)
			}
			return who
		}
		if got := at(2); !slices.Equal(got, []string{f.expert, f.deputy}) {
			t.Errorf("on duty: %v", got)
		}
		must(t, f.LeaveDuty(ctx, f.tenant, cardiology, f.expert, f.now.Add(6*time.Minute)))
		if got := at(6); !slices.Equal(got, []string{f.deputy}) {
			t.Errorf("after one left: %v", got)
		}
		if got := at(3); len(got) != 2 {
			t.Errorf("the past changed: %v", got)
		}
	})
}
