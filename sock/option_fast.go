package sock

import "github.com/sockspec/sockspec/tcpstate"

// setFastOpen is TCP_FASTOPEN (fastopen_queue_tune).
func setFastOpen(h *Host, s *sock, v *value) Errno {
	if v.int < 0 || !s.in(tcpstate.Closed, tcpstate.Listen) {
		return EINVAL
	}
	h.tuneFast(s, v.int)
	return 0
}

func getFastOpen(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.maxFast()), 0 }

// setFastOpenConnect: a kernel that has active Fast Open turned off refuses it
// in every state.
func setFastOpenConnect(h *Host, s *sock, v *value) Errno {
	switch {
	case h.sysctl.get(ctlTCPFastopen)&fastClient == 0:
		return EOPNOTSUPP
	case s.state() != tcpstate.Closed:
		return EINVAL
	}
	s.opt.fastConnect = v.int != 0
	return 0
}

func setFastOpenNoCookie(_ *Host, s *sock, v *value) Errno {
	if !s.in(tcpstate.Closed, tcpstate.Listen) {
		return EINVAL
	}
	s.opt.fastNoCookie = v.int != 0
	return 0
}

// setFastOpenKey is TCP_FASTOPEN_KEY: one key, or two of which the first makes
// cookies (tcp_fastopen_reset_cipher).
func setFastOpenKey(_ *Host, s *sock, v *value) Errno {
	switch {
	case v.n != fastKeyLen && v.n != 2*fastKeyLen:
		return EINVAL
	case v.fault:
		return EFAULT
	}
	s.fastq().keys.setBytes(v.data)
	return 0
}

// getFastOpenKey answers with the listener's own keys, nothing when it has none.
func getFastOpenKey(_ *Host, s *sock, t *thread) outcome {
	t.in = t.in[:0]
	if s.fq != nil {
		t.in = s.fq.keys.bytes(t.in)
	}
	return t.giveBytes()
}
