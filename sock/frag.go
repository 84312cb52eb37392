package sock

import (
	"math"
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// fragKey names the datagram that a fragment is of (struct frag_v4_compare_key,
// frag_v6_compare_key).
type fragKey struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8 // IPv4's; IPv6 does not look at it
	dev      int32 // of IPv6's addresses that mean something on one link only
}

func (k *fragKey) fingerprint(f *queue.Hash) {
	hashAddr(f, netip.AddrPortFrom(k.src, 0))
	hashAddr(f, netip.AddrPortFrom(k.dst, 0))
	f.U64(uint64(k.id)<<32 | uint64(k.proto)<<24 | uint64(uint32(k.dev)))
}

// fragTable are the datagrams of which fragments wait (struct fqdir, of each
// family). Memory bounds it: Linux has no limit of their number either.
type fragTable struct {
	queues queue.Table[fragKey, fragQueue]
	timers queue.Deadlines[fragKey]
	mem    [2]int64 // octets of truesize, IPv4's and IPv6's (fqdir.mem)
	// peers counts the fragments that each host of IPv4 has sent, as long as some
	// of them wait (struct inet_peer's rid).
	peers queue.Table[netip.Addr, fragPeer]
	spare [][]fragPiece // memory of queues that are gone
}

// fragPeer is what is known of a host that sends fragments.
type fragPeer struct {
	rid    uint32
	queues int32
}

// fragQueueSize is what a queue is charged without its fragments, by family
// (sizeof(struct ipq), sizeof(struct frag_queue)).
var fragQueueSize = [2]int64{200, 184}

// fragSettings are the sysctls of each family.
var fragSettings = [2]struct{ high, time ctl }{{ctlFragHigh, ctlFragTime}, {ctlFragHigh6, ctlFragTime6}}

// maxSpareFrags bounds the memory that is kept for queues to come.
const maxSpareFrags = 16

// fragment is one fragment that arrives.
type fragment struct {
	key        fragKey
	wire       []byte // all of it
	at         int    // where in wire its data begins
	start, end int    // its place in the datagram, octets
	more       bool   // it is not the last one
	whole      bool   // IPv4's DF is set
	size, room int32  // truesize, and octets that have a place behind it
}

// fragFind finds a fragment's queue, or makes one; nil when there is no memory
// for either (inet_frag_find).
func (h *Host) fragFind(k fragKey) *fragQueue {
	v := flag(k.src.Is6())
	if high := h.sysctl.get(fragSettings[v].high); high == 0 || h.frags.mem[v] > high {
		return nil
	}
	t := &h.frags
	if q := t.queues.Get(k); q != nil {
		return q
	}
	t.queues.SetLimit(math.MaxInt32) // the memory bounds them
	q := fragQueue{}
	if n := len(t.spare); n > 0 {
		q.pieces, t.spare = t.spare[n-1][:0], t.spare[:n-1]
	}
	if v == 0 && h.sysctl.get(ctlFragMaxDist) != 0 {
		q.counted = true
		t.peers.SetLimit(math.MaxInt32)
		peer := fragPeer{}
		if p := t.peers.Get(k.src); p != nil {
			peer = *p
		}
		peer.queues++
		t.peers.Put(k.src, peer)
	}
	t.mem[v] += fragQueueSize[v]
	t.queues.Put(k, q)
	h.fragArm(k)
	return t.queues.Get(k)
}

// fragArm gives a queue its whole time.
func (h *Host) fragArm(k fragKey) {
	after := h.sysctl.get(fragSettings[flag(k.src.Is6())].time) * tcpstate.Second
	h.frags.timers.Set(k, int64(h.now.Add(after)))
	h.fragTimer()
}

// fragTimer arms the host's timer for the queue whose time is over first.
func (h *Host) fragTimer() {
	at, _, ok := h.frags.timers.Min()
	h.arm(timerFrag, Time(at), ok)
}

// fragKill takes a queue out, with all that it holds (inet_frag_kill,
// inet_frag_destroy).
func (h *Host) fragKill(k fragKey) {
	t := &h.frags
	q, ok := t.queues.Delete(k)
	if !ok {
		return
	}
	v := flag(k.src.Is6())
	h.fragFlush(&q, v)
	t.mem[v] -= fragQueueSize[v]
	if len(t.spare) < maxSpareFrags && cap(q.pieces) > 0 {
		t.spare = append(t.spare, q.pieces)
	}
	if p := t.peers.Get(k.src); q.counted && p != nil {
		if p.queues--; p.queues == 0 {
			t.peers.Delete(k.src)
		}
	}
	t.timers.Clear(k)
	h.fragTimer()
}

// fragFlush throws a queue's fragments away (inet_frag_queue_flush).
func (h *Host) fragFlush(q *fragQueue, family int32) {
	for i := range q.pieces {
		h.reuse(q.pieces[i].data)
	}
	clear(q.pieces)
	h.frags.mem[family] -= int64(q.charged)
	q.pieces, q.charged = q.pieces[:0], 0
	h.reuse(q.head)
	q.head = nil
}

// fragTooFar counts a fragment of IPv4 and reports whether its datagram has to
// begin anew, since so many of others have come from its sender that the
// identification may be in use again (ip_frag_too_far, ip_frag_reinit).
func (h *Host) fragTooFar(q *fragQueue, k fragKey) bool {
	most := uint32(h.sysctl.get(ctlFragMaxDist))
	p := h.frags.peers.Get(k.src)
	if !q.counted || p == nil || most == 0 {
		return false
	}
	p.rid++
	far := len(q.pieces) > 0 && p.rid-q.rid > most
	q.rid = p.rid
	if !far {
		return false
	}
	h.fragFlush(q, 0)
	// maxSize and maxWhole stay, as in Linux.
	q.firstIn, q.lastIn, q.len, q.meat, q.ecn = false, false, 0, 0, 0
	h.fragArm(k)
	return true
}

// fragTimeout drops the datagrams whose time is over.
func (h *Host) fragTimeout() {
	for range maxRounds {
		_, k, ok := h.frags.timers.PopDue(int64(h.now))
		if !ok {
			break
		}
		h.fragExpire(k)
	}
	h.fragTimer()
}

// fragExpire drops a datagram and tells its sender, if the first fragment came
// (ip_expire, ip6frag_expire_frag_queue; RFC 792).
func (h *Host) fragExpire(k fragKey) {
	q := h.frags.queues.Get(k)
	if q == nil {
		return
	}
	h.countFrag(k.src, MibIPReasmFails)
	h.countFrag(k.src, MibIPReasmTimeout)
	h.emit(Dropped, rule.FragTimeout, noSock)
	first, told := h.fragFirst(k, q)
	h.fragKill(k)
	switch {
	case !told:
	case first.IPv6():
		h.icmp6Send(&first, ICMPv6TimeExceeded, fragTimeExceeded, 0, rule.FragTimeout)
	case !h.martian(&first): // nobody is told of those from the host itself (ip_expire: ip_route_input_noref)
		h.icmpSend(&first, ICMPTimeExceeded, fragTimeExceeded, 0, rule.FragTimeout)
	}
}

// fragFirst is the first fragment as it came, false if it did not come
// (inet_frag_pull_head).
func (h *Host) fragFirst(k fragKey, q *fragQueue) (Packet, bool) {
	if !q.firstIn {
		return Packet{}, false
	}
	b := h.grab(len(q.head) + len(q.pieces[0].data))
	copy(b[copy(b, q.head):], q.pieces[0].data)
	h.dev = q.dev
	tos := trafficClass(b)
	p := Packet{Src: k.src, Dst: k.dst, Proto: k.proto, TOS: tos &^ 3, Opaque: true, Wire: b}
	p.Seg.ECN = tcpstate.ECN(tos & 3)
	if p.IPv6() {
		p.Proto = extFragment
	}
	return p, true
}

// trafficClass is the TOS octet of IPv4's header or IPv6's traffic class.
func trafficClass(b []byte) uint8 {
	if b[0]>>4 == 6 {
		return b[0]<<4 | b[1]>>4
	}
	return b[1]
}

// fragTimeExceeded is the code of "time exceeded" that speaks of reassembly
// (ICMP_EXC_FRAGTIME, ICMPV6_EXC_FRAGTIME).
const fragTimeExceeded = 1

func (t *fragTable) clone() fragTable {
	c := fragTable{queues: t.queues.Clone(), timers: t.timers.Clone(), mem: t.mem, peers: t.peers.Clone()}
	for _, q := range c.queues.All() {
		*q = q.clone()
	}
	return c
}

// fingerprint feeds what waits, in the order in which it began to.
func (t *fragTable) fingerprint(f *queue.Hash, now Time) {
	for k, q := range t.queues.All() {
		k.fingerprint(f)
		q.fingerprint(f)
	}
	for a, p := range t.peers.All() {
		hashAddr(f, netip.AddrPortFrom(a, 0))
		f.U64(uint64(p.rid)<<32 | uint64(uint32(p.queues)))
	}
	t.timers.Fingerprint(f, int64(now), func(k *fragKey, f *queue.Hash) { k.fingerprint(f) })
}
