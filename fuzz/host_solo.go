package fuzz

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// HostSolo is a host and any op that the seeds do, in any order: streams and datagrams, groups, errors, options.
type HostSolo struct {
	run   *HostRun
	setup byte // as NewHostRun takes it
	alphabet
}

// HostSolos are hosts that the seeds lead through. What may happen to a host is what happens in any seed of its kind.
func HostSolos() (list []Lead[*HostSolo]) {
	for n, seed := range hostSeeds {
		ops := hostAlphabet(seed[0] & datagramOps)
		w := &HostSolo{NewHostRun(seed[0]), seed[0], ops}
		w.run.twins = false
		list = append(list, Lead[*HostSolo]{fmt.Sprintf("host seed %d", n), w, ops.spell(Ops(seed[1:], mostHostOps))})
	}
	return list
}

// hostAlphabet are all different ops of the seeds that have datagrams, or of those that have none.
func hostAlphabet(datagrams byte) (ops alphabet) {
	for _, seed := range hostSeeds {
		if seed[0]&datagramOps == datagrams {
			ops = ops.learn(Ops(seed[1:], mostHostOps))
		}
	}
	return ops
}

// Clone is the same state again.
func (w *HostSolo) Clone() *HostSolo { return &HostSolo{w.run.clone(), w.setup, w.alphabet} }

// clone is the same run again.
func (r *HostRun) clone() *HostRun {
	c := *r
	c.Host = r.Host.Clone()
	c.fds, c.flows, c.sent = slices.Clone(r.fds), slices.Clone(r.flows), slices.Clone(r.sent)
	c.parked, c.threads = maps.Clone(r.parked), maps.Clone(r.threads)
	return &c
}

// Do does an op.
func (w *HostSolo) Do(n uint32, cover *Coverage) error {
	w.run.Cover = cover
	return w.run.do(w.op(n))
}

// Key is equal for states from which the same can follow.
func (w *HostSolo) Key() uint64 {
	var h queue.Hash
	w.run.fingerprint(&h)
	h.U64(uint64(len(w.run.sent)))
	for i := range w.run.sent {
		h.Bytes(w.run.sent[i].head)
		h.U64(uint64(w.run.sent[i].quote.SrcPort)<<32 | uint64(w.run.sent[i].quote.DstPort))
	}
	return h.Sum()
}

// fingerprint feeds the host, and what its peers know.
func (r *HostRun) fingerprint(h *queue.Hash) {
	h.U64(r.Host.Fingerprint())
	h.U64(uint64(len(r.flows))<<32 | uint64(len(r.fds)))
	for _, f := range r.flows {
		for _, a := range [...]netip.AddrPort{f.remote, f.local} {
			ip := a.Addr().As16()
			h.Bytes(ip[:])
			h.U32(uint32(a.Port()))
			h.Bool(a.Addr().Is4())
		}
		h.U64(uint64(f.nxt)<<32 | uint64(f.peer))
		h.Bool(f.lastTS != 0)
		h.U32(f.lastTS - uint32(int64(r.now)/tcpstate.Millisecond))
	}
	for _, fd := range r.fds {
		h.U32(uint32(fd))
	}
	h.Bool(r.forked)
	var parked uint64 // in whatever order
	for th, c := range r.parked {
		var one queue.Hash
		one.U64(uint64(th)<<32 | uint64(uint32(c.FD)))
		one.U64(uint64(c.Op)<<32 | uint64(c.Flags))
		parked += one.Sum()
	}
	h.U64(parked)
}

// Settle ends all processes: whoever waits has nothing to wait for, and after a while nothing is left.
func (w *HostSolo) Settle() error { return w.run.settle() }

// settle spends the run.
func (r *HostRun) settle() error {
	r.Cover = &Coverage{}
	if err := r.checkWaiters(); err != nil {
		return err
	}
	return r.Finish()
}

var hostOpNames = [numDgramOps]string{"segment", "segment of a new flow", "a call", "socket", "bind and listen", "accept", "connect", "send", "recv", "close", "time passes",
	"ICMP about a connection", "a signal", "setsockopt", "poll", "a datagram socket", "bind", "sendto", "recvfrom", "a datagram", "ICMP about a datagram", "setsockopt",
	"connect AF_UNSPEC"}

// Describe says what an op is.
func (w *HostSolo) Describe(n uint32) string {
	o := w.op(n)
	switch what := w.run.what(o); what {
	case hostSegment, hostNewFlow, hostTick, hostICMP, hostInterrupt, hostDatagram, hostDgramError, hostServe:
		return fmt.Sprintf("%s %v", hostOpNames[what], o)
	default:
		c := w.run.call(o)
		return fmt.Sprintf("%s: thread %d, descriptor %d, %v, %d octets, flags %#x", hostOpNames[what], sock.Thread(o.Kind&3), c.FD, c.Addr.AP, len(c.Data), c.Flags)
	}
}
