package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
)

// KeysConfig says whose tokens these are and how long a key lives.
type KeysConfig struct {
	Issuer  string           // iss of every token; empty: "consilium"
	Rotate  time.Duration    // a key signs this long; zero: 30 days
	Overlap time.Duration    // and verifies this much longer; zero: 24 h; at least an hour
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged
}

const (
	refreshEvery = time.Minute     // how soon a node takes up another's new key
	reloadAtMost = 5 * time.Second // tokens with unknown key ids cause at most one look-up in this time
	reloadWithin = 3 * time.Second // and it may not take longer
)

func (c KeysConfig) validate() (KeysConfig, error) {
	if c.Issuer == "" {
		c.Issuer = "consilium"
	}
	if c.Rotate == 0 {
		c.Rotate = 30 * 24 * time.Hour
	}
	if c.Overlap == 0 {
		c.Overlap = 24 * time.Hour
	}
	if c.Rotate < time.Hour || c.Overlap < time.Hour {
		return c, errors.New("auth: a key signs for at least an hour and overlaps for at least an hour")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Keys is the ring that signs and verifies tokens. All nodes share it through
// the storage: each may make the next key, and each verifies with all.
type Keys struct {
	store keyStorage
	seal  *Seal
	cfg   KeysConfig

	mu     sync.RWMutex // guards the fields below
	public map[string]verifier
	signer signer
	loaded time.Time

	reload sync.Mutex // held while the ring is read anew; one at a time
}

type verifier struct {
	key   ed25519.PublicKey
	until time.Time
}

type signer struct {
	id     string
	key    ed25519.PrivateKey
	from   time.Time
	retire time.Time
}

// OpenKeys reads the ring and makes the first key if there is none.
func OpenKeys(ctx context.Context, store keyStorage, seal *Seal, cfg KeysConfig) (*Keys, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if seal == nil {
		return nil, errors.New("auth: keys need a seal")
	}
	k := &Keys{store: store, seal: seal, cfg: cfg}
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Run keeps the ring fresh until the context ends.
func (k *Keys) Run(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := k.Refresh(ctx); err != nil && ctx.Err() == nil {
				// The present keys go on working; the overlap is a day.
				k.cfg.Log.Warn("keys not refreshed", "error", err)
			}
		}
	}
}

// Refresh reads the ring and adds a key when the newest no longer signs.
func (k *Keys) Refresh(ctx context.Context) error {
	k.reload.Lock()
	defer k.reload.Unlock()
	return k.refreshLocked(ctx)
}

func (k *Keys) refreshLocked(ctx context.Context) error { // holds reload
	kept, err := k.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("auth: read the keys: %w", err)
	}
	now := k.cfg.Now()
	public := make(map[string]verifier, len(kept)+1)
	var newest signer
	for _, key := range kept {
		if !now.Before(key.Until) || len(key.Public) != ed25519.PublicKeySize {
			continue
		}
		public[key.ID] = verifier{key: ed25519.PublicKey(key.Public), until: key.Until}
		if now.Before(key.From) || !now.Before(key.Retire) || !key.From.After(newest.from) {
			continue
		}
		if newest, err = k.unseal(key); err != nil {
			return err
		}
	}
	if newest.id == "" {
		if newest, err = k.add(ctx, now, public); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.public, k.signer, k.loaded = public, newest, now
	return nil
}

func (k *Keys) add(ctx context.Context, now time.Time, public map[string]verifier) (signer, error) {
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return signer{}, fmt.Errorf("auth: make a key: %w", err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	retire := now.Add(k.cfg.Rotate)
	key := SigningKey{
		ID: id, Public: pub, Private: k.seal.seal(private.Seed(), "signing-key "+id),
		From: now.UTC(), Retire: retire.UTC(), Until: retire.Add(k.cfg.Overlap).UTC(),
	}
	if err := k.store.AddSigningKey(ctx, key); err != nil {
		return signer{}, fmt.Errorf("auth: store a key: %w", err)
	}
	public[id] = verifier{key: pub, until: key.Until}
	return signer{id: id, key: private, from: key.From, retire: key.Retire}, nil
}

func (k *Keys) unseal(key SigningKey) (signer, error) {
	seed, err := k.seal.open(key.Private, "signing-key "+key.ID)
	if err != nil {
		return signer{}, err
	}
	if len(seed) != ed25519.SeedSize {
		return signer{}, errors.New("auth: a stored private key has the wrong size")
	}
	private := ed25519.NewKeyFromSeed(seed)
	if !private.Public().(ed25519.PublicKey).Equal(ed25519.PublicKey(key.Public)) {
		return signer{}, errors.New("auth: a stored private key does not belong to its public key")
	}
	return signer{id: key.ID, key: private, from: key.From, retire: key.Retire}, nil
}

func (k *Keys) current() signer {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.signer
}

// lookUp finds a public key. An unknown id may be a key that another node has
// just made: the ring is read anew, but not for every stranger's invention.
func (k *Keys) lookUp(ctx context.Context, id string) (ed25519.PublicKey, bool) {
	if key, found, fresh := k.known(id); found || fresh {
		return key, found
	}
	k.reload.Lock()
	defer k.reload.Unlock()
	if key, found, fresh := k.known(id); found || fresh {
		return key, found
	}
	ctx, cancel := context.WithTimeout(ctx, reloadWithin)
	defer cancel()
	if err := k.refreshLocked(ctx); err != nil {
		k.cfg.Log.Warn("keys not refreshed", "error", err)
		k.mu.Lock()
		k.loaded = k.cfg.Now() // not again at once
		k.mu.Unlock()
	}
	key, found, _ := k.known(id)
	return key, found
}

func (k *Keys) known(id string) (key ed25519.PublicKey, found, fresh bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	now := k.cfg.Now()
	if v, ok := k.public[id]; ok && now.Before(v.until) {
		return v.key, true, true
	}
	return nil, false, now.Sub(k.loaded) < reloadAtMost
}
