package sock

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// Clone copies the host with all that is in it. The copy shares nothing that
// either of them writes.
func (h *Host) Clone() *Host {
	c := *h
	c.fixed = choices{slices.Clone(h.fixed.iss), slices.Clone(h.fixed.port), slices.Clone(h.fixed.ts)}
	c.procs = make([]*process, len(h.procs))
	for i, p := range h.procs {
		if p != nil {
			c.procs[i] = p.clone()
		}
		if p == h.proc {
			c.proc = c.procs[i]
		}
	}
	c.files = slices.Clone(h.files)
	c.flows = maps.Clone(h.flows)
	c.timers = h.timers.Clone()
	c.requests = h.requests.clone()
	c.fast = h.fast.clone()
	c.listens, c.raws, c.pings = h.listens.clone(), h.raws.clone(), h.pings.clone()
	c.groups = slices.Clone(h.groups)
	for i := range c.groups {
		c.groups[i] = h.groups[i].clone()
	}
	c.paths = slices.Clone(h.paths)
	c.icmp.peers = slices.Clone(h.icmp.peers)
	c.spareSocks, c.spareFiles, c.spareEpolls = h.spareSocks.clone(), h.spareFiles.clone(), h.spareEpolls.clone()
	c.socks = make([]*sock, len(h.socks))
	for i, s := range h.socks {
		if s != nil {
			c.socks[i] = s.clone()
		}
	}
	c.epolls = slices.Clone(h.epolls)
	for i := range c.epolls {
		e := &c.epolls[i]
		e.items, e.free, e.ready = slices.Clone(e.items), slices.Clone(e.free), e.ready.Clone()
		e.waiters, e.watch = e.waiters.Clone(), slices.Clone(e.watch)
	}
	c.threads, c.threadAt = slices.Clone(h.threads), slices.Clone(h.threadAt)
	for i := range c.threads {
		c.threads[i].own()
	}
	c.ports, c.sparePorts = slices.Clone(h.ports), nil
	for i := range c.ports {
		c.ports[i] = h.ports[i].clone()
	}
	c.out, c.conn, c.req, c.arena, c.loop, c.looped = nil, nil, nil, nil, nil, Packet{}
	c.cuts, c.whole, c.trimmed, c.view = nil, Packet{}, Packet{}, filterView{}
	c.frags = h.frags.clone()
	c.run = slices.Clone(h.run)
	c.spare = nil
	c.udp = h.udp.clone()
	return &c
}

// own gives a copied thread memory of its own.
func (t *thread) own() {
	t.in, t.control, t.held = slices.Clone(t.in), nil, slices.Clone(t.held)
	t.data, t.poll = slices.Clone(t.call.Data), nil
	t.call.Data, t.call.Poll = t.data, slices.Clone(t.call.Poll)
	t.call.Msgs, t.batch.got = cloneMsgs(t.call.Msgs), cloneMsgs(t.batch.got)
	if t.lingers {
		t.ret = t.ret.clone()
		return
	}
	t.ret = Return{Thread: t.ret.Thread}
}

// clone copies what a call returns, with memory of its own.
func (r Return) clone() Return {
	r.Data, r.Poll = slices.Clone(r.Data), slices.Clone(r.Poll)
	r.Control, r.Msgs = cloneControl(r.Control), cloneMsgs(r.Msgs)
	r.Filter = slices.Clone(r.Filter)
	return r
}

// clone copies a socket.
func (s *sock) clone() *sock {
	c := *s
	if s.conn != nil {
		c.conn = s.conn.Clone()
	}
	if s.lst != nil {
		l := *s.lst
		l.accept = s.lst.accept.Clone()
		c.lst = &l
	}
	c.dg = s.dg.clone()
	if s.raw != nil {
		raw := *s.raw
		c.raw = &raw
	}
	c.fq = s.fq.clone()
	c.tx, c.rx, c.waiters = s.tx.Clone(), s.rx.Clone(), s.waiters.Clone()
	c.watch = slices.Clone(s.watch)
	c.groups, c.anycast = cloneGroups(s.groups), slices.Clone(s.anycast)
	return &c
}

// Fingerprint condenses the state: hosts that will answer the same, time
// counted from now, have the same fingerprint.
func (h *Host) Fingerprint() uint64 {
	var f queue.Hash
	h.fingerprintConfig(&f)
	f.U64(uint64(h.rand))
	for i := range h.sysctl.val {
		for _, v := range h.sysctl.val[i] {
			f.U64(uint64(v))
		}
	}
	f.U32(uint32(h.sysctl.congestion))
	h.fast.fingerprint(&f, h.now)
	for _, m := range h.sysctl.icmp6Mask {
		f.U64(m)
	}
	for i, p := range h.procs {
		if p != nil {
			f.U64(uint64(i))
			p.fingerprint(&f)
		}
	}
	for i := range h.files {
		h.files[i].fingerprint(&f)
	}
	for i, s := range h.socks {
		if s != nil {
			f.U64(uint64(i))
			s.fingerprint(&f, h.now)
		}
	}
	for _, at := range h.threadAt { // by name: in which order they came does not matter
		if at > 0 {
			h.threads[at-1].fingerprint(&f, h.now)
		}
	}
	h.requests.fingerprint(&f, h.now)
	for i := range h.epolls {
		h.epolls[i].fingerprint(&f)
	}
	h.fingerprintOrder(&f)
	h.icmp.fingerprint(&f, h.now)
	h.challenges.fingerprint(&f, h.now)
	h.frags.fingerprint(&f, h.now)
	f.U64(uint64(h.ipID)<<32 | uint64(h.pingRover))
	for _, p := range h.paths {
		b := p.dst.As16()
		f.Bytes(b[:])
		f.U64(uint64(p.mtu)<<32 | uint64(uint32(p.until-h.now)))
		f.Bool(p.locked)
		f.U32(p.gen)
	}
	for _, b := range h.ports {
		b.fingerprint(&f)
	}
	for i := range h.groups {
		h.groups[i].fingerprint(&f, h.now)
	}
	h.fingerprintSerials(&f)
	h.timers.Fingerprint(&f, int64(h.now), queue.HashInteger[timer])
	return f.Sum()
}

// fingerprint feeds a socket.
func (s *sock) fingerprint(f *queue.Hash, now Time) {
	f.U64(uint64(s.ss)<<48 | uint64(s.family)<<32 | uint64(s.typ)<<24 | uint64(s.locks)<<8 | uint64(s.shut))
	s.flow().fingerprint(f)
	f.U64(uint64(s.sport)<<32 | uint64(s.err))
	f.U32(uint32(s.proto))
	f.Bool(s.dead)
	f.Bool(s.kern)
	f.U32(uint32(s.parent))
	f.U64(uint64(s.group)<<32 | uint64(s.uid))
	f.U64(uint64(uint32(s.fastOwner))<<32 | uint64(uint32(s.fastCopied)))
	for _, b := range [...]bool{s.deferred, s.fastReq, s.fastWaits, s.fastWatched, s.fastJudged} {
		f.Bool(b)
	}
	s.fq.fingerprint(f, now)
	f.U64(uint64(s.left.sent)<<32 | uint64(s.left.unsent))
	s.left.tcp.Fingerprint(f, now)
	f.U64(uint64(s.left.maxWnd)<<16 | uint64(s.urg))
	s.opt.fingerprint(f)
	f.U32(s.mss)
	f.Bool(s.routed)
	f.U32(s.pathGen)
	f.Bool(s.ops4)
	hashAddr(f, netip.AddrPortFrom(s.way, 0))
	s.fingerprintRest(f)
	fingerprintLinks(f, &s.links)
	if s.conn != nil {
		f.U64(s.conn.Fingerprint(now))
		s.tx.Fingerprint(f)
		s.rx.Fingerprint(f)
	}
	if s.lst != nil {
		s.lst.fingerprint(f, now)
	}
	if s.dg != nil {
		s.dg.fingerprint(f, now)
	}
	if s.raw != nil {
		s.raw.fingerprint(f)
	}
	s.fingerprintGroups(f)
	s.waiters.Fingerprint(f, queue.HashInteger[Thread])
	fingerprintWatch(f, s.watch)
}

// fingerprint feeds the settings: what the tables of options keep, and what
// stands beside them.
func (o *options) fingerprint(f *queue.Hash) {
	for _, l := range optionLevels {
		for i := range l.rows {
			f.U64(uint64(l.rows[i].kept(o)))
		}
	}
	o.filter.fingerprint(f)
	f.Bool(o.linger)
	f.Bool(o.autoLabelSet)
	for _, v := range [...]int64{o.lingerTime, o.rcvTimeo, o.sndTimeo, int64(o.rcvbuf), int64(o.sndbuf), int64(o.maxPacing),
		int64(o.ttl), int64(o.userMSS), int64(o.windowClamp), int64(o.deferAccept), int64(o.stampFlags),
		int64(o.txClock)<<3 | int64(flag(o.txtime))<<2 | int64(o.txFlags), int64(o.mcIndex), int64(o.mcAddr), int64(o.ucIndex), int64(o.ucIndex6),
		int64(o.fragSize), int64(o.srcPrefs), int64(flag(o.stamp) | flag(o.stampNano)<<1 | flag(o.stampNew)<<2)} {
		f.U64(uint64(v))
	}
	for _, r := range [...]*received6{&o.recv6, &o.old6} {
		for _, b := range [...]bool{r.pktInfo, r.hopLimit, r.hopOpts, r.dstOpts, r.rtHdr, r.flowInfo, r.tclass, r.pathMTU, r.origDst, r.fragSize} {
			f.Bool(b)
		}
	}
	f.U32(uint32(o.mcIndex6))
	f.U32(uint32(o.sticky6.dev))
	f.Bytes(o.sticky6.addr[:])
	f.Bool(o.raListens)
	f.U64(uint64(o.bufLocks)<<32 | uint64(o.congestion)<<40 | uint64(o.set))
}

// fingerprint feeds both ends of a flow.
func (k flow) fingerprint(f *queue.Hash) {
	a, b := k.local.Addr().As16(), k.remote.Addr()
	f.Bytes(a[:])
	if b.IsValid() {
		r := b.As16()
		f.Bytes(r[:])
	}
	f.U64(uint64(k.local.Port())<<16 | uint64(k.remote.Port()))
}

// hash is a number that depends on both ends.
func (k flow) hash() uint64 {
	var f queue.Hash
	k.fingerprint(&f)
	return f.Sum()
}
