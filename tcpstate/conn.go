package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Conn is the control block of one TCP endpoint. It is a value: Clone copies
// it, Equal compares it, Fingerprint condenses it. Only Step changes it.
type Conn struct {
	_ [0]func() // not comparable with ==: use Equal

	cfg   *Config
	now   Time // of the latest input (tcp_mstamp)
	state State

	orphan  bool // the user is gone (SOCK_DEAD)
	awaited bool // no accept() has taken it yet (no sk_socket)
	mini    bool // shrunk to a timewait bucket (tcp_time_wait): TIME-WAIT, or FIN-WAIT-2 of an orphan
	finRcvd bool // the peer's FIN is in the stream (SOCK_DONE)
	ipv6    bool
	locks   uint8 // LockRcvBuf, LockSndBuf
	shut    uint8 // ShutRead, ShutWrite: sk_shutdown
	err     Errno // sk_err
	soft    Errno // sk_err_soft

	// What follows fills the place up to the next multiple of eight exactly.
	ecn     ecnState
	rtoMs   uint32 // TCP_RTO_MAX_MS, 0 = the system's; not in settings, which would then need a cache line more
	urg     urgState
	arrived rxOptions // what the segment under way carries

	opt    negotiated
	user   settings
	snd    sendState
	rcv    recvState
	ack    ackState
	timers timers
	rtt    rttState
	ca     congState
	rack   rackState
	stat   counters

	q   sendQueue // sent but unacknowledged, then unsent
	rq  recvQueue // received, in order and not
	fo  *fastOpen // nil where Fast Open has no part
	out []Output  // the caller's slice, during Step only
}

// negotiated is what the two SYNs agreed on (tcp_options_received).
type negotiated struct {
	ts, sack, wscale bool
	dsackSeen        bool  // the peer has sent a D-SACK
	sndWScale        uint8 // shift of windows that the peer advertises
	rcvWScale        uint8 // shift of windows that we advertise
	mssClamp         uint16
	hdrLen           uint8 // of a header with the options every segment carries
	wndUnheld        bool  // SND.WND is larger than the largest ever: what ended the handshake may not change it (see Check)
	tsRecent         uint32
	tsRecentAt       Time // when TS.Recent was taken, never = not valid
	tsOffset         uint32
	advMSS           uint32
}

// settings are the user's, by setsockopt; zero means "the system's".
type settings struct {
	keepAlive, oobInline   bool
	ackLater               uint8 // why the last ACK of the handshake waits: ackForWrite, ackDeferred
	nonagle                uint8
	keepCnt, synCnt        uint8
	userMSS                uint16
	keepIdle, keepIntvl    uint16 // seconds
	linger2                int16  // seconds; FIN-WAIT-2 of an orphan; negative = none
	rtoMin, delackMax      uint16 // ticks
	noSpace                bool   // waits for room (SOCK_NOSPACE)
	thin                   bool   // linear time-outs of thin streams
	userTimeout            uint32 // milliseconds
	rcvLowat, notSentLowat uint32
}

// Bits of settings.ackLater.
const (
	ackForWrite uint8 = 1 << iota // a write waits for the handshake (sk_write_pending)
	ackDeferred                   // TCP_DEFER_ACCEPT
)

// Bits of settings.nonagle, as Linux's TCP_NAGLE_*.
const (
	nagleOff  uint8 = 1
	nagleCork uint8 = 2
	naglePush uint8 = 4
)

// New makes an endpoint in CLOSED. Params that are out of range are bounded.
func New(p Params) *Conn {
	c := &Conn{cfg: p.Cfg.bounded(), state: Closed, ipv6: p.IPv6, locks: p.Locks, now: 1}
	c.startSend(p.ISS)
	c.snd.mtu, c.snd.marked = mtuOf(p.MTU), p.Marked
	c.snd.way = wayOut{c.snd.mtu, c.snd.mtu}
	c.snd.sndbuf = orDefault(p.SndBuf, c.cfg.Wmem[1])
	c.rcv.rcvbuf = orDefault(p.RcvBuf, c.cfg.Rmem[1])
	c.rcv.clamp = p.Clamp
	c.opt.mssClamp = defaultMSS
	c.opt.tsOffset, c.opt.tsRecent, c.opt.tsRecentAt = p.TSOffset, p.TSRecent, p.TSRecentAt
	c.user.userMSS = p.UserMSS
	c.user.rcvLowat = 1
	c.shut = p.Shut & (ShutRead | ShutWrite)
	c.ca.init(c.cfg, p.Congestion)
	c.rack.steps = 1
	c.rtt.init(c.cfg)
	c.inherit(&p.Left)
	c.ack.rcvMSS = minMSS
	c.snd.mssCache = defaultMSS
	c.stat.appLimited, c.stat.rateAppLimited = ^uint32(0), true // until the first ACK
	return c
}

// startSend sets every sequence number of the send side to where the stream
// starts, so that endpoints differ only by an offset.
func (c *Conn) startSend(iss Seq) {
	c.snd.init(iss)
	c.q.sackHigh, c.rtt.seq, c.rack.end = iss, iss, iss
	c.ca.highSeq, c.ca.undoMarker, c.ca.usageSeq, c.ca.tlpHigh = iss, iss, iss, iss
	c.ca.cubic.endSeq = iss
}

// startReceive does the same for the receive side, from the peer's SYN.
func (c *Conn) startReceive(irs Seq) {
	r, next := &c.rcv, irs.Add(1)
	r.nxt, r.wup, r.copied = next, next, next
	r.spaceSeq, c.ack.compressAt = next, next
	if r.rttTime == never {
		r.rttSeq = next
	}
}

func orDefault(v, def int32) int32 {
	if v == 0 {
		return def
	}
	return v
}

// Constants of include/net/tcp.h.
const (
	defaultMSS  = 536  // TCP_MSS_DEFAULT
	defaultMSS6 = 1220 // IPV6_MIN_MTU less its headers (tcp_v6_connect)
	minMSS      = 88   // TCP_MIN_MSS
	tcpHdrLen   = 20
)

// Step takes one input and appends what follows from it to out. It allocates
// nothing once its queues have grown to the connection's size, unless it repacks
// what came out of order, for want of memory.
func (c *Conn) Step(in Input, out []Output) []Output {
	c.out, c.snd.bars = out, in.Bars
	look, told := clockLook{c.now, c.q.turns.now}, len(out)
	c.q.turns.next()
	c.q.turns.measured = noTurn
	if in.Now > c.now {
		c.now, c.q.turns.now = in.Now, 0
	}
	c.wayIs(&in)
	if !c.mini {
		c.timers.since = in.Backlog
	}
	clock := c.clock(&in)
	switch in.Kind {
	case SegmentArrives:
		c.arrived.label, c.rtt.local = labelOf(in.Label), in.Local
		c.segmentArrives(&in)
	case Timeout:
		c.timeout()
	case Open:
		c.open(&in)
	case Send:
		c.send(in.N, in.Flags)
	case Receive:
		c.receive(in.N, in.Flags)
	case Peek:
		if !c.mini && c.state != Closed {
			if in.N > 0 || in.Flags&SendFound != 0 {
				c.spaceAdjust()
			}
			c.windowUpdate(in.N)
		}
	case Release:
		if !c.mini {
			c.release()
		}
	case Shutdown:
		c.shutdown(in.How)
	case Close:
		c.close()
	case Abort:
		c.abort(in.How)
	case Unreachable, TooBig:
		clock = c.icmpError(&in, look)
	case Set:
		c.set(in.Opt, in.N)
	case NoBucket:
		if c.mini {
			c.endMini(rule.TimeWaitOverflow)
		}
	}
	if !c.mini {
		c.timers.since = 0
	}
	if !clock.looked(c.out[told:]) {
		c.now, c.q.turns.now = look.at, look.turn
	}
	out, c.out, c.snd.bars = c.out, nil, 0
	return out
}

// tell appends a consequence that carries no segment.
func (c *Conn) tell(k OutputKind, why rule.ID) *Output {
	o := queue.Next(&c.out)
	o.Kind, o.Why = k, why
	return o
}

// drop reports that the segment under way is discarded (tcp_drop_reason).
func (c *Conn) drop(why rule.ID) { c.tell(Drop, why) }

// become is the one door between states. An edge that the table does not have
// is a fault in the machine: it is refused and shows as a failed invariant.
func (c *Conn) become(to State, why rule.ID) {
	if c.state == to {
		return
	}
	if !LegalEdge(c.state, to) {
		c.stat.badEdge = true
		return
	}
	o := c.tell(Became, why)
	o.From, o.To = c.state, to
	c.state = to
	if to == Closed {
		c.fastOver(false, why)
	}
}

// fail sets the pending error and tells the user (sk_error_report).
func (c *Conn) fail(err Errno, why rule.ID) {
	c.err = err
	if !c.orphan {
		c.tell(Failed, why).Err = err
	}
}

// done ends the connection (tcp_done): CLOSED, no timers, nothing to send.
func (c *Conn) done(why rule.ID) {
	c.timers = timers{}
	c.become(Closed, why)
	c.shut = ShutRead | ShutWrite
	c.tell(Gone, why)
	if !c.orphan {
		c.tell(Readable, why)
		c.tell(Writable, why)
	}
}

// doneWithError is done with a pending error (tcp_done_with_error).
func (c *Conn) doneWithError(err Errno, why rule.ID) {
	c.err = err
	c.purgeSendQueue()
	c.done(why)
	c.fail(err, why)
}

// tick rounds a span up to whole jiffies (usecs_to_jiffies).
func (c *Conn) tick(d Duration) Duration {
	if t := c.cfg.Tick; t > 1 {
		return (d + t - 1) / t * t
	}
	return d
}

// whole is the part of a span that is whole jiffies.
func (c *Conn) whole(d Duration) Duration { return d - d%max(c.cfg.Tick, 1) }

// since is the time since then by a clock of jiffies (tcp_jiffies32): what lies
// within one is no time.
func (c *Conn) since(then Time) Duration { return c.cfg.between(then, c.now) }

// between is the time between two moments by a clock of jiffies.
func (cfg *Config) between(then, now Time) Duration {
	t := max(cfg.Tick, 1)
	return (int64(now)/t - int64(then)/t) * t
}

// tsClock is the time in milliseconds that timestamps are made of
// (tcp_time_stamp_ts, TCP_TS_HZ 1000).
func tsClock(t Time) uint32 { return uint32(t / Time(Millisecond)) }

// retransClock is tsClock for retransStamp, where 0 means "none".
func retransClock(t Time) uint32 { return max(tsClock(t), 1) }
