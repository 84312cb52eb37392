package tcpstate

import (
	"cmp"

	"github.com/sockspec/sockspec/queue"
)

// Clone copies the endpoint; the two share only the Config.
func (c *Conn) Clone() *Conn {
	d := new(Conn)
	*d = *c
	d.q.list = c.q.list.Clone()
	d.rq.in = c.rq.in.Clone()
	d.rq.ooo = c.rq.ooo.Clone()
	if c.fo != nil {
		fo := *c.fo
		d.fo = &fo
	}
	return d
}

// Equal reports whether both endpoints are in the same state, clocks included.
func (c *Conn) Equal(d *Conn) bool {
	return c.cfg == d.cfg && c.now == d.now && c.state == d.state &&
		c.flags() == d.flags() && c.err == d.err && c.soft == d.soft &&
		c.rtoMs == d.rtoMs && c.opt == d.opt && c.user == d.user && c.snd == d.snd && c.rcv == d.rcv &&
		c.ack == d.ack && c.timers == d.timers && c.rtt == d.rtt && c.ca == d.ca &&
		c.rack == d.rack && c.ecn == d.ecn && c.urg == d.urg && c.stat == d.stat &&
		c.arrived == d.arrived && c.q.equal(&d.q) && (c.fo == nil) == (d.fo == nil) && (c.fo == nil || *c.fo == *d.fo) &&
		c.rq.in.Equal(&d.rq.in, queue.Same[rxBuffer]) && c.rq.ooo.Equal(&d.rq.ooo, queue.Same[rxBuffer])
}

func (q *sendQueue) equal(o *sendQueue) bool {
	return q.head == o.head && q.packetsOut == o.packetsOut && q.sackedOut == o.sackedOut &&
		q.lostOut == o.lostOut && q.retransOut == o.retransOut && q.sackHigh == o.sackHigh &&
		q.sackSeen == o.sackSeen && q.sackSeenN == o.sackSeenN &&
		q.hint == o.hint && q.hasHint == o.hasHint && q.turns == o.turns && q.list.Equal(&o.list, queue.Same[buffer])
}

// flags packs the endpoint's booleans and small fields.
func (c *Conn) flags() uint64 {
	var f uint64
	for _, b := range [...]bool{c.orphan, c.awaited, c.mini, c.finRcvd, c.ipv6} {
		f <<= 1
		if b {
			f |= 1
		}
	}
	return f<<16 | uint64(c.locks)<<8 | uint64(c.shut)
}

// printer hashes what a future step can depend on, with times relative to now,
// timestamps to their clock and sequence numbers to each side's stream, so that
// two endpoints that differ only in where they started have one fingerprint.
type printer struct {
	h        queue.Hash
	now      Time
	snd, rcv Seq
}

func (p *printer) time(t Time) {
	if t == never {
		p.h.U64(1 << 63)
		return
	}
	p.h.U64(uint64(t.Sub(p.now)))
}

// stamp is a value of a timestamp clock, ours or the peer's, which goes as ours
// does; 0 is none.
func (p *printer) stamp(v uint32) {
	p.h.Bool(v != 0)
	if v != 0 {
		v = tsClock(p.now) - v
	}
	p.h.U32(v)
}

func (p *printer) out(s Seq) { p.h.U32(s.Since(p.snd)) }
func (p *printer) in(s Seq)  { p.h.U32(s.Since(p.rcv)) }

func (p *printer) bools(bs ...bool) {
	var v uint64
	for _, b := range bs {
		v <<= 1
		if b {
			v |= 1
		}
	}
	p.h.U64(v)
}

func (p *printer) nums(ns ...uint32) {
	for _, n := range ns {
		p.h.U32(n)
	}
}

// Fingerprint condenses the state for model checking: endpoints with the same
// one answer the same inputs alike, if numbers, times and timestamps in them
// count from where each endpoint stands and both clocks are between two ticks
// alike. What no later step looks at (counters that only TCP_INFO reports) is
// left out.
func (c *Conn) Fingerprint(now Time) uint64 {
	p := printer{now: now, snd: c.snd.una, rcv: c.rcv.nxt}
	p.h.U64(uint64(c.state)<<56 ^ c.flags())
	p.nums(uint32(c.err), uint32(c.soft), uint32(int64(now)%max(c.cfg.Tick, Millisecond)))
	c.printOptions(&p)
	c.printSend(&p)
	c.printReceive(&p)
	c.printCongestion(&p)
	c.printCounts(&p)
	c.printFastOpen(&p)
	return p.h.Sum()
}

func (c *Conn) printOptions(p *printer) {
	o, u := &c.opt, &c.user
	p.bools(o.ts, o.sack, o.wscale, o.dsackSeen, u.keepAlive, u.oobInline, u.thin)
	p.nums(uint32(o.sndWScale), uint32(o.rcvWScale), uint32(o.mssClamp), uint32(o.hdrLen), o.advMSS)
	p.time(o.tsRecentAt)
	p.stamp(o.tsRecent)
	p.stamp(c.arrived.ecr) // a segment without the option finds that of the one before
	p.nums(uint32(u.ackLater), uint32(u.nonagle), uint32(u.keepCnt), uint32(u.synCnt), uint32(u.userMSS), u.rcvLowat, u.notSentLowat)
	p.nums(uint32(u.keepIdle), uint32(u.keepIntvl), u.userTimeout, uint32(u.linger2), c.rtoMs, uint32(u.rtoMin), uint32(u.delackMax))
}

func (c *Conn) printSend(p *printer) {
	s, q := &c.snd, &c.q
	for _, v := range [...]Seq{s.nxt, s.up, s.write, s.sml, s.pushed, q.sackHigh} {
		p.out(v)
	}
	p.in(s.wl1)
	p.nums(s.wnd, s.maxWnd, uint32(s.mtu), uint32(s.way.known), uint32(s.way.now), s.mssCache, uint32(s.sndbuf), uint32(s.queued))
	p.bools(c.user.noSpace, s.marked, q.hasHint)
	p.time(s.lastSent)
	p.nums(uint32(q.head), q.packetsOut, q.sackedOut, q.lostOut, q.retransOut)
	if q.hasHint {
		p.out(q.hint)
	}
	for _, b := range q.sackSeen[:q.sackSeenN] {
		p.out(b.Start)
		p.out(b.End)
	}
	for i := range q.list.Len() {
		b := q.at(i)
		p.out(b.seq)
		p.out(b.end)
		p.time(b.sent)
		p.nums(c.turnOf(i))
		p.nums(uint32(b.true), uint32(b.pcount)<<16|uint32(b.mss), uint32(b.flags)<<8|uint32(b.tags), c.stat.delivered-b.delivered)
		p.bools(b.eor, b.delivAt != never)
	}
	p.nums(uint32(c.timers.kind))
	if c.mini {
		p.stamp(c.timers.since)
	}
	for _, t := range [...]Time{c.timers.xmit, c.timers.delack, c.timers.keep, c.timers.compress, c.timers.wait} {
		p.time(t)
	}
}

func (c *Conn) printReceive(p *printer) {
	r, a := &c.rcv, &c.ack
	for _, v := range [...]Seq{r.wup, r.copied, a.compressAt, r.rttSeq, r.spaceSeq} {
		p.in(v)
	}
	p.nums(r.wnd, r.ssthresh, r.clamp, uint32(r.rcvbuf), uint32(r.rmem), uint32(r.scaling), uint32(r.spare), r.rttUs, r.space)
	p.bools(r.dsack, a.pred.on)
	if r.dsack {
		p.in(r.dup.Start)
		p.in(r.dup.End)
	}
	for _, b := range r.sacks[:r.nsacks] {
		p.in(b.Start)
		p.in(b.End)
	}
	for _, t := range [...]Time{r.rttTime, r.spaceTime, a.lastRcv, a.lastOOW} {
		p.time(t)
	}
	p.nums(uint32(a.pending), uint32(a.quick), uint32(a.pingpongs), uint32(a.compressed), uint32(a.dupAcks),
		a.lastSegSize, a.rcvMSS, uint32(a.pred.hdrLen)<<16|uint32(a.pred.wnd))
	p.stamp(r.lastEcr)
	p.h.Bytes(a.label[:])
	p.h.U64(uint64(a.ato))
	in, ooo := &c.rq.in, &c.rq.ooo
	p.nums(uint32(in.Len()), uint32(ooo.Len()))
	for i := range in.Len() {
		p.received(in.At(i))
	}
	for n := ooo.Root(); n != queue.None; n = ooo.Below(n) {
		p.nums(uint32(ooo.Mark(n)))
		p.received(ooo.At(n))
	}
	p.nums(uint32(c.urg.state))
	if c.urg.state != urgNone {
		p.in(c.urg.seq)
	}
}

func (p *printer) received(b *rxBuffer) {
	p.in(b.seq)
	p.in(b.end)
	p.nums(uint32(b.true), uint32(b.room), uint32(b.frags))
	p.time(b.at)
	if b.frags > 0 {
		p.in(b.own)
	}
	if b.frags > 0 || b.fin {
		p.in(b.heard)
	}
	p.bools(b.fin, b.under)
}

// turnOf is what counts of a buffer's turn: how it stands to RACK's latest and to that of the nearest buffer before, if they are of the
// same time. Retransmissions lie between buffers of one time, but not many.
func (c *Conn) turnOf(i int) (order uint32) {
	b := c.q.at(i)
	if b.sent == c.rack.xmit {
		order = uint32(cmp.Compare(b.turn, c.q.turns.newest) + 2)
	}
	const reach = 16
	for k := i - 1; k >= max(0, i-reach); k-- {
		if before := c.q.at(k); before.sent == b.sent {
			return order<<2 | uint32(cmp.Compare(b.turn, before.turn)+2)
		}
	}
	return order << 2
}

func (c *Conn) printCongestion(p *printer) {
	a, r, k := &c.ca, &c.rtt, &c.rack
	p.bools(a.reneg, a.frto, a.undoOn, a.cwndLimited, a.tlpOn, a.tlpRetrans, k.advanced, k.dsackSeen,
		c.ecn.on, c.ecn.seen, c.ecn.queueCWR, c.ecn.demandCWR, a.cubic.found, a.cubic.epoch != 0)
	p.nums(uint32(a.algo)<<8|uint32(a.state), a.cwnd, a.ssthresh, a.cwndCnt, a.cwndUsed, a.maxOut, a.priorCwnd,
		a.priorSS, a.prrDelivered, a.prrOut, a.reordering, uint32(a.undoRetrans), uint32(a.retransmits), uint32(a.probes))
	for _, s := range [...]Seq{a.highSeq, a.undoMarker, a.usageSeq, a.tlpHigh, r.seq, k.end, a.cubic.endSeq} {
		p.out(s)
	}
	for _, t := range [...]Time{a.stamp, a.probesSince, k.xmit} {
		p.time(t)
	}
	p.stamp(a.retransStamp)
	p.nums(r.srtt, r.mdev, r.mdevMax, r.rttvar, uint32(r.backoff), k.rttUs, uint32(k.steps), uint32(k.persist), c.stat.delivered-k.lastDelivered)
	for _, m := range r.minima {
		if p.nums(m.us); m.us != ^uint32(0) { // else there is no sample, taken never
			p.stamp(m.at)
		}
	}
	u := &a.cubic
	p.nums(u.cnt, u.lastMax, u.lastCwnd, u.origin, u.k, u.delayMin, u.ackCnt, u.tcpCwnd, u.currRTT, uint32(u.samples))
	if u.epoch != 0 {
		p.nums(c.jiffies()-u.epoch, c.jiffies()-u.lastTime)
	}
	if u.roundStart != 0 && a.algo == Cubic {
		p.nums(uint32(p.now)-u.roundStart, uint32(p.now)-u.lastAck)
	}
	p.h.U64(uint64(r.rto))
	p.h.U64(a.pacing)
}

// printCounts hashes what steps look at of the counters, as far as they look.
func (c *Conn) printCounts(p *printer) {
	s := &c.stat
	p.bools(s.finSent, s.reordSeen > 0, s.segsOut > 0, s.dataSegsIn > 0)
	p.nums(min(s.delivered, 2), min(s.totalRetrans, 2), s.totalRetrans-s.dsackDups, uint32(min(s.bytesAcked, uint64(c.snd.maxWnd))))
	for _, t := range [...]Time{s.lastAck, s.lastXmit, s.firstTx, s.synAckAt} {
		p.time(t)
	}
	if c.state == SynSent || c.state == Closed { // it may be opened again
		p.nums(uint32(s.totalRTO))
	}
}

func (c *Conn) printFastOpen(p *printer) {
	f := c.fo
	if f == nil {
		return
	}
	p.nums(uint32(f.flags)<<8|uint32(f.fail), uint32(f.cookie.Len))
	p.bools(f.pending, f.cookie.Exp)
	p.h.Bytes(f.cookie.Bytes())
	if r := &f.req; f.pending {
		p.out(r.ISS)
		p.in(r.IRS)
		p.nums(r.Window, r.SynData, uint32(r.NumTimeout)<<8|uint32(r.NumRetrans), uint32(r.AdvMSS)<<16|uint32(r.RcvWScale))
		p.bools(r.WScaleOK, r.TSOK, r.SACKOK, r.ECNOK)
		p.stamp(r.TSRecent)
		p.time(r.SynAckTime)
		p.time(r.OOWTime)
	}
}
