package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/schedule"
	"consilium/rooms/store"
)

// adminCmd looks after an installation without prompts. It works on the
// database, whether or not a server runs; a running one sees the change at once,
// or within three seconds where it keeps something open.
type adminCmd struct {
	Tenant      tenantCmd `cmd:"" help:"Name the partnership."`
	Institution struct {
		Add  institutionAdd  `cmd:"" help:"Add an institution; prints its id."`
		List institutionList `cmd:"" help:"List institutions and departments."`
	} `cmd:"" help:"Institutions."`
	Department struct {
		Add departmentAdd `cmd:"" help:"Add a department; prints its id."`
	} `cmd:"" help:"Departments."`
	Agreement struct {
		Add agreementAdd `cmd:"" help:"Let one institution invite another; prints the agreement's id."`
	} `cmd:"" help:"Agreements between institutions."`
	Account struct {
		Add      accountAdd      `cmd:"" help:"Add an account; prints its id."`
		List     accountList     `cmd:"" help:"List accounts and their roles."`
		Password accountPassword `cmd:"" help:"Set a password. It is read from a file or standard input, never from the command line."`
		Disable  accountDisable  `cmd:"" help:"Close an account: every session and call of the person ends."`
		Enable   accountEnable   `cmd:"" help:"Open a closed account again."`
	} `cmd:"" help:"Accounts."`
	Role struct {
		Add    roleAdd    `cmd:"" help:"Give a role at an institution."`
		Remove roleRemove `cmd:"" help:"Take a role away; the person's sessions end."`
	} `cmd:"" help:"Roles."`
	Reset     resetCmd     `cmd:"" help:"Print a one-time link that sets a password."`
	Enrolment enrolmentCmd `cmd:"" help:"Print a one-time link that makes the first administrator."`
}

// office is an open installation without its HTTP side.
type office struct {
	*store.Store
	gate   *auth.Gate
	tenant store.Tenant
}

// keyed is a place whose sealing key may lie elsewhere.
type keyed struct {
	place
	SealKeyFile string `help:"Key file; default: seal.key in the data folder." env:"CONSILIUM_SEAL_KEY_FILE" type:"path" placeholder:"FILE"`
}

func (k keyed) office(ctx context.Context) (*office, error) {
	st, err := k.open(ctx)
	if err != nil {
		return nil, err
	}
	o := &office{Store: st}
	if o.tenant, err = onlyTenant(ctx, st, true); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	path := k.SealKeyFile
	if path == "" {
		path = filepath.Join(k.Data, "seal.key")
	}
	seal, err := auth.OpenSeal(path)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	keys, err := auth.OpenKeys(ctx, st, seal, auth.KeysConfig{})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	if o.gate, err = auth.NewGate(st, keys, auth.Config{RequireTOTP: true}); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return o, nil
}

// in runs f in the opened installation and writes down what was done.
func (k keyed) in(ctx context.Context, action string, f func(*office) (detail string, err error)) error {
	o, err := k.office(ctx)
	if err != nil {
		return err
	}
	defer o.Close()
	detail, err := f(o)
	if err != nil || action == "" {
		return err
	}
	return o.Audit(ctx, store.AuditEntry{Tenant: o.tenant.ID, At: timeNow(), Person: consult.SystemPerson, Action: action, Detail: "command line: " + detail})
}

func (o *office) person(ctx context.Context, login string) (auth.Person, error) {
	p, err := o.PersonByLogin(ctx, auth.NormalLogin(login))
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Tenant != o.tenant.ID {
		return p, fmt.Errorf("there is no account %q; consilium admin account list shows them", login)
	}
	return p, err
}

type tenantCmd struct {
	keyed
	Name      string `required:"" help:"Name of the partnership."`
	NameLatin string `help:"Its name in Latin script."`
}

func (c *tenantCmd) Run(ctx context.Context) error {
	return c.in(ctx, "tenant.change", func(o *office) (string, error) {
		o.tenant.Name, o.tenant.NameLatin = c.Name, c.NameLatin
		return c.Name, o.SaveTenant(ctx, o.tenant)
	})
}

type institutionAdd struct {
	keyed
	Name      string `required:"" help:"Name."`
	NameLatin string `help:"Name in Latin script."`
	Tier      string `required:"" enum:"village,township,county,city" help:"village, township, county or city."`
	Telephone string `required:"" help:"Number that is on the screen as the last resort."`
	Zone      string `default:"Asia/Shanghai" help:"IANA time zone."`
}

func (c *institutionAdd) Run(ctx context.Context) error {
	if _, err := schedule.In(time.Time{}, c.Zone); err != nil {
		return fmt.Errorf("--zone: %w", err)
	}
	return c.in(ctx, "institution.save", func(o *office) (string, error) {
		id := store.NewID()
		err := o.SaveInstitution(ctx, store.Institution{ID: id, Tenant: o.tenant.ID, Name: c.Name, NameLatin: c.NameLatin, Tier: c.Tier, Telephone: c.Telephone, Zone: c.Zone})
		return printed(id, err)
	})
}

func printed(id string, err error) (string, error) {
	if err == nil {
		fmt.Println(id)
	}
	return id, err
}

type institutionList struct{ keyed }

func (c *institutionList) Run(ctx context.Context) error {
	return c.in(ctx, "", func(o *office) (string, error) {
		ins, err := o.Institutions(ctx, o.tenant.ID)
		if err != nil {
			return "", err
		}
		deps, err := o.Departments(ctx, o.tenant.ID)
		if err != nil {
			return "", err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
		for _, in := range ins {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", in.ID, in.Tier, in.Name, in.Telephone)
			for _, d := range deps {
				if d.Institution == in.ID {
					fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", d.ID, d.Specialty, d.Name, d.Telephone)
				}
			}
		}
		return "", w.Flush()
	})
}

type departmentAdd struct {
	keyed
	Institution string `required:"" help:"Institution id."`
	Name        string `required:"" help:"Name."`
	NameLatin   string `help:"Name in Latin script."`
	Specialty   string `required:"" help:"Code of the specialty, like cardiology."`
	Telephone   string `required:"" help:"Number that is on the screen as the last resort."`
	Next        string `help:"Department id that rings when nobody here answers."`
}

func (c *departmentAdd) Run(ctx context.Context) error {
	if _, ok := consult.SpecialtyOf(c.Specialty); !ok {
		var codes []string
		for _, s := range consult.Specialties() {
			codes = append(codes, s.Code)
		}
		return fmt.Errorf("--specialty is one of %s", strings.Join(codes, ", "))
	}
	return c.in(ctx, "institution.save", func(o *office) (string, error) {
		if _, err := o.Institution(ctx, o.tenant.ID, c.Institution); err != nil {
			return "", fmt.Errorf("institution %s: %w", c.Institution, err)
		}
		id := store.NewID()
		return printed(id, o.SaveDepartment(ctx, store.Department{ID: id, Tenant: o.tenant.ID, Institution: c.Institution, Name: c.Name, NameLatin: c.NameLatin,
			Specialty: c.Specialty, Telephone: c.Telephone, Next: c.Next}))
	})
}

type agreementAdd struct {
	keyed
	Inviting string    `required:"" help:"Institution id that may invite."`
	Invited  string    `required:"" help:"Institution id that may be invited."`
	Kinds    []string  `default:"video,asynchronous,diagnosis,mdt,teaching" enum:"video,asynchronous,diagnosis,mdt,teaching" help:"Kinds of consult that it covers."`
	From     time.Time `format:"2006-01-02" help:"First day; today when left out." placeholder:"YYYY-MM-DD"`
	Until    time.Time `format:"2006-01-02" help:"Day after the last; none: without end." placeholder:"YYYY-MM-DD"`
}

func (c *agreementAdd) Run(ctx context.Context) error {
	return c.in(ctx, "agreement.add", func(o *office) (string, error) {
		for _, id := range []string{c.Inviting, c.Invited} {
			if _, err := o.Institution(ctx, o.tenant.ID, id); err != nil {
				return "", fmt.Errorf("institution %s: %w", id, err)
			}
		}
		a := store.Agreement{ID: store.NewID(), Tenant: o.tenant.ID, Inviting: c.Inviting, Invited: c.Invited, From: c.From, Until: c.Until}
		if a.From.IsZero() {
			a.From = timeNow().UTC()
		}
		for _, k := range c.Kinds {
			a.Kinds = append(a.Kinds, consult.Kind(k))
		}
		return printed(a.ID, o.SaveAgreement(ctx, a))
	})
}

// linked makes links under the public address.
type linked struct {
	keyed
	PublicURL string `required:"" help:"Where people reach the server." env:"CONSILIUM_PUBLIC_URL" placeholder:"URL"`
}

func (l linked) base() (string, error) {
	u, err := url.Parse(strings.TrimSuffix(l.PublicURL, "/"))
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("--public-url %q must be like https://consult.example.org", l.PublicURL)
	}
	return u.String(), nil
}

type resetCmd struct {
	linked
	Login  string `arg:"" help:"Login."`
	Factor bool   `help:"Also remove the second factor (lost telephone)."`
}

func (c *resetCmd) Run(ctx context.Context) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	return c.in(ctx, "people.reset", func(o *office) (string, error) {
		p, err := o.person(ctx, c.Login)
		if err != nil {
			return "", err
		}
		_, token, err := o.gate.IssueReset(ctx, "", p.ID, c.Factor)
		if err == nil {
			fmt.Println(base + "/reset#" + token)
		}
		return p.ID, err
	})
}

type enrolmentCmd struct{ linked }

func (c *enrolmentCmd) Run(ctx context.Context) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	return c.in(ctx, "people.enrolment", func(o *office) (string, error) {
		_, token, err := o.gate.IssueEnrolment(ctx, o.tenant.ID)
		if err == nil {
			fmt.Println(base + "/enrol#" + token)
		}
		return "", err
	})
}
