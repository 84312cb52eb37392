package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// attachFilter is SO_ATTACH_FILTER (sk_attach_filter). The socket pays for the
// new program while it still has the old one.
func attachFilter(h *Host, s *sock, v *value) Errno {
	prog, err := takeProgram(s, v)
	if err != 0 {
		return err
	}
	if !h.optionRoom(s, prog.size) {
		return ENOMEM
	}
	s.opt.filter = prog
	return 0
}

// takeProgram reads a program and checks it: struct sock_fprog is a length and,
// eight octets on, a pointer (copy_bpf_fprog_from_user, __get_filter).
func takeProgram(s *sock, v *value) (*program, Errno) {
	if v.n != 16 {
		return nil, EINVAL
	}
	n := int(uint16(rd32(v.data)))
	switch {
	case s.opt.lockFilter:
		return nil, EPERM
	case n == 0, n > maxInsns, rd64(v.data[8:]) == 0:
		return nil, EINVAL
	case len(v.filter) < n:
		return nil, EFAULT
	}
	if p := newProgram(v.filter[:n]); p != nil {
		return p, 0
	}
	return nil, EINVAL
}

// detachFilter is SO_DETACH_FILTER (sk_detach_filter).
func detachFilter(_ *Host, s *sock, _ *value) Errno {
	switch {
	case s.opt.lockFilter:
		return EPERM
	case s.opt.filter == nil:
		return ENOENT
	}
	s.opt.filter = nil
	return 0
}

// lockFilter is SO_LOCK_FILTER: for good, and for the children of a listener.
func lockFilter(_ *Host, s *sock, v *value) Errno {
	if s.opt.lockFilter && v.int == 0 {
		return EPERM
	}
	s.opt.lockFilter = v.int != 0
	return 0
}

// getFilter is SO_GET_FILTER (sk_get_filter): the program as it was attached. No
// room asks for its length alone.
func getFilter(_ *Host, s *sock, t *thread) outcome {
	p := s.opt.filter
	t.in = t.in[:0]
	switch {
	case p == nil:
	case t.call.Len == 0:
		t.in = append(t.in, make([]byte, len(p.insns))...)
	case int(t.call.Len) < len(p.insns):
		return fail(EINVAL)
	case t.call.Fault&FaultData != 0:
		return fail(EFAULT)
	default:
		t.ret.Filter = append([]SockFilter(nil), p.insns...)
		for _, i := range p.insns {
			t.put32(uint32(i.Code) | uint32(i.JT)<<16 | uint32(i.JF)<<24)
			t.put32(i.K)
		}
		t.in = t.in[:len(p.insns)]
	}
	t.ret.Data = t.in
	return done(0)
}

// noProgram is for options that take the descriptor of a BPF program: none of
// this host's is one (bpf_prog_get_type).
func noProgram(h *Host, s *sock, v *value) Errno {
	switch {
	case v.n != 4:
		return EINVAL
	case s.opt.lockFilter:
		return EPERM
	case h.fileAt(v.int) < 0:
		return EBADF
	}
	return EINVAL
}

// filtered lets a packet through to the socket, or not. It asks the security
// hook, then the socket's program, which tells how many octets to keep; least of
// them are kept anyhow: the transport's header (sk_filter_trim_cap). What is left
// is the result, nil for nothing; it lives as long as the packet does, or until
// another is cut.
func (h *Host) filtered(s *sock, p *Packet) *Packet {
	if h.hooks.Security != nil && h.hooks.Security(h.hookCall(SockRcvSkb, s, p)) != 0 {
		h.emit(Dropped, rule.SecurityHook, s.id)
		return nil
	}
	if s.opt.filter == nil {
		return p
	}
	v, least := h.viewOf(p), 1
	if s.prot.seen != nil {
		least = s.prot.seen(v)
	}
	keep := s.opt.filter.run(v)
	if keep == 0 {
		h.emit(Dropped, rule.SocketFilter, s.id)
		return nil
	}
	if n := max(int64(keep), int64(least)); n < int64(v.length()) {
		return h.cutTo(v, v.at+int(n))
	}
	return p
}

// checksumBreak is how long a segment may be, octets, whose sum is looked at when it arrives. That of a longer one is looked at when its
// connection or listener takes it, and if by then a program has cut off more than zeros it is wrong (CHECKSUM_BREAK). Datagrams are
// looked at before a program sees them.
const checksumBreak = 76

// cutTo is a packet of which only the first n octets are left, for the one socket
// that wanted it so. Memory is charged as for the whole.
func (h *Host) cutTo(v *filterView, n int) *Packet {
	p, c := v.p, &h.trimmed
	size, room := p.cost()
	if room > 0 { // none is behind parts that are apart
		room += int32(len(v.wire) - n)
	}
	*c = *p
	c.Wire, c.truesize, c.room = v.wire[:n:n], size, room
	c.Payload = p.Payload[:max(0, len(p.Payload)-(len(v.wire)-n))]
	c.Seg.Len = uint32(len(c.Payload))
	c.BadSum = p.Proto == ProtoTCP && !p.partial && v.length() > checksumBreak && tcpstate.Fold(tcpstate.Sum(0, v.wire[n:]))%0xffff != 0
	return c
}
