package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
)

// What Fingerprint feeds of threads and their calls, and of what is not tied to
// one protocol. TestEveryFieldShowsInTheFingerprint names what is left out.

// fingerprintConfig feeds what the host was made with.
func (h *Host) fingerprintConfig(f *queue.Hash) {
	f.Bytes([]byte(h.device))
	f.U64(uint64(h.mtu)<<1 | uint64(flag(h.noRoute)))
	f.U64(h.secret)
	f.Bytes([]byte(h.sysctl.profile.Name))
	f.U64(uint64(len(h.addrs)))
	for _, p := range h.addrs {
		hashAddr(f, netip.AddrPortFrom(p.Addr(), uint16(p.Bits())))
	}
	f.U64(uint64(len(h.sysctl.reserved)))
	for _, r := range h.sysctl.reserved {
		f.U64(uint64(r.first)<<16 | uint64(r.last))
	}
}

// fingerprintSerials feeds the numbers that go up, and the draws that are fixed.
func (h *Host) fingerprintSerials(f *queue.Hash) {
	f.U64(uint64(uint32(h.lastPID))<<32 | uint64(h.groupSerial))
	f.U64(h.cookies)
	f.U64(uint64(len(h.run)))
	for _, id := range h.run {
		f.U32(uint32(id))
	}
	f.U64(uint64(len(h.fixed.iss)))
	for _, v := range h.fixed.iss {
		f.U32(uint32(v))
	}
	f.U64(uint64(len(h.fixed.port)))
	for _, v := range h.fixed.port {
		f.U32(uint32(v))
	}
	f.U64(uint64(len(h.fixed.ts)))
	for _, v := range h.fixed.ts {
		f.U32(v)
	}
}

// fingerprint feeds a thread's call, if it waits in one.
func (t *thread) fingerprint(f *queue.Hash, now Time) {
	if t.proc != 0 { // elsewhere than one that has made no call yet
		f.U64(uint64(t.id)<<32 | uint64(uint32(t.proc)))
	}
	if !t.parked {
		return
	}
	f.U32(uint32(t.id))
	t.call.fingerprint(f)
	if t.until == forever || t.until == 0 {
		f.U64(uint64(t.until)) // no moment: it does not come nearer
	} else {
		f.U64(uint64(t.until - now))
	}
	f.U64(uint64(t.done))
	f.U64(uint64(uint32(t.sock))<<32 | uint64(uint32(t.file)))
	f.U64(uint64(uint32(t.fd))<<32 | uint64(t.disconnects))
	f.U64(uint64(t.hole)<<32 | uint64(t.peekAt))
	f.U32(uint32(t.peekFrom))
	f.Bool(t.came != 0)
	if t.came != 0 {
		f.U64(uint64(t.came - now))
	}
	for _, b := range [...]bool{t.signal, t.connected, t.writes, t.fast, t.lingers} {
		f.Bool(b)
	}
	f.U64(uint64(len(t.held)))
	for _, id := range t.held {
		f.U32(uint32(id))
	}
	f.Bytes(t.in)
	t.batch.fingerprint(f, now)
	f.U64(uint64(t.badControl)<<32 | uint64(t.late))
	if t.lingers { // only then is there a return before the end
		t.ret.fingerprint(f)
		f.U64(uint64(t.after.value))
		f.U32(uint32(t.after.err))
	}
}

// fingerprint feeds all of a call that can be waited in: parkThread lets go of
// the rest.
func (c *Call) fingerprint(f *queue.Hash) {
	f.U64(uint64(c.Op)<<40 | uint64(c.Fault)<<32 | uint64(uint32(c.FD)))
	f.U64(uint64(uint32(c.Domain))<<32 | uint64(uint32(c.Type)))
	f.U64(uint64(uint32(c.Proto))<<32 | uint64(uint32(c.Level)))
	f.U64(uint64(uint32(c.Name))<<32 | uint64(uint32(c.Flags)))
	f.U64(uint64(c.N))
	f.U64(uint64(c.Arg))
	f.U64(uint64(uint32(c.Len))<<32 | uint64(uint32(c.AddrLen)))
	f.Bool(c.HasRoom)
	f.Bool(c.HasControlRoom)
	f.U32(uint32(c.ControlLen))
	f.U64(uint64(c.Timeout))
	c.Addr.fingerprint(f)
	f.Bytes(c.Data)
	fingerprintPoll(f, c.Poll)
	f.U32(c.Events)
	f.U64(c.UData)
	for _, id := range c.IDs {
		f.U32(uint32(id))
	}
	fingerprintMsgs(f, c.Msgs)
}

// fingerprint feeds what a call came to, before it is told.
func (r *Return) fingerprint(f *queue.Hash) {
	f.U64(uint64(r.Value))
	f.U64(uint64(r.Errno)<<32 | uint64(r.Thread))
	f.Bytes(r.Data)
	r.Addr.fingerprint(f)
	f.U64(uint64(uint32(r.AddrLen))<<32 | uint64(uint32(r.MsgFlags)))
	fingerprintPoll(f, r.Poll)
	fingerprintControl(f, r.Control)
	fingerprintMsgs(f, r.Msgs)
	f.Bool(r.SIGPIPE)
}

func (a *Addr) fingerprint(f *queue.Hash) {
	hashAddr(f, a.AP)
	f.U64(uint64(a.Flow)<<32 | uint64(a.Scope))
	f.U32(uint32(a.Family))
}

func fingerprintPoll(f *queue.Hash, list []PollFD) {
	f.U64(uint64(len(list)))
	for i := range list {
		p := &list[i]
		f.U64(uint64(uint32(p.FD))<<32 | uint64(p.Events))
		f.U32(p.Revents)
		f.U64(p.Data)
	}
}

// fingerprintRest feeds what a socket keeps beside its protocol's state.
func (s *sock) fingerprintRest(f *queue.Hash) {
	hashAddr(f, netip.AddrPortFrom(s.source, 0))
	f.Bool(s.frozen)
	f.U64(s.cookie)
	f.U32(s.disconnects)
	f.Bool(s.txHash != 0) // which one it is tells nothing
	f.U64(uint64(s.flowLabel)<<1 | uint64(flag(s.repFlow)))
	f.Bytes([]byte(s.savedSyn))
	fingerprintPast(f, s.past)
}

func (t tag) fingerprint(f *queue.Hash) {
	f.U64(uint64(uint32(t.mark))<<32 | uint64(uint32(t.priority)))
}

// fingerprint feeds where a datagram is to go, and how.
func (p *sendPlan) fingerprint(f *queue.Hash) {
	hashAddr(f, p.dst)
	hashAddr(f, netip.AddrPortFrom(p.src, 0))
	f.U64(uint64(uint32(p.dev))<<32 | uint64(uint16(p.ttl))<<16 | uint64(uint16(p.tos)))
	f.U32(uint32(p.gso))
	p.tag.fingerprint(f)
	r := &p.route
	for _, b := range [...]bool{p.dontFrag, p.connected, p.literal, r.broadcast, r.local} {
		f.Bool(b)
	}
	hashAddr(f, netip.AddrPortFrom(r.src, 0))
	hashAddr(f, netip.AddrPortFrom(r.dst, 0))
	f.U64(uint64(uint32(r.dev))<<32 | uint64(r.mtu))
	f.U64(uint64(r.path)<<32 | uint64(p.proto))
	f.U32(r.pathGen)
}
