package gvisor

import (
	"encoding/binary"
	"sync"
)

// random is a seeded generator (splitmix64) that serves both of netstack's
// appetites: a rand.Source for ports and hashes, and an io.Reader for the
// secrets behind initial sequence numbers and timestamp offsets. Nothing here
// is secret: the point is that a seed gives the same bytes again.
type random struct {
	mu    sync.Mutex // netstack draws from its worker too
	state uint64     // guarded by mu
}

func (r *random) next() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Int63 implements rand.Source.
func (r *random) Int63() int64 { return int64(r.next() >> 1) }

// Seed implements rand.Source.
func (r *random) Seed(seed int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = uint64(seed)
}

// Read implements io.Reader; it fills all of p and never fails.
func (r *random) Read(p []byte) (int, error) {
	var word [8]byte
	for n := 0; n < len(p); n += len(word) {
		binary.LittleEndian.PutUint64(word[:], r.next())
		copy(p[n:], word[:])
	}
	return len(p), nil
}
