package tcpstate

import (
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Params fix what a new connection cannot choose for itself.
type Params struct {
	Cfg *Config // nil = Linux()'s
	ISS Seq     // initial send sequence number
	// TSRecent and TSRecentAt are what is known of the peer's timestamps before
	// it has sent any, from an earlier connection of the same name; TSRecentAt
	// is 0 for nothing.
	TSRecent   uint32
	TSRecentAt Time
	TSOffset   uint32     // added to every timestamp value sent (secure_tcp_ts_off)
	MTU        uint32     // of the path, octets of IP packet
	IPv6       bool       // 40 octets of IP header instead of 20
	UserMSS    uint16     // TCP_MAXSEG, 0 = none
	RcvBuf     int32      // octets; 0 = Cfg.Rmem[1]
	SndBuf     int32      // octets; 0 = Cfg.Wmem[1]
	Locks      uint8      // LockRcvBuf and LockSndBuf: SO_RCVBUF or SO_SNDBUF was set
	Clamp      uint32     // TCP_WINDOW_CLAMP, 0 = none
	Shut       uint8      // ShutRead and ShutWrite: what was shut before there was a connection, or on its listener
	Congestion Congestion // 0 = Cfg.Congestion
	Marked     bool       // the latest segment of an earlier connection of the socket was ECN-capable
	Left       Left       // by an earlier connection of the socket
}

// Bits of Params.Locks.
const (
	LockRcvBuf uint8 = 1
	LockSndBuf uint8 = 2
)

// cfg is the configuration, Linux's where none was given.
func (p *Params) cfg() *Config {
	if p.Cfg == nil {
		return &linuxConfig
	}
	return p.Cfg
}

// mtuMSS is the largest payload that fits the path's MTU, without options
// (tcp_mtu_to_mss before the timestamp's 12 octets).
func (p *Params) mtuMSS() uint32 {
	hdr := uint32(40)
	if p.IPv6 {
		hdr = 60
	}
	least := max(uint32(p.cfg().MinSndMSS), minSndMSS)
	if p.MTU < hdr+least {
		return least
	}
	return p.MTU - hdr
}

// Request is a connection whose SYN was answered and whose third segment is
// awaited (Linux: request_sock, state TCP_NEW_SYN_RECV). It is a plain value:
// compare with ==.
type Request struct {
	IRS, ISS Seq
	MSS      uint16 // what the peer accepts, octets
	AdvMSS   uint16 // what the SYN-ACK announces, octets
	Window   uint32 // offered, octets, not scaled
	Clamp    uint32 // of the window, for the connection to come

	SndWScale, RcvWScale          uint8
	WScaleOK, TSOK, SACKOK, ECNOK bool
	// Acked: the ACK came but the connection could not be made yet, because of
	// TCP_DEFER_ACCEPT or a full accept queue.
	Acked  bool
	ECNRcv ECN // of the SYN
	// SynData is the sequence space behind the SYN that was taken with it.
	SynData uint32

	NumTimeout uint8 // SYN-ACK time-outs so far: doubles the wait
	NumRetrans uint8 // SYN-ACKs sent again, for whatever reason

	TSRecent        uint32
	TSOffset        uint32
	TSFirst, TSLast uint32 // timestamps of the first and the latest SYN-ACK; 0 = none
	SynAckTime      Time   // of the first SYN-ACK
	OOWTime         Time   // of the latest answer to a bad segment, 0 = none
	Deadline        Time   // of the SYN-ACK
}

// RcvNxt is the sequence number expected next.
func (r *Request) RcvNxt() Seq { return r.IRS.Add(1 + r.SynData) }

// Young reports whether no SYN-ACK has timed out yet.
func (r *Request) Young() bool { return r.NumTimeout == 0 }

// Step takes a SegmentArrives, Timeout or Unreachable and appends what follows.
// After Promote the socket layer makes the connection with Accept and hands it
// the same segment, or calls Overflow when the accept queue has no room. After
// Gone the request is to be forgotten.
func (r *Request) Step(l *Listener, in Input, out []Output) []Output {
	switch in.Kind {
	case SegmentArrives:
		return r.arrives(l, in, out)
	case Timeout:
		if in.Now < r.Deadline {
			return out
		}
		return r.timeout(l, in.Now, out)
	case Unreachable:
		return r.unreachable(in, out)
	}
	return out
}

// arrives follows tcp_check_req, in its order.
func (r *Request) arrives(l *Listener, in Input, out []Output) []Output {
	seg := &in.Seg
	flags := seg.Flags & (RST | SYN | ACK)
	paws, tsecr := r.badTimestamps(l, seg)

	if seg.Seq == r.IRS && flags == SYN && !paws {
		return r.synAgain(l, in, out)
	}
	if r.Disowns(l.cfg(), seg) {
		out = emitReset(seg, rule.RequestBadAck, out)
		return append(out, Output{Kind: Drop, Why: rule.RequestBadAck})
	}
	if paws || tsecr || !r.inWindow(seg) {
		return r.outOfWindow(l, in, paws, tsecr, out)
	}
	if seg.Seq == r.IRS {
		flags &^= SYN // below the window; cut off
	}
	if flags.Has(RST) && seg.Seq != r.RcvNxt() && !l.cfg().Requests.Lax {
		return r.challenge(l, in, out)
	}
	if flags.Has(RST | SYN) {
		return r.embryonicReset(seg, rule.RequestReset, out)
	}
	if !flags.Has(ACK) {
		return append(out, Output{Kind: Drop, Why: rule.RequestNoAck})
	}
	if r.defers(l) && seg.End() == r.RcvNxt() {
		r.Acked = true
		return append(out, Output{Kind: Drop, Why: rule.DeferAccept})
	}
	return append(out, Output{Kind: Promote, Why: rule.RequestComplete})
}

// Disowns reports whether seg acknowledges anything but this request's SYN-ACK:
// it goes on to the listener, which takes it for a cookie or resets it (RFC 9293
// section 3.10.7.4, fifth, SYN-RECEIVED). A RST is judged by its sequence number
// alone (RFC 5961 section 3.2; 6.18.y).
func (r *Request) Disowns(cfg *Config, seg *Segment) bool {
	return seg.Flags.Has(ACK) && seg.Ack != r.ISS.Add(1) && (!seg.Flags.Has(RST) || cfg.Requests.Lax)
}

// defers reports whether a bare ACK is not enough yet (TCP_DEFER_ACCEPT).
func (r *Request) defers(l *Listener) bool {
	return l.DeferAccept != 0 && (r.NumTimeout < l.DeferAccept || l.cfg().Requests.DeferResends)
}

// Overflow says that the accept queue had no room for what Promote announced:
// the request stays, so that SYN-ACKs go on, or is reset when the sysctl says
// so (tcp_check_req, listen_overflow).
func (r *Request) Overflow(l *Listener, in Input, out []Output) []Output {
	if !l.cfg().AbortOnOverflow {
		r.Acked = true
		return append(out, Output{Kind: Drop, Why: rule.ListenOverflow})
	}
	return r.embryonicReset(&in.Seg, rule.AbortOnOverflow, out)
}

// challenge answers a RST that is in the window but not exact: the peer shall
// confirm (RFC 5961 section 3.2). Linux has it for requests since 6.18.y.
func (r *Request) challenge(l *Listener, in Input, out []Output) []Output {
	if r.limited(l, in.Now) {
		return append(out, Output{Kind: Drop, Why: rule.RequestLimited, N: SkippedChallenge})
	}
	out = append(out, Output{Kind: Emit, Why: rule.RequestChallenge, Seg: r.ack(in.Now)})
	return append(out, Output{Kind: Drop, Why: rule.RequestChallenge})
}

// embryonicReset forgets the request, and tells the peer unless it knows.
func (r *Request) embryonicReset(seg *Segment, why rule.ID, out []Output) []Output {
	out = emitReset(seg, why, out)
	return append(out, Output{Kind: Gone, Why: why})
}

// emitReset emits the RST that answers seg, if one may.
func emitReset(seg *Segment, why rule.ID, out []Output) []Output {
	if rst, ok := ResetFor(seg); ok {
		out = append(out, Output{Kind: Emit, Why: why, Seg: rst})
	}
	return out
}

// badTimestamps tells whether seg is older than the SYN (PAWS, RFC 7323
// section 5), and whether it echoes a timestamp that no SYN-ACK carried.
func (r *Request) badTimestamps(l *Listener, seg *Segment) (paws, tsecr bool) {
	if !seg.Opts.Has(OptTS) || l.cfg().Timestamps == 0 {
		return false, false
	}
	if e := seg.Opts.TSEcr; e != 0 && r.TSOK && !l.cfg().Requests.Lax {
		tsecr = !Seq(e).Between(Seq(r.TSFirst), Seq(r.TSLast))
	}
	paws = r.TSRecent != 0 && Seq(seg.Opts.TSVal).Less(Seq(r.TSRecent))
	// A RST may be old once the SYN is (tcp_paws_reject, TCP_PAWS_MSL). Linux
	// takes the SYN's age to be the present time-out.
	if paws && seg.Flags.Has(RST) && r.wait(l) >= 60*Second {
		paws = false
	}
	return paws, tsecr
}

// inWindow is tcp_in_window over the window that the SYN-ACK showed.
func (r *Request) inWindow(seg *Segment) bool {
	lo, hi := r.RcvNxt(), r.RcvNxt().Add(r.shown())
	switch {
	case seg.Seq == lo, seg.End().Greater(lo) && seg.Seq.Less(hi):
		return true
	}
	return seg.Seq == hi && seg.SeqLen() == 0
}

// outOfWindow answers with where the connection stands, at a bounded rate.
func (r *Request) outOfWindow(l *Listener, in Input, paws, tsecr bool, out []Output) []Output {
	why := rule.RequestOverWindow
	switch {
	case paws:
		why = rule.RequestPAWS
	case tsecr:
		why = rule.RequestTSECR
	}
	skipped := uint32(0)
	switch {
	case in.Seg.Flags.Has(RST):
	case r.oowLimited(l, in):
		skipped = SkippedAnswer
	default:
		out = append(out, Output{Kind: Emit, Why: why, Seg: r.ack(in.Now)})
	}
	return append(out, Output{Kind: Drop, Why: why, N: skipped})
}

// synAgain answers a repeated SYN with the SYN-ACK and starts its wait anew:
// as a fast retransmission, since the peer seems not to have got it.
func (r *Request) synAgain(l *Listener, in Input, out []Output) []Output {
	if l.cfg().Requests.Unlimited {
		return r.emitSynAck(in.Now, l.advMSS(), &SynAckReply{}, rule.SynAgain, out)
	}
	if r.oowLimited(l, in) {
		return append(out, Output{Kind: Drop, Why: rule.RequestLimited, N: SkippedAnswer})
	}
	r.NumRetrans++
	r.Deadline = in.Now.Add(r.wait(l))
	return r.emitSynAck(in.Now, l.advMSS(), &SynAckReply{}, rule.SynAgain, out)
}

// oowLimited tells whether an answer to a bad segment has to wait; if not, it
// notes this one. Data is exempt: it is no part of an ACK loop (tcp_oow_rate_limited).
func (r *Request) oowLimited(l *Listener, in Input) bool {
	if in.Seg.SeqLen() != 0 && !in.Seg.Flags.Has(SYN) {
		return false
	}
	return r.limited(l, in.Now)
}

// limited is oowLimited whatever the segment carries: a RST with data is
// challenged no more often than one without (__tcp_oow_rate_limited).
func (r *Request) limited(l *Listener, now Time) bool {
	if l.cfg().Requests.Unlimited {
		return false
	}
	if r.OOWTime != 0 && l.cfg().between(r.OOWTime, now) < l.cfg().InvalidRatelimit {
		return true
	}
	r.OOWTime = max(now, 1)
	return false
}
