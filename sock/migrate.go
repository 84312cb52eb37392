package sock

import "github.com/sockspec/sockspec/tcpstate/rule"

// groupName tells one reuseport group from all that were and will be.
type groupName struct {
	at     int32  // sock.group
	serial uint32 // reuseGroup.serial
}

// nameOf is the name of the socket's group, the zero name when it has none.
func (h *Host) nameOf(s *sock) groupName {
	if g := h.groupOf(s); g != nil {
		return groupName{s.group, g.serial}
	}
	return groupName{}
}

// successor is the listener that takes over a connection or a request from one
// that has stopped, nil when none does (reuseport_migrate_sock). Where
// tcp_migrate_req is off, a listener that stops leaves its group.
func (h *Host) successor(name groupName, f flow) *sock {
	if name == (groupName{}) {
		return nil
	}
	if g := &h.groups[name.at-1]; g.serial == name.serial && len(g.socks) > 0 && h.sysctl.on(ctlTCPMigrateReq) {
		return h.socks[g.socks[scale(f.hash(), len(g.socks))]]
	}
	h.count[MibTCPMigrateReqFailure]++
	return nil
}

// migrateChild takes a connection out of the hands of a listener that stops,
// without looking at the successor's limit (inet_csk_listen_stop).
func (h *Host) migrateChild(name groupName, c *sock) bool {
	to := h.successor(name, c.flow())
	if to == nil {
		return false
	}
	h.count[MibTCPMigrateReqSuccess]++
	to.lst.accept.SetLimit(max(to.lst.accept.Limit(), to.lst.accept.Len()+1))
	to.lst.accept.Push(c.id)
	c.parent = to.id
	h.emit(Noted, rule.Migrated, to.id)
	h.wake(to, wakeIn)
	return true
}

// heirOf is the successor of the listener that the request names, which has stopped.
func (h *Host) heirOf(f flow, r *request) *sock {
	if s := h.sockAt(r.owner); s != nil {
		return h.successor(h.nameOf(s), f)
	}
	return h.successor(r.group, f)
}

// migrateRequest makes the request its new listener's (reqsk_queue_migrated).
func (h *Host) migrateRequest(r *request, to *sock) {
	if s := h.sockAt(r.owner); s != nil {
		s.syn.len--
		if r.Young() {
			s.syn.young--
		}
	}
	r.owner = to.id
	to.syn.len++
	if r.Young() {
		to.syn.young++
	}
	h.emit(Noted, rule.Migrated, to.id)
}

// expireElsewhere lets the time-out of a request come whose listener has
// stopped: with a successor it goes on there, else it just goes.
func (h *Host) expireElsewhere(f flow, r *request) {
	to := h.heirOf(f, r)
	if to == nil {
		h.dropRequest(f)
		return
	}
	h.migrateRequest(r, to)
	lp := h.listenParams(to, f)
	h.expireRequest(to, f, r, &lp)
	if h.requests.byFlow.Get(f) != nil {
		h.count[MibTCPMigrateReqSuccess]++
	} else {
		h.count[MibTCPMigrateReqFailure]++
	}
}
