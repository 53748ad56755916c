package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"
)

// largestAnswer bounds what is read of an answer, bytes.
const largestAnswer = 1 << 20

// Declined says that the API did not do what it was asked for.
type Declined struct {
	Status int
	Code   string // of the problem, as in web/api/problem.go
	Detail string
}

func (d *Declined) Error() string { return fmt.Sprintf("%d %s: %s", d.Status, d.Code, d.Detail) }

// SignIn opens a session with a password.
func SignIn(ctx context.Context, url, login, password string) (Config, error) {
	cfg := Config{URL: url}
	answer, err := cfg.send(ctx, http.MethodPost, "/api/session", map[string]string{"login": login, "password": password})
	if err != nil {
		return Config{}, fmt.Errorf("sign in as %s: %w", login, err)
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		if c.Name == "session" {
			cfg.Cookie = c.Name + "=" + c.Value
			return cfg, nil
		}
	}
	return Config{}, fmt.Errorf("sign in as %s: no session cookie; is a second factor set up?", login)
}

// Post gives a command to the API under an idempotency key of its own and reads
// the answer into out, which may be nil.
func (c Config) Post(ctx context.Context, path string, body, out any) error {
	answer, err := c.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer answer.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, largestAnswer)).Decode(out); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Enter asks for a ticket to a consult's room and opens its socket.
func (c Config) Enter(ctx context.Context, consult string) (*Room, error) {
	var ticket struct{ Ticket string }
	if err := c.Post(ctx, "/api/consults/"+consult+"/join", nil, &ticket); err != nil {
		return nil, err
	}
	return OpenRoom(ctx, c, consult, ticket.Ticket)
}

func (c Config) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, &b)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Idempotency-Key", uuid.NewString())
	if c.Cookie != "" {
		req.Header.Set("Cookie", c.Cookie)
	}
	if c.Bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.Bearer)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		declined := &Declined{Status: answer.StatusCode}
		_ = json.NewDecoder(io.LimitReader(answer.Body, largestAnswer)).Decode(declined) // a proxy's answer has no code
		return nil, declined
	}
	return answer, nil
}
