package auth

import (
	"errors"
	"time"
)

// Code names why access was refused. The edge maps codes onto statuses.
type Code string

const (
	CodeWrongCredentials Code = "wrong-credentials"    // 401: login, password or code do not fit; which one is not said
	CodeSecondFactor     Code = "second-factor-needed" // 401: the password was right, ask for the code
	CodeDisabled         Code = "account-disabled"     // 403: said only to who knows the password
	CodeTooManyTries     Code = "too-many-tries"       // 429 with RetryAfter
	CodeBusy             Code = "sign-in-busy"         // 503 with RetryAfter
	CodeSignedOut        Code = "signed-out"           // 401: no session, or it ended
	CodeLocked           Code = "locked"               // 423: idle too long, the password opens it again
	CodeWeakPassword     Code = "weak-password"        // 422
	CodeBadLogin         Code = "bad-login"            // 422
	CodeLoginTaken       Code = "login-taken"          // 409
	CodeLinkVoid         Code = "link-void"            // 410: used, expired, replaced or unknown
	CodeEnrolled         Code = "already-enrolled"     // 409
	CodeNoSecondFactor   Code = "second-factor-absent" // 409: nothing was begun that could be confirmed
	CodeBadToken         Code = "token-invalid"        // 401
	CodeTokenExpired     Code = "token-expired"        // 401
	CodeTokenUsed        Code = "token-used"           // 401: a ticket works once
	CodeRevoked          Code = "revoked"              // 401: access was withdrawn after the token was issued
)

// Error is a refusal written for the person who is refused.
type Error struct {
	Code       Code
	Message    string        // what happened and what to do; no secret, no name
	RetryAfter time.Duration // how long to wait; zero: waiting does not help
	cause      error         // for the log
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap gives the log the cause, if there is one.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether err is a refusal with the code.
func Is(err error, code Code) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Code == code
}

func refuse(code Code, message string) *Error { return &Error{Code: code, Message: message} }
