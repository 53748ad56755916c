package rooms

// Error is a refusal that a person can act on. Codes are kebab-case and stable;
// web/api/problem.go lists them with their status.
type Error struct {
	Code    string
	Message string
	Missing []string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// errHidden answers for what does not exist and for what the person may not
// know of: nobody can tell the one from the other.
var errHidden = &Error{Code: "not-found", Message: "there is nothing here for you; it may have been moved, or you may no longer have access"}

var errForbidden = &Error{Code: "forbidden", Message: "your roles do not include this; an administrator of your institution can change them"}
