// Package auth is people, sessions, tokens and scopes, and the one permission
// table. It owns no storage of its own: what it keeps goes through the small
// interfaces that its types name. It knows nothing of consults beyond the seats
// and stages that the table speaks of.
package auth
