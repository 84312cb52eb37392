package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// open is the active OPEN (RFC 9293 section 3.10.1; tcp_connect).
func (c *Conn) open(in *Input) {
	switch {
	case c.state == Closed:
		c.become(SynSent, rule.ActiveOpen)
	case c.state != SynSent || !c.FastDeferred():
		return
	}
	c.err, c.finRcvd = 0, false
	if c.stat.segsOut > 0 {
		c.shut = 0 // opened again; before the first time what was shut stays so
	}
	if in.Fast == FastDeferred {
		c.fo = &fastOpen{flags: fastDefer}
		return
	}
	c.opt.hdrLen = tcpHdrLen
	if c.cfg.Timestamps != 0 {
		c.opt.hdrLen += lenTS
	}
	c.opt.mssClamp = defaultMSS // until the SYN-ACK says more (tcp_v4_connect)
	if c.ipv6 {
		c.opt.mssClamp = defaultMSS6
	}
	if c.user.userMSS > 0 {
		c.opt.mssClamp = c.user.userMSS
	}
	c.snd.maxWnd = 0
	c.lookUp()
	c.syncMSS(c.snd.way.known.octets())
	c.setAdvMSS()
	c.initRcvMSS()
	c.openWindow()
	c.rtt.rto = c.cfg.RTOInit
	c.clearRetrans()
	c.ca.retransStamp = retransClock(c.now)
	b := c.appendBuffer(c.snd.write, SYN)
	c.snd.write = b.end
	b.setSegs(c.snd.mssCache)
	c.ecnOpen(b)
	c.q.head = 1
	c.q.packetsOut = 1
	if c.openFast(in) {
		c.sendSynData(in.N)
	} else {
		c.emitBuffer(b, rule.ActiveOpen)
	}
	c.snd.nxt, c.snd.pushed = c.snd.write, c.snd.write
	c.armXmit(xmitRTO, c.rtt.rto)
}

// setAdvMSS settles the MSS to advertise: what the path allows, bounded by
// TCP_MAXSEG (tcp_mss_clamp).
func (c *Conn) setAdvMSS() {
	p := Params{Cfg: c.cfg, MTU: c.snd.mtu.octets(), IPv6: c.ipv6, UserMSS: c.user.userMSS}
	c.opt.advMSS = uint32(p.advMSS())
}

// openWindow picks the first window and its scale, in segments that have room for a time stamp if one was inherited from a TIME-WAIT
// (tcp_connect_init).
func (c *Conn) openWindow() {
	full := c.rcv.fullSpace()
	if c.locks&LockRcvBuf != 0 && (c.rcv.clamp > uint32(full) || c.rcv.clamp == 0) {
		c.rcv.clamp = uint32(full)
	}
	mss := c.opt.advMSS
	if c.opt.tsRecentAt != never {
		mss -= uint32(c.opt.hdrLen) - tcpHdrLen
	}
	wnd, clamp, scale := selectInitialWindow(c.cfg, full, mss, c.rcv.clamp, c.cfg.WindowScaling)
	c.rcv.wnd, c.rcv.clamp, c.opt.rcvWScale = wnd, clamp, scale
	c.rcv.ssthresh = wnd
	c.rcv.nxt, c.rcv.wup, c.rcv.copied = 0, 0, 0
}

// synSentArrives is RFC 9293 section 3.10.7.3 (tcp_rcv_synsent_state_process).
func (c *Conn) synSentArrives(s *Segment) {
	if s.Flags.Has(ACK) {
		if why := c.synSentAck(s); why != 0 {
			c.drop(why)
			c.refuse(s, rule.SynSentBadAck)
			return
		}
		switch {
		case s.Flags.Has(RST):
			c.resetArrives(rule.ResetReceived)
		case !s.Flags.Has(SYN):
			c.drop(rule.TCPFlags)
		default:
			c.synAckArrives(s)
		}
		return
	}
	switch {
	case s.Flags.Has(RST):
		c.drop(rule.ResetReceived)
	case s.Flags.Has(SYN):
		c.crossedSyn(s)
	default:
		c.drop(rule.TCPFlags)
	}
}

// synSentAck checks the ACK field: first step.
func (c *Conn) synSentAck(s *Segment) rule.ID {
	if !s.Ack.Greater(c.snd.una) || s.Ack.Greater(c.snd.nxt) {
		if c.ca.retransmits == 0 {
			// The peer holds a stale connection: send the SYN again at once.
			c.armXmit(xmitRTO, 2*c.cfg.Tick)
		}
		return rule.InvalidAckSequence
	}
	if c.arrived.ts && c.arrived.ecr != 0 {
		if d := tsClock(c.now) - c.ca.retransStamp; c.arrived.ecr-c.ca.retransStamp > d {
			return rule.PAWS
		}
	}
	return 0
}

// learnSyn takes the options of the peer's SYN (tcp_parse_options).
func (c *Conn) learnSyn(s *Segment) {
	o := &s.Opts
	c.opt.mssClamp = c.peerMSS(o)
	c.opt.sack = c.cfg.SACK && o.Has(OptSACKOK)
	c.opt.wscale = c.cfg.WindowScaling && o.Has(OptWScale)
	c.opt.sndWScale = 0
	if c.opt.wscale {
		c.opt.sndWScale = min(o.WScale, 14) // RFC 7323 section 2.3
	}
	c.opt.ts = c.arrived.ts
	c.opt.hdrLen = tcpHdrLen
	if c.opt.ts {
		c.opt.hdrLen += lenTS
		c.storeTSRecent()
	}
}

// peerMSS is the MSS that a SYN allows: its option, bounded by the user's. Without
// one what open settled stands: the protocol's least (RFC 9293 section 3.7.1),
// or, in Linux, whatever the user set, even if that is more.
func (c *Conn) peerMSS(o *Options) uint16 {
	if !o.Has(OptMSS) || o.MSS == 0 {
		return c.opt.mssClamp
	}
	if u := c.user.userMSS; u > 0 && u < o.MSS {
		return u
	}
	return o.MSS
}

// synAckArrives completes the active open.
func (c *Conn) synAckArrives(s *Segment) {
	c.ecnSynAck(s)
	c.snd.wl1 = s.Seq
	c.undoSpuriousSyn()
	c.learnSyn(s)
	c.ackArrives(s, flagSlowPath)
	c.startReceive(s.Seq)
	c.snd.wnd = uint32(s.Wnd)
	if !c.opt.wscale {
		c.opt.sndWScale, c.opt.rcvWScale = 0, 0
		c.rcv.clamp = min(c.rcv.clamp, 65535)
	}
	if c.opt.ts {
		c.opt.advMSS -= lenTS
	}
	c.syncMSS(c.snd.mtu.octets())
	c.initRcvMSS()
	c.lookUp() // tcp_init_transfer
	c.become(Established, rule.SynAckReceived)
	c.ack.lastRcv = c.now
	c.initTransfer()
	c.snd.lastSent = c.now
	if c.user.keepAlive {
		c.armKeep(c.keepIdle())
	}
	if c.opt.sndWScale == 0 {
		c.setPrediction(c.snd.wnd)
	} else {
		c.ack.pred.on = false
	}
	again := c.fastSynAck(s)
	if !c.orphan {
		c.tell(Writable, rule.SynAckReceived)
	}
	if again {
		c.urgentArrives(s)
		c.dataSendCheck()
		return
	}
	if c.pingpong() || c.user.ackLater != 0 {
		// The user is about to write: the ACK goes with the data.
		c.ack.pending |= ackSched | ackTimer
		c.enterQuickAck(maxQuickAcks)
		c.timers.delack = c.now.Add(delackMax)
		return
	}
	c.sendAck(rule.SynAckReceived)
	c.urgentArrives(s)
	c.dataSendCheck()
}

// undoSpuriousSyn: the SYN,ACK echoes the first SYN, so the time-out was
// needless (tcp_try_undo_spurious_syn).
func (c *Conn) undoSpuriousSyn() {
	if c.ca.undoOn && c.ca.retransStamp != 0 && c.arrived.ts && c.arrived.ecr == c.ca.retransStamp {
		c.ca.undoOn = false
	}
}

// initTransfer prepares a connection that has just been made
// (tcp_init_transfer): initial window 10 (RFC 6928), 1 after two lost SYNs.
func (c *Conn) initTransfer() {
	if c.rtt.srtt == 0 {
		// The SYN went more than once: be careful (RFC 6298 section 5.7; tcp_init_metrics).
		const fallback = 3 * Second // TCP_TIMEOUT_FALLBACK
		c.rtt.rttvar, c.rtt.mdev, c.rtt.mdevMax = uint32(fallback), uint32(fallback), uint32(fallback)
		c.rtt.rto = fallback
	}
	c.ca.cwnd, c.ca.ssthresh = c.cfg.InitCwnd, infiniteSSThresh // a lost SYN is no sign of a full path (tcp_init_metrics)
	if c.stat.totalRetrans > 1 && c.ca.undoOn {
		c.ca.cwnd = 1
	}
	c.ca.stamp, c.ca.priorSS = c.now, 0 // nothing to go back to (tcp_init_congestion_control)
	c.snd.marked = false                // nor is it of an earlier connection's mind
	c.cubicReset()
	c.initBuffers()
}

// crossedSyn is a simultaneous open (RFC 9293 section 3.5 figure 8).
func (c *Conn) crossedSyn(s *Segment) {
	c.learnSyn(s)
	c.become(SynReceived, rule.SimultaneousSyn)
	c.startReceive(s.Seq)
	c.snd.wnd = uint32(s.Wnd)
	c.snd.wl1, c.snd.maxWnd = s.Seq, c.snd.wnd
	c.ecnSyn(s)
	c.syncMSS(c.snd.mtu.octets())
	c.initRcvMSS()
	if b := c.q.oldest(); b != nil { // tcp_send_synack: the SYN goes again, with ACK
		b.flags |= ACK
		c.ecnSendSynAck(b)
		c.emitBuffer(b, rule.SimultaneousSyn)
	}
}
