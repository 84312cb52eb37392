package story

import (
	"slices"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// A list is played in real time: a deed waits for the one before it for no longer than longestGap, and the whole list takes little
// more than longestList. What is shorter than shortestGap comes of itself.
const (
	shortestGap = 500 * tcpstate.Microsecond
	longestGap  = 2 * tcpstate.Second
	longestList = 5 * tcpstate.Second
)

// List is the story as a campaign plays it: deed by deed, each where it suits, whatever the stack did. What two stacks cannot be
// compared by is left out: calls that would change the process that plays them, and pointers that lead nowhere.
func (s *Story) List() campaign.List {
	l := campaign.List{World: matrix.World{MTU: s.mtu(), Sysctls: s.Sysctls, Local6: storyLocal6, Peer6: storyPeer6}}
	w := wire{named: s.namedPorts(), mute: map[uint16]bool{}, off: slices.Contains(s.Sysctls, [2]string{"net.ipv4.tcp_sack", "0"})}
	var last, waited tcpstate.Duration
	for i := range s.Deeds {
		d := &s.Deeds[i]
		if gap := min(int64(d.At)-last, longestGap, longestList-waited); i > 0 && gap >= shortestGap {
			l.Steps = append(l.Steps, campaign.Pause(gap))
			waited += gap
		}
		last = int64(d.At)
		if step, ok := w.step(d); ok {
			l.Steps = append(l.Steps, step)
		}
	}
	return l
}

// leastMTU is how narrow a link may be. On a narrower one TCP's least segments, of 48 octets (TCP_MIN_SND_MSS), find no room beside their
// headers, and Linux drops them, which the model does not.
const leastMTU = 128

// mtu is what the link of a list carries: with IPv6 as much as that needs.
func (s *Story) mtu() int {
	least := uint32(leastMTU)
	if slices.ContainsFunc(s.Deeds, func(d Deed) bool {
		return d.Call != nil && d.Call.Op == sock.OpSocket && d.Call.Domain == sock.AF_INET6
	}) {
		least = matrix.LeastMTU6
	}
	if s.MTU == 0 {
		return matrix.UsualMTU
	}
	return int(max(s.MTU, least))
}

// namedPorts are those of the stack that calls name; any other is its choice.
func (s *Story) namedPorts() (ports []uint16) {
	for i := range s.Deeds {
		if c := s.Deeds[i].Call; c != nil && c.Op == sock.OpBind {
			ports = append(ports, c.Addr.AP.Port())
		}
	}
	return ports
}

// step is the deed as a step; false for one that campaigns do not play.
func (w *wire) step(d *Deed) (s matrix.Step, ok bool) {
	s.Thread = d.Thread + 1
	switch {
	case d.Tick:
		return s, false
	case d.Call != nil:
		s.Call = d.Call
		return s, plays(d.Call)
	case d.Packet != nil:
		q := *d.Packet
		s.Whole = &q
		return s, w.comes(&q)
	}
	s.Signal, s.Sysctl = d.Signal, d.Sysctl
	return s, true
}

// played are the calls that campaigns compare, whatever their arguments.
var played = []sock.Op{sock.OpSocket, sock.OpBind, sock.OpConnect, sock.OpListen, sock.OpAccept, sock.OpRead, sock.OpWrite, sock.OpSend, sock.OpRecv, sock.OpShutdown,
	sock.OpClose, sock.OpDup, sock.OpGetsockname, sock.OpGetpeername, sock.OpSetsockopt, sock.OpGetsockopt, sock.OpEpollCreate, sock.OpEpollCtl, sock.OpEpollWait, sock.OpPoll}

// lacking are the options that the model stores at most.
var lacking = [][2]int32{{sock.SOL_TCP, sock.TCP_MD5SIG}, {sock.SOL_TCP, sock.TCP_MD5SIG_EXT}, {sock.SOL_SOCKET, sock.SO_ZEROCOPY},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMPING}, {sock.SOL_SOCKET, sock.SO_TIMESTAMPING_NEW}}

// Protocols that kernels have and the model has not, if they were built so (IPPROTO_DCCP and so on).
const dccp, l2tp, sctp, udpLite, smc, mptcp = 33, 115, 132, 136, 256, 262

// lackedBy reports whether a socket is to be of a protocol that only some kernels have, and the model has not.
func lackedBy(c *sock.Call) bool {
	return c.Type&15 != sock.SOCK_RAW && slices.Contains([]int32{dccp, l2tp, sctp, udpLite, smc, mptcp}, c.Proto)
}

// plays reports whether a campaign plays a call.
func plays(c *sock.Call) bool {
	switch {
	case c.Fault != 0:
		return false
	case c.Op == sock.OpSocket && (c.Type&15 == sock.SOCK_PACKET || lackedBy(c)): // a family or protocol that the model does not have
		return false
	case c.Op == sock.OpSetsockopt && slices.Contains(lacking, [2]int32{c.Level, c.Name}), c.Op == sock.OpSend && c.Flags&sock.MSG_ZEROCOPY != 0:
		return false
	case readsAck(c.Filter):
		return false
	case c.Op == sock.OpFcntl: // others name processes
		return c.N == sock.F_GETFL || c.N == sock.F_SETFL
	case c.Op == sock.OpIoctl:
		return slices.Contains([]int64{sock.FIONREAD, sock.SIOCOUTQ, sock.SIOCOUTQNSD, sock.SIOCATMARK}, c.N)
	case c.Op == sock.OpGetsockopt && slices.Contains(readers, [2]int32{c.Level, c.Name}):
		return false
	case c.Op == sock.OpSetsockopt, c.Op == sock.OpGetsockopt:
		return !netfilters(c)
	}
	return slices.Contains(played, c.Op)
}

// readsAck reports whether a program reads what a segment acknowledges, from a number that chance began: then what it keeps is chance.
func readsAck(program []sock.SockFilter) bool {
	const (
		from, to                      = 8, 12
		absolute, indirect, lowNibble = 0x20, 0x40, 0xa1 // mode and class of an instruction
		modes, network, least, most   = 0xe7, 0xfff00000, 20, 40
	)
	return slices.ContainsFunc(program, func(in sock.SockFilter) bool {
		size := uint32(4)
		if n := in.Code & 0x18; n != 0 {
			size = 16 / uint32(n) // two octets, or one
		}
		k, up := in.K, uint32(0)
		if k >= network { // from IP's header on, whatever its length
			k, up = k-network, most
		}
		switch in.Code & modes {
		case absolute:
			return k+size > from+min(up, least) && k < to+up
		case lowNibble:
			return k >= from && k < to
		}
		return in.Code&modes == indirect // who knows where
	})
}

// netfilters reports whether an option's number may be one of netfilter's tables, if a kernel was built with them (nf_getsockopt):
// 64 of iptables, 80 of connection tracking, 83 of sets, 96 of arptables, and so on. The socket layer has some of the same numbers.
func netfilters(c *sock.Call) bool {
	const from, to = 64, 128
	_, known := options[[2]int32{c.Level, c.Name}]
	return (c.Level == sock.SOL_IP || c.Level == sock.SOL_IPV6) && c.Name >= from && c.Name < to && !known
}

// comes makes a packet one for whatever port the stack chose, if it is for none that a call named; false for one that no other stack
// would understand: with the numbers of this one in octets of its own.
func (w *wire) comes(q *sock.Packet) bool {
	chosen := func(port *uint16) {
		if !slices.Contains(w.named, *port) {
			*port = 0
		}
	}
	k := &q.ICMP.Quote
	switch {
	case q.Opaque:
		return q.Proto != sock.ProtoTCP
	case len(q.Wire) > 0 && adorned(q):
		return false
	case q.Proto == sock.ProtoTCP:
		chosen(&q.DstPort)
		w.mutes(q)
		return fits(q)
	case q.Proto == sock.ProtoUDP:
		chosen(&q.DstPort)
	case k.Src.IsValid():
		chosen(&k.SrcPort)
		return k.Proto == sock.ProtoTCP || k.Proto == sock.ProtoUDP
	}
	return true
}

// fits reports whether a segment's options and octets have room in a packet, if need be without the time stamp.
func fits(q *sock.Packet) bool {
	if _, err := packetio.Encode(nil, q); err == nil {
		return true
	}
	q.Seg.Opts.Set &^= tcpstate.OptTS
	_, err := packetio.Encode(nil, q)
	return err == nil
}

// wire is what is known of a story's packets.
type wire struct {
	named []uint16        // ports of the stack's that calls name
	mute  map[uint16]bool // ports of the peer's whose SYN offered no SACK
	off   bool            // the stack accepts none
}

// mutes takes SACK blocks out of a connection that was opened without SACK. Linux ignores them but in the ACK that ends the handshake:
// there tcp_check_req reads a variable that it has not set, and what follows is chance.
func (w *wire) mutes(q *sock.Packet) {
	o := &q.Seg.Opts
	if q.Seg.Flags&(tcpstate.SYN|tcpstate.ACK) == tcpstate.SYN {
		w.mute[q.SrcPort] = w.mute[q.SrcPort] || w.off || !o.Has(tcpstate.OptSACKOK)
	}
	if w.mute[q.SrcPort] {
		o.Set, o.NSACK = o.Set&^tcpstate.OptSACK, 0
	}
}
