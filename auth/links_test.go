package auth

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const fresh = "a fresh password 新"

func TestResetLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, cookie := h.in(t, "doctor")
		_, _, cookie2 := h.setUp(t, s)
		_, void, err := h.IssueReset(t.Context(), "id-head", "id-doctor", false)
		if err != nil {
			t.Fatal(err)
		}
		l, token, err := h.IssueReset(t.Context(), "id-head", "id-doctor", true)
		if err != nil || l.By != "id-head" || l.Expires.Sub(l.Created) != resetLife {
			t.Fatalf("%+v, %v", l, err)
		}
		for _, bad := range []string{"", "x", void, strings.Repeat("B", 43)} {
			wantCode(t, h.UseReset(t.Context(), bad, fresh), CodeLinkVoid)
		}
		wantCode(t, h.UseReset(t.Context(), token, "doctor-doctor"), CodeWeakPassword) // and the link is still good
		_, err = h.UseEnrolment(t.Context(), token, Newcomer{Login: "x2", Password: fresh})
		wantCode(t, err, CodeLinkVoid)
		if err := h.UseReset(t.Context(), token, fresh); err != nil {
			t.Fatal(err)
		}
		wantCode(t, h.UseReset(t.Context(), token, fresh), CodeLinkVoid)
		for _, c := range []string{cookie, cookie2} {
			_, _, err = h.Authenticate(t.Context(), c)
			wantCode(t, err, CodeSignedOut)
		}
		if _, _, err := h.SignIn(t.Context(), "doctor", fresh, "", clinicIP); err != nil {
			t.Errorf("with the new password, the second factor removed: %v", err)
		}
		if len(h.told) == 0 || h.told[len(h.told)-1].Person != "id-doctor" {
			t.Errorf("told %+v", h.told)
		}
		_, token, _ = h.IssueReset(t.Context(), "", "id-doctor", false)
		time.Sleep(resetLife)
		wantCode(t, h.UseReset(t.Context(), token, fresh+"!"), CodeLinkVoid)
	})
}

func TestResetKeepsTheSecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, _ := h.in(t, "doctor")
		h.setUp(t, s)
		_, token, _ := h.IssueReset(t.Context(), "", "id-doctor", false)
		if err := h.UseReset(t.Context(), token, fresh); err != nil {
			t.Fatal(err)
		}
		_, _, err := h.SignIn(t.Context(), "doctor", fresh, "", clinicIP)
		wantCode(t, err, CodeSecondFactor)
	})
}

func TestOneLinkOneUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, token, _ := h.IssueReset(t.Context(), "", "id-doctor", false)
		var used atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if h.UseReset(t.Context(), token, fresh) == nil {
					used.Add(1)
				}
			})
		}
		wg.Wait()
		if used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}
	})
}

func TestEnrolment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{RequireTOTP: true})
		_, _, err := h.IssueEnrolment(t.Context(), "here")
		wantCode(t, err, CodeEnrolled)
		_, void, _ := h.IssueEnrolment(t.Context(), "empty")
		_, token, err := h.IssueEnrolment(t.Context(), "empty")
		if err != nil {
			t.Fatal(err)
		}
		first := Newcomer{Login: "Leiter-１", Name: "王", Password: fresh}
		_, err = h.UseEnrolment(t.Context(), void, first)
		wantCode(t, err, CodeLinkVoid)
		for login, code := range map[string]Code{"x": CodeBadLogin, "two words": CodeBadLogin, "a\x00b": CodeBadLogin, "": CodeBadLogin, "DOCTOR": CodeLoginTaken} {
			n := first
			n.Login = login
			_, err = h.UseEnrolment(t.Context(), token, n)
			wantCode(t, err, code)
		}
		weak := first
		weak.Password = "weak"
		_, err = h.UseEnrolment(t.Context(), token, weak)
		wantCode(t, err, CodeWeakPassword)
		p, err := h.UseEnrolment(t.Context(), token, first)
		if err != nil || p.Login != "leiter-1" || p.Tenant != "empty" {
			t.Fatalf("%+v, %v", p, err)
		}
		_, err = h.UseEnrolment(t.Context(), token, first)
		wantCode(t, err, CodeLinkVoid)
		_, _, err = h.IssueEnrolment(t.Context(), "empty")
		wantCode(t, err, CodeEnrolled)
		s, cookie, err := h.SignIn(t.Context(), "leiter-1", fresh, "", clinicIP)
		if err != nil || !s.SecondFactorDue {
			t.Fatalf("%+v, %v", s, err)
		}
		if a, _, _ := h.Authenticate(t.Context(), cookie); a.Has(PartnershipAdmin) {
			t.Error("administers without the second factor")
		}
		_, _, cookie = h.setUp(t, s)
		if a, _, _ := h.Authenticate(t.Context(), cookie); !a.Has(PartnershipAdmin) {
			t.Error("does not administer with the second factor")
		}
	})
}
