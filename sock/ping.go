package sock

// pingProt is the table of ping sockets (ping_prot, pingv6_prot): datagrams of
// ICMP that send echo requests and receive the replies. The identifier is their
// port.
var pingProt = protoOps{
	name: "PING", init: pingInit, bind: pingBind, connect: pingConnect, disconnect: datagramDisconnect,
	shutdown: datagramShutdown, close: pingClose, getPort: pingGetPort, unhash: pingUnhash,
	sendmsg: pingSendmsg, recvmsg: dgramRecvmsg, recvAgain: dgramRecvAgain, writeSpace: (*Host).sent, dgram: &dgramOps{refusesOOB: true, hidesLength: true, noSpecDst: true},
}

// pingInit lets those in whose group is in net.ipv4.ping_group_range: nobody, at
// first (CR-12; ping_init_sock).
func pingInit(h *Host, s *sock) Errno {
	s.dg = newDatagrams()
	if s.family == AF_INET6 {
		s.opt.v6only = true
	}
	low, high := h.sysctl.get(ctlPingGroupRange), h.sysctl.get2(ctlPingGroupRange)
	in := func(gid uint32) bool { return low <= int64(gid) && int64(gid) <= high }
	c := &h.proc.cred
	if in(c.EGID) {
		return 0
	}
	for _, g := range c.Groups {
		if in(g) {
			return 0
		}
	}
	return EACCES
}

// pingClose is ping_close.
func pingClose(h *Host, s *sock, t *thread) outcome {
	pingUnhash(h, s)
	return datagramClose(h, s, t)
}

// pingUnhash gives the number back.
func pingUnhash(h *Host, s *sock) {
	if s.num != 0 {
		h.pings.drop(h, s.num, s)
		s.num, s.sport = 0, 0
	}
}

// pingConnect is that of RAW in either family.
func pingConnect(h *Host, s *sock, a Addr, n int32) Errno {
	if s.family == AF_INET {
		return datagramConnect(h, s, a, n)
	}
	return raw6Connect(h, s, a, n)
}
