package tcpstate

// InputKind says what happens to the endpoint: RFC 9293 section 3.10's events.
type InputKind uint8

// The events.
const (
	_ InputKind = iota
	// SegmentArrives: Seg came from the peer. The caller has checked the
	// checksum and that ports and addresses are this connection's.
	SegmentArrives
	// Timeout: Now has come; every timer that is due fires.
	Timeout
	// Open: connect() sends the SYN; what it offers comes from Params. Fast says
	// what part Fast Open has in it: Seg.Opts then holds the peer's MSS as it is
	// remembered and the option for the SYN, N is how many octets the user has.
	// A Sent output says how many of them the SYN carries.
	Open
	// Send: the user writes N octets. The answer is a Sent output with the
	// octets taken, fewer than N when the send buffer is full; the caller
	// keeps the bytes taken until an Acked output releases them.
	Send
	// Receive: the user took N octets out of the in-order data; with SendOOB among
	// Flags it is the urgent octet, over which a read skips, and with SendAgain what
	// the same read takes behind that, as much as was left to ask for.
	Receive
	// Shutdown: How says which directions; ShutWrite sends the FIN.
	Shutdown
	// Close: the user let go of the socket. Unread data turns it into a reset.
	Close
	// Abort: RST where the state has a peer to tell, then CLOSED
	// (RFC 9293 section 3.10.5; Linux: tcp_disconnect, SO_LINGER with 0).
	Abort
	// Unreachable: an ICMP error that quotes a segment of ours beginning at
	// Seg.Seq; Err is what it means, 0 when the user is told of it at once;
	// Hard when it is fatal while connecting.
	Unreachable
	// TooBig: ICMP "fragmentation needed" for a segment at Seg.Seq; N is the
	// path's new MTU in octets, 0 from a router that does not tell; Hard when the
	// connection is not to do anything about it (ip_sk_accept_pmtu).
	TooBig
	// Set: socket option Opt becomes N.
	Set
	// NoBucket: the host keeps no more timewait buckets, so that this connection
	// is gone that has just shrunk to one (sysctl tcp_max_tw_buckets).
	NoBucket
	// Peek: the user looked at N octets and left them where they are; the peer
	// may hear of an ACK that was put off all the same.
	Peek
	// Release: a user's call lets go of the socket, and what waited for that
	// (Backlog) is dealt with; the ACK that it is owed goes (tcp_release_cb).
	Release
)

// How bits of Shutdown, as Linux's RCV_SHUTDOWN and SEND_SHUTDOWN. ShutClose
// beside both is what a close does before it lingers: it empties the receive
// queue, and where shutdown(2) leaves SYN-RECEIVED alone, that sends the FIN.
// With Abort ShutClose is what a close does that does not linger at all.
const (
	ShutRead  uint8 = 1
	ShutWrite uint8 = 2
	ShutClose uint8 = 4
)

// SendFlags colour a Send.
type SendFlags uint8

// The flags of Send.
const (
	SendMore  SendFlags = 1 << iota // MSG_MORE: hold back a partial segment
	SendOOB                         // MSG_OOB: the last octet is urgent
	SendEOR                         // MSG_EOR: do not merge later data into this
	SendAgain                       // continues a write whose earlier part was taken
	SendEnd                         // N is 0: a write that took some ends, for want of room or for an error
	SendFault                       // the octets can't be read: Sent has EFAULT, where there is room for them
	SendFound                       // of Peek: there was data, were none of it asked for
)

// Bars are what the host around an endpoint does not allow during one step.
type Bars uint8

// The bars.
const (
	// BarRoute: no way leads to the peer any more. Data stays unsent, what has to
	// go again does not; a segment without data is emitted and lost.
	BarRoute Bars = 1 << iota
	// BarChallenge: the host has sent its share of challenge ACKs
	// (sysctl tcp_challenge_ack_limit).
	BarChallenge
	// BarLong: a segment longer than the way's MTU does not leave: nobody on the way
	// may cut it, nor the host itself (ip_dont_fragment; ip6_xmit).
	BarLong
	// BarLongParts: nor does an offloaded packet whose segments are so long
	// (ip_sk_use_pmtu).
	BarLongParts
)

// Input is one event with all that it carries. Fields that Kind does not name are ignored.
type Input struct {
	Kind  InputKind
	How   uint8     // Shutdown, Abort
	Flags SendFlags // Send, Receive
	Opt   Option    // Set
	Hard  bool      // Unreachable, TooBig
	Fast  FastMode  // Open
	Bars  Bars      // every kind
	// Listening goes with SegmentArrives: a listener would take a SYN that
	// TIME-WAIT gives way to. Without one TIME-WAIT stays.
	Listening bool
	BadSum    bool   // SegmentArrives: its checksum is wrong, and nobody has looked yet
	Local     bool   // SegmentArrives: its sender is this host itself
	Err       Errno  // Unreachable; TooBig: what a time-out is to report
	Now       Time   // every kind; not before the previous input's
	N         uint32 // Open, Send, Receive, Set, TooBig
	// MTU is that of the way to the peer as it is now, octets; 0 = as it was. With
	// WayKept it changed where the connection had looked it up, and is known at
	// once; with WayLost nothing is looked up any more (sk_dst_reset). Every kind.
	MTU              uint32
	WayKept, WayLost bool
	// Backlog is the memory of packets that wait until the user's call lets go of the socket, octets: what this host itself has sent to
	// the connection meanwhile (sk_backlog.len). Every kind; a Release follows once it is 0 again.
	Backlog uint32
	Label   uint32  // SegmentArrives: IPv6's flow label, 20 bits
	Seg     Segment // SegmentArrives; Unreachable and TooBig use Seg.Seq, Open Seg.Opts
}

// Option names a per-connection setting that a Set input changes. Values are
// uint32; booleans are 0 or 1; spans are in the unit that the doc names.
type Option uint8

// The options, by what setsockopt calls them.
const (
	_             Option = iota
	NoDelay              // TCP_NODELAY: boolean; turning it on pushes what is pending
	Cork                 // TCP_CORK: boolean; turning it off pushes what is pending
	QuickAck             // TCP_QUICKACK: boolean; turning it on sends an ACK that waits
	KeepAlive            // SO_KEEPALIVE: boolean
	KeepIdle             // TCP_KEEPIDLE: seconds, 1 to 32767
	KeepIntvl            // TCP_KEEPINTVL: seconds, 1 to 32767
	KeepCnt              // TCP_KEEPCNT: probes, 1 to 127
	SynCnt               // TCP_SYNCNT: retransmissions of SYN, 1 to 127
	UserTimeout          // TCP_USER_TIMEOUT: milliseconds, 0 = system's
	Linger2              // TCP_LINGER2: seconds in FIN-WAIT-2 as int32; 0 = system's, negative = none
	UserMSS              // TCP_MAXSEG: octets, 88 to 32767; 0 = the path's
	WindowClamp          // TCP_WINDOW_CLAMP: octets
	RcvBuf               // SO_RCVBUF after doubling: octets; locks auto-tuning
	SndBuf               // SO_SNDBUF after doubling: octets; locks auto-tuning
	RcvLowat             // SO_RCVLOWAT: octets
	NotSentLowat         // TCP_NOTSENT_LOWAT: octets, 0 = system's
	CongestionCtl        // TCP_CONGESTION: a Congestion value
	OOBInline            // SO_OOBINLINE: boolean
	WritePending         // boolean: a write waits for the handshake (sk_write_pending)
	FastAgain            // boolean: it is a Fast Open that came after the SYN, for which SYNs ask from now on (fastopen_req)
	DeferAck             // boolean: the last ACK of the handshake waits for data (TCP_DEFER_ACCEPT on a connecting socket)
	Accepted             // boolean: accept() has given a passive connection to the user (sk_socket)
	BufLocks             // SO_BUF_LOCK: LockRcvBuf, LockSndBuf
	ThinLTO              // TCP_THIN_LINEAR_TIMEOUTS: boolean
	RTOMaxMs             // TCP_RTO_MAX_MS: milliseconds, 1000 to 120000
	RTOMinUs             // TCP_RTO_MIN_US: microseconds
	DelackMaxUs          // TCP_DELACK_MAX_US: microseconds
	Told                 // how many there are
)

// Congestion names a congestion control algorithm.
type Congestion uint8

// The algorithms the machine has.
const (
	Cubic Congestion = 1 + iota
	Reno
)

// known reports whether there is such an algorithm.
func (a Congestion) known() bool { return a == Cubic || a == Reno }
