package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// How long a one-time link can be used.
const (
	resetLife     = 24 * time.Hour
	enrolmentLife = 24 * time.Hour
)

// Newcomer is who enrols as the first administrator.
type Newcomer struct {
	Login     string
	Name      string
	NameLatin string
	Password  string
	Locale    string
	Zone      string
}

// IssueReset makes a one-time link with which the person sets a new password;
// earlier ones become void. by is the administrator's id, empty on the command
// line. factor: using the link also removes the second factor, for who lost
// their telephone. The token is shown once and belongs into the URL's fragment.
// Whether by may do this is the caller's question: people.manage and MayManage.
func (g *Gate) IssueReset(ctx context.Context, by, person string, factor bool) (Link, string, error) {
	p, err := g.store.Person(ctx, person)
	if err != nil {
		return Link{}, "", fmt.Errorf("auth: find the person: %w", err)
	}
	return g.issueLink(ctx, Link{Kind: ResetLink, Tenant: p.Tenant, Person: p.ID, By: by, Factor: factor}, resetLife)
}

// UseReset sets a new password by a reset link. All sessions of the person
// end; they sign in anew.
func (g *Gate) UseReset(ctx context.Context, token, password string) error {
	l, err := g.link(ctx, ResetLink, token)
	if err != nil {
		return err
	}
	p, err := g.store.Person(ctx, l.Person)
	if errors.Is(err, ErrNoRecord) {
		return linkVoid()
	}
	if err != nil {
		return fmt.Errorf("auth: find the person: %w", err)
	}
	if err := CheckPassword(password, p.Login); err != nil {
		return err
	}
	hash, err := g.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	epoch, used, err := g.store.RedeemReset(ctx, l.ID, g.cfg.Now().UTC(), hash)
	if err != nil {
		return fmt.Errorf("auth: redeem a reset link: %w", err)
	}
	if !used {
		return linkVoid()
	}
	g.cfg.Announce(ctx, Revocation{Person: p.ID, Epoch: epoch})
	return nil
}

// IssueEnrolment makes the one-time link of the tenant's first administrator;
// earlier ones become void. A tenant that has an administrator gets none.
func (g *Gate) IssueEnrolment(ctx context.Context, tenant string) (Link, string, error) {
	if err := g.unenrolled(ctx, tenant); err != nil {
		return Link{}, "", err
	}
	return g.issueLink(ctx, Link{Kind: EnrolmentLink, Tenant: tenant}, enrolmentLife)
}

// UseEnrolment creates the tenant's first administrator by an enrolment link.
func (g *Gate) UseEnrolment(ctx context.Context, token string, n Newcomer) (Person, error) {
	l, err := g.link(ctx, EnrolmentLink, token)
	if err != nil {
		return Person{}, err
	}
	if err := g.unenrolled(ctx, l.Tenant); err != nil {
		return Person{}, err
	}
	if err := CheckLogin(n.Login); err != nil {
		return Person{}, err
	}
	if err := CheckPassword(n.Password, n.Login); err != nil {
		return Person{}, err
	}
	hash, err := g.hasher.hash(ctx, n.Password)
	if err != nil {
		return Person{}, err
	}
	now := g.cfg.Now().UTC()
	p := Person{
		ID: uuid.Must(uuid.NewV7()).String(), Tenant: l.Tenant, Login: NormalLogin(n.Login),
		Name: n.Name, NameLatin: n.NameLatin, Locale: n.Locale, Zone: n.Zone, Created: now,
		Grants: []Grant{{Role: PartnershipAdmin, From: now}},
	}
	used, err := g.store.RedeemEnrolment(ctx, l.ID, now, p, hash)
	if errors.Is(err, ErrLoginTaken) {
		return Person{}, refuse(CodeLoginTaken, "This login is in use. Choose another.")
	}
	if err != nil {
		return Person{}, fmt.Errorf("auth: redeem an enrolment link: %w", err)
	}
	if !used {
		return Person{}, linkVoid()
	}
	return p, nil
}

func (g *Gate) unenrolled(ctx context.Context, tenant string) error {
	enrolled, err := g.store.Enrolled(ctx, tenant)
	if err != nil {
		return fmt.Errorf("auth: look for an administrator: %w", err)
	}
	if enrolled {
		return refuse(CodeEnrolled, "There is an administrator already. Ask them for an account.")
	}
	return nil
}

func (g *Gate) issueLink(ctx context.Context, l Link, life time.Duration) (Link, string, error) {
	token, hash := newSecret()
	l.ID, l.Hash = uuid.Must(uuid.NewV7()).String(), hash
	l.Created = g.cfg.Now().UTC()
	l.Expires = l.Created.Add(life)
	if err := g.store.AddLink(ctx, l); err != nil {
		return Link{}, "", fmt.Errorf("auth: store a link: %w", err)
	}
	return l, token, nil
}

func (g *Gate) link(ctx context.Context, kind LinkKind, token string) (Link, error) {
	if len(token) != cookieChars {
		return Link{}, linkVoid()
	}
	l, err := g.store.LinkByHash(ctx, hashOf(token))
	if errors.Is(err, ErrNoRecord) {
		return Link{}, linkVoid()
	}
	if err != nil {
		return Link{}, fmt.Errorf("auth: find the link: %w", err)
	}
	if l.Kind != kind || !l.Used.IsZero() || !g.cfg.Now().Before(l.Expires) {
		return Link{}, linkVoid()
	}
	return l, nil
}

func linkVoid() *Error {
	return refuse(CodeLinkVoid, "This link was used, replaced or has expired. Ask your administrator for a new one.")
}

// CheckLogin refuses what cannot be a login: 2 to 64 letters, digits and . _ - @.
func CheckLogin(login string) error {
	login = NormalLogin(login)
	n := utf8.RuneCountInString(login)
	ok := n >= 2 && n <= 64 && len(login) <= maxLogin
	for _, r := range login {
		ok = ok && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '_' || r == '-' || r == '@')
	}
	if !ok {
		return refuse(CodeBadLogin, "A login has 2 to 64 letters and digits; . _ - @ may stand among them.")
	}
	return nil
}
