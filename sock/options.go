package sock

import "github.com/sockspec/sockspec/tcpstate"

// noTimeout is a time-out that never comes.
const noTimeout tcpstate.Duration = -1

// options are all settings of a socket. A connection inherits them from its
// listener by assignment.
type options struct {
	// SOL_SOCKET
	reuseAddr, reusePort, broadcast, dontRoute, debug, linger, zeroCopy, noCheck bool
	timestamp, rxqOvfl                                                           bool
	lingerTime, rcvTimeo, sndTimeo                                               tcpstate.Duration
	rcvLowat, priority, mark, boundDev                                           int32
	rcvbuf, sndbuf                                                               int32
	bufLocks                                                                     uint8 // tcpstate.LockRcvBuf, LockSndBuf
	maxPacing                                                                    uint64

	// IPPROTO_IP, IPPROTO_IPV6
	tos, tclass, minTTL, pmtudisc, pmtudisc6                     uint8
	ttl, hops                                                    int16 // 0 = the system's
	recvErr, recvErr6, freebind, transparent, bindNoPort, v6only bool
	portRange                                                    uint32

	// IPPROTO_TCP
	userMSS      uint16
	windowClamp  uint32
	deferAccept  uint8 // as a count of retransmissions
	saveSyn      uint8
	fastOpen     int32
	inq, thin    bool
	fastOpenConn bool
	congestion   tcpstate.Congestion

	// tcp holds what a connection is told by Set, by tcpstate.Option; set has
	// a bit for each that was given.
	tcp [tcpstate.OOBInline + 1]uint32
	set uint32
}

// init takes the defaults of a new socket (sock_init_data, inet_create).
func (o *options) init(h *Host) {
	o.rcvTimeo, o.sndTimeo = noTimeout, noTimeout
	o.rcvLowat = 1
	o.rcvbuf, o.sndbuf = int32(h.sysctl.get(ctlRmemDefault)), int32(h.sysctl.get(ctlWmemDefault))
	o.maxPacing = 1<<64 - 1
	o.pmtudisc, o.pmtudisc6 = IP_PMTUDISC_WANT, IP_PMTUDISC_WANT
	if h.sysctl.on(ctlNoPMTUDisc) {
		o.pmtudisc = IP_PMTUDISC_DONT
	}
}

// get is a value that a connection is told, 0 if it was not.
func (o *options) get(opt tcpstate.Option) uint32 { return o.tcp[opt] }

// flag is get of a boolean.
func (o *options) flag(opt tcpstate.Option) bool { return o.tcp[opt] != 0 }

// tell notes a setting and passes it on to the connection, if there is one.
func (h *Host) tell(s *sock, opt tcpstate.Option, v uint32) {
	s.opt.tcp[opt] = v
	s.opt.set |= 1 << opt
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: opt, N: v})
}
