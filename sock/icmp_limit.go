package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// icmpLimits bounds the ICMP messages that the host sends: all of them by a
// bucket of tokens, those to one destination by another.
type icmpLimits struct {
	credit int64 // messages (icmp_global_credit)
	stamp  Time  // when credit was last added to
	begun  bool  // stamp means something
	peers  []icmpPeer
}

// icmpPeer is a destination's bucket (struct inet_peer): tokens are microseconds.
type icmpPeer struct {
	addr   netip.Addr
	tokens tcpstate.Duration
	last   Time
}

// maxICMPPeers bounds how many destinations are remembered; the oldest goes.
const maxICMPPeers = 64

// icmpBurst is how many messages a destination gets at once after a while
// without any (XRLIM_BURST_FACTOR).
const icmpBurst = 6

// allowICMP asks both buckets for an answer to p of that type and code. What
// goes over loopback is not counted, nor is a type outside the mask
// (icmpv4_global_allow, icmpv4_xrlim_allow and their siblings of IPv6).
func (h *Host) allowICMP(p *Packet, dst netip.Addr, typ, code uint8) bool {
	if h.dev == DevLoopback || h.isLocal(dst) || !h.icmpMasked(p.IPv6(), typ, code) {
		return true
	}
	if !h.allowGlobal() {
		return false
	}
	limit := ctlICMPRatelimit
	if p.IPv6() {
		limit = ctlICMP6Ratelimit
	}
	if !h.allowPeer(dst, h.sysctl.get(limit)*tcpstate.Millisecond) {
		return false
	}
	h.icmp.credit -= int64(h.rand.below(3)) // icmp_global_consume
	return true
}

// icmpMasked reports whether messages of the type are limited at all: path MTU
// discovery never is.
func (h *Host) icmpMasked(ipv6 bool, typ, code uint8) bool {
	if ipv6 {
		return h.sysctl.icmp6Mask[typ/64]>>(typ%64)&1 != 0
	}
	if typ > icmpMaxType || typ == ICMPDestUnreach && code == ICMPFragNeeded {
		return false
	}
	return h.sysctl.get(ctlICMPRatemask)>>typ&1 != 0
}

// allowGlobal looks whether the host may send one more at all
// (icmp_global_allow). Credit is added at most every 20 ms.
func (h *Host) allowGlobal() bool {
	l := &h.icmp
	if l.credit > 0 {
		return true
	}
	delta := tcpstate.Duration(tcpstate.Second)
	if l.begun {
		delta = min(int64(h.now-l.stamp), delta)
	}
	more := h.sysctl.get(ctlICMPMsgsPerSec) * delta / tcpstate.Second
	if delta < 20*tcpstate.Millisecond || more == 0 {
		return false
	}
	l.stamp, l.begun = h.now, true
	l.credit = min(l.credit+more, h.sysctl.get(ctlICMPMsgsBurst))
	return true
}

// allowPeer takes a token of the destination's (inet_peer_xrlim_allow).
func (h *Host) allowPeer(dst netip.Addr, cost tcpstate.Duration) bool {
	p := h.icmpPeer(dst, cost)
	p.tokens = min(p.tokens+int64(h.now-p.last), icmpBurst*cost)
	p.last = h.now
	if p.tokens < cost {
		return false
	}
	p.tokens -= cost
	return true
}

// icmpPeer finds the destination's bucket; a new one is full.
func (h *Host) icmpPeer(dst netip.Addr, cost tcpstate.Duration) *icmpPeer {
	l := &h.icmp
	for i := range l.peers {
		if l.peers[i].addr == dst {
			return &l.peers[i]
		}
	}
	if len(l.peers) == maxICMPPeers {
		l.peers = append(l.peers[:0], l.peers[1:]...)
	}
	l.peers = append(l.peers, icmpPeer{dst, icmpBurst * cost, h.now})
	return &l.peers[len(l.peers)-1]
}

// fingerprint feeds what is left in the buckets.
func (l *icmpLimits) fingerprint(f *queue.Hash, now Time) {
	f.U64(uint64(l.credit))
	if l.begun {
		f.U64(uint64(min(int64(now-l.stamp), tcpstate.Second)))
	}
	for i := range l.peers {
		b := l.peers[i].addr.As16()
		f.Bytes(b[:])
		f.U64(uint64(l.peers[i].tokens))
		f.U64(uint64(now - l.peers[i].last))
	}
}
