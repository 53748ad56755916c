package auth

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func codeNow(t *testing.T, f Factor, off time.Duration) string {
	t.Helper()
	code, err := codeOf(f.Secret, time.Now().Add(off).Unix()/totpPeriod)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// setUp gives the person a second factor and returns the new session.
func (h *house) setUp(t *testing.T, s Session) (Factor, Session, string) {
	t.Helper()
	f, err := h.BeginTOTP(t.Context(), s, "", clinicIP)
	if err != nil {
		t.Fatal(err)
	}
	s, cookie, err := h.ConfirmTOTP(t.Context(), s, codeNow(t, f, 0), clinicIP)
	if err != nil {
		t.Fatal(err)
	}
	return f, s, cookie
}

func TestAdministratorsNeedASecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{RequireTOTP: true})
		s, cookie := h.in(t, "admin")
		a, s2, err := h.Authenticate(t.Context(), cookie)
		if err != nil || !s.SecondFactorDue || !s2.SecondFactorDue || a.Has(InstitutionAdmin) || !a.Has(Requester) {
			t.Fatalf("without: %+v, %+v, %v", a, s, err)
		}
		_, _, fresh := h.setUp(t, s)
		a, s, err = h.Authenticate(t.Context(), fresh)
		if err != nil || s.SecondFactorDue || !s.SecondFactor || !a.Has(InstitutionAdmin) {
			t.Fatalf("with: %+v, %+v, %v", a, s, err)
		}
		_, _, err = h.Authenticate(t.Context(), cookie)
		wantCode(t, err, CodeSignedOut)
		ticket, err := h.Issue(a, TicketToken, Claims{Socket: DeskSocket})
		if err != nil {
			t.Fatal(err)
		}
		if a, _, err = h.AuthenticateToken(t.Context(), TicketToken, ticket); err != nil || a.Has(InstitutionAdmin) || !a.Has(Requester) {
			t.Errorf("at a socket: %+v, %v", a, err)
		}
		if s, _ := h.in(t, "doctor"); s.SecondFactorDue {
			t.Error("a doctor needs none")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		_, cookie := h.in(t, "admin")
		if a, s, err := h.Authenticate(t.Context(), cookie); err != nil || s.SecondFactorDue || !a.Has(InstitutionAdmin) {
			t.Fatalf("where it is not required: %+v, %+v, %v", a, s, err)
		}
	})
}

func TestSignInWithACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, _ := h.in(t, "doctor")
		f, _, _ := h.setUp(t, s)
		if !strings.HasPrefix(f.URL, "otpauth://totp/Consilium:doctor?") {
			t.Errorf("URL %s", f.URL)
		}
		if stored := h.memory.secrets["id-doctor"]; strings.Contains(string(stored.Secret), f.Secret) {
			t.Error("the secret is stored as it is")
		}
		in := func(code string) error {
			_, _, err := h.SignIn(t.Context(), "doctor", password, code, clinicIP)
			return err
		}
		wantCode(t, in(""), CodeSecondFactor)
		wantCode(t, in(codeNow(t, f, 0)), CodeWrongCredentials) // spent by setting up
		time.Sleep(totpPeriod * time.Second)
		code := codeNow(t, f, 0)
		if err := in(code); err != nil {
			t.Fatal(err)
		}
		wantCode(t, in(code), CodeWrongCredentials)                                   // a replay
		wantCode(t, in(codeNow(t, f, -totpPeriod*time.Second)), CodeWrongCredentials) // and an older one
		time.Sleep(2 * totpPeriod * time.Second)
		wantCode(t, in(codeNow(t, f, -2*totpPeriod*time.Second)), CodeWrongCredentials)
		if err := in(codeNow(t, f, totpPeriod*time.Second)); err != nil { // the telephone is fast
			t.Error(err)
		}
		for _, odd := range []string{"12345", "1234567", "abcdef", "000000 ", "١٢٣٤٥٦"} {
			if err := in(odd); !Is(err, CodeWrongCredentials) && !Is(err, CodeTooManyTries) {
				t.Errorf("code %q: %v", odd, err)
			}
		}
	})
}

func TestCodesCannotBeGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, _ := h.in(t, "doctor")
		h.setUp(t, s)
		var err error
		for range triesPlaceLogin + 1 {
			_, _, err = h.SignIn(t.Context(), "doctor", password, "", clinicIP) // asking for the code resets nothing
			if !Is(err, CodeSecondFactor) && !Is(err, CodeTooManyTries) {
				t.Fatal(err)
			}
			_, _, err = h.SignIn(t.Context(), "doctor", password, "000001", clinicIP)
		}
		wantCode(t, err, CodeTooManyTries)
	})
}

func TestReplaceASecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Config{})
		s, _ := h.in(t, "doctor")
		_, _, err := h.ConfirmTOTP(t.Context(), s, "123456", clinicIP)
		wantCode(t, err, CodeNoSecondFactor)
		old, s, _ := h.setUp(t, s)
		time.Sleep(time.Minute)
		_, err = h.BeginTOTP(t.Context(), s, "", clinicIP)
		wantCode(t, err, CodeSecondFactor)
		_, err = h.BeginTOTP(t.Context(), s, "000001", clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		fresh, err := h.BeginTOTP(t.Context(), s, codeNow(t, old, 0), clinicIP)
		if err != nil {
			t.Fatal(err)
		}
		if fresh.Secret == old.Secret {
			t.Error("the same secret again")
		}
		_, _, err = h.ConfirmTOTP(t.Context(), s, "000001", clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		if !h.memory.people["id-doctor"].TOTP {
			t.Error("beginning anew took the old one away")
		}
		if _, _, err = h.ConfirmTOTP(t.Context(), s, codeNow(t, fresh, 0), clinicIP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		_, _, err = h.SignIn(t.Context(), "doctor", password, codeNow(t, old, 0), clinicIP)
		wantCode(t, err, CodeWrongCredentials)
		if _, _, err = h.SignIn(t.Context(), "doctor", password, codeNow(t, fresh, 0), clinicIP); err != nil {
			t.Error(err)
		}
	})
}

// RFC 6238, appendix B: SHA-1, of the eight digits the last six.
func TestCodesOfTheRFC(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // "12345678901234567890"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got, err := codeOf(secret, at/totpPeriod); err != nil || got != want {
			t.Errorf("at %d: %s, %v, want %s", at, got, err, want)
		}
	}
}
