package sock

import (
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// reuseGroup are sockets that share one address by SO_REUSEPORT: what arrives
// there is spread over them (struct sock_reuseport).
type reuseGroup struct {
	socks  []sockID // those that listen, in the order in which a hash finds them
	closed []sockID // those that stopped and may be migrated from
	conns  bool     // a member of UDP's has a peer, or had (has_conns)
	prog   *program // chooses the member, nil where a hash does
	serial uint32   // tells it from later groups in its place
	// cookieSent is listener.cookieSent for all of them (synq_overflow_ts).
	cookieSent Time
}

// groupOf is the socket's group, nil when it has none.
func (h *Host) groupOf(s *sock) *reuseGroup {
	if s.group == 0 {
		return nil
	}
	return &h.groups[s.group-1]
}

// groupAdmits reports whether the socket may share a port by SO_REUSEPORT: one
// that is in a group already may not, unless a member has stopped
// (reuseport_cb_ok of inet_csk_bind_conflict).
func (h *Host) groupAdmits(s *sock) bool {
	g := h.groupOf(s)
	return g == nil || len(g.closed) > 0
}

// joinGroup puts a socket that begins to listen with SO_REUSEPORT into the group
// of one that listens at the same place, or into a new one
// (inet_reuseport_add_sock, reuseport_alloc). One of its own, with a program, it
// keeps; but one that listened before starts anew.
func (h *Host) joinGroup(s *sock) {
	for o := h.listens.first(h, s.listenKey()); o != nil; o = h.listens.after(h, o) {
		if !h.sharesPort(s, o) {
			continue
		}
		h.enterGroup(s, o)
		return
	}
	if g := h.groupOf(s); g == nil || len(g.closed) > 0 {
		h.leaveGroup(s)
		h.newGroup(s)
	}
}

// enterGroup puts a socket into another's group, which is made if its
// SO_REUSEPORT came late. A group of its own is left, and one that stopped comes
// back (reuseport_add_sock, reuseport_resurrect).
func (h *Host) enterGroup(s, o *sock) {
	h.leaveGroup(s)
	if o.group == 0 {
		h.newGroup(o)
	}
	s.group = o.group
	g := h.groupOf(s)
	g.socks = append(g.socks, s.id)
}

// sharesPort reports whether both listen at the same place in the same way.
func (h *Host) sharesPort(s, o *sock) bool {
	return o != s && o.family == s.family && o.v6only() == s.v6only() && o.opt.boundDev == s.opt.boundDev &&
		o.num == s.num && o.opt.reusePort && o.uid == s.uid && overlap(s.rcv(), o.rcv(), false, false)
}

// newGroup makes a group of one (reuseport_alloc).
func (h *Host) newGroup(s *sock) {
	at := slices.IndexFunc(h.groups, func(g reuseGroup) bool { return len(g.socks)+len(g.closed) == 0 })
	if at < 0 {
		at, h.groups = len(h.groups), append(h.groups, reuseGroup{})
	}
	g := &h.groups[at]
	h.groupSerial++
	*g = reuseGroup{socks: append(g.socks[:0], s.id), closed: g.closed[:0], serial: h.groupSerial}
	s.group = int32(at) + 1
}

// leaveGroup takes the socket out; the last takes its place in the order
// (reuseport_detach_sock).
func (h *Host) leaveGroup(s *sock) {
	g := h.groupOf(s)
	if g == nil {
		return
	}
	s.group = 0
	if i := slices.Index(g.closed, s.id); i >= 0 {
		g.closed = slices.Delete(g.closed, i, i+1)
	} else if i, n := slices.Index(g.socks, s.id), len(g.socks)-1; i >= 0 {
		g.socks[i] = g.socks[n]
		g.socks = g.socks[:n]
	}
	if len(g.socks)+len(g.closed) == 0 {
		g.prog = nil
	}
}

// pickReusePort spreads what arrives over a group: by the group's program, if it
// has one and there is a packet for it to see, else by a hash of the connection's
// name. Linux's hash is keyed, so which member it is can't be known, but it is
// the same one for the same name (reuseport_select_sock_by_hash). Members of
// UDP's that have a peer are passed over, but not by a program, and one that
// SO_INCOMING_CPU says is for the host's processor is preferred.
func (h *Host) pickReusePort(s *sock, f flow, p *Packet) *sock {
	g := h.groupOf(s)
	if !s.opt.reusePort || g == nil || len(g.socks) == 0 {
		return nil
	}
	if g.prog != nil && p != nil {
		// A number that is no member's leaves it to the hash.
		if i := h.choose(s, g.prog, p); i < uint32(len(g.socks)) {
			return h.socks[g.socks[i]]
		}
	}
	at := scale(f.hash(), len(g.socks))
	var first *sock
	for i := range g.socks {
		o := h.socks[g.socks[(at+i)%len(g.socks)]]
		switch {
		case o.dg != nil && o.dg.connected:
		case o.opt.incomingCPU == theCPU:
			return o
		case first == nil:
			first = o
		}
	}
	return first
}

// theCPU is the host's one processor, as SO_INCOMING_CPU counts them.
const theCPU = 0

// scale maps a hash evenly to [0, n) (reciprocal_scale).
func scale(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }

// clone copies a group.
func (g *reuseGroup) clone() reuseGroup {
	return reuseGroup{slices.Clone(g.socks), slices.Clone(g.closed), g.conns, g.prog, g.serial, g.cookieSent}
}

// fingerprint feeds a group.
func (g *reuseGroup) fingerprint(f *queue.Hash, now Time) {
	fingerprintCookie(f, g.cookieSent, now)
	f.U64(uint64(len(g.socks))<<32 | uint64(len(g.closed)))
	f.Bool(g.conns)
	f.U32(g.serial)
	g.prog.fingerprint(f)
	for _, id := range g.socks {
		f.U32(uint32(id))
	}
	for _, id := range g.closed {
		f.U32(uint32(id))
	}
}

// stopInGroup is what becomes of a member that stops listening: it leaves, or
// where connections may migrate it is kept among those that stopped until it is
// gone (reuseport_stop_listen_sock).
func (h *Host) stopInGroup(s *sock) {
	if s.group == 0 {
		return
	}
	if !h.sysctl.on(ctlTCPMigrateReq) {
		h.leaveGroup(s)
		return
	}
	group := s.group
	h.leaveGroup(s)
	s.group = group
	g := h.groupOf(s)
	g.closed = append(g.closed, s.id)
}
