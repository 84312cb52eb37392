package sock

// attachReuseport is SO_ATTACH_REUSEPORT_CBPF: the program belongs to the group,
// whoever of it attached it (sk_reuseport_attach_filter, reuseport_attach_prog).
// A socket that nobody can find yet gets a group of its own for it.
func attachReuseport(h *Host, s *sock, v *value) Errno {
	prog, err := takeProgram(s, v)
	switch {
	case err != 0:
		return err
	case prog.size > h.sysctl.get(ctlOptmemMax):
		return ENOMEM
	case h.hashed(s):
		if s.group == 0 {
			return EINVAL
		}
	case !s.opt.reusePort:
		return EINVAL
	default:
		if g := h.groupOf(s); g == nil || len(g.closed) > 0 {
			h.leaveGroup(s) // one that stopped has no say in the group that it listened in
			h.newGroup(s)
		}
	}
	h.groupOf(s).prog = prog
	return 0
}

// detachReuseport is SO_DETACH_REUSEPORT_BPF (reuseport_detach_prog); a lock does
// not keep it away.
func detachReuseport(h *Host, s *sock, _ *value) Errno {
	g := h.groupOf(s)
	switch {
	case g == nil && !s.opt.reusePort:
		return EINVAL
	case g == nil, g.prog == nil, !h.hashed(s) && len(g.closed) > 0:
		return ENOENT
	}
	g.prog = nil
	return 0
}

// hashed reports whether packets can find the socket (sk_hashed).
func (h *Host) hashed(s *sock) bool {
	id, ok := h.flows[s.flow()]
	return ok && id == s.id || s.lst != nil || h.udp.byPort.holds(s) || h.raws.holds(s) || h.pings.holds(s)
}

// choose runs a group's program, which sees the packet from its transport's
// payload on (run_bpf_filter).
func (h *Host) choose(s *sock, prog *program, p *Packet) uint32 {
	v := h.viewOf(p)
	v.at += s.prot.seen(v)
	return prog.run(v)
}
