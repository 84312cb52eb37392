package sock

import (
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// tally is what one output of a request or connection counts for.
type tally struct {
	kind tcpstate.OutputKind
	why  rule.ID
	mib  Mib
}

// requestTallies: what requests count, beside the segments (tcp_check_req,
// reqsk_timer_handler, tcp_req_err).
var requestTallies = [...]tally{
	{tcpstate.Drop, rule.RequestPAWS, MibPAWSEstab},
	{tcpstate.Drop, rule.RequestTSECR, MibTSEcrRejected},
	{tcpstate.Drop, rule.DeferAccept, MibTCPDeferAcceptDrop},
	{tcpstate.Emit, rule.RequestChallenge, MibTCPChallengeACK},
	{tcpstate.Gone, rule.RequestReset, MibAttemptFails},
	{tcpstate.Gone, rule.RequestReset, MibEmbryonicRsts},
	{tcpstate.Gone, rule.AbortOnOverflow, MibEmbryonicRsts},
	{tcpstate.Gone, rule.RequestUnreachable, MibListenDrops},
	{tcpstate.Emit, rule.SynAckAgain, MibTCPSynRetrans},
	{tcpstate.Emit, rule.SynAckAgain, MibRetransSegs},
	{tcpstate.Emit, rule.SynAgain, MibTCPSynRetrans},
	{tcpstate.Emit, rule.SynAgain, MibRetransSegs},
}

// requestTallies24: what they count in 2.4 (tcp_check_req).
var requestTallies24 = [...]tally{
	{tcpstate.Drop, rule.RequestPAWS, MibPAWSEstab},
	{tcpstate.Gone, rule.RequestReset, MibEmbryonicRsts},
	{tcpstate.Gone, rule.AbortOnOverflow, MibEmbryonicRsts},
}

// connTallies: what connections count.
var connTallies = [...]tally{
	{tcpstate.Emit, rule.ActiveOpen, MibActiveOpens},
	{tcpstate.Emit, rule.SynRetransmit, MibTCPTimeouts},
	{tcpstate.Emit, rule.SynRetransmit, MibTCPSynRetrans},
	{tcpstate.Emit, rule.RTORetransmit, MibTCPTimeouts},
	{tcpstate.Failed, rule.RetriesExhausted, MibTCPTimeouts},
	{tcpstate.Drop, rule.PAWS, MibPAWSEstab},
	{tcpstate.Drop, rule.InvalidSyn, MibTCPSYNChallenge},
	{tcpstate.Emit, rule.ChallengeAckSyn, MibTCPChallengeACK},
	{tcpstate.Emit, rule.ChallengeAckReset, MibTCPChallengeACK},
	{tcpstate.Emit, rule.ChallengeAckUnsent, MibTCPChallengeACK},
	{tcpstate.Emit, rule.ChallengeAckTooOld, MibTCPChallengeACK},
	{tcpstate.Emit, rule.ChallengeAckBadAck, MibTCPChallengeACK},
	{tcpstate.Drop, rule.ICMPOutOfWindow, MibOutOfWindowIcmps},
	// A connection that its SYN has made has its request's counts as well; its
	// SYN-ACKs are OutSegs each time (tcp_rtx_synack, tcp_make_synack).
	{tcpstate.Emit, rule.SynAckAgain, MibTCPTimeouts},
	{tcpstate.Emit, rule.SynAckAgain, MibTCPSynRetrans},
	{tcpstate.Emit, rule.SynAckAgain, MibOutSegs},
	{tcpstate.Emit, rule.SynAgain, MibTCPSynRetrans},
	{tcpstate.Emit, rule.SynAgain, MibOutSegs},
	{tcpstate.Emit, rule.RequestChallenge, MibTCPChallengeACK},
	{tcpstate.Drop, rule.RequestPAWS, MibPAWSEstab},
	{tcpstate.Drop, rule.RequestReset, MibAttemptFails},
	{tcpstate.RequestOver, rule.RequestReset, MibAttemptFails},
	// Active Fast Open.
	{tcpstate.Emit, rule.SynData, MibActiveOpens},
	{tcpstate.SynDataAcked, rule.SynDataAcked, MibTCPFastOpenActive},
	{tcpstate.SynDataLost, rule.SynDataLost, MibTCPFastOpenActiveFail},
	{tcpstate.SynDataLost, rule.FastBlackhole, MibTCPFastOpenActiveFail},
}

// countOutput counts one output by the rows of a table.
func (h *Host) countOutput(rows []tally, o *tcpstate.Output) {
	if o.Kind == tcpstate.Drop {
		switch o.N {
		case tcpstate.SkippedAnswer:
			h.count[MibTCPACKSkippedSynRecv]++
		case tcpstate.SkippedChallenge:
			h.count[MibTCPACKSkippedChallenge]++
		}
	}
	for i := range rows {
		if rows[i].why == o.Why && rows[i].kind == o.Kind {
			h.count[rows[i].mib]++
		}
	}
}

// countDroppedSyn counts a SYN that came to nothing, or the ACK of a SYN-ACK that
// met a full accept queue (tcp_listendrop; tcp_v4_conn_request of 2.4).
func (h *Host) countDroppedSyn(why rule.ID) {
	if h.queueRules().OldCounters && why != rule.ListenOverflow && why != rule.NoMemory {
		h.count[MibAttemptFails]++
		return
	}
	if why == rule.SynOverflow || why == rule.ListenOverflow {
		h.count[MibListenOverflows]++
	}
	h.count[MibListenDrops]++
}

// countTimeout counts the time-out of a SYN-ACK (tcp_syn_ack_timeout).
func (h *Host) countTimeout() {
	if !h.queueRules().OldCounters {
		h.count[MibTCPTimeouts]++
	}
}

// countRequest counts one output of a request.
func (h *Host) countRequest(o *tcpstate.Output) {
	rows := requestTallies[:]
	if h.queueRules().OldCounters {
		rows = requestTallies24[:]
	}
	h.countOutput(rows, o)
	if o.Kind == tcpstate.Emit {
		h.countSent(1, o.Seg.Flags)
	}
}

// countSent counts segments that leave for the first time.
func (h *Host) countSent(segs uint32, flags tcpstate.Flags) {
	h.count[MibOutSegs] += uint64(segs)
	if flags.Has(tcpstate.RST) {
		h.count[MibOutRsts]++
	}
}

// countConn counts one output of a connection. Segments sent again are taken
// back from the sum by countAgain.
func (h *Host) countConn(c *tcpstate.Conn, o *tcpstate.Output) {
	switch o.Kind {
	case tcpstate.Became:
		h.countState(o)
		return
	case tcpstate.TooLong:
		h.countSent(parts(o), o.Seg.Flags)
		return
	case tcpstate.Emit:
		if o.Why == rule.SimultaneousSyn {
			return // ends at SND.NXT, and so counts as sent before (__tcp_transmit_skb)
		}
		h.countSent(parts(o), o.Seg.Flags)
		if o.Why == rule.PathMTURetransmit && o.Seg.Flags.Has(tcpstate.SYN) {
			h.count[MibTCPSynRetrans]++
		}
	case tcpstate.Drop, tcpstate.Failed, tcpstate.SynDataAcked, tcpstate.SynDataLost, tcpstate.RequestOver:
	default:
		return
	}
	h.countOutput(connTallies[:], o)
}

// countAgain counts n segments that a connection has sent again, which are no
// OutSegs (__tcp_retransmit_skb, __tcp_transmit_skb).
func (h *Host) countAgain(n uint32) {
	h.count[MibRetransSegs] += uint64(n)
	h.count[MibOutSegs] -= uint64(n)
}

// countState counts a change of state (tcp_set_state, tcp_done). A connection
// that its own user gives up has not failed.
func (h *Host) countState(o *tcpstate.Output) {
	was := o.From == tcpstate.Established || o.From == tcpstate.CloseWait
	is := o.To == tcpstate.Established || o.To == tcpstate.CloseWait
	switch {
	case is && !was:
		h.count[MibCurrEstab]++
	case was && !is:
		h.count[MibCurrEstab]--
	}
	if o.To != tcpstate.Closed {
		return
	}
	if was {
		h.count[MibEstabResets]++
	}
	if (o.From == tcpstate.SynSent || o.From == tcpstate.SynReceived) && o.Why != rule.UserAbort && o.Why != rule.UserClose && o.Why != rule.ResetUnread {
		h.count[MibAttemptFails]++
	}
}
