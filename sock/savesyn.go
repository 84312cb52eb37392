package sock

// headersOf are the IP and TCP headers of a segment, as TCP_SAVED_SYN gives them
// (tcp_reqsk_record_syn); with link, what loopback has before them: Ethernet's,
// with addresses of zeros. The link has nothing there.
func (h *Host) headersOf(p *Packet, link bool) string {
	b := h.wire(p)
	at := len(b) - len(h.body(p))
	n := at
	if len(b) > at+12 {
		n = min(at+int(b[at+12]>>4)*4, len(b))
	}
	if !link || h.dev != loopbackIndex {
		return string(b[:n])
	}
	eth := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x00"
	if p.IPv6() {
		eth = eth[:12] + "\x86\xdd"
	}
	return eth + string(b[:n])
}

// saveSyn keeps a SYN's headers with its request, for the child to come.
func (h *Host) saveSyn(s *sock, f flow, p *Packet) {
	if s.opt.saveSyn == 0 {
		return
	}
	if r := h.requests.byFlow.Get(f); r != nil {
		r.saved = h.headersOf(p, s.opt.saveSyn == 2)
	}
}

// getSavedSyn is TCP_SAVED_SYN: all of it or EINVAL, and only once.
func getSavedSyn(_ *Host, s *sock, t *thread) outcome {
	if int(t.call.Len) < len(s.savedSyn) {
		return fail(EINVAL)
	}
	t.in = append(t.in[:0], s.savedSyn...)
	o := t.giveBytes()
	if o.err == 0 {
		s.savedSyn = ""
	}
	return o
}
