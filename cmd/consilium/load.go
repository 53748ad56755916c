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
	// loadGrowth is what goes by before it counts: the server gives a link that it does not
	// know little, and more only after some seconds.
	loadGrowth = 15 * time.Second
)

type loadCmd struct {
	Rooms    int           `help:"Calls at the same time." default:"1"`
	People   int           `help:"People in each call, 2 to 8." default:"2"`
	For      time.Duration `help:"How long to count once everybody is in and the pictures have grown, 15 s later." default:"20s"`
	Joins    float64       `help:"People who join in a second." default:"2"`
	Picture  int           `help:"Rate of each picture, kbit/s; of its smaller layer as much as the server asks for." default:"600"`
	Thin     int           `help:"People of each call, the last to join, whose downlink is thin; at least two have none."`
	ThinRate int           `help:"Rate of a thin downlink, kbit/s." default:"400"`
	URL      string        `name:"url" help:"A demonstration that runs already, instead of one of its own."`
	Consult  string        `help:"Only join this consult's call at --url, as --as, and stay until told to end."`
	As       []string      `help:"Logins of those who join --consult; they must have a seat there."`
}

// Run holds the calls and prints what came of them.
func (c *loadCmd) Run(ctx context.Context) error {
	if c.Consult != "" {
		return c.joinOne(ctx)
	}
	if c.Rooms < 1 || c.People < 2 || c.People > largestCall || c.Joins <= 0 || c.Picture < 0 || c.For <= 0 {
		return errors.New("at least one call, of 2 to 8 people, who join at some rate and stay a while")
	}
	if c.Thin < 0 || c.Thin > c.People-2 || c.ThinRate <= 0 {
		return errors.New("at least two people of each call have no thin downlink, which carries something")
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
	thin bool          // on a thin downlink, which may carry no picture
	took time.Duration // from asking for the ticket to hearing and seeing everyone who was there
}

// enter takes one person into a call. Before it returns they hear those who are in
// it already, and see them unless their downlink is thin.
func (c *loadCmd) enter(ctx context.Context, person client.Config, consult string) (*guest, error) {
	ctx, cancel := context.WithTimeout(ctx, loadPatience)
	defer cancel()
	began := time.Now()
	room, err := person.Enter(ctx, consult)
	if err != nil {
		return nil, err
	}
	g := &guest{room: room, thin: person.Downlink > 0}
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

// perceives waits for the sound of all others in the call, and for their pictures
// unless the downlink is thin, and tells when the last of them began to arrive.
func (g *guest) perceives(ctx context.Context) (last time.Time, err error) {
	sources := []string{"microphone", "camera"}
	if g.thin {
		sources = sources[:1]
	}
	for _, other := range g.room.Showing() {
		for _, source := range sources {
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
	if c.Thin > 0 {
		fmt.Printf("%d of each call on a downlink of %d kbit/s\n", c.Thin, c.ThinRate)
	}
	calls, err := c.fill(ctx, url)
	in := slices.Concat(calls...)
	defer func() { leave(in) }()
	if err != nil {
		return err
	}
	if err := pass(ctx, loadGrowth); err != nil {
		return err
	}
	before, used, began := count(in), own.used(), time.Now()
	thin, others := look(in, true), look(in, false)
	if err := pass(ctx, c.For); err != nil {
		return err
	}
	after, spent, length := count(in), own.used()-used, time.Since(began)
	seenThin, seenOthers := look(in, true).since(thin, length), look(in, false).since(others, length)
	packets, lost := after.Packets-before.Packets, max(after.Lost-before.Lost, 0) // what was missing before may have come since
	if packets == 0 {
		return errors.New("nothing arrives")
	}
	var took []time.Duration
	for _, call := range calls {
		for _, g := range call[1 : c.People-c.Thin] { // nobody was there before the first
			took = append(took, g.took)
		}
	}
	slices.Sort(took)
	fmt.Printf("%-30s %8d ms, slowest twentieth from %d ms\n", "joined, all heard and seen", took[len(took)/2].Milliseconds(), took[len(took)*19/20].Milliseconds())
	fmt.Printf("%-30s %8.0f /s, %.3f %% lost\n", "packets that arrived", float64(packets)/length.Seconds(), 100*float64(lost)/float64(packets+lost))
	if c.Thin > 0 {
		fmt.Printf("%-30s %s; at the others %s\n", "a picture on a thin downlink", seenThin, seenOthers)
	}
	if own != nil && spent > 0 {
		fmt.Printf("%-30s %8.1f µs a packet, %.0f %% of a processor\n", "processor time of the server", float64(spent.Microseconds())/float64(packets), 100*spent.Seconds()/length.Seconds())
		fmt.Printf("%-30s %8.1f MB\n", "memory of the server", own.megabytes())
	}
	return nil
}

// pass lets time go by.
func pass(ctx context.Context, length time.Duration) error {
	select {
	case <-time.After(length):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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
		if i >= c.People-c.Thin {
			people[i].Downlink = c.ThinRate * 1000
		}
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
		sum.Add(g.room.Total())
	}
	return sum
}

// view is what arrived of pictures.
type view struct {
	client.Received
	pictures int
}

// look sums up the pictures of those who are on a thin downlink, or of the others.
func look(in []*guest, thin bool) (v view) {
	for _, g := range in {
		if g.thin != thin {
			continue
		}
		for _, other := range g.room.Showing() {
			v.pictures++
			v.Add(g.room.Received(other, "camera"))
		}
	}
	return v
}

// since tells what a picture got on average since before.
func (v view) since(before view, length time.Duration) string {
	frames := v.Frames - before.Frames
	each := float64(v.pictures) * length.Seconds()
	return fmt.Sprintf("%.0f kbit/s, %.1f frames/s, %.0f %% small", float64(8*(v.Bytes-before.Bytes))/1000/each,
		float64(frames)/each, 100*float64(v.Small-before.Small)/float64(max(frames, 1)))
}
