package turn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

const (
	// grantLife is how long a credential opens an allocation. What is open stays
	// so, or a long call would end with its credential.
	grantLife = time.Hour
	// mostUsername bounds what is looked at, bytes.
	mostUsername = 128

	realm = "consilium"
)

// Grant is a credential of a user for the next hour, in the manner of "A REST
// API for access to TURN services": the name carries its own end, the password
// is its keyed hash, and nothing is kept. user must hold no colon.
func (r *Relay) Grant(user string) (username, password string) {
	username = strconv.FormatInt(r.cfg.Now().Add(grantLife).Unix(), 10) + ":" + user
	return username, r.password(username)
}

func (r *Relay) password(username string) string {
	mac := hmac.New(sha256.New, r.cfg.Key)
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// authenticate is asked for the key of whoever claims a username. A forged name
// gets a key too, but not one that its maker knows.
func (r *Relay) authenticate(a *turn.RequestAttributes) (user string, key []byte, ok bool) {
	if len(a.Username) > mostUsername {
		return "", nil, false
	}
	until, user, found := strings.Cut(a.Username, ":")
	end, err := strconv.ParseInt(until, 10, 64)
	if !found || err != nil || user == "" {
		return "", nil, false
	}
	if a.Method == stun.MethodAllocate && !r.cfg.Now().Before(time.Unix(end, 0)) {
		return "", nil, false
	}
	return user, turn.GenerateAuthKey(a.Username, realm, r.password(a.Username)), true
}
