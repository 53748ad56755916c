package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"consilium/rooms/store"
	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

// fullDisk lets the server's disk run full during a call: the call goes on,
// what is there can be read, what cannot be kept is refused in words, and when
// there is room again all is as before.
func fullDisk(t *testing.T, w *workshop) {
	disk := smallDisk(t)
	data := filepath.Join(disk, "data")
	if out, err := exec.Command("cp", "-a", w.seeded, data).CombinedOutput(); err != nil {
		t.Fatalf("data not copied: %v: %s", err, out)
	}
	srv := demo(t, data, "localhost:0")
	s := on(t, srv)
	li := s.signsIn("li")
	talking := s.call(li, s.signsIn("wang"), cardiology)
	visitor := s.signsIn("chen")

	first := li.send("POST", "/api/consults", request("While there is room."), withKey("room")...).is(201).view().ID

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	kept, refused := li.writesUntilFull("before")
	kept = append(kept, first)
	refused.refused(507, "storage-full")
	if !strings.Contains(refused.problem().Detail, "nothing was saved") {
		t.Errorf("the refusal does not say what became of the input: %s", refused.raw)
	}
	fill(t, ballast) // what little the database gave back
	body, contentType := upload("report.pdf", append([]byte("%PDF-1.4 "), make([]byte, 2<<20)...))
	li.send("POST", "/api/consults/"+kept[0]+"/attachments", body, "Content-Type", contentType).refused(507, "storage-full")

	// Reading goes on, for who has read it before and for who has not.
	for _, id := range kept {
		li.send("GET", "/api/consults/"+id, nil).is(200)
	}
	li.send("GET", "/api/consults/"+kept[0]+"/timeline", nil).is(200)
	visitor.send("GET", "/api/consults?scope=mine", nil).is(200)
	visitor.send("GET", "/api/consults/"+kept[0], nil).refused(404, "not-found")
	s.nobody().send("GET", "/readyz", nil).is(200)

	// The call goes on; what is said and cannot be kept is not shown as said.
	talking.flows()
	more, _ := li.writesUntilFull("during")
	kept = append(kept, more...)
	said, refusedInRoom := 0, false
	for !refusedInRoom { // what is shorter than a request may find room yet
		s.ok(talking.doctor.Say(store.NewID(), strings.Repeat("言", 4000)))
		s.ok(talking.doctor.Await(s.ctx, "an answer to what was said", func(r *client.Room) bool {
			refusedInRoom = r.RefusedWith(protocol.Unavailable)
			return refusedInRoom || len(r.Chat()) > said
		}))
		said++
	}

	s.ok(os.Remove(ballast))
	fresh := li.send("POST", "/api/consults", request("There is room again."), withKey("room again")...).is(201).view()
	kept = append(kept, fresh.ID)
	talking.flows()

	srv.kill()
	s.at = srv.again(t)
	for _, id := range kept {
		li.send("GET", "/api/consults/"+id, nil).is(200)
	}
	talking.comesBack()
}

// smallDisk is a disk of its own for the test.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m,mode=0700")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip("a small disk needs the right to mount one: run the test as root")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("the disk stays: %v", err)
		}
	})
	return dir
}

// fill writes until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		err = nil
	}
}

// writesUntilFull files large requests until one is refused, and answers those
// that were acknowledged. The database has some room of its own at first.
func (p *person) writesUntilFull(when string) (kept []string, refused answer) {
	p.Helper()
	for i := range 500 {
		body := request(fmt.Sprintf("How much room is there? %s %d", when, i))
		body["request"].(map[string]any)["history"] = strings.Repeat("史", 4000)
		a := p.send("POST", "/api/consults", body, withKey(fmt.Sprint(when, i))...)
		if a.status != 201 {
			return kept, a
		}
		kept = append(kept, a.view().ID)
	}
	p.Fatal("the disk never ran full")
	return nil, answer{}
}
