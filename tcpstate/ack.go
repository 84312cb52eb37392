package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// ackFlag collects what one ACK turned out to mean (Linux's FLAG_*).
type ackFlag uint32

const (
	flagData            ackFlag = 1 << iota // the segment carried data
	flagWinUpdate                           // it changed the window
	flagDataAcked                           // new data acknowledged
	flagRetransAcked                        // of it, something was retransmitted
	flagSynAcked                            // our SYN acknowledged
	flagDataSacked                          // new data SACKed
	flagECE                                 // congestion echoed
	flagLostRetrans                         // a retransmission was lost
	flagSlowPath                            // header prediction failed
	flagOrigSackAcked                       // never retransmitted data (S)ACKed
	flagUnaAdvanced                         // SND.UNA moved
	flagDSACKing                            // it carried a D-SACK
	flagSetTimer                            // the timer is to be set anew
	flagReneging                            // the oldest buffer is SACKed but not ACKed
	flagUpdateTS                            // TS.Recent may be updated
	flagNoChallenge                         // no challenge ACK from here
	flagAckMaybeDelayed                     // the peer may have delayed this ACK
	flagDSACKTLP                            // the D-SACK is for a tail loss probe

	flagAcked    = flagDataAcked | flagSynAcked
	flagNotDup   = flagData | flagWinUpdate | flagAcked
	flagCAAlert  = flagDataSacked | flagECE | flagDSACKing
	flagProgress = flagAcked | flagDataSacked
)

// ackRun is what one run of ackArrives carries between its parts.
type ackRun struct {
	flag      ackFlag
	priorUna  Seq
	priorHigh Seq // highest SACKed, before
	rexmit    rexmit
	sack      sackRun
	rate      rateSample
}

// rexmit says what to send once the congestion window is known.
type rexmit uint8

const (
	rexmitNone rexmit = iota
	rexmitLost        // lost data again
	rexmitNew         // new data (F-RTO)
)

// ackArrives is the fifth step, "check the ACK field" (tcp_ack). It returns 0
// when the ACK is acceptable, OldAck for one below SND.UNA, or why the segment
// is to be dropped.
func (c *Conn) ackArrives(s *Segment, flag ackFlag) rule.ID {
	r := ackRun{flag: flag, priorUna: c.snd.una}
	r.sack.reord = c.snd.nxt
	reneg, delivered, lost := c.ca.reneg, c.stat.delivered, c.stat.lost
	packets := c.q.packetsOut
	if s.Ack.Less(c.snd.una) {
		return c.oldAck(s, &r)
	}
	if s.Ack.Greater(c.snd.nxt) {
		if flag&flagNoChallenge == 0 {
			c.challengeAck(rule.ChallengeAckUnsent)
		}
		return rule.AckUnsentData
	}
	if s.Ack.Greater(c.snd.una) {
		r.flag |= flagUnaAdvanced
		c.ca.retransmits = 0
	}
	r.priorHigh = c.snd.una
	if c.opt.sack {
		r.priorHigh = c.highestSACK()
	}
	if r.flag&flagUpdateTS != 0 {
		c.updateTSRecent(s.Seq)
	}
	c.ackFields(s, &r)
	c.ecnAcceptCWR(s)
	c.soft = 0
	c.ca.probes = 0
	c.stat.lastAck = c.now
	if packets == 0 {
		c.ackWithoutQueue(&r)
		return 0
	}
	c.cleanQueue(&r)
	c.rackUpdateWindow(&r.rate)
	if c.ca.tlpOn {
		c.tlpAck(s.Ack, r.flag)
	}
	if c.dubious(r.flag) {
		c.fastRetransAlert(c.countDup(r.flag), &r)
	}
	if r.flag&flagSetTimer != 0 {
		c.setXmitTimer()
	}
	newly := c.stat.delivered - delivered
	r.rate.losses = c.stat.lost - lost
	c.rateGen(newly, reneg, &r.rate)
	c.congControl(newly, r.flag, &r.rate)
	c.xmitRecovery(r.rexmit)
	return 0
}

// ackFields takes window, SND.UNA, SACK and ECN-Echo from the segment.
func (c *Conn) ackFields(s *Segment, r *ackRun) {
	if r.flag&(flagSlowPath|flagUnaAdvanced) == flagUnaAdvanced {
		c.snd.wl1 = s.Seq
		c.advanceUna(s.Ack)
		r.flag |= flagWinUpdate
		return
	}
	if s.SeqLen() > 0 {
		r.flag |= flagData
	}
	r.flag |= c.updateWindow(s)
	if c.opt.sack && s.Opts.NSACK > 0 {
		r.flag |= c.tagSACKs(s, r)
	}
	if s.Flags.Has(ECE) && !s.Flags.Has(SYN) && c.ecn.on {
		r.flag |= flagECE
	}
	c.deliveredMore(r.sack.delivered, r.flag&flagECE != 0)
}

// deliveredMore counts packets that reached the peer (tcp_count_delivered).
func (c *Conn) deliveredMore(n uint32, ece bool) {
	c.stat.delivered += n
	if ece {
		c.stat.deliveredCE += n
	}
}

func (c *Conn) advanceUna(ack Seq) {
	n := ack.Since(c.snd.una)
	c.stat.bytesAcked += uint64(n)
	c.snd.una = ack
}

// windowNews is the RFC's test SND.WL1 < SEG.SEQ ..., with Linux's liberty to
// take any growth (tcp_may_update_window).
func (c *Conn) windowNews(ack, seq Seq, wnd uint32) bool {
	return ack.Greater(c.snd.una) || seq.Greater(c.snd.wl1) ||
		(seq == c.snd.wl1 && (wnd > c.snd.wnd || wnd == 0))
}

// updateWindow takes the peer's window and moves SND.UNA (tcp_ack_update_window).
func (c *Conn) updateWindow(s *Segment) (flag ackFlag) {
	wnd := uint32(s.Wnd)
	if !s.Flags.Has(SYN) {
		wnd <<= c.opt.sndWScale
	}
	if c.windowNews(s.Ack, s.Seq, wnd) {
		flag = flagWinUpdate
		c.snd.wl1 = s.Seq
		if c.snd.wnd != wnd {
			c.snd.wnd = wnd
			c.opt.wndUnheld = false
			c.ack.pred.on = false
			c.predictOn()
			if c.q.hasUnsent() {
				c.restartAfterIdle()
			}
			if wnd > c.snd.maxWnd {
				c.snd.maxWnd = wnd
				c.syncMSS(c.snd.mtu.octets())
			}
		}
	}
	c.advanceUna(s.Ack)
	return flag
}

// oldAck is an ACK below SND.UNA: it may still carry SACKs, which Linux counts
// as delivered nowhere; one that is very old is suspicious (RFC 5961 section 5.2).
func (c *Conn) oldAck(s *Segment, r *ackRun) rule.ID {
	reach := uint32(min(uint64(c.snd.maxWnd), c.stat.bytesAcked))
	if s.Ack.Less(c.snd.una.Sub(reach)) {
		if r.flag&flagNoChallenge == 0 {
			c.challengeAck(rule.ChallengeAckTooOld)
		}
		return rule.TooOldAck
	}
	if c.opt.sack && s.Opts.NSACK > 0 {
		r.flag |= c.tagSACKs(s, r)
		c.fastRetransAlert(0, r)
		c.xmitRecovery(r.rexmit)
	}
	return rule.OldAck
}

// ackWithoutQueue handles an ACK when nothing is in flight (label no_queue).
func (c *Conn) ackWithoutQueue(r *ackRun) {
	if r.flag&flagDSACKing != 0 {
		c.fastRetransAlert(0, r)
	}
	c.ackProbe()
	if c.ca.tlpOn {
		c.tlpAck(c.snd.una, r.flag)
	}
}

// ackProbe ends the window probes when the window lets the next buffer out
// (tcp_ack_probe).
func (c *Conn) ackProbe() {
	b := c.q.unsent()
	if b == nil {
		return
	}
	if b.end.LessEq(c.snd.wndEnd()) {
		c.rtt.backoff = 0
		c.ca.probesSince = never
		c.clearXmit()
		return
	}
	c.armXmit(xmitProbe, c.probeClamp(c.probeWhen()))
}

// dubious ACKs need the congestion state machine (tcp_ack_is_dubious).
func (c *Conn) dubious(flag ackFlag) bool {
	return flag&flagNotDup == 0 || flag&flagCAAlert != 0 || c.ca.state != caOpen
}

// countDup is 1 for a duplicate ACK in the sense of RFC 5681 section 2.
func (c *Conn) countDup(flag ackFlag) uint32 {
	if flag&(flagUnaAdvanced|flagNotDup|flagDSACKing) != 0 {
		return 0
	}
	return 1
}
