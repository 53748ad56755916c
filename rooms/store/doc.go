// Package store is everything that is kept: people and sessions, institutions,
// cases with their opinions, chat and attachments, bookings, timers, the audit
// trail and the outbox. It holds all SQL, for SQLite and for PostgreSQL, and
// the files of attachments.
//
// The database owns the state; the package keeps none beside its connections.
// A transition of a case is one transaction ([Store.Transition]): the case is
// compared and set, its audit entry and its outbox entry are written with it.
// The package knows the lifecycle's types but decides nothing of it, it never
// publishes, and it knows nothing of HTTP, sockets or Redis. Each question
// names the tenant, so that no answer crosses partnerships.
package store
