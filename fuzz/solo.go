package fuzz

import (
	"fmt"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// Solo is one endpoint and everything that may happen to it: any op of an alphabet, in any order. Its peer knows no rules.
type Solo struct {
	end *Endpoint
	alphabet
}

// Lead is where a walk may begin, and moves that lead to places from where little more is needed to see a lot.
type Lead[S any] struct {
	Name  string
	Start S
	Moves []uint32
}

// Solos are endpoints that the seeds lead through. Their alphabet is every op that any of the seeds does.
func Solos() (list []Lead[*Solo]) {
	ops := seedOps()
	for _, s := range connSeeds() {
		list = append(list, leadOf(s, ops))
	}
	return list
}

// leadOf is the way along a seed.
func leadOf(s seed, ops alphabet) Lead[*Solo] {
	setup, _ := ReadSetup(s.setup[:])
	e := NewEndpoint(setup, &Coverage{})
	e.single = true
	return Lead[*Solo]{s.name, &Solo{e, ops}, ops.spell(s.ops)}
}

// seedOps are all different ops of the seeds, in the order of their first use.
func seedOps() (ops alphabet) {
	for _, s := range connSeeds() {
		ops = ops.learn(s.ops)
	}
	return ops
}

// Clone is the same state again.
func (s *Solo) Clone() *Solo { return &Solo{s.end.Clone(), s.alphabet} }

// Do does an op.
func (s *Solo) Do(n uint32, cover *Coverage) error {
	s.end.Cover = cover
	return s.end.Do(s.op(n))
}

// Key is equal for states from which the same can follow.
func (s *Solo) Key() uint64 {
	var h queue.Hash
	e := s.end
	e.fingerprint(&h, e.now)
	h.U64(uint64(e.view.edge.Since(e.setup.IRS))<<32 | uint64(e.lastTS-e.peerClock()))
	h.U64(uint64(e.listener.Params.MTU)<<32 | uint64(e.listener.UserMSS))
	u := &e.setup
	h.U64(uint64(u.Plain)<<24 | uint64(u.Odd)<<16 | uint64(u.DeferCount)<<8)
	for _, b := range [...]bool{u.Fast, u.Passive, u.IPv6, u.Small} {
		h.Bool(b)
	}
	return h.Sum()
}

// halfRound is when 32 bits of milliseconds look back: a time-out that fires so late looks to Linux as if it came early.
const halfRound = tcpstate.Time(1<<31) * tcpstate.Time(tcpstate.Millisecond)

// Settle closes the endpoint, whose peer is gone: it becomes CLOSED after a while. One that has waited for weeks takes weeks more,
// with a time-out every two minutes and keepalive beside them, and is not followed so far.
func (s *Solo) Settle() error {
	e := s.end
	e.Cover = &Coverage{}
	late := e.now > halfRound
	if err := e.Feed(tcpstate.Input{Kind: tcpstate.Close}); err != nil {
		return err
	}
	for range mostSettling {
		at, ok := e.Deadline()
		if !ok {
			late = false
			break
		}
		if err := e.Wait(at.Sub(e.now), false); err != nil {
			return err
		}
	}
	if st := e.State(); st != tcpstate.Closed && !late {
		return law("closed, and without a peer, it stays in %v", st)
	}
	return nil
}

// Describe says what an op is.
func (s *Solo) Describe(n uint32) string { return s.end.describe(s.op(n)) }

var opNames = [numOps]string{"segment", "write", "read", "time passes", "shutdown", "close", "abort", "set", "ICMP", "connect", "wait"}

// describe says what an op is in the present state.
func (e *Endpoint) describe(o Op) string {
	if o.Kind == OpSegment {
		seg := e.segment(o)
		return "segment" + describeSegment(&seg)
	}
	if in, ok := e.input(o); ok {
		return fmt.Sprintf("%s n=%d flags=%d opt=%d", opNames[o.Kind], in.N, o.Flags, in.Opt)
	}
	return opNames[o.Kind]
}
