package sock

// optionLevels are the levels that every socket asks in this order; its
// protocol's own comes before them.
func (s *sock) optionLevel(level, name int32) *optionLevel {
	if s.prot.levels != nil {
		if l := s.prot.levels(s, level, name); l != nil {
			return l
		}
	}
	switch {
	case level == SOL_SOCKET:
		return &socketOptions
	case s.prot.options != nil && level == s.prot.options.level:
		return s.prot.options
	case level == IPPROTO_IPV6 && s.family == AF_INET6:
		return &ipv6Options
	case level == IPPROTO_IP && (s.family == AF_INET || s.typ != SOCK_RAW):
		return &ipOptions // ipv6_setsockopt passes it on, but for RAW
	}
	return nil
}

// sysSetsockopt is setsockopt(2). With FaultData the value's length is Len.
func sysSetsockopt(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	v := valueOf(&t.call)
	if v.n < 0 {
		return fail(EINVAL)
	}
	l := s.optionLevel(t.call.Level, t.call.Name)
	if l == nil {
		return fail(ENOPROTOOPT)
	}
	return result(l.setsockopt(h, s, t.call.Name, &v))
}

// sysGetsockopt is getsockopt(2). Len is the room for the value; the answer is
// cut to it and Return.Data is as long as the kernel says.
func sysGetsockopt(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	l := s.optionLevel(t.call.Level, t.call.Name)
	switch {
	case l != nil:
		return l.getsockopt(h, s, t, t.call.Name)
	case s.family == AF_INET:
		return fail(EOPNOTSUPP) // do_ip_getsockopt has its own word for a strange level
	}
	return fail(ENOPROTOOPT)
}

// giveInt answers with a C int, giveBytes with what was put into t.in.
func (t *thread) giveInt(v int64) outcome { return t.give32(uint32(v)) }

// give32 answers with C ints, give64 with a C long.
func (t *thread) give32(vs ...uint32) outcome {
	t.in = t.in[:0]
	for _, v := range vs {
		t.put32(v)
	}
	return t.giveBytes()
}

func (t *thread) give64(v uint64) outcome {
	t.in = t.in[:0]
	t.put64(v)
	return t.giveBytes()
}

// giveIP answers with an octet where an int does not fit.
func (t *thread) giveIP(v int64) outcome {
	if t.call.Len > 0 && t.call.Len < 4 && inRange(int32(v), 0, 255) {
		t.in = append(t.in[:0], byte(v))
		return t.giveBytes()
	}
	return t.giveInt(v)
}

func (t *thread) giveBytes() outcome {
	if t.call.Fault&FaultData != 0 && t.call.Len != 0 {
		return fail(EFAULT)
	}
	room := len(t.in)
	if t.call.Len >= 0 {
		room = min(room, int(t.call.Len))
	}
	t.ret.Data = t.in[:room]
	return done(0)
}

// put64 appends a C long.
func (t *thread) put64(v uint64) {
	for i := range 8 {
		t.in = append(t.in, byte(v>>(8*i)))
	}
}

// put32 appends a C int.
func (t *thread) put32(v uint32) {
	t.in = append(t.in, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}
