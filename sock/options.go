package sock

import "github.com/sockspec/sockspec/tcpstate"

// noTimeout is a time-out that never comes.
const noTimeout tcpstate.Duration = -1

// options are all settings of a socket. A connection inherits them from its
// listener by assignment.
type options struct {
	// SOL_SOCKET
	reuseAddr, reusePort, broadcast, dontRoute, debug, linger, zeroCopy, noCheck bool
	rxqOvfl, wifiStatus, noFCS, lockFilter, selectErrQueue, preferBusyPoll       bool
	rcvMark, rcvPriority, stamp, stampNano, stampNew, txtime                     bool
	stampFlags                                                                   int32 // SOF_TIMESTAMPING_*
	lingerTime, rcvTimeo, sndTimeo                                               tcpstate.Duration
	rcvLowat, priority, mark, boundDev, peekOff, incomingCPU                     int32
	busyPoll, busyBudget, txRehash, txClock, txFlags                             int32
	rcvbuf, sndbuf                                                               int32
	bufLocks                                                                     uint8 // tcpstate.LockRcvBuf, LockSndBuf
	maxPacing                                                                    uint64
	filter                                                                       *program // nil without one

	// IPPROTO_IP
	tos, ttl, minTTL, pmtudisc                                  int32 // ttl -1 = the system's
	recvErr, freebind, transparent, bindNoPort, hdrIncl         bool
	recvOpts, retOpts, pktInfo, recvTTL, recvTOS, passSec       bool
	recvOrigDst, noDefrag, recvChecksum, recvFragSize           bool
	recvErr4884, routerAlert, mcLoop, mcAll                     bool
	mcIndex, mcAddr, mcTTL, ucIndex /* host order */, portRange int32

	// IPPROTO_IPV6; recv6 and old6 are the control messages asked for.
	tclass, hops, minHops, pmtudisc6, mcIndex6, mcHops, ucIndex6 int32 // hops -1 = the system's
	fragSize, srcPrefs                                           int32
	recvErr6, v6only, mcLoop6, mcAll6, raIsolate, recvErr4884v6  bool
	sendFlow, dontFrag, autoFlowLabel, autoLabelSet              bool
	recv6, old6                                                  received6
	sticky6                                                      sticky6
	raListens, raOn                                              bool // IPV6_ROUTER_ALERT: on the list, and as it is read back

	// IPPROTO_UDP
	gsoSize                     int32 // 0 = none
	gro, noCheck6Tx, noCheck6Rx bool

	// IPPROTO_TCP
	userMSS                   uint16
	windowClamp               uint32
	deferAccept               uint8 // as a count of retransmissions
	saveSyn, txDelay          int32
	inq                       bool
	fastConnect, fastNoCookie bool
	congestion                tcpstate.Congestion

	// tcp holds what a connection is told by Set, by tcpstate.Option; set has
	// a bit for each that was given.
	tcp [tcpstate.Told]uint32
	set uint32
}

// init takes the defaults of a new socket (sock_init_data, inet_create).
func (o *options) init(h *Host) {
	o.rcvTimeo, o.sndTimeo = noTimeout, noTimeout
	o.rcvLowat = 1
	o.rcvbuf, o.sndbuf = int32(h.sysctl.get(ctlRmemDefault)), int32(h.sysctl.get(ctlWmemDefault))
	o.maxPacing = 1<<64 - 1
	o.incomingCPU, o.peekOff, o.txRehash, o.busyBudget = -1, -1, int32(h.sysctl.get(ctlTxRehash)), 8 // BUSY_POLL_BUDGET
	o.ttl, o.hops, o.mcTTL, o.mcHops = -1, -1, 1, 1
	o.mcLoop, o.mcLoop6, o.mcAll6 = true, true, true
	o.pmtudisc, o.pmtudisc6 = IP_PMTUDISC_WANT, IP_PMTUDISC_WANT
	if h.sysctl.on(ctlNoPMTUDisc) {
		o.pmtudisc = IP_PMTUDISC_DONT
	}
}

// get is a value that a connection is told, 0 if it was not.
func (o *options) get(opt tcpstate.Option) uint32 { return o.tcp[opt] }

// flag is get of a boolean.
func (o *options) flag(opt tcpstate.Option) bool { return o.tcp[opt] != 0 }

// ofChild turns a listener's options into its child's: most are inherited, some
// begin anew, and some are taken from the packet that completes the handshake
// (sk_clone, inet_csk_clone_lock, tcp_v4_syn_recv_sock, tcp_v6_syn_recv_sock). The
// algorithm is the host's of now unless the listener was told one
// (tcp_ca_openreq_child).
func (o *options) ofChild(h *Host, p *Packet) {
	dev := h.dev
	if o.set>>tcpstate.CongestionCtl&1 == 0 {
		o.congestion = h.tcp.Congestion
	}
	o.incomingCPU, o.priority = 0, 0
	o.mcIndex6, o.mcHops = dev, int32(p.TTL)
	if !p.IPv6() {
		o.mcIndex, o.mcTTL = dev, int32(p.TTL)
	}
}

// forget lets go of what tcp_disconnect resets.
func (o *options) forget(h *Host) {
	o.userMSS, o.windowClamp = 0, 0
	o.untell(tcpstate.DelackMaxUs)
	o.own(tcpstate.RTOMinUs, uint32(rtoMin), h.tcp.RTOMin == rtoMin)
	o.forgetAcks()
	o.peekOff = -1
}

// forgetAcks is inet_csk_delack_init: TCP_QUICKACK is what it was at first.
func (o *options) forgetAcks() { o.untell(tcpstate.QuickAck) }

// own gives the socket the value, or none where the system's is the same.
func (o *options) own(t tcpstate.Option, v uint32, same bool) {
	if o.untell(t); !same {
		o.tcp[t], o.set = v, o.set|1<<t
	}
}

func (o *options) untell(t tcpstate.Option) {
	o.tcp[t] = 0
	o.set &^= 1 << t
}

// latch6 keeps what the latest segment in order says, for IPV6_2292PKTOPTIONS;
// it shows in the options of multicast (tcp_v6_do_rcv: ipv6_pktoptions).
func (o *options) latch6(p *Packet, dev int32) {
	if o.recv6.pktInfo || o.old6.pktInfo {
		o.mcIndex6 = dev
	}
	if o.recv6.hopLimit || o.old6.hopLimit {
		o.mcHops = int32(p.TTL)
	}
}

// tell notes a setting and passes it on to the connection, if there is one.
func (h *Host) tell(s *sock, opt tcpstate.Option, v uint32) {
	s.opt.tcp[opt] = v
	s.opt.set |= 1 << opt
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: opt, N: v})
}
