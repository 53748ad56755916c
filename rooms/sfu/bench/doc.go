// Command bench measures what forwarding costs, beside a reference in the same
// run: the smallest forwarder that pion allows, without interceptors. Servers run
// in processes of their own, so that their CPU time is theirs alone; the people
// of the rooms are pion peers in the process that measures. The variants take
// turns in short slices, so that a busy machine disturbs all of them alike, and
// the figures are medians over the slices.
//
// Pictures are cut into packets as Chromium cut them once (frames.txt). With -record
// it is had to do so again, into a file.
//
// It knows rooms/sfu by its exported functions only.
package main
