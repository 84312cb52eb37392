// Package story tells what was done to one stack from outside, and writes it as a script.
//
// A [Story] is a list of deeds: calls, packets that arrive, timers that fire, signals. [Write] does them to the model as scripts find
// it and writes down what comes of them, so that the live kernel can be asked whether it does the same.
package story

import (
	"slices"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Story is what was done to one stack, so that it can be done again to another.
type Story struct {
	Sysctls [][2]string
	MTU     uint32 // of the link, octets; 0 is 1500
	Deeds   []Deed
	// Unsaid names what no script can say, each thing once.
	Unsaid []string
}

// Deed is one thing that was done. Time that passed until a timer fired is a deed too.
type Deed struct {
	At     tcpstate.Time
	Thread sock.Thread
	Call   *sock.Call
	// Packet is one that arrived. Its sequence numbers count from the first of either side, a time stamp's echo from the one
	// that the stack sent last. A port of the stack's that no bind named is one that it chose.
	Packet *sock.Packet
	Tick   bool // a timer fired
	Signal bool // to Thread
	// Sysctl is one that an administrator writes, its name and the value.
	Sysctl *[2]string
}

// FarTTL is the TTL of a packet that many routers have seen.
const FarTTL = 1

// PartOctets is the payload of the datagram that all fragments of a story are of.
const PartOctets = 32

// CannotSay notes what no script can say of the story.
func (s *Story) CannotSay(what string) {
	if !slices.Contains(s.Unsaid, what) {
		s.Unsaid = append(s.Unsaid, what)
	}
}

// Call adds a call.
func (s *Story) Call(at tcpstate.Time, th sock.Thread, c sock.Call) {
	s.Deeds = append(s.Deeds, Deed{At: at, Thread: th, Call: &c})
}

// Tick adds a timer that fired.
func (s *Story) Tick(at tcpstate.Time) { s.Deeds = append(s.Deeds, Deed{At: at, Tick: true}) }

// Signal adds a signal to a thread.
func (s *Story) Signal(at tcpstate.Time, th sock.Thread) {
	s.Deeds = append(s.Deeds, Deed{At: at, Thread: th, Signal: true})
}

// Written adds a sysctl that is written in between.
func (s *Story) Written(at tcpstate.Time, name, value string) {
	s.Deeds = append(s.Deeds, Deed{At: at, Sysctl: &[2]string{name, value}})
}

// Packet adds one that arrived. The story keeps its octets.
func (s *Story) Packet(at tcpstate.Time, p sock.Packet) {
	p.Payload, p.Wire = slices.Clone(p.Payload), slices.Clone(p.Wire)
	s.Deeds = append(s.Deeds, Deed{At: at, Packet: &p})
}

// Set adds a sysctl of the world that the story begins in.
func (s *Story) Set(name, value string) { s.Sysctls = append(s.Sysctls, [2]string{name, value}) }
