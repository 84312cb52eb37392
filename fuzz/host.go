package fuzz

import (
	"net/netip"
	"reflect"
	"slices"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// HostRun is a host under test with what its callers and its peers know:
// descriptors, threads that wait, and the connections seen on the wire.
type HostRun struct {
	Host    *sock.Host
	Cover   *Coverage
	Trace   Trace
	story   *teller // nil: nobody tells it
	now     tcpstate.Time
	fds     []int32
	parked  map[sock.Thread]sock.Call // threads that wait, each in a call
	threads map[sock.Thread]bool      // that may be alive
	flows   []hostFlow
	sent    []sentDatagram // datagrams seen on the wire
	// datagrams: the run's setup has datagramOps.
	datagrams bool
	wide      bool // it has wideOps
	twins     bool // hold every input against a clone's answer
	twin      hostTwin
	forked    bool // there is more than one process
}

// hostFlow is a connection as its peer sees it.
type hostFlow struct {
	local, remote netip.AddrPort
	nxt, peer     tcpstate.Seq // what the host sends next, and expects next
	lastTS        uint32
}

var (
	hostAddrs  = []netip.Addr{netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("fd00::1"), netip.IPv4Unspecified(), netip.MustParseAddr("::")}
	peerAddrs  = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("fd00::2"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	hostPorts  = []uint16{8080, 8081, 0, 80}
	peerPorts  = []uint16{5001, 5002, 5003, 65535}
	hostPrefix = []netip.Prefix{netip.MustParsePrefix("192.168.0.1/16"), netip.MustParsePrefix("fd00::1/64")}
)

// flowISN is where all peers' numbers begin.
const flowISN tcpstate.Seq = 1<<32 - 1000

// mostFlows bounds what is remembered of the wire.
const mostFlows = 16

// NewHostRun is a host with one address of each family; bits of setup choose
// its capabilities, limits and sysctls.
func NewHostRun(setup byte) *HostRun { return newHostRun(setup, hostConfig(setup)) }

func hostConfig(setup byte) sock.HostConfig {
	cfg := sock.HostConfig{Addrs: hostPrefix, FirstFile: 3, Seed: uint64(setup)}
	if setup&1 != 0 {
		cfg.MaxFiles = 8
	}
	if setup&2 != 0 {
		cfg.NoCaps = sock.CapNetBindService | sock.CapNetRaw | sock.CapNetAdmin
	}
	if setup&4 != 0 {
		cfg.Profile = &sock.Linux24
	}
	if setup&8 != 0 {
		cfg.MTU = 576
	}
	return cfg
}

func newHostRun(setup byte, cfg sock.HostConfig) *HostRun {
	h := sock.New(cfg)
	if setup&(datagramOps|wideOps) != 0 {
		_ = h.SetSysctl("net.ipv4.ping_group_range", "0 0")
	}
	if setup&16 != 0 { // Fast Open with cookies, and without
		_ = h.SetSysctl("net.ipv4.tcp_fastopen", fastSysctl(setup))
		_ = h.SetSysctl("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "5")
	}
	return &HostRun{
		Host: h, Cover: &Coverage{}, now: tcpstate.Time(tcpstate.Second),
		parked: map[sock.Thread]sock.Call{}, threads: map[sock.Thread]bool{}, fds: []int32{-1}, twins: true, datagrams: setup&datagramOps != 0, wide: setup&wideOps != 0,
	}
}

// input gives the host one input, and a clone of it the same.
func (r *HostRun) input(do func(h *sock.Host) []sock.Effect) ([]sock.Effect, error) {
	if r.twins {
		r.part()
	}
	out := do(r.Host)
	if r.Trace != nil {
		for i := range out {
			r.Trace("%s", describeEffect(&out[i]))
		}
	}
	if err := r.Host.Check(); err != nil {
		return nil, err
	}
	if r.twins {
		if err := r.echo(do, out); err != nil {
			return nil, err
		}
	}
	return out, r.observe(out)
}

// sameEffect tells no slice from an empty one.
func sameEffect(a, b sock.Effect) bool {
	for _, e := range [...]*sock.Effect{&a, &b} {
		p, t := &e.Packet, &e.Return
		p.Payload, t.Data = append([]byte(nil), p.Payload...), append([]byte(nil), t.Data...)
		t.Poll, t.Control = append([]sock.PollFD(nil), t.Poll...), append([]sock.Control(nil), t.Control...)
		t.Msgs, t.Filter = append([]sock.Msg(nil), t.Msgs...), append([]sock.SockFilter(nil), t.Filter...)
		for i := range t.Msgs {
			m := &t.Msgs[i]
			m.Data, m.Control = append([]byte(nil), m.Data...), append([]sock.Control(nil), m.Control...)
		}
	}
	return reflect.DeepEqual(a, b)
}

// mostEffects bounds what one input may cause; two ends of one host talk to each other within it.
const mostEffects = 20_000

// observe holds the effects against the laws and learns from them.
func (r *HostRun) observe(out []sock.Effect) error {
	if len(out) > mostEffects {
		return law("%d effects of one input", len(out))
	}
	for i := range out {
		e := &out[i]
		if _, ok := rule.Get(e.Why); !ok {
			return law("effect %d has no rule", i)
		}
		r.Cover.Rule(e.Why)
		switch e.Kind {
		case sock.Transmit:
			if e.Packet.Proto != sock.ProtoTCP || e.Packet.Opaque {
				r.sawDatagram(&e.Packet)
				continue
			}
			if int(e.Packet.Seg.Len) != len(e.Packet.Payload) {
				return law("a segment of %d octets carries %d", e.Packet.Seg.Len, len(e.Packet.Payload))
			}
			if r.story != nil {
				r.story.saw(&e.Packet)
			}
			r.seen(&e.Packet)
		case sock.Parked:
			r.parked[e.Return.Thread] = sock.Call{}
		case sock.Done:
			if e.Why != rule.ThreadBusy {
				r.returned(&e.Return)
			}
		case sock.Noted:
			if e.Why == rule.ThreadEnds {
				delete(r.parked, e.Return.Thread)
			}
		case sock.Changed:
			if !tcpstate.LegalEdge(e.From, e.To) {
				return law("change from %v to %v", e.From, e.To)
			}
			r.Cover.Edge(e.From, e.To)
		}
	}
	return nil
}

// returned takes note of what a call that waited came to.
func (r *HostRun) returned(ret *sock.Return) {
	if c, waited := r.parked[ret.Thread]; waited && c.Op == sock.OpAccept && ret.Value >= 0 {
		r.fds = append(r.fds, int32(ret.Value))
	}
	delete(r.parked, ret.Thread)
}

// seen learns a connection's numbers from what the host sends.
func (r *HostRun) seen(p *sock.Packet) {
	local, remote := netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)
	i := slices.IndexFunc(r.flows, func(f hostFlow) bool { return f.local == local && f.remote == remote })
	if i < 0 {
		if len(r.flows) == mostFlows {
			r.flows = slices.Delete(r.flows, 0, 1)
		}
		r.flows = append(r.flows, hostFlow{local: local, remote: remote, nxt: p.Seg.End(), peer: flowISN})
		i = len(r.flows) - 1
	}
	f := &r.flows[i]
	if p.Seg.End().Greater(f.nxt) || p.Seg.Flags.Has(tcpstate.SYN) {
		f.nxt = p.Seg.End()
	}
	if p.Seg.Flags.Has(ack) {
		f.peer = p.Seg.Ack
	}
	if p.Seg.Opts.Has(tcpstate.OptTS) {
		f.lastTS = p.Seg.Opts.TSVal
	}
}

// Call makes a system call of a thread; done is its return when it came at once.
func (r *HostRun) Call(th sock.Thread, c sock.Call) (out []sock.Effect, err error) {
	_, busy := r.parked[th]
	r.threads[th] = true
	r.forked = r.forked || c.Op == sock.OpClone
	if c.Op == sock.OpClose {
		r.forget(c.FD)
	}
	if c.Op == sock.OpClone && c.Arg >= 0 {
		r.threads[sock.Thread(c.Arg)] = true
	}
	if r.Trace != nil {
		r.Trace("%d thread %d: %v %+v", r.now, th, c.Op, c)
	}
	if r.story != nil {
		r.story.Call(r.now, th, c)
	}
	out, err = r.input(func(h *sock.Host) []sock.Effect { return h.Call(r.now, th, c, nil) })
	if err != nil {
		return nil, err
	}
	if _, waits := r.parked[th]; waits && !busy {
		r.parked[th] = c
	}
	answered := slices.ContainsFunc(out, func(e sock.Effect) bool {
		return (e.Kind == sock.Done || e.Kind == sock.Parked || e.Why == rule.ThreadEnds) && e.Return.Thread == th
	})
	if !answered {
		return nil, law("%v of thread %d neither returned nor waits", c.Op, th)
	}
	for i := range out {
		e := &out[i]
		if e.Kind == sock.Done && !busy && (c.Op == sock.OpSocket || c.Op == sock.OpAccept || c.Op == sock.OpDup || c.Op == sock.OpEpollCreate) && e.Return.Value >= 0 {
			r.fds = append(r.fds, int32(e.Return.Value))
		}
	}
	return out, nil
}

// Deliver hands the host a packet.
func (r *HostRun) Deliver(p sock.Packet) error {
	if r.Trace != nil {
		r.Trace("%d packet %v:%d > %v:%d%s", r.now, p.Src, p.SrcPort, p.Dst, p.DstPort, describeSegment(&p.Seg))
	}
	if r.story != nil {
		r.story.delivered(r.now, p, r.flowOf(&p))
	}
	_, err := r.input(func(h *sock.Host) []sock.Effect { return h.Deliver(r.now, &p, nil) })
	return err
}

// Wait lets d pass, timer by timer, or all at once when late.
func (r *HostRun) Wait(d tcpstate.Duration, late bool) error {
	end := r.now.Add(max(d, 0))
	for range mostTimers {
		at, ok := r.Host.Deadline()
		if !ok || at > end {
			break
		}
		if r.now = max(r.now, at); late {
			r.now = end
		}
		if r.story != nil {
			r.story.Tick(r.now)
		}
		if _, err := r.input(func(h *sock.Host) []sock.Effect { return h.Tick(r.now, nil) }); err != nil {
			return err
		}
		if at, ok := r.Host.Deadline(); ok && at <= r.now {
			return law("deadline %d is not after the tick at %d", at, r.now)
		}
	}
	r.now = end
	return nil
}

// mostRest bounds the timers until a host is at rest. A time-out that fires 25
// days late looks to Linux's 32-bit milliseconds as if it came early, and the
// retransmissions go on every two minutes until they have gone round.
const mostRest = 40_000

// Finish interrupts whoever waits, ends all processes, and lets time pass until
// no timer is left: a host that nobody uses holds nothing.
func (r *HostRun) Finish() error {
	r.story = nil // no script ends its processes
	for th := range sock.Thread(256) {
		if !r.threads[th] {
			continue
		}
		for range 2 { // a receive that is interrupted may linger in a last close
			if _, waits := r.parked[th]; !waits {
				break
			}
			if _, err := r.input(func(h *sock.Host) []sock.Effect { return h.Interrupt(r.now, th, nil) }); err != nil {
				return err
			}
		}
		if _, err := r.Call(th, sock.Call{Op: sock.OpExit}); err != nil {
			return err
		}
	}
	for range mostRest {
		if at, ok := r.Host.Deadline(); !ok {
			if len(r.parked) > 0 {
				return law("threads %v wait for ever, and their processes have ended", r.parked)
			}
			if n := r.Host.SocketsInUse(); n > 0 {
				return law("%d sockets outlive all processes, and no timer will end them", n)
			}
			return r.meet()
		} else if err := r.Wait(at.Sub(r.now), false); err != nil {
			return err
		}
	}
	return law("timers fire for ever although nothing is open")
}
