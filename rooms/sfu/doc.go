// Package sfu forwards media between the participants of a room. It is a
// selective forwarding unit on pion's ICE, DTLS and SRTP: it decodes nothing, mixes
// nothing and records nothing.
//
// # What it knows
//
// Participants by an opaque id, the three sources a participant may send
// (microphone, camera, screen) and the rights to send them. It does not know
// consults, people, signaling, HTTP or any database; package rooms drives it
// and learns of changes through Hooks.
//
// # Who owns what
//
//   - A Server owns one UDP socket and one TCP listener on the same port number;
//     all rooms share them. The socket's reader is one goroutine: what it reads in
//     one batch it decrypts, decides on, encrypts for everybody and sends, and
//     nothing changes hands in between (batch_linux.go, crypt.go). On a busy socket
//     packets wait for its beat and share system calls. So one processor's worth of
//     forwarding is what a process can do; more rooms are for more nodes.
//   - A Room owns its peers and the map of lines, under one mutex.
//   - A connection (to one PeerConnection of a browser, of which a Peer has at most
//     one at a time) is negotiated under its peer's negotiation mutex. It has a
//     carrier, which is the way to the browser and all that is encrypted. A new
//     PeerConnection of the browser, recognised by its certificate and session
//     id or ICE credentials, replaces the old one; lines and subscriptions carry
//     over.
//   - What a connection receives is handled packet after packet under its carrier's
//     mutex, from the decryption to the write at each subscriber. It reads an
//     immutable list of subscribed lines (an atomic pointer, replaced under the
//     room's mutex). Media is kept once, in the publisher's packet cache; a
//     subscriber keeps only the mapping of sequence numbers.
//   - What is not media (ICE, DTLS, RTCP) has goroutines of each connection, and so
//     has media over TCP.
//
// # What a thin downlink gets
//
// Pictures are numbered across a connection's lines, and the browser says when
// each packet came. From how long they wait, how many are lost and how much gets
// through, estimate.go makes what the link carries; it knows nothing until there
// was too much once. Until then a connection begins with a ramp (ramp.go): it is
// given little and soon more, a picture that is more than that waits without a
// word, with padding in its place, and who alone watches a publisher has it come
// down. Whom nobody watches is told to keep the picture at its smallest: it costs
// little, and begins at once when somebody comes. Sound is not counted and never held
// back. What the link carries is divided among the pictures (allot.go). A publisher is
// told to send no more than is of use to those who watch (goog-remb); a picture that
// then does not fit somebody's link is paused for that browser alone (downlink.go), and
// padding finds out when it would fit again (probe.go). Until then a key frame of it is
// sent every few seconds, so slowly that sound passes, where the link bears that
// (stills.go). All of it is under the room's mutex, some ten times per second and
// connection.
//
// A picture that comes in layers (simulcast.go) is the largest of them to everybody
// whose links are alike, and comes down to what those carry, as without layers. Who
// has less than half of what others have gets a smaller layer instead of nothing
// (layers.go): the publisher is asked for it, at the rate that the weaker links
// carry, and sends it only while somebody watches it. A line changes its layer at a
// key frame of the new one; downwards at once, upwards only when the link has
// carried it for some seconds, and the later the sooner it proved too much before.
// To find that out padding goes beside the small picture.
//
// # What is lost
//
// The last packets of every source are kept, and sent again to whoever asks for
// them (NACK); what we miss ourselves the publisher is asked for, and passed on late
// (missing.go, repair.go). Who comes while a key frame is fresh begins with that
// (replay.go). Pictures come again as RTX, sound with its own number, and only between
// those who offered a=rtcp-fb nack for Opus: most browsers do both without offering it.
// Sound is repaired only while the round trip is below 300 ms, later nobody waits for
// it; and at most three packets of ten may be repairs. What was repaired is reported as
// lost all the same: encoders choose their redundancy by it.
//
// # What the browser's offer must look like
//
// The browser is always the offerer. Every offer carries, bundled on one
// transport with rtcp-mux, only audio and video sections:
//
//   - Sections that the browser sends on (direction sendonly; sendrecv is
//     answered recvonly). Each is named in the tracks that accompany the offer:
//     its mid and its source. microphone is an audio section, camera and screen
//     are video sections; each source at most once. A sending section that is
//     not named, or that the participant has no right to, is answered inactive.
//   - Spare lines: every section with direction recvonly. That is all that
//     marks them. The n-th receiving audio section and the n-th receiving video
//     section, counted in the order of the offer, are a pair: they share a
//     stream id (msid), so the browser keeps a participant's sound and picture
//     in step. A receiving section stays a line for the life of the
//     PeerConnection; it must not change direction.
//
// A section with port 0 is rejected, unless it says bundle-only, as all but the
// first of Firefox's do.
//
// The order of sections is otherwise free; new ones are appended by later
// offers, as browsers do. The recommended first offer is: microphone
// (sendonly), camera (sendonly), then audio and video recvonly, twice. Opus for
// audio; VP8 and H.264 (baseline, packetization-mode 1) with RTX for video. VP9 and AV1
// (profile 0) pass too, to those who offered them. The answer names VP8 first, whatever
// the browser prefers. The only header extension used is transport-wide-cc, both ways.
// A sending section names its stream (a=ssrc), as browsers do without simulcast, also
// while no track is attached. No data channel. Such an offer of Chromium is 7.3 KB, its answer 4.1 KB.
//
// A camera may come in up to three layers (a=simulcast:send with a=rid, RFC 8853),
// listed from the smallest to the largest, from the first offer on. Then the header
// extensions for mid, rid and repaired rid are used on its section. Hooks.Layers says
// which layers are of use beside the largest; a browser that sends others too wastes
// its uplink but is forwarded all the same.
//
// Turning a source off and on needs no offer: the browser uses replaceTrack or
// track.enabled and tells the room, which calls Mute. Screen sharing adds its
// sendonly section with the first share and reuses it afterwards.
//
// Candidates in the offer are ignored and never contacted: the server is
// ICE-lite and learns its peers from their checks. There is no trickling in
// either direction; the answer is complete. An ICE restart is an ordinary
// offer with new ICE credentials; or no offer at all: a browser whose way is dead may
// restart with the answer that it has (moving.go), and offers its new credentials when
// there is something else to offer.
//
// ontrack in the browser is not a participant: lines are opened once and get
// occupants later. Who is on which line is told by the lines that come with the
// answer and by Hooks.Lines after every change; a map that overtakes its answer
// may name mids that the browser does not know yet.
//
// Chromium on a machine with no interface but loopback gathers nothing unless it
// is started with --allow-loopback-in-peer-connection; with any other interface
// up, a page on http://localhost connects as it is.
package sfu
