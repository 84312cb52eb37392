package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// twinSpan is how many inputs a twin lives through. Making and comparing twins
// takes most of a run's time, so one serves for several inputs; what a clone
// forgets or shares shows the better the longer it goes on by itself.
const twinSpan = 8

// hostTwin is a clone of the host that is given the same inputs for a while.
type hostTwin struct {
	host *sock.Host
	age  int // inputs that it was given
}

// part makes a twin unless there is one.
func (r *HostRun) part() {
	if r.twin.host == nil {
		r.twin = hostTwin{host: r.Host.Clone()}
	}
}

// echo gives the twin what the host was given, which came to out.
func (r *HostRun) echo(do func(h *sock.Host) []sock.Effect, out []sock.Effect) error {
	if echo := do(r.twin.host); !slices.EqualFunc(out, echo, sameEffect) {
		return law("a clone answers differently: %+v\nand %+v", out, echo)
	}
	if r.twin.age++; r.twin.age < twinSpan {
		return nil
	}
	return r.meet()
}

// meet compares the host with its twin, if it has one, and lets go of the twin.
func (r *HostRun) meet() error {
	twin := r.twin.host
	r.twin.host = nil
	if twin != nil && r.Host.Fingerprint() != twin.Fingerprint() {
		return law("a clone ends in a different state")
	}
	return nil
}
