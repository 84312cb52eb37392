package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// Accept makes the connection that a completed request stands for
// (tcp_create_openreq_child). It is in SYN-RECEIVED until Step is given the
// segment that completed the handshake. Only its window and its timestamp are
// read here.
func Accept(p Params, r *Request, seg *Segment) *Conn {
	p.ISS = r.ISS.Add(1)
	p.Left.Soft = 0 // a listener's own (sk_clone)
	c := New(p)
	c.awaited = true
	c.become(SynReceived, rule.HandshakeDone)
	c.out = nil
	c.startReceive(r.IRS)
	c.snd.wl1 = r.IRS
	c.opt.ts, c.opt.sack, c.opt.wscale = r.TSOK, r.SACKOK, r.WScaleOK
	c.opt.mssClamp, c.opt.tsOffset = r.MSS, r.TSOffset
	c.opt.hdrLen = tcpHdrLen
	c.opt.tsRecent = r.TSRecent
	if c.cfg.Timestamps != 0 && seg.Opts.Has(OptTS) && !seg.Seq.Greater(r.RcvNxt()) {
		// Whether the connection will take the segment or not, and were there no
		// timestamps in it: its TIME-WAIT echoes this one (tcp_check_req).
		c.opt.tsRecent = seg.Opts.TSVal
	}
	if r.TSOK {
		c.opt.hdrLen += lenTS
		c.opt.tsRecentAt = r.SynAckTime
	}
	c.opt.advMSS = uint32(p.advMSS())
	c.rcv.clamp = r.Clamp
	c.rcv.wnd, c.rcv.ssthresh = r.Window, r.Window
	if r.WScaleOK {
		c.opt.sndWScale, c.opt.rcvWScale = r.SndWScale, r.RcvWScale
	} else {
		c.rcv.clamp = min(c.rcv.clamp, 65535)
	}
	c.snd.wnd = uint32(seg.Wnd) << c.opt.sndWScale
	c.snd.maxWnd = c.snd.wnd
	c.ecn.on = r.ECNOK
	c.rtt.reset(never)
	c.stat.totalRetrans = uint32(r.NumRetrans)
	c.stat.segsIn = 1 // the SYN
	if r.NumTimeout > 0 {
		c.stat.totalRTO, c.stat.rtoRecoveries = uint16(r.NumTimeout), 1
		c.ca.undoOn, c.ca.undoMarker = true, r.ISS
		c.ca.retransStamp = retransClock(r.SynAckTime)
	}
	c.stat.synAckAt = never
	if r.NumRetrans == 0 {
		c.stat.synAckAt = r.SynAckTime
	}
	c.ack.lastRcv = c.now // of this request's last segment, which Step is given next
	c.syncMSS(c.snd.mtu.octets())
	c.initRcvMSS()
	return c
}

// synAckRTT samples the round trip of the SYN-ACK (tcp_synack_rtt_meas).
func (c *Conn) synAckRTT() {
	if c.stat.synAckAt != never {
		us := c.now.Sub(c.stat.synAckAt)
		c.ackRTT(flagSynAcked, us, -1, us)
	}
	if c.rtt.srtt == 0 {
		c.ackRTT(flagSynAcked, -1, -1, -1)
	}
}

// synReceivedAcked completes a passive or simultaneous open (tcp_rcv_state_process,
// TCP_SYN_RECV).
func (c *Conn) synReceivedAcked(s *Segment) {
	c.stat.delivered++ // the SYN,ACK itself
	if c.fastPending() {
		c.fastRTT()
	} else {
		c.synAckRTT()
	}
	if c.opt.ts {
		c.opt.advMSS -= lenTS
	}
	if c.fastPending() {
		c.fastHandshakeDone()
	} else {
		c.undoSpuriousSyn()
		if c.ack.lastRcv != never { // not after a simultaneous open
			c.ack.lastRcv = c.now
			if c.stat.totalRTO > 0 {
				c.stat.rtoTime = retransClock(c.now) - c.ca.retransStamp
			}
		}
		c.ca.retransStamp = 0
		c.initTransfer()
		c.rcv.copied = c.rcv.nxt
	}
	c.become(Established, rule.HandshakeDone)
	if !c.orphan {
		c.tell(Writable, rule.HandshakeDone)
	}
	c.snd.una = s.Ack
	c.snd.wnd = uint32(s.Wnd) << c.opt.sndWScale // whether the ACK may change it or not; maxWnd is for those that may
	c.opt.wndUnheld = c.snd.wnd > c.snd.maxWnd
	c.snd.wl1 = s.Seq
	c.updatePacing()
	c.snd.lastSent = c.now
	c.initRcvMSS()
	if c.user.keepAlive {
		c.armKeep(c.keepIdle())
	}
	c.setPrediction(c.snd.wnd >> c.opt.sndWScale)
	if c.shut&ShutWrite != 0 {
		c.shutdownWrite(rule.UserShutdown)
	}
}
