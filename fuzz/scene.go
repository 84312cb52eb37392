package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/sock"
)

// Scene is a host and a short list of things that may happen to it, each a few times and in any order. What is rare has a scene of
// its own, so that no other walk need try it in each of its states.
type Scene struct {
	SceneConfig
	run  *HostRun
	left []uint8 // how often each act may still happen
}

// SceneConfig is what a Scene starts with, and what may happen.
type SceneConfig struct {
	Name    string
	Sysctls [][2]string
	Hooks   sock.Hooks
	// Island: the host has no default route.
	Island bool
	// Opening are calls of thread 0 before anything else happens.
	Opening []sock.Call
	Acts    []Act
}

// Act is one thing that may happen.
type Act struct {
	name   string
	most   uint8       // how often
	thread sock.Thread // that must not wait, if calls is set
	calls  bool
	flow   int // how many connections must have been seen before
	do     func(*HostRun) error
}

// NewScene makes the host and its first calls.
func NewScene(c SceneConfig) (*Scene, error) {
	cfg := hostConfig(0)
	cfg.Hooks, cfg.Unreachable = c.Hooks, c.Island
	w := &Scene{SceneConfig: c, run: newHostRun(0, cfg)}
	w.run.twins = false
	for _, s := range c.Sysctls {
		if err := w.run.Host.SetSysctl(s[0], s[1]); err != nil {
			return nil, err
		}
	}
	for _, call := range c.Opening {
		if _, err := w.run.Call(0, call); err != nil {
			return nil, err
		}
	}
	for _, a := range c.Acts {
		w.left = append(w.left, a.most)
	}
	return w, nil
}

// Clone is the same state again.
func (w *Scene) Clone() *Scene { return &Scene{w.SceneConfig, w.run.clone(), slices.Clone(w.left)} }

// Moves are the acts that are left and can happen.
func (w *Scene) Moves(to []uint32) []uint32 {
	for i := range w.Acts {
		a := &w.Acts[i]
		_, waits := w.run.parked[a.thread]
		if w.left[i] > 0 && len(w.run.flows) >= a.flow && !(a.calls && waits) {
			to = append(to, uint32(i))
		}
	}
	return to
}

// Do makes an act happen.
func (w *Scene) Do(n uint32, cover *Coverage) error {
	i := int(n) % len(w.Acts)
	w.left[i] = spend(w.left[i])
	w.run.Cover = cover
	return w.Acts[i].do(w.run)
}

// Key is equal for states from which the same can follow.
func (w *Scene) Key() uint64 {
	var h queue.Hash
	w.run.fingerprint(&h)
	h.Bytes([]byte(w.Name))
	h.Bytes(w.left)
	return h.Sum()
}

// Settle ends all processes: whoever waits has nothing to wait for, and after a while nothing is left.
func (w *Scene) Settle() error { return w.run.settle() }

// Describe says what an act is.
func (w *Scene) Describe(n uint32) string { return w.Acts[int(n)%len(w.Acts)].name }

// Tell makes the scene add to a story from now on; it has made its first calls and nothing else.
func (w *Scene) Tell(_ int, s *story.Story) {
	if w.Hooks.Alloc != nil || w.Hooks.Cgroup != nil || w.Hooks.Security != nil {
		s.CannotSay("a hook, which is a function in Go")
	}
	if w.Island {
		s.CannotSay("a host without a default route")
	}
	s.Sysctls = append(s.Sysctls, w.Sysctls...)
	for _, c := range w.Opening {
		s.Call(w.run.now, 0, c)
	}
	w.run.tell(0, s)
}

// Views is 1: there is one host.
func (w *Scene) Views() int { return 1 }
