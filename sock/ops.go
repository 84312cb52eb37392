package sock

// The operation tables, as Linux has them: a type of socket binds a table of
// socket calls, a protocol a table of protocol calls, and TCP a table for each
// family of addresses. A new protocol is a table, a row in inetsw and a row in
// protocols.

// sockOps is what a type of socket does with the socket calls (struct
// proto_ops). Each is called with an open socket. Those ending in Again go on
// after a wait.
type sockOps struct {
	name         string
	bind         func(h *Host, s *sock, t *thread) outcome
	connect      func(h *Host, s *sock, t *thread) outcome
	connectAgain func(h *Host, s *sock, t *thread) outcome // nil where connect never waits
	listen       func(h *Host, s *sock, backlog int32) Errno
	accept       func(h *Host, s *sock, t *thread) outcome
	acceptAgain  func(h *Host, s *sock, t *thread) outcome // nil where accept never waits
	getname      func(s *sock, peer bool) (Addr, int32, Errno)
	poll         func(h *Host, s *sock) uint32
	ioctl        func(h *Host, s *sock, request int64) outcome
	shutdown     func(h *Host, s *sock, how int64) Errno
	sendmsg      func(h *Host, s *sock, t *thread) outcome
	sendAgain    func(h *Host, s *sock, t *thread) outcome
	recvmsg      func(h *Host, s *sock, t *thread) outcome
	recvAgain    func(h *Host, s *sock, t *thread) outcome
	release      func(h *Host, s *sock, t *thread) outcome
	releaseAgain func(h *Host, s *sock, t *thread) outcome // nil where close never waits
}

// protoOps is what a protocol does for its sockets (struct proto). An entry
// that is nil is a call that the protocol has no part in.
type protoOps struct {
	name   string
	number uint8 // of the IP header
	// noAutobind: a send on an unbound socket takes no port.
	noAutobind bool

	init        func(h *Host, s *sock) Errno
	bind        func(h *Host, s *sock, t *thread) outcome // instead of inet_bind's own way
	preConnect  func(h *Host, s *sock, alen int32) Errno  // nil where the cgroup is not asked
	connect     func(h *Host, s *sock, a Addr, alen int32) Errno
	disconnect  func(h *Host, s *sock) Errno
	accept      func(h *Host, s *sock, t *thread) outcome
	acceptAgain func(h *Host, s *sock, t *thread) outcome
	shutdown    func(h *Host, s *sock, bits uint8)
	// close lets go of a socket that has no descriptor any more; t may wait for
	// SO_LINGER, and is nil when nobody may.
	close      func(h *Host, s *sock, t *thread) outcome
	closeAgain func(h *Host, s *sock, t *thread) outcome
	// destroy undoes init, once the socket is gone for good.
	destroy func(h *Host, s *sock)

	getPort func(h *Host, s *sock, port uint16) bool
	// rehash follows a change of the local address, unhash gives the port back.
	rehash, unhash func(h *Host, s *sock)
	ioctl          func(h *Host, s *sock, request int64) outcome
	options        *optionLevel // its own level of setsockopt, nil when there is none
	// levels finds the level of an option that is the protocol's own by name, nil
	// for one that is not.
	levels    func(s *sock, level, name int32) *optionLevel
	sendmsg   func(h *Host, s *sock, t *thread) outcome
	sendAgain func(h *Host, s *sock, t *thread) outcome
	recvmsg   func(h *Host, s *sock, t *thread) outcome
	recvAgain func(h *Host, s *sock, t *thread) outcome

	// writeSpace tells who waits or watches of room to send, if there is any
	// (sk_write_space).
	writeSpace func(h *Host, s *sock)

	// dgram is set for protocols of datagrams.
	dgram *dgramOps

	// seen makes of a packet what the socket's BPF program sees, which begins with
	// the transport's header when it is nil; it tells how many octets the program
	// can't cut off (1 when nil).
	seen func(v *filterView) int
	// badSum is told of a packet with a wrong checksum; nil for nothing to do.
	badSum func(h *Host, p *Packet)
	// deliver takes a packet; icmpError an ICMP error that quotes one of ours.
	deliver   func(h *Host, p *Packet)
	icmpError func(h *Host, p *Packet, m icmpMeaning)
}

// afOps is what a connection's family of addresses decides (struct
// inet_connection_sock_af_ops).
type afOps struct {
	name string
	ipv6 bool
	// connRequest handles a SYN that reached a listener (tcp_conn_request); af is
	// the table itself.
	connRequest func(h *Host, af *afOps, s *sock, p *Packet, isn isnChoice)
}
