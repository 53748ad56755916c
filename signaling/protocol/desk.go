package protocol

// The desk socket (/ws/desk): one per open app. Ids and states, no clinical text.

// DeskHello is the first frame from the app.
type DeskHello struct {
	Ticket string `json:"ticket" maxLength:"4096" doc:"single-use desk ticket from POST /api/tickets/desk"`
	Epoch  string `json:"epoch,omitempty" maxLength:"64" doc:"epoch of the last event seen, to continue without a snapshot"`
	Offset uint64 `json:"offset,omitempty" doc:"offset of the last event seen"`
}

// Armed tells whether this page may ring: sound was unlocked by a click.
type Armed struct {
	Armed bool `json:"armed"`
}

// Ping asks for a Pong; the app uses it to notice a dead link and to measure it.
type Ping struct {
	At int64 `json:"at" doc:"sender's clock, ms since the Unix epoch"`
}

// Pong answers a Ping.
type Pong struct {
	At     int64 `json:"at" doc:"copied from the ping"`
	Server int64 `json:"server" doc:"server's clock, ms since the Unix epoch"`
}

// DeskWelcome answers DeskHello. After it, events follow from Offset+1.
type DeskWelcome struct {
	Epoch   string `json:"epoch"`
	Offset  uint64 `json:"offset"`
	Resumed bool   `json:"resumed" doc:"false: everything may have changed, read anew what is on screen"`
	Rings   []Ring `json:"rings" doc:"rings for this person right now"`
}

// Ring asks an expert to take an emergency; what it is about is read from GET /api/rings.
type Ring struct {
	Consult    string `json:"consult"`
	Department string `json:"department"`
	Wave       int    `json:"wave" doc:"1 first on duty, 2 deputies, 3 next department or tier"`
	Until      int64  `json:"until" doc:"ms since the Unix epoch when this wave ends"`
	Invitation bool   `json:"invitation,omitempty" doc:"true: invited into a running call"`
}

// RingStopped ends a ring.
type RingStopped struct {
	Consult string `json:"consult"`
	Why     string `json:"why" enum:"taken,answered,timeout,cancelled"`
}

// Changed says that a case this person may see has changed.
type Changed struct {
	Consult string `json:"consult"`
	State   string `json:"state"`
	Version int64  `json:"version"`
	Verb    string `json:"verb" doc:"what happened last; empty for a change outside the lifecycle"`
}

// Presence says that a person came, went, or changed duty.
type Presence struct {
	Person string `json:"person"`
	Online bool   `json:"online"`
	Armed  bool   `json:"armed" doc:"some page of theirs can ring"`
}

// Notice is something the person should know now.
type Notice struct {
	Kind    string `json:"kind" enum:"unanswered,knocking,waiting-long,due,call-back,offer-async,break-glass,agreement"`
	Consult string `json:"consult,omitempty"`
}
