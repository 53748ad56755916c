package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// Time-based one-time passwords (RFC 6238): SHA-1, six digits, as every
// authenticator app understands them.
const (
	totpPeriod = 30 // seconds of a step
	totpSkew   = 1  // steps that a telephone's clock may be off, each way
	totpDigits = otp.DigitsSix
	totpIssuer = "Consilium" // shown in the app
)

// Factor is a second factor that is being set up: shown once, as text and as
// what a QR code encodes.
type Factor struct {
	Secret string `json:"secret" doc:"Base32, to be typed into the app"`
	URL    string `json:"url" doc:"otpauth URL, to be shown as a QR code"`
}

// BeginTOTP makes a new secret for who is signed in; ConfirmTOTP puts it into
// force. Someone who has a second factor already proves it with its code.
func (g *Gate) BeginTOTP(ctx context.Context, s Session, code, address string) (Factor, error) {
	p, err := g.store.Person(ctx, s.Person)
	if err != nil {
		return Factor{}, fmt.Errorf("auth: find the person: %w", err)
	}
	credentials, err := g.credentials(ctx, p.ID)
	if err != nil {
		return Factor{}, err
	}
	if len(credentials.Secret) > 0 {
		if code == "" {
			return Factor{}, refuse(CodeSecondFactor, "Enter the six digits of your present authenticator app first.")
		}
		if err := g.tryCode(ctx, p, address, func() error { return g.useCode(ctx, credentials, code) }); err != nil {
			return Factor{}, err
		}
	}
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: totpIssuer, AccountName: p.Login, Period: totpPeriod, Digits: totpDigits, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return Factor{}, fmt.Errorf("auth: make a second factor: %w", err)
	}
	pending := g.keys.seal.seal([]byte(key.Secret()), totpPurpose(p.ID))
	if err := g.store.SetSecondFactor(ctx, p.ID, credentials.Secret, pending); err != nil {
		return Factor{}, fmt.Errorf("auth: store a second factor: %w", err)
	}
	return Factor{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmTOTP puts the begun secret into force when the code shows that the
// app has it. The present session ends and a new one, signed in with the
// second factor, takes its place: give the browser the new cookie.
func (g *Gate) ConfirmTOTP(ctx context.Context, s Session, code, address string) (Session, string, error) {
	p, err := g.store.Person(ctx, s.Person)
	if err != nil {
		return Session{}, "", fmt.Errorf("auth: find the person: %w", err)
	}
	credentials, err := g.credentials(ctx, p.ID)
	if err != nil {
		return Session{}, "", err
	}
	if len(credentials.Pending) == 0 {
		return Session{}, "", refuse(CodeNoSecondFactor, "Begin with a new secret for your authenticator app, then enter its code.")
	}
	var step int64
	err = g.tryCode(ctx, p, address, func() (err error) {
		step, err = g.stepOf(p.ID, credentials.Pending, code)
		return err
	})
	if err != nil {
		return Session{}, "", err
	}
	if err := g.store.SetSecondFactor(ctx, p.ID, credentials.Pending, nil); err != nil {
		return Session{}, "", fmt.Errorf("auth: store the second factor: %w", err)
	}
	// The code is spent. That the old secret spent this step already is no
	// harm here: what is proved is that the app has the new one.
	if _, err := g.store.UseStep(ctx, p.ID, step); err != nil {
		return Session{}, "", fmt.Errorf("auth: spend the code: %w", err)
	}
	fresh, cookie, err := g.openSession(ctx, p, true, address)
	if err != nil {
		return Session{}, "", err
	}
	if err := g.store.EndSession(ctx, s.ID); err != nil {
		return Session{}, "", fmt.Errorf("auth: end the session: %w", err)
	}
	return fresh, cookie, nil
}

// tryCode counts and slows tries of a code as those of a password.
func (g *Gate) tryCode(ctx context.Context, p Person, address string, check func() error) error {
	try, err := g.tries.begin(ctx, p.Login, address)
	if err != nil {
		return err
	}
	switch err = check(); {
	case err == nil:
		try.succeeded()
	case !Is(err, CodeWrongCredentials):
		try.uncount()
	}
	return err
}

// useCode spends a code: each works once, and none that is older than the last
// one used (RFC 6238, 5.2), on whichever node it is tried.
func (g *Gate) useCode(ctx context.Context, c Credentials, code string) error {
	step, err := g.stepOf(c.Person, c.Secret, code)
	if err != nil {
		return err
	}
	fresh, err := g.store.UseStep(ctx, c.Person, step)
	if err != nil {
		return fmt.Errorf("auth: spend the code: %w", err)
	}
	if !fresh {
		return refuse(CodeWrongCredentials, "This code was used before. Wait for the next one.")
	}
	return nil
}

// stepOf finds the time step whose code this is, within the allowed skew.
func (g *Gate) stepOf(person string, sealed []byte, code string) (int64, error) {
	secret, err := g.keys.seal.open(sealed, totpPurpose(person))
	if err != nil {
		return 0, err
	}
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(secret)); err != nil {
		return 0, errors.New("auth: a second factor's secret is not Base32")
	}
	now := g.cfg.Now().Unix() / totpPeriod
	found := int64(-1)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := codeOf(string(secret), step)
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	if found < 0 {
		return 0, wrongCredentials()
	}
	return found, nil
}

func codeOf(secret string, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: totpDigits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("auth: compute a code: %w", err)
	}
	return code, nil
}

func totpPurpose(person string) string { return "totp " + person }
