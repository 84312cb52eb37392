package sock

// streamCmsg reads what a stream takes of the control messages: those of the
// socket layer alone, and of them only whether they are right, for TCP makes no
// use of a mark or a priority of one send (tcp_sendmsg_locked, sock_cmsg_send).
// One is told at once: memory of a device goes without a copy or not at all.
func (h *Host) streamCmsg(s *sock, t *thread) (bad, now Errno) {
	var p sendPlan
	device := false
	for i := range t.call.Control {
		c := &t.call.Control[i]
		if c.Level != SOL_SOCKET {
			continue
		}
		if err := h.sockCmsg(s, c, &p); err != 0 {
			return err, 0
		}
		if c.Type == SCM_DEVMEM_DMABUF {
			device = rd32(c.Data) != 0
		}
	}
	if device {
		now = EINVAL
	}
	return 0, now
}

// sockCmsg is one control message of SOL_SOCKET (__sock_cmsg_send). Rights and
// credentials mean something to AF_UNIX only.
func (h *Host) sockCmsg(s *sock, c *Control, p *sendPlan) Errno {
	size := 4
	switch c.Type {
	case SCM_RIGHTS, SCM_CREDENTIALS:
		return 0
	case SO_MARK:
		if !h.capable(CapNetRaw | CapNetAdmin) {
			return EPERM
		}
	case SO_TXTIME:
		if !s.opt.txtime {
			return EINVAL
		}
		size = 8
	case SCM_TS_OPT_ID:
		if s.proto == IPPROTO_TCP || s.opt.stampFlags&stampOptID == 0 {
			return EINVAL
		}
	case SO_PRIORITY, SO_TIMESTAMPING, SO_TIMESTAMPING_NEW, SCM_DEVMEM_DMABUF:
	default:
		return EINVAL
	}
	if len(c.Data) != size {
		return EINVAL
	}
	switch v := rd32(c.Data); c.Type {
	case SO_PRIORITY:
		if (v < 0 || v > 6) && !h.capable(CapNetRaw|CapNetAdmin) {
			return EPERM
		}
		p.tag.priority = v
	case SO_MARK:
		p.tag.mark = v
	case SO_TIMESTAMPING, SO_TIMESTAMPING_NEW:
		if v&^sofTxRecord != 0 {
			return EINVAL
		}
	}
	return 0
}

// sofTxRecord is SOF_TIMESTAMPING_TX_RECORD_MASK.
const sofTxRecord = 1<<0 | 1<<1 | 1<<8 | 1<<9 | 1<<18
