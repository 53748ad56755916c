// Package cluster is what the nodes of one installation tell each other: who is
// present, what has just happened, and how often something was tried. With one
// node it lives in memory, with several in Redis; both keep the same promises,
// held by one suite of tests.
//
// Nothing here is the only copy of anything: presence is rebuilt from the nodes
// and a lost event means reading the database anew. The package carries ids and
// opaque payloads; it must not know what they mean, nor hold clinical text.
package cluster
