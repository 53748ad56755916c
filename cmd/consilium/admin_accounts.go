package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"consilium/auth"
	"consilium/rooms/store"
)

type accountAdd struct {
	keyed
	Login        string   `arg:"" help:"Login."`
	Name         string   `required:"" help:"Name of the person."`
	NameLatin    string   `help:"Name in Latin script."`
	Title        string   `help:"Professional title."`
	Licence      string   `help:"Number of the licence to practise; an expert needs one."`
	Specialty    string   `help:"Code of the specialty."`
	Department   string   `help:"Department id where the person mainly works."`
	Telephone    string   `help:"Telephone."`
	Locale       string   `default:"zh-CN" enum:"zh-CN,en" help:"zh-CN or en."`
	Zone         string   `default:"Asia/Shanghai" help:"IANA time zone."`
	Role         []string `help:"ROLE@INSTITUTION, like expert@0198…; may be repeated."`
	PasswordFile string   `help:"File that holds the password, - for standard input. Without it, print a reset link with consilium admin reset." placeholder:"FILE"`
}

func (c *accountAdd) Run(ctx context.Context) error {
	return c.in(ctx, "people.create", func(o *office) (string, error) {
		if err := auth.CheckLogin(c.Login); err != nil {
			return "", err
		}
		p := auth.Person{ID: store.NewID(), Tenant: o.tenant.ID, Login: auth.NormalLogin(c.Login), Name: c.Name, NameLatin: c.NameLatin, Title: c.Title, Licence: c.Licence,
			Specialty: c.Specialty, Department: c.Department, Telephone: c.Telephone, Locale: c.Locale, Zone: c.Zone, Created: timeNow().UTC()}
		for _, text := range c.Role {
			role, institution, ok := strings.Cut(text, "@")
			if !ok || !knownRole(role) {
				return "", fmt.Errorf("--role %q must be ROLE@INSTITUTION; roles are %s", text, strings.Join(roleNames(), ", "))
			}
			p.Grants = append(p.Grants, auth.Grant{Institution: institution, Role: auth.Role(role), From: p.Created})
		}
		hash := ""
		if c.PasswordFile != "" {
			password, err := readPassword(c.PasswordFile, p.Login)
			if err != nil {
				return "", err
			}
			hash = auth.HashPassword(password, auth.Cost{})
		}
		return printed(p.ID, o.AddPerson(ctx, p, hash))
	})
}

// readPassword reads one line from a file, or from standard input for "-".
func readPassword(file, login string) (string, error) {
	in := os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	return line, auth.CheckPassword(line, login)
}

func roleNames() []string {
	return []string{"requester", "accompanying", "expert", "coordinator", "interpreter", "observer", "institution-admin", "partnership-admin", "quality-reviewer", "finance", "auditor"}
}

func knownRole(name string) bool { return slices.Contains(roleNames(), name) }

type accountList struct{ keyed }

func (c *accountList) Run(ctx context.Context) error {
	return c.in(ctx, "", func(o *office) (string, error) {
		list, err := o.People(ctx, store.PeopleFilter{Tenant: o.tenant.ID, Disabled: true, Limit: 10_000})
		if err != nil {
			return "", err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		for _, p := range list {
			var roles []string
			for _, g := range p.Grants {
				roles = append(roles, string(g.Role)+"@"+g.Institution)
			}
			state := "open"
			if p.Disabled {
				state = "closed"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Login, p.Name, state, strings.Join(roles, " "))
		}
		return "", w.Flush()
	})
}

type accountPassword struct {
	keyed
	Login        string `arg:"" help:"Login."`
	PasswordFile string `default:"-" help:"File that holds the password; - is standard input." placeholder:"FILE"`
}

func (c *accountPassword) Run(ctx context.Context) error {
	return c.in(ctx, "people.password", func(o *office) (string, error) {
		p, err := o.person(ctx, c.Login)
		if err != nil {
			return "", err
		}
		password, err := readPassword(c.PasswordFile, p.Login)
		if err != nil {
			return "", err
		}
		return p.ID, o.gate.SetPassword(ctx, p.ID, password)
	})
}

type accountDisable struct {
	keyed
	Login string `arg:"" help:"Login."`
}

func (c *accountDisable) Run(ctx context.Context) error { return c.set(ctx, c.Login, true) }

type accountEnable struct {
	keyed
	Login string `arg:"" help:"Login."`
}

func (c *accountEnable) Run(ctx context.Context) error { return c.set(ctx, c.Login, false) }

func (k keyed) set(ctx context.Context, login string, disabled bool) error {
	return k.in(ctx, "people.change", func(o *office) (string, error) {
		p, err := o.person(ctx, login)
		if err != nil {
			return "", err
		}
		p.Disabled = disabled
		if err := o.SavePerson(ctx, p); err != nil {
			return "", err
		}
		if disabled {
			_, err = o.gate.Revoke(ctx, p.ID)
		}
		return fmt.Sprintf("%s disabled=%t", p.ID, disabled), err
	})
}

type roleAdd struct {
	keyed
	Login       string    `arg:"" help:"Login."`
	Role        string    `arg:"" help:"Role." enum:"requester,accompanying,expert,coordinator,interpreter,observer,institution-admin,partnership-admin,quality-reviewer,finance,auditor"`
	Institution string    `arg:"" help:"Institution id."`
	From        time.Time `format:"2006-01-02" help:"First day; now when left out." placeholder:"YYYY-MM-DD"`
	Until       time.Time `format:"2006-01-02" help:"Day after the last; none: without end." placeholder:"YYYY-MM-DD"`
}

func (c *roleAdd) Run(ctx context.Context) error {
	return c.in(ctx, "people.grants", func(o *office) (string, error) {
		p, err := o.person(ctx, c.Login)
		if err != nil {
			return "", err
		}
		g := auth.Grant{Institution: c.Institution, Role: auth.Role(c.Role), From: c.From, Until: c.Until}
		if g.From.IsZero() {
			g.From = timeNow().UTC()
		}
		return p.ID + " +" + c.Role, o.SetGrants(ctx, o.tenant.ID, p.ID, append(p.Grants, g))
	})
}

type roleRemove struct {
	keyed
	Login       string `arg:"" help:"Login."`
	Role        string `arg:"" help:"Role."`
	Institution string `arg:"" help:"Institution id."`
}

func (c *roleRemove) Run(ctx context.Context) error {
	return c.in(ctx, "people.grants", func(o *office) (string, error) {
		p, err := o.person(ctx, c.Login)
		if err != nil {
			return "", err
		}
		left := slices.DeleteFunc(slices.Clone(p.Grants), func(g auth.Grant) bool { return string(g.Role) == c.Role && g.Institution == c.Institution })
		if len(left) == len(p.Grants) {
			return "", fmt.Errorf("%s does not have this role there; consilium admin account list shows what they have", c.Login)
		}
		if err := o.SetGrants(ctx, o.tenant.ID, p.ID, left); err != nil {
			return "", err
		}
		_, err = o.gate.Revoke(ctx, p.ID)
		return p.ID + " -" + c.Role, err
	})
}
