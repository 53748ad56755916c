package rooms

import (
	"slices"

	"consilium/auth"
)

// general are the actions that are about no single case.
var general = []auth.Action{
	"consult.create", "consult.start", "queue.read", "board.read", "schedule.read", "duty.read", "duty.self", "duty.manage",
	"directory.read", "people.manage", "institution.manage", "audit.read", "quality.sample", "charges.read",
	"breakglass.open", "breakglass.review",
}

// Somewhere reports whether the actor may do a general action at one of their
// institutions at least.
func Somewhere(by auth.Actor, act auth.Action) bool {
	return slices.ContainsFunc(by.Grants, func(g auth.Grant) bool { return at(by, act, g.Institution) })
}

// at reports whether the actor may do a general action at the institution.
func at(by auth.Actor, act auth.Action, institution string) bool {
	return auth.Allow(by, act, auth.Object{Tenant: by.Tenant, Institutions: []string{institution}})
}

// everything lists the general actions open to the actor.
func everything(by auth.Actor) []string {
	out := []string{}
	for _, act := range general {
		if Somewhere(by, act) {
			out = append(out, string(act))
		}
	}
	return out
}
