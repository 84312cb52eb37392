package matrix

import (
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/sock"
)

// probe is a call to be tried in every state.
type probe struct {
	name string
	// call is on the socket in slot s; before are the steps that prepare it, nil for none.
	call   func(k *Kind, s int32) sock.Call
	before func(k *Kind, s int32) []Step
	fits   func(k *Kind) bool // nil: every kind
	in     []string           // the states that it is tried in; nil: every one
}

// steps are all that the probe does; the last is the one that is looked at.
func (p *probe) steps(k *Kind, s int32) (all []Step) {
	if p.before != nil {
		all = p.before(k, s)
	}
	return append(all, call(p.call(k, s)))
}

// probes are all calls, in the order of the data.
var probes = gather()

func gather() (all []probe) {
	for _, list := range [][]probe{bindCalls(), listenCalls(), connectCalls(), only(oneFamily, receiveCalls()), sendCalls(), nameCalls(),
		optionCalls(), only(oneFamily, eventCalls()), only(oneFamily, fileCalls()),
		few(only(firstFamily, fcntlCalls())), few(only(firstFamily, ioctlCalls())), few(only(oneFamily, deviceCalls()))} {
		all = append(all, list...)
	}
	return all
}

// only restricts probes to the kinds that fit.
func only(fits func(k *Kind) bool, list []probe) []probe {
	for i := range list {
		list[i].fits = fits
	}
	return list
}

// few restricts probes that states have hardly a part in to a handful of those.
func few(list []probe) []probe {
	for i := range list {
		list[i].in = []string{"fresh", "listen-full", "syn-sent", "established", "urgent", "data", "time-wait", "reset", "connected", "error-queue"}
	}
	return list
}

// oneFamily leaves out dual-stack kinds, for calls that families have no part in.
func oneFamily(k *Kind) bool { return !k.Dual }

// firstFamily has a kind of each protocol, for calls that concern the file alone.
func firstFamily(k *Kind) bool { return k.Domain == sock.AF_INET }

// plain is a call that is the same for each kind.
func plain(name string, c sock.Call) probe {
	return probe{name: name, call: func(k *Kind, s int32) sock.Call {
		mine := c // cells are played side by side
		mine.FD = s
		return k.fill(mine)
	}}
}

// fill puts the kind's header before what the call sends.
func (k *Kind) fill(c sock.Call) sock.Call {
	if (c.Op == sock.OpSend || c.Op == sock.OpWrite) && len(c.Data) > 0 {
		c.Data = k.Data(len(c.Data))
	}
	return c
}

// both are two probes of a call that may wait: as it is, and on a socket that does not block.
func both(list ...probe) (all []probe) {
	for _, p := range list {
		hasty := p
		hasty.name += " nonblock"
		hasty.before = func(k *Kind, s int32) (steps []Step) {
			if p.before != nil {
				steps = p.before(k, s)
			}
			return append(steps, nonblocking(s, true))
		}
		all = append(all, p, hasty)
	}
	return all
}

// target is an address for a call.
type target struct {
	name string
	addr func(k *Kind) (sock.Addr, int32)
}

// elsewhere is a port that no state uses.
const elsewhere = 8081

func to(name string, pick func(k *Kind) netip.Addr, port uint16) target {
	return target{fmt.Sprintf("%s:%d", name, port), func(k *Kind) (sock.Addr, int32) { return k.Addr(pick(k), port) }}
}

// local is the kind's address, and so on: what a target is made of.
func local(k *Kind) netip.Addr     { return k.Local }
func anyAddr(k *Kind) netip.Addr   { return k.Any }
func peerAddr(k *Kind) netip.Addr  { return k.Peer }
func loopback(k *Kind) netip.Addr  { return k.Loopback }
func multicast(k *Kind) netip.Addr { return k.Multicast }

// misshapen are addresses that are wrong before anyone looks at where they lead.
var misshapen = []target{
	{"short", func(k *Kind) (sock.Addr, int32) {
		a, _ := k.Addr(k.Peer, there)
		return a, 8
	}},
	{"empty", func(k *Kind) (sock.Addr, int32) { return sock.Addr{}, 0 }},
	{"long", func(k *Kind) (sock.Addr, int32) {
		a, _ := k.Addr(k.Peer, there)
		return a, 129
	}},
	{"family-1", func(k *Kind) (sock.Addr, int32) { return sock.Addr{Family: 1}, 28 }},
	{"unspec", func(k *Kind) (sock.Addr, int32) { return sock.Addr{Family: sock.AF_UNSPEC}, 28 }},
}

// withAddr are probes of a call with each of the targets.
func withAddr(name string, c sock.Call, targets ...target) (list []probe) {
	for _, t := range targets {
		list = append(list, probe{name: name + " " + t.name, call: func(k *Kind, s int32) sock.Call {
			mine := c // cells are played side by side
			mine.FD = s
			mine.Addr, mine.AddrLen = t.addr(k)
			return k.fill(mine)
		}})
	}
	return list
}

func bindCalls() []probe {
	c := sock.Call{Op: sock.OpBind}
	list := withAddr("bind", c, to("any", anyAddr, elsewhere), to("any", anyAddr, 0), to("local", local, elsewhere),
		to("peer", peerAddr, elsewhere), to("multicast", multicast, elsewhere))
	return append(list, withAddr("bind", c, misshapen...)...)
}

func listenCalls() []probe {
	return append([]probe{plain("listen 0", sock.Call{Op: sock.OpListen}), plain("listen 5", sock.Call{Op: sock.OpListen, N: 5})},
		append(both(plain("accept", sock.Call{Op: sock.OpAccept})),
			plain("accept4 SOCK_NONBLOCK", sock.Call{Op: sock.OpAccept, Flags: sock.SOCK_NONBLOCK}),
			plain("accept4 flags 1", sock.Call{Op: sock.OpAccept, Flags: 1}))...)
}

func connectCalls() []probe {
	c := sock.Call{Op: sock.OpConnect}
	list := both(withAddr("connect", c, to("peer", peerAddr, there), to("peer", peerAddr, there+1), to("loopback", loopback, elsewhere))...)
	list = append(list, withAddr("connect", c, to("any", anyAddr, elsewhere), to("multicast", multicast, there))...)
	return append(list, withAddr("connect", c, misshapen...)...)
}

// msgFlag is a flag of send or recv.
type msgFlag struct {
	name string
	bits int32
}

func receiveCalls() []probe {
	r := sock.Call{Op: sock.OpRecv, Len: 16, HasControlRoom: true}
	list := both(plain("read 16", sock.Call{Op: sock.OpRead, Len: 16}), plain("recv 16", r))
	for _, f := range []msgFlag{{"PEEK", sock.MSG_PEEK}, {"OOB", sock.MSG_OOB}, {"WAITALL", sock.MSG_WAITALL}, {"TRUNC", sock.MSG_TRUNC}} {
		r.Flags = f.bits
		list = append(list, both(plain("recv 16 "+f.name, r))...)
	}
	for _, f := range []msgFlag{{"DONTWAIT", sock.MSG_DONTWAIT}, {"ERRQUEUE", sock.MSG_ERRQUEUE}, {"OOB|PEEK", sock.MSG_OOB | sock.MSG_PEEK},
		{"PEEK|TRUNC", sock.MSG_PEEK | sock.MSG_TRUNC | sock.MSG_DONTWAIT}, {"PEEK|WAITALL", sock.MSG_PEEK | sock.MSG_WAITALL | sock.MSG_DONTWAIT}} {
		r.Flags = f.bits
		list = append(list, plain("recv 16 "+f.name, r))
	}
	long := sock.Call{Op: sock.OpRecv, Len: 100, Flags: sock.MSG_DONTWAIT, HasControlRoom: true}
	list = append(list, plain("recv 100 DONTWAIT", long))
	long.Flags, long.ControlLen = sock.MSG_ERRQUEUE, 96
	return append(list, plain("recv 100 ERRQUEUE control", long), plain("recv 2 DONTWAIT", sock.Call{Op: sock.OpRecv, Len: 2, Flags: sock.MSG_DONTWAIT, HasControlRoom: true}),
		plain("recv 0", sock.Call{Op: sock.OpRecv, HasControlRoom: true}), plain("read 0", sock.Call{Op: sock.OpRead}))
}

func sendCalls() []probe {
	w := sock.Call{Op: sock.OpSend, Data: octets(0, 3)}
	list := both(plain("write 3", sock.Call{Op: sock.OpWrite, Data: octets(0, 3)}), plain("send 3", w))
	for _, f := range []msgFlag{{"DONTWAIT", sock.MSG_DONTWAIT}, {"NOSIGNAL", sock.MSG_NOSIGNAL}, {"OOB", sock.MSG_OOB}, {"MORE", sock.MSG_MORE},
		{"EOR", sock.MSG_EOR}, {"DONTROUTE", sock.MSG_DONTROUTE}, {"ERRQUEUE", sock.MSG_ERRQUEUE}} {
		w.Flags = f.bits
		list = append(list, plain("send 3 "+f.name, w))
	}
	empty := sock.Call{Op: sock.OpSend, Data: []byte{}}
	list = append(list, plain("send 0", empty), plain("write 0", sock.Call{Op: sock.OpWrite, Data: []byte{}}))
	w.Flags = 0
	list = append(list, withAddr("sendto 3", w, to("peer", peerAddr, there+1), to("peer", peerAddr, 0), to("multicast", multicast, there))...)
	return append(list, withAddr("sendto 3", w, misshapen[0], misshapen[3], misshapen[4])...)
}

func nameCalls() (list []probe) {
	for how, name := range []string{"shutdown RD", "shutdown WR", "shutdown RDWR", "shutdown 3"} {
		list = append(list, plain(name, sock.Call{Op: sock.OpShutdown, N: int64(how)}))
	}
	return append(list, plain("getsockname", sock.Call{Op: sock.OpGetsockname}), plain("getpeername", sock.Call{Op: sock.OpGetpeername}))
}
