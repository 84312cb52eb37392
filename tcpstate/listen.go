package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// Listener is what a listening socket hands to the machine when a segment or a
// time-out concerns one of its requests. The queues themselves are the socket
// layer's: the machine is only told how long they are.
type Listener struct {
	// Params of the connections to come. For AnswerSYN, ISS and TSOffset are
	// those of the new request.
	Params
	// SynRetries is TCP_SYNCNT of the listener, 0 for Cfg.SynAckRetries.
	SynRetries uint8
	// DeferAccept is for how many SYN-ACK time-outs a bare ACK is not enough
	// (TCP_DEFER_ACCEPT after secs_to_retrans); 0 for none.
	DeferAccept uint8
	// Queued and Young count the requests in the SYN queue, and those of them
	// whose SYN-ACK has not timed out yet. Crowded: the queue is so full that
	// old requests make room for young ones.
	Queued, Young uint32
	Crowded       bool
	// Reply is the Fast Open option of the first SYN-ACK.
	Reply SynAckReply
}

// SynAckReply is the Fast Open option that a SYN-ACK carries, if On.
type SynAckReply struct {
	On     bool
	Cookie FastCookie
}

// ListenAnswer is what LISTEN does with a segment.
type ListenAnswer uint8

// The answers.
const (
	ListenDrops  ListenAnswer = iota // nothing is sent
	ListenResets                     // ResetFor(seg) is sent
	ListenSyn                        // a SYN: AnswerSYN makes a request, if the queues have room
)

// Listens is what LISTEN does with seg when no request accounts for it
// (RFC 9293 section 3.10.7.2; tcp_rcv_state_process, case TCP_LISTEN). Linux
// looks at ACK before RST; a segment with both is dropped by ResetFor.
func Listens(seg *Segment) (ListenAnswer, rule.ID) {
	switch {
	case seg.Flags.Has(RST):
		return ListenDrops, rule.ListenRST
	case seg.Flags.Has(ACK):
		return ListenResets, rule.ListenACK
	case !seg.Flags.Has(SYN):
		return ListenDrops, rule.ListenOther
	case seg.Flags.Has(FIN):
		return ListenDrops, rule.ListenSynFin
	}
	return ListenSyn, rule.RequestMade
}

// AnswerSYN makes a request out of a SYN that Listens accepts and emits its
// first SYN-ACK (tcp_conn_request). in.Seg is the SYN.
func (l *Listener) AnswerSYN(in Input, out []Output) (Request, []Output) {
	r := l.request(in)
	return r, r.emitSynAck(in.Now, r.AdvMSS, &l.Reply, rule.SynAckSent, out)
}

// request is what a SYN asks for and gets.
func (l *Listener) request(in Input) Request {
	syn := &in.Seg
	r := Request{
		IRS: syn.Seq, ISS: l.ISS, MSS: l.defaultPeerMSS(), AdvMSS: l.advMSS(),
		TSOffset: l.TSOffset, ECNRcv: syn.ECN,
	}
	r.agree(l, syn)
	r.openWindow(l)
	r.Deadline = in.Now.Add(l.cfg().RTOInit)
	r.SynAckTime = in.Now
	return r
}

// agree settles the options: one is used when the SYN has it and the sysctl
// allows it (tcp_parse_options, tcp_openreq_init, tcp_ecn_create_request).
func (r *Request) agree(l *Listener, syn *Segment) {
	o, cfg := &syn.Opts, l.cfg()
	if o.Has(OptMSS) && o.MSS != 0 {
		r.MSS = o.MSS
		if l.UserMSS != 0 {
			r.MSS = min(r.MSS, l.UserMSS)
		}
	}
	if o.Has(OptWScale) && cfg.WindowScaling {
		r.WScaleOK, r.SndWScale = true, min(o.WScale, maxWScale)
	}
	if o.Has(OptTS) && cfg.Timestamps != 0 {
		r.TSOK, r.TSRecent = true, o.TSVal
	}
	r.SACKOK = o.Has(OptSACKOK) && cfg.SACK
	// A marked SYN is a sign of a path that mangles the field; with AE it is
	// a newer peer's (RFC 3168 section 6.1.1; tcp_ecn_create_request).
	asks := syn.Flags&(ECE|CWR) == ECE|CWR
	r.ECNOK = asks && cfg.ECN != 0 && (syn.ECN == NotECT || syn.Flags.Has(AE))
}

// openWindow chooses the window of the SYN-ACK (tcp_openreq_init_rwin).
func (r *Request) openWindow(l *Listener) {
	mss := uint32(r.AdvMSS)
	if r.TSOK {
		mss -= min(mss, lenTS)
	}
	r.openWindowIn(l, mss)
}

// openWindowIn chooses a window of whole segments of mss octets.
func (r *Request) openWindowIn(l *Listener, mss uint32) {
	full := l.rcvSpace()
	clamp := l.Clamp
	if l.Locks&LockRcvBuf != 0 && (clamp == 0 || int64(clamp) > int64(full)) {
		clamp = uint32(max(full, 0)) // no larger than the user's own buffer
	}
	r.Window, r.Clamp, r.RcvWScale = selectInitialWindow(l.cfg(), full, mss, clamp, r.WScaleOK)
}

// rcvSpace is the window that the empty receive buffer is worth (tcp_full_space):
// a listener measures no segments, but may have had connections that did.
func (p *Params) rcvSpace() int32 {
	buf := p.RcvBuf
	if buf == 0 {
		buf = p.cfg().Rmem[1]
	}
	return winFromSpace(p.Left.share(), buf)
}

// synAckMax is the longest wait (TCP_RTO_MAX). Neither tcp_rto_max_ms nor
// TCP_RTO_MAX_MS of the listener makes it shorter on 6.18.44.
const synAckMax = 120 * Second

// wait is the time until the next SYN-ACK (tcp_reqsk_timeout).
func (r *Request) wait(l *Listener) Duration {
	shift := min(r.NumTimeout, 31)
	return min(l.cfg().RTOInit<<shift, synAckMax)
}

// timeout sends the SYN-ACK again or gives up (reqsk_timer_handler).
func (r *Request) timeout(l *Listener, now Time, out []Output) []Output {
	expire, resend := r.recalc(l)
	if expire {
		return append(out, Output{Kind: Gone, Why: rule.RequestExpired})
	}
	r.NumTimeout++ // no limit is above 255, where recalc gives up
	r.Deadline = now.Add(r.wait(l))
	if !resend {
		return out
	}
	r.NumRetrans++
	return r.emitSynAck(now, l.advMSS(), &SynAckReply{}, rule.SynAckAgain, out)
}

// recalc is syn_ack_recalc with the limit that the queue's state leaves.
func (r *Request) recalc(l *Listener) (expire, resend bool) {
	over := r.NumTimeout >= l.retries()
	if l.cfg().Requests.DeferResends {
		return over && (!r.Acked || r.NumTimeout >= l.patience()), true
	}
	if l.DeferAccept == 0 {
		return over, true
	}
	// While data is awaited, only the end of the wait resends: a last chance.
	return over && (!r.Acked || r.NumTimeout >= l.DeferAccept),
		!r.Acked || r.NumTimeout >= l.DeferAccept-1
}

// patience is how often the SYN-ACK of an acknowledged request may time out in
// a kernel that sends it again under TCP_DEFER_ACCEPT (tcp_synack_timer of 2.4).
func (l *Listener) patience() uint8 {
	if l.DeferAccept != 0 {
		return l.DeferAccept
	}
	return l.maxRetries()
}

// maxRetries is how often a SYN-ACK may time out, by option or sysctl.
func (l *Listener) maxRetries() uint8 {
	if l.SynRetries != 0 {
		return l.SynRetries
	}
	return l.cfg().SynAckRetries
}

// retries is how often a SYN-ACK may time out now: in a crowded queue, old
// requests make room for young ones (reqsk_timer_handler).
func (l *Listener) retries() uint8 {
	n := l.maxRetries()
	if !l.Crowded {
		return n
	}
	for young := 2 * uint64(l.Young); n > 2 && uint64(l.Queued) >= young; young *= 2 {
		n--
	}
	return n
}

// unreachable takes an ICMP error: a hard one about the SYN-ACK ends the
// request (tcp_req_err).
func (r *Request) unreachable(in Input, out []Output) []Output {
	if in.Seg.Seq != r.ISS || !in.Hard {
		return append(out, Output{Kind: Drop, Why: rule.RequestICMPIgnored})
	}
	return append(out, Output{Kind: Gone, Why: rule.RequestUnreachable})
}
