package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"consilium/signaling/client"
	"consilium/signaling/protocol"
)

const (
	loadPatience = 60 * time.Second // that somebody may take to get into a call
	largestCall  = 8                // people
)

type loadCmd struct {
	Rooms   int           `help:"Calls at the same time." default:"1"`
	People  int           `help:"People in each call, 2 to 8." default:"2"`
	For     time.Duration `help:"How long to count once everybody is in." default:"20s"`
	Joins   float64       `help:"People who join in a second." default:"2"`
	Picture int           `help:"Rate of each picture, kbit/s." default:"600"`
	URL     string        `name:"url" help:"A demonstration that runs already, instead of one of its own."`
	Consult string        `help:"Only join this consult's call at --url, as --as, and stay until told to end."`
	As      []string      `help:"Logins of those who join --consult; they must have a seat there."`
}

// Run holds the calls and prints what came of them.
func (c *loadCmd) Run(ctx context.Context) error {
	if c.Consult != "" {
		return c.joinOne(ctx)
	}
	if c.Rooms < 1 || c.People < 2 || c.People > largestCall || c.Joins <= 0 || c.Picture < 0 || c.For <= 0 {
		return errors.New("at least one call, of 2 to 8 people, who join at some rate and stay a while")
	}
	if c.URL != "" {
		return c.hold(ctx, c.URL, nil)
	}
	own, err := startOwn(ctx, c.Rooms*c.People)
	if err != nil {
		return err
	}
	return errors.Join(c.hold(ctx, own.url, own), own.end())
}

// guest is one person of a load, in a call.
type guest struct {
	room *client.Room
	took time.Duration // from asking for the ticket to hearing and seeing everyone who was there
}

// enter takes one person into a call. Before it returns they hear and see those
// who are in it already.
func (c *loadCmd) enter(ctx context.Context, person client.Config, consult string) (*guest, error) {
	ctx, cancel := context.WithTimeout(ctx, loadPatience)
	defer cancel()
	began := time.Now()
	room, err := person.Enter(ctx, consult)
	if err != nil {
		return nil, err
	}
	g := &guest{room: room}
	err = errors.Join(room.Connect(ctx, largestCall-1), room.SetMedia(protocol.Media{Microphone: true, Camera: true}), room.Knock())
	if err == nil {
		err = room.Await(ctx, "being in the call", func(r *client.Room) bool { return r.Phase() == "in" })
	}
	last := began
	if err == nil {
		last, err = g.perceives(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, room.Close())
	}
	g.took = last.Sub(began)
	return g, nil
}

// perceives waits for the sound and the picture of all others in the call and
// tells when the last of them began to arrive.
func (g *guest) perceives(ctx context.Context) (last time.Time, err error) {
	for _, other := range g.room.Showing() {
		for _, source := range []string{"microphone", "camera"} {
			if err := g.room.AwaitMedia(ctx, other, source, 1); err != nil {
				return last, err
			}
			if first := g.room.Received(other, source).First; first.After(last) {
				last = first
			}
		}
	}
	return last, nil
}

// joinOne fills a call that somebody else began.
func (c *loadCmd) joinOne(ctx context.Context) error {
	if c.URL == "" || len(c.As) == 0 {
		return errors.New("--consult needs --url and --as")
	}
	var in []*guest
	defer func() { leave(in) }()
	for _, login := range c.As {
		person, err := client.SignIn(ctx, c.URL, login, demoPassword)
		if err != nil {
			return err
		}
		g, err := c.enter(ctx, person, c.Consult)
		if err != nil {
			return fmt.Errorf("%s: %w", login, err)
		}
		in = append(in, g)
	}
	for i, g := range in { // those who came later
		if _, err := g.perceives(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.As[i], err)
		}
	}
	fmt.Println("everybody hears and sees everybody")
	<-ctx.Done()
	return nil
}

func leave(in []*guest) {
	var all sync.WaitGroup
	for _, g := range in {
		all.Go(func() { _ = g.room.Close() }) // the call is over either way
	}
	all.Wait()
}

// hold fills the rooms, counts for a while and prints the result.
func (c *loadCmd) hold(ctx context.Context, url string, own *ownServer) error {
	fmt.Printf("%d calls of %d, pictures of %d kbit/s, %g join in a second\n", c.Rooms, c.People, c.Picture, c.Joins)
	calls, err := c.fill(ctx, url)
	in := slices.Concat(calls...)
	defer func() { leave(in) }()
	if err != nil {
		return err
	}
	before, used, began := count(in), own.used(), time.Now()
	select {
	case <-time.After(c.For):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, spent, length := count(in), own.used()-used, time.Since(began)
	packets, lost := after.Packets-before.Packets, after.Lost-before.Lost
	if packets == 0 {
		return errors.New("nothing arrives")
	}
	var took []time.Duration
	for _, call := range calls {
		for _, g := range call[1:] { // nobody was there before the first
			took = append(took, g.took)
		}
	}
	slices.Sort(took)
	fmt.Printf("%-30s %8d ms, slowest twentieth from %d ms\n", "joined, all heard and seen", took[len(took)/2].Milliseconds(), took[len(took)*19/20].Milliseconds())
	fmt.Printf("%-30s %8.0f /s, %.3f %% lost\n", "packets that arrived", float64(packets)/length.Seconds(), 100*float64(lost)/float64(packets+lost))
	if own != nil && spent > 0 {
		fmt.Printf("%-30s %8.1f µs a packet, %.0f %% of a processor\n", "processor time of the server", float64(spent.Microseconds())/float64(packets), 100*spent.Seconds()/length.Seconds())
		fmt.Printf("%-30s %8.1f MB\n", "memory of the server", own.megabytes())
	}
	return nil
}

// fill lets people join one after the other; the calls fill up side by side.
func (c *loadCmd) fill(ctx context.Context, url string) ([][]*guest, error) {
	calls := make([][]*guest, c.Rooms)
	errs := make([]error, c.Rooms)
	turn := time.NewTicker(time.Duration(float64(time.Second) / c.Joins))
	defer turn.Stop()
	var all sync.WaitGroup
	for i := range c.Rooms {
		all.Go(func() {
			calls[i], errs[i] = c.fillOne(ctx, url, i*c.People, turn.C)
		})
	}
	all.Wait()
	return calls, errors.Join(errs...)
}

// fillOne holds one call with c.People of the crowd, counted from first.
func (c *loadCmd) fillOne(ctx context.Context, url string, first int, turn <-chan time.Time) (in []*guest, err error) {
	people := make([]client.Config, c.People)
	for i := range people {
		if people[i], err = client.SignIn(ctx, url, crowdLogin(first+i), demoPassword); err != nil {
			return nil, err
		}
		people[i].Picture = c.Picture * 1000
	}
	var view struct{ ID string }
	err = people[0].Post(ctx, "/api/consults/start", map[string]any{
		"department": crowdDepartment(first + 1), "patient": map[string]any{"name": "测试", "age": 60, "sex": "female"},
		"question": "?", "consent_deferred": "unconscious",
	}, &view)
	if err == nil {
		err = people[1].Post(ctx, "/api/consults/"+view.ID+"/accept", map[string]any{}, nil)
	}
	for i := 2; i < c.People && err == nil; i++ {
		err = people[1].Post(ctx, "/api/consults/"+view.ID+"/call-in", map[string]any{"person": demoID(crowdLogin(first + i)), "seat": "expert"}, nil)
		if err == nil {
			err = people[i].Post(ctx, "/api/consults/"+view.ID+"/accept", map[string]any{}, nil)
		}
	}
	for i := 0; i < c.People && err == nil; i++ {
		select {
		case <-turn:
		case <-ctx.Done():
			return in, ctx.Err()
		}
		var g *guest
		if g, err = c.enter(ctx, people[i], view.ID); err == nil {
			in = append(in, g)
		}
	}
	return in, err
}

// count sums what arrived at everyone.
func count(in []*guest) (sum client.Received) {
	for _, g := range in {
		n := g.room.Total()
		sum.Packets += n.Packets
		sum.Lost += n.Lost
	}
	return sum
}
