package main

import (
	"context"
	"errors"
	"fmt"

	"consilium/auth"
)

type tokenCmd struct {
	keyed
	Login string `arg:"" help:"Login of the account that the machine acts as."`
}

// Run prints a bearer token for the API, good for ten minutes.
func (c *tokenCmd) Run(ctx context.Context) error {
	return c.in(ctx, "token.issue", func(o *office) (string, error) {
		p, err := o.person(ctx, c.Login)
		if err != nil {
			return "", err
		}
		if p.Disabled {
			return "", errors.New("this account is closed")
		}
		token, err := o.gate.Issue(auth.Actor{Person: p.ID, Tenant: p.Tenant, Epoch: p.Epoch}, auth.APIToken, auth.Claims{})
		if err == nil {
			fmt.Println(token)
		}
		return p.ID, err
	})
}
