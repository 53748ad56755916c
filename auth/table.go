package auth

// Who, as the table below names them.
var (
	owner     = seats{SeatOwner}
	companion = seats{SeatAccompanying}
	bedside   = seats{SeatOwner, SeatAccompanying} // with the patient
	experts   = seats{SeatExpert, SeatChair, SeatMember}
	answering = seats{SeatExpert, SeatChair} // who signs; a member records dissent
	invited   = seats{SeatInvited}
	guests    = seats{SeatInterpreter, SeatObserver}
	glass     = seats{SeatBreakGlass}

	coordinator = partner{Coordinator}
	anyone      = partner{Requester, Accompanying, Expert, Coordinator, Interpreter, Observer,
		InstitutionAdmin, PartnershipAdmin, QualityReviewer, Finance, Auditor}
)

// When, as the table below names it.
var (
	always   = stages{StageDraft, StageReturned, StageQueue, StageOpen, StageCall, StageWriting, StageAnswered, StageEnded, StageArchived}
	current  = stages{StageDraft, StageReturned, StageQueue, StageOpen, StageCall, StageWriting, StageAnswered, StageEnded}
	sent     = stages{StageReturned, StageQueue, StageOpen, StageCall, StageWriting, StageAnswered, StageEnded}
	filed    = stages{StageReturned, StageQueue, StageOpen, StageCall, StageWriting, StageAnswered, StageEnded, StageArchived}
	forth    = stages{StageQueue, StageOpen, StageCall, StageWriting, StageAnswered, StageEnded}
	unsigned = stages{StageDraft, StageReturned, StageQueue, StageOpen, StageCall, StageWriting}
	asking   = stages{StageQueue, StageOpen, StageCall, StageWriting}
	meeting  = stages{StageQueue, StageOpen, StageCall} // the lobby of an emergency opens while it rings
	calling  = stages{StageCall}
	writing  = stages{StageOpen, StageCall, StageWriting}
	answered = stages{StageAnswered, StageEnded}
	sealed   = append(stages{""}, filed...) // emergency access as such, and to one case
	kept     = stages{StageAnswered, StageEnded, StageArchived}
)

// table is the permission table. Several rows of one action are alternatives.
// A row says who may try an act while they may see the case at all; whether
// the state permits it is the lifecycle's answer.
var table = []row{
	// the case, as it is read
	{"case.summary", owner, always},
	{"case.summary", companion, current},
	{"case.summary", invited, asking},
	{"case.summary", experts, forth},
	{"case.summary", coordinator, sent},
	{"case.summary", glass, filed},
	{"case.read", owner, always},
	{"case.read", companion, current},
	{"case.read", experts, forth},
	{"case.read", glass, filed},
	{"case.timeline", owner, always},
	{"case.timeline", companion, current},
	{"case.timeline", experts, forth},
	{"case.timeline", coordinator, sent},
	{"case.timeline", glass, filed},
	{"attachment.read", owner, always},
	{"attachment.read", companion, current},
	{"attachment.read", experts, forth},
	{"attachment.read", glass, filed},
	{"chat.read", owner, always},
	{"chat.read", companion, current},
	{"chat.read", experts, forth},
	{"chat.read", glass, filed},
	{"opinion.read", owner, kept},
	{"opinion.read", experts, answered},
	{"opinion.read", glass, kept},

	// the case, as it is written
	{"case.edit", bedside, unsigned},
	{"case.vitals", bedside, unsigned},
	{"attachment.add", bedside, unsigned},
	{"attachment.add", experts, writing},
	{"chat.write", bedside, asking},
	{"chat.write", experts, asking},
	{"opinion.draft", experts, asking},

	// from the request to the door
	{"consult.create", here{Requester}, global},
	{"consult.start", here{Requester}, global},
	{"consult.start", owner, current},
	{"consult.submit", owner, current},
	{"consult.consent", bedside, current},
	{"consult.consent", answering, forth}, // explaining why it was deferred
	{"consult.withdraw", bedside, current},
	{"consult.return", coordinator, sent},
	{"consult.triage", coordinator, sent},
	{"consult.invite", coordinator, sent},
	{"consult.escalate", owner, current},
	{"consult.escalate", coordinator, sent},
	{"consult.accept", invited, asking},
	{"consult.accept", experts, forth},
	{"consult.decline", invited, asking},
	{"consult.decline", experts, forth},
	{"consult.schedule", coordinator, sent},
	{"consult.prepare", bedside, current},
	{"consult.cancel", owner, current},
	{"consult.cancel", coordinator, sent},
	{"consult.miss", owner, current},
	{"consult.miss", answering, forth},
	{"consult.miss", coordinator, sent},
	{"consult.reopen", owner, current},
	{"consult.reopen", coordinator, sent},
	{"consult.expire", nobody{}, nil},

	// the call
	{"room.enter", bedside, meeting},
	{"room.enter", experts, meeting},
	{"room.enter", guests, calling},
	{"room.speak", bedside, meeting},
	{"room.speak", experts, meeting},
	{"room.speak", seats{SeatInterpreter}, calling},
	{"room.share", bedside, meeting},
	{"room.share", experts, meeting},
	{"room.admit", experts, meeting},
	{"room.end", owner, calling},
	{"room.end", answering, calling},
	{"consult.arrive", bedside, current},
	{"consult.arrive", experts, forth},
	{"consult.admit", experts, forth},
	{"consult.interrupt", answering, forth},
	{"consult.resume", owner, current},
	{"consult.resume", experts, forth},
	{"consult.join", owner, current},
	{"consult.join", answering, forth},
	{"consult.join", coordinator, sent},
	{"consult.end", owner, current},
	{"consult.end", answering, forth},

	// the opinion and what comes of it
	{"consult.write", answering, forth},
	{"consult.conclude", answering, forth},
	{"consult.sign", answering, forth},
	{"consult.append", experts, forth},
	{"consult.decide", owner, current},
	{"consult.follow", owner, current},
	{"consult.close", owner, current},

	// 紧急调阅
	{"breakglass.open", outsider{Requester, Expert}, sealed},
	{"breakglass.review", owner, filed},
	{"breakglass.review", here{InstitutionAdmin}, sealed},
	{"breakglass.review", partner{PartnershipAdmin}, sealed},

	// the partnership
	{"queue.read", coordinator, global},
	{"board.read", coordinator, global},
	{"schedule.read", partner{Coordinator, Expert}, global}, // an expert sees the own row only
	{"directory.read", anyone, global},
	{"duty.read", anyone, global},
	{"duty.self", here{Expert}, global},
	{"duty.manage", partner{Coordinator, PartnershipAdmin}, global},
	{"duty.manage", here{InstitutionAdmin}, global},
	{"people.manage", here{InstitutionAdmin}, global}, // with MayManage and MayGrant
	{"people.manage", partner{PartnershipAdmin}, global},
	{"institution.manage", here{InstitutionAdmin}, global},
	{"institution.manage", partner{PartnershipAdmin}, global},
	{"audit.read", partner{Auditor}, global},
	{"quality.sample", partner{QualityReviewer}, global},
	{"charges.read", partner{Finance}, global},
}
