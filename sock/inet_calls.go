package sock

// The socket calls that hand over to the protocol (net/ipv4/af_inet.c).

// inetAccept is accept(2) (inet_accept).
func inetAccept(h *Host, s *sock, t *thread) outcome { return s.prot.accept(h, s, t) }

func inetAcceptAgain(h *Host, s *sock, t *thread) outcome { return s.prot.acceptAgain(h, s, t) }

// inetSendmsg is sendmsg(2): a socket without port takes one first, unless its
// protocol wants none (inet_sendmsg, inet_send_prepare).
func inetSendmsg(h *Host, s *sock, t *thread) outcome {
	if s.num == 0 && !s.prot.noAutobind && !h.autobind(s) {
		return fail(EAGAIN)
	}
	return s.prot.sendmsg(h, s, t)
}

func inetSendAgain(h *Host, s *sock, t *thread) outcome { return s.prot.sendAgain(h, s, t) }

// autobind gives the socket an ephemeral port (inet_autobind).
func (h *Host) autobind(s *sock) bool {
	if !s.prot.getPort(h, s, 0) {
		return false
	}
	s.sport = s.num
	return true
}

// inetRecvmsg is recvmsg(2) (inet_recvmsg).
func inetRecvmsg(h *Host, s *sock, t *thread) outcome { return s.prot.recvmsg(h, s, t) }

func inetRecvAgain(h *Host, s *sock, t *thread) outcome { return s.prot.recvAgain(h, s, t) }

// inetIoctl is ioctl(2) (inet_ioctl): what is nobody else's is the protocol's.
func inetIoctl(h *Host, s *sock, request int64) outcome {
	if s.prot.ioctl == nil {
		return fail(ENOTTY)
	}
	return s.prot.ioctl(h, s, request)
}

// inetRelease is the end of the last descriptor (inet_release).
func inetRelease(h *Host, s *sock, t *thread) outcome {
	if !s.kern {
		h.informCgroup(CgroupSockRelease, s)
	}
	h.leaveAll(s)
	return s.prot.close(h, s, t)
}

func inetReleaseAgain(h *Host, s *sock, t *thread) outcome { return s.prot.closeAgain(h, s, t) }
