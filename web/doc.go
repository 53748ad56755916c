// Package web serves the browser app that is built into the binary and stands
// guard in front of everything that HTTP reaches: which hosts are answered,
// what proxies are believed, where requests may come from, and what browsers
// are told to forbid themselves. It owns no state and must not know sockets,
// consults or people.
package web
