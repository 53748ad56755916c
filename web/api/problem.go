package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/consult"
)

// Problem is an answer that says what went wrong and what can be done about it
// (RFC 9457, application/problem+json). The app translates Code; Detail is
// English, for logs and for other programs.
type Problem struct {
	Type       string         `json:"type" doc:"about:blank; the code tells which problem it is"`
	Title      string         `json:"title"`
	Status     int            `json:"status"`
	Detail     string         `json:"detail"`
	Code       string         `json:"code" doc:"stable, kebab-case; the table stands in web/api/problem.go"`
	Possible   []consult.Verb `json:"possible,omitempty" doc:"what can be done with the consult now"`
	Missing    []string       `json:"missing,omitempty" doc:"what is missing: fields, items of the minimum data set, people"`
	RetryAfter int            `json:"retry_after,omitempty" doc:"seconds; also in the Retry-After header"`
	Fields     []FieldProblem `json:"fields,omitempty" doc:"what is wrong with which part of the request"`
}

// FieldProblem is one part of a request that does not fit. The value itself is
// never echoed: it may be a patient's.
type FieldProblem struct {
	Where   string `json:"where" doc:"as body.question or header.If-Match"`
	Message string `json:"message"`
}

func (p *Problem) Error() string  { return p.Code + ": " + p.Detail }
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes huma answer with problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders carries Retry-After.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	return h
}

// statuses is every code that the API answers with, and its HTTP status. A code
// that is not here is a mistake of the server and becomes a 500.
var statuses = map[string]int{
	"malformed":         http.StatusBadRequest,           // not JSON, or a header that cannot be read
	"invalid":           http.StatusUnprocessableEntity,  // the fields say which
	"unsupported-type":  http.StatusUnsupportedMediaType, // JSON only; files as multipart
	"too-large":         http.StatusRequestEntityTooLarge,
	"not-found":         http.StatusNotFound, // does not exist, or is hidden from the reader
	"method":            http.StatusMethodNotAllowed,
	"timeout":           http.StatusRequestTimeout,
	"forbidden":         http.StatusForbidden, // the person's roles do not include this
	"sign-in-needed":    http.StatusUnauthorized,
	"unavailable":       http.StatusServiceUnavailable,
	"internal":          http.StatusInternalServerError,
	"state-forbids":     http.StatusConflict, // possible says what can be done now
	"stale":             http.StatusConflict, // somebody wrote meanwhile: read again
	"booked-twice":      http.StatusConflict, // missing names the people who are taken
	"key-reused":        http.StatusConflict, // the Idempotency-Key came with another request before
	"draining":          http.StatusServiceUnavailable,
	"storage-full":      http.StatusInsufficientStorage,
	"attachment-type":   http.StatusUnprocessableEntity,
	"attachment-broken": http.StatusUnprocessableEntity,
	"attachment-pixels": http.StatusUnprocessableEntity,
	"too-many-files":    http.StatusUnprocessableEntity,
	"cross-origin":      http.StatusForbidden,

	// from the lifecycle; every guard-… is a 422, and its missing names what is
	// missing
	consult.Taken:    http.StatusConflict,  // a colleague was faster
	consult.NotYours: http.StatusForbidden, // the step is somebody else's

	// from auth
	string(auth.CodeWrongCredentials): http.StatusUnauthorized,
	string(auth.CodeSecondFactor):     http.StatusUnauthorized,
	string(auth.CodeDisabled):         http.StatusForbidden,
	string(auth.CodeTooManyTries):     http.StatusTooManyRequests,
	string(auth.CodeBusy):             http.StatusServiceUnavailable,
	string(auth.CodeSignedOut):        http.StatusUnauthorized,
	string(auth.CodeLocked):           http.StatusLocked, // POST /api/session/unlock opens it
	string(auth.CodeWeakPassword):     http.StatusUnprocessableEntity,
	string(auth.CodeBadLogin):         http.StatusUnprocessableEntity,
	string(auth.CodeLoginTaken):       http.StatusConflict,
	string(auth.CodeLinkVoid):         http.StatusGone,
	string(auth.CodeEnrolled):         http.StatusConflict,
	string(auth.CodeNoSecondFactor):   http.StatusConflict,
	string(auth.CodeBadToken):         http.StatusUnauthorized,
	string(auth.CodeTokenExpired):     http.StatusUnauthorized,
	string(auth.CodeTokenUsed):        http.StatusUnauthorized,
	string(auth.CodeRevoked):          http.StatusUnauthorized,
}

func statusOf(code string) int {
	if s, ok := statuses[code]; ok {
		return s
	}
	if len(code) > 6 && code[:6] == "guard-" {
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// problem translates an error of the inner packages, once, for this transport.
// What was not written for people becomes "internal" and goes to the log.
func problem(ctx context.Context, log *slog.Logger, err error) error {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	err = rooms.Explain(err)
	out := Problem{Type: "about:blank"}
	var ce *consult.Error
	var ae *auth.Error
	var re *rooms.Error
	switch {
	case errors.As(err, &ce):
		out.Code, out.Detail, out.Possible, out.Missing = ce.Code, ce.Message, ce.Possible, ce.Missing
	case errors.As(err, &ae):
		out.Code, out.Detail = string(ae.Code), ae.Message
		out.RetryAfter = int((ae.RetryAfter + 999_999_999) / 1_000_000_000)
	case errors.As(err, &re):
		out.Code, out.Detail, out.Missing = re.Code, re.Message, re.Missing
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		out.Code, out.Detail = "unavailable", "the request was given up before it was answered"
	default:
		log.ErrorContext(ctx, "request failed", "err", err)
		out.Code, out.Detail = "internal", "the server could not do this; nothing was changed. Try again, and use the telephone if it is urgent"
	}
	out.Status = statusOf(out.Code)
	if out.Status == http.StatusInternalServerError && out.Code != "internal" {
		log.ErrorContext(ctx, "error code without a status", "code", out.Code, "err", err)
	}
	out.Title = http.StatusText(out.Status)
	return &out
}

// newError is what huma calls for its own refusals: malformed JSON, a value
// outside its bounds, a body over the limit.
func newError(status int, message string, errs ...error) huma.StatusError {
	p := &Problem{Type: "about:blank", Status: status, Title: http.StatusText(status), Detail: message, Code: codeOfStatus(status)}
	for _, err := range errs {
		var d huma.ErrorDetailer
		switch {
		case err == nil:
		case errors.As(err, &d):
			e := d.ErrorDetail()
			p.Fields = append(p.Fields, FieldProblem{Where: e.Location, Message: e.Message})
		default:
			p.Fields = append(p.Fields, FieldProblem{Message: err.Error()})
		}
	}
	return p
}

func codeOfStatus(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "malformed"
	case http.StatusUnauthorized:
		return "sign-in-needed"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not-found"
	case http.StatusMethodNotAllowed:
		return "method"
	case http.StatusRequestTimeout:
		return "timeout"
	case http.StatusRequestEntityTooLarge:
		return "too-large"
	case http.StatusUnsupportedMediaType:
		return "unsupported-type"
	case http.StatusUnprocessableEntity:
		return "invalid"
	}
	return "internal"
}

func refuse(code, format string, args ...any) error {
	status := statusOf(code)
	return &Problem{Type: "about:blank", Status: status, Title: http.StatusText(status), Code: code, Detail: fmt.Sprintf(format, args...)}
}
