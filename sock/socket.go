package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// sockID names a socket of the host; noSock is none.
type sockID int32

const noSock sockID = -1

// ssState is the state of the socket layer's half (enum socket_state).
type ssState uint8

const (
	ssFree ssState = iota
	ssUnconnected
	ssConnecting
	ssConnected
	ssDisconnecting
)

// flow names a connection by its ends: addresses as they are on the wire, so
// IPv4 ones are never mapped.
type flow struct{ local, remote netip.AddrPort }

// sock is a socket with its protocol's half (struct socket and struct sock). A
// connection that waits to be accepted, or whose user has closed it, is a sock
// without descriptor.
type sock struct {
	id   sockID
	ops  *sockOps  // by type
	prot *protoOps // by protocol
	af   *afOps    // by family of the address in use
	ss   ssState
	dead bool // nobody holds it: it lives on until the protocol is done (SOCK_DEAD)

	family uint16
	typ    uint8
	proto  uint16
	uid    uint32 // of who made it, or accepted it (sk_uid)
	kern   bool   // the kernel's own (sk_kern_sock)

	// local is what the socket is bound to and matched by (inet_rcv_saddr),
	// any-address when nothing; source is what it sends from (inet_saddr);
	// they differ only for multicast and broadcast addresses.
	local, source netip.Addr
	num, sport    uint16     // local port, 0 = none (inet_num), and as it is shown (inet_sport)
	bound         netip.Addr // under which num is in the bind table
	slot          int32      // where, among the owners of the same address
	links         [chains]link
	group         int32  // of SO_REUSEPORT, 0 = none
	disconnects   uint32 // how often connect took the connection down (sk_disconnects)
	left          leftover
	remote        netip.AddrPort
	locks         uint8          // lockAddr, lockPort, connectBind
	cookie        uint64         // SO_COOKIE, 0 until asked for
	savedSyn      string         // headers of the SYN that made it, until they are asked for
	mss           uint32         // of the latest connection, 0 = none (mss_cache)
	past          *tcpstate.Info // what a disconnected connection has left; never written
	routed        bool           // a route is remembered (sk_dst_cache)
	pathGen       uint32         // the memory of a narrow way that it was found in, 0 = none
	way           netip.Addr     // where to, once bind has forgotten the peer
	// ops4: an IPv6 socket has IPv4's operations (ipv6_mapped), from a connection
	// over IPv4, and keeps them: see stray.
	ops4 bool

	err  Errno // sk_err that no connection holds
	shut uint8 // sk_shutdown while there is no connection
	opt  options

	conn   *tcpstate.Conn // nil before connect and for listeners
	frozen bool           // conn lives on in a timewait bucket; this copy holds unread data
	lst    *listener      // not nil exactly in LISTEN
	syn    synCount       // requests that name it, now or as a former listener
	parent sockID         // whose accept queue it waits in
	// Fast Open: a connection's listener while its SYN-ACK is unacknowledged, and
	// a listener's record, nil where there is none.
	fastOwner sockID
	fq        *fastQueue
	// What chooses the path of packets (sk_txhash), 0 before connect, and that of
	// a Fast Open's SYN-ACK; how often a time-out has chosen anew.
	txHash, reqHash uint32
	rehashed        uint16
	flowLabel       uint32 // of what it sends, 0 for one made from txHash (np->flow_label)
	repFlow         bool   // and it is the latest that has come (REPFLOW)
	sockFast
	tx, rx queue.Bytes // payload: tx from SND.UNA, rx from the first unread octet

	urg    byte         // the urgent octet, while it is there to be read
	txHead tcpstate.Seq // sequence number of tx's first octet
	rxHead tcpstate.Seq // sequence number of rx's first octet

	dg  *datagrams // of sockets of datagrams
	raw *rawState  // of RAW sockets

	groups  []membership // of multicast, the latest first
	anycast []anycast    // the latest first

	waiters queue.Waiters[Thread]
	watch   []epref // epolls that watch it, in the order of being told
}

// Bits of sock.locks (SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK, SOCK_CONNECT_BIND).
const (
	lockAddr    uint8 = 1
	lockPort    uint8 = 2
	connectBind uint8 = 4
)

// sockAt is the socket of that number, nil when there is none.
func (h *Host) sockAt(id sockID) *sock {
	if id < 0 || int(id) >= len(h.socks) {
		return nil
	}
	return h.socks[id]
}

// newSock takes the lowest free number.
func (h *Host) newSock() *sock {
	s := &sock{parent: noSock, fastOwner: noSock}
	if i, ok := h.spareSocks.take(); ok {
		s.id, h.socks[i] = sockID(i), s
		return s
	}
	s.id = sockID(len(h.socks))
	h.socks = append(h.socks, s)
	return s
}

// free lets go of a socket that nothing refers to any more.
func (h *Host) free(s *sock) {
	h.fastJudge(s)
	h.fastForget(s)
	h.unhash(s)
	if s.ownsPort() {
		h.putPort(s)
	}
	h.orphanRequests(s)
	h.leaveGroup(s)
	h.arm(timerConn|timer(uint32(s.id)), 0, false)
	h.twCount -= flag(s.bucket())
	if s.prot.destroy != nil {
		s.prot.destroy(h, s)
	}
	h.dropSock(s)
}

// dropSock makes the socket's number free.
func (h *Host) dropSock(s *sock) {
	h.socks[s.id] = nil
	h.spareSocks.put(int(s.id))
}

// state is the protocol's state as calls see it (sk_state).
func (s *sock) state() tcpstate.State {
	switch {
	case s.lst != nil:
		return tcpstate.Listen
	case s.conn != nil:
		return s.conn.SockState()
	case s.dg != nil && s.dg.connected:
		return tcpstate.Established
	}
	return tcpstate.Closed
}

// in reports whether the state is one of the set.
func (s *sock) in(set ...tcpstate.State) bool {
	st := s.state()
	for _, x := range set {
		if st == x {
			return true
		}
	}
	return false
}

// pending is sk_err.
func (s *sock) pending() Errno {
	if s.err == 0 && s.conn != nil {
		return s.conn.Err()
	}
	return s.err
}

// takeErr returns sk_err and clears it (sock_error).
func (s *sock) takeErr() Errno {
	if e := s.err; e != 0 {
		s.err = 0
		return e
	}
	if s.conn != nil {
		return s.conn.TakeErr()
	}
	return 0
}

// shutdown is sk_shutdown.
func (s *sock) shutdown() uint8 {
	if s.conn != nil {
		return s.shut | s.conn.Shut()
	}
	return s.shut
}

// any is the any-address of the socket's family.
func (s *sock) any() netip.Addr {
	if s.family == AF_INET6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// v6only reports whether IPv4 is out of reach (ipv6_only_sock).
func (s *sock) v6only() bool { return s.family == AF_INET6 && s.opt.v6only }

// flow is the connection's name.
func (s *sock) flow() flow {
	return flow{netip.AddrPortFrom(s.local, s.num), s.remote}
}

// unhash takes the connection's name back, if it is this socket's.
func (h *Host) unhash(s *sock) {
	f := s.flow()
	if id, ok := h.flows[f]; ok && id == s.id {
		delete(h.flows, f)
	}
}
