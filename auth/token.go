package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Kind is what a token is good for. Each kind has its own typ and audience, so
// that none passes for another.
type Kind string

const (
	APIToken    Kind = "api"    // a machine at the API
	TicketToken Kind = "ticket" // opens one socket, once
	RoomToken   Kind = "room"   // resumes a socket of a room on any node
)

// Life is how long a token of the kind is valid.
func (k Kind) Life() time.Duration {
	switch k {
	case TicketToken:
		return time.Minute
	case APIToken, RoomToken:
		return 10 * time.Minute
	}
	return 0
}

func (k Kind) typ() string      { return "consilium-" + string(k) + "+jwt" }
func (k Kind) audience() string { return "consilium:" + string(k) }

// Sockets that a ticket can open.
const (
	DeskSocket = "desk"
	RoomSocket = "room"
)

// maxToken is the size in bytes above which a token is not even parsed.
const maxToken = 4096

// Claims is what a token says. Issue fills ID, Issued and Expires.
type Claims struct {
	ID          string
	Person      string
	Tenant      string
	Session     string // the session it was made in; empty for a machine
	PersonEpoch int64  // the person's revocation epoch when it was made
	Socket      string // ticket: DeskSocket or RoomSocket
	Consult     string // room, and ticket for a room
	Participant string // room: the person's id in the room
	RoomEpoch   int64  // room: the lease's epoch
	Seat        Seat
	May         []string // room: what the person may publish and do
	Issued      time.Time
	Expires     time.Time
}

// check reports what a token of the kind must say and this one does not.
func (c Claims) check(kind Kind) error {
	switch {
	case kind.Life() == 0:
		return fmt.Errorf("unknown kind %q", kind)
	case c.Person == "" || c.Tenant == "":
		return errors.New("no person or tenant")
	case kind == TicketToken && c.Socket != DeskSocket && c.Socket != RoomSocket:
		return errors.New("a ticket opens the desk's or a room's socket")
	case kind == TicketToken && (c.Socket == RoomSocket) != (c.Consult != ""):
		return errors.New("a ticket names a consult exactly when it opens a room")
	case kind == RoomToken && (c.Consult == "" || c.Participant == ""):
		return errors.New("a room token names a consult and a participant")
	case kind == APIToken && (c.Consult != "" || c.Participant != "" || c.Socket != "" || c.Session != ""):
		return errors.New("an API token names neither room nor session")
	}
	return nil
}

// wire is the claims set as it is signed (RFC 7519; sid as in OpenID Connect).
type wire struct {
	jwt.RegisteredClaims
	Tenant      string   `json:"tenant"`
	Session     string   `json:"sid,omitempty"`
	PersonEpoch int64    `json:"person_epoch"`
	Socket      string   `json:"socket,omitempty"`
	Consult     string   `json:"consult,omitempty"`
	Participant string   `json:"participant,omitempty"`
	RoomEpoch   int64    `json:"room_epoch,omitempty"`
	Seat        Seat     `json:"seat,omitempty"`
	May         []string `json:"may,omitempty"`
}

// Issue signs a token of the kind for its whole life.
func (k *Keys) Issue(kind Kind, c Claims) (string, error) {
	if err := c.check(kind); err != nil {
		return "", fmt.Errorf("auth: issue a token: %w", err)
	}
	now := k.cfg.Now()
	key := k.current()
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, wire{
		RegisteredClaims: jwt.RegisteredClaims{
			ID: rand.Text(), Issuer: k.cfg.Issuer, Subject: c.Person,
			Audience: jwt.ClaimStrings{kind.audience()},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(kind.Life())),
		},
		Tenant: c.Tenant, Session: c.Session, PersonEpoch: c.PersonEpoch, Socket: c.Socket,
		Consult: c.Consult, Participant: c.Participant, RoomEpoch: c.RoomEpoch, Seat: c.Seat, May: c.May,
	})
	t.Header["kid"] = key.id
	t.Header["typ"] = kind.typ()
	token, err := t.SignedString(key.key)
	if err != nil {
		return "", fmt.Errorf("auth: sign a token: %w", err)
	}
	if len(token) > maxToken {
		return "", fmt.Errorf("auth: a token of %d bytes is larger than the %d that are accepted", len(token), maxToken)
	}
	return token, nil
}

// Verify checks a token of the kind: signature, method, issuer, audience and
// expiry. A ticket is spent by it: the second time it is refused. Whether the
// person was revoked since is the Gate's question (AuthenticateToken).
func (k *Keys) Verify(ctx context.Context, kind Kind, token string) (Claims, error) {
	c, err := k.parse(ctx, kind, token)
	if err != nil {
		if errors.Is(err, jwt.ErrTokenExpired) {
			return Claims{}, &Error{Code: CodeTokenExpired, Message: "This token has expired. Ask for a new one.", cause: err}
		}
		return Claims{}, &Error{Code: CodeBadToken, Message: "This token is not valid here. Ask for a new one.", cause: err}
	}
	if kind != TicketToken {
		return c, nil
	}
	first, err := k.store.SpendTicket(ctx, c.ID, c.Expires)
	if err != nil {
		return Claims{}, fmt.Errorf("auth: spend a ticket: %w", err)
	}
	if !first {
		return Claims{}, refuse(CodeTokenUsed, "This ticket was used before. Ask for a new one.")
	}
	return c, nil
}

func (k *Keys) parse(ctx context.Context, kind Kind, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, fmt.Errorf("%d bytes are more than %d", len(token), maxToken)
	}
	if strings.ContainsAny(token, "\r\n") { // which Base64 decoders skip
		return Claims{}, errors.New("line breaks")
	}
	var w wire
	parsed, err := jwt.ParseWithClaims(token, &w,
		func(t *jwt.Token) (any, error) {
			if typ, _ := t.Header["typ"].(string); typ != kind.typ() {
				return nil, errors.New("another kind of token")
			}
			id, _ := t.Header["kid"].(string)
			key, known := k.lookUp(ctx, id)
			if id == "" || !known {
				return nil, errors.New("unknown key")
			}
			return key, nil
		},
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(k.cfg.Issuer),
		jwt.WithAudience(kind.audience()),
		jwt.WithExpirationRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(k.cfg.Now),
	)
	if err != nil {
		return Claims{}, err
	}
	if !parsed.Valid || w.ID == "" || w.IssuedAt == nil || len(w.Audience) != 1 {
		return Claims{}, errors.New("incomplete claims")
	}
	c := Claims{
		ID: w.ID, Person: w.Subject, Tenant: w.Tenant, Session: w.Session, PersonEpoch: w.PersonEpoch,
		Socket: w.Socket, Consult: w.Consult, Participant: w.Participant, RoomEpoch: w.RoomEpoch,
		Seat: w.Seat, May: w.May, Issued: w.IssuedAt.UTC(), Expires: w.ExpiresAt.UTC(),
	}
	return c, c.check(kind)
}
