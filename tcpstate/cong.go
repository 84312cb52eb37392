package tcpstate

// caState is Linux's congestion state (TCP_CA_*), as tcpi_ca_state numbers it.
type caState uint8

const (
	caOpen     caState = iota // nothing dubious
	caDisorder                // SACKs or duplicate ACKs seen
	caCWR                     // window reduced by ECN or a tail loss probe
	caRecovery                // fast retransmit
	caLoss                    // time-out
)

const infiniteSSThresh = 1<<31 - 1 // TCP_INFINITE_SSTHRESH

// congState is congestion control and loss recovery.
type congState struct {
	algo                 Congestion
	state                caState
	reneg                bool // the peer took SACKs back (is_sack_reneg)
	frto                 bool // F-RTO is under way
	undoOn               bool // a reduction may still be undone
	cwndLimited          bool // cwnd was the limit in this window
	tlpOn, tlpRetrans    bool // a tail loss probe is out; it was a retransmission
	cwnd, ssthresh       uint32
	cwndCnt              uint32 // packets towards the next increase
	cwndUsed, maxOut     uint32
	priorCwnd, priorSS   uint32
	prrDelivered, prrOut uint32
	reordering           uint32
	highSeq              Seq // SND.NXT when the episode began
	undoMarker           Seq
	usageSeq             Seq
	tlpHigh              Seq
	undoRetrans          int32
	retransmits          uint8  // time-outs in a row
	probes               uint8  // window or keepalive probes unanswered
	retransStamp         uint32 // timestamp clock of the episode's first retransmission, 0 none
	cubic                cubicState
	stamp                Time // when cwnd last changed
	probesSince          Time
	pacing               uint64 // sk_pacing_rate, octets a second; all ones = none yet
}

func (a *congState) init(cfg *Config, own Congestion) {
	a.algo = cfg.Congestion
	if own.known() {
		a.algo = own
	}
	a.cwnd, a.ssthresh = cfg.InitCwnd, infiniteSSThresh
	a.reordering = cfg.Reordering
	a.pacing = ^uint64(0)
}

func (a *congState) inSlowStart() bool { return a.cwnd < a.ssthresh }
func (a *congState) inReduction() bool { return a.state == caCWR || a.state == caRecovery }

// currentSSThresh is ssthresh as it should be remembered (tcp_current_ssthresh).
func (a *congState) currentSSThresh() uint32 {
	if a.inReduction() {
		return a.ssthresh
	}
	return max(a.ssthresh, a.cwnd>>1+a.cwnd>>2)
}

// setCongestion takes another algorithm, which forgets what an undo would restore
// (tcp_reinit_congestion_control). One that there is not changes nothing.
func (c *Conn) setCongestion(algo Congestion) {
	if !algo.known() {
		return
	}
	if algo != c.ca.algo {
		c.ca.priorSS, c.snd.marked = 0, false
	}
	c.ca.algo = algo
	c.cubicReset()
}

func (c *Conn) setCAState(s caState) {
	if s == caLoss && c.ca.algo == Cubic {
		c.cubicReset()
	}
	c.ca.state = s
}

// newSSThresh is what the algorithm cuts the window to.
func (c *Conn) newSSThresh() uint32 {
	if c.ca.algo == Reno {
		return max(c.ca.cwnd>>1, 2)
	}
	return c.cubicSSThresh()
}

// congControl moves cwnd once the ACK is understood (tcp_cong_control).
func (c *Conn) congControl(newly uint32, flag ackFlag, rs *rateSample) {
	if c.ca.inReduction() {
		c.reduceCwnd(newly, rs.losses, flag)
	} else if c.mayRaise(flag) {
		if c.isCwndLimited() {
			c.raiseCwnd(newly)
		}
		c.ca.stamp = c.now
	}
	c.updatePacing()
}

// mayRaise: grow on in-order progress, or on any once reordering is known.
func (c *Conn) mayRaise(flag ackFlag) bool {
	if c.ca.reordering > c.cfg.Reordering {
		return flag&flagProgress != 0
	}
	return flag&flagDataAcked != 0
}

// isCwndLimited reports whether cwnd is what holds the sender back
// (tcp_is_cwnd_limited; RFC 7661).
func (c *Conn) isCwndLimited() bool {
	return c.ca.cwndLimited || c.ca.inSlowStart() && c.ca.cwnd < 2*c.ca.maxOut
}

// raiseCwnd is slow start, then congestion avoidance (RFC 5681 section 3.1).
func (c *Conn) raiseCwnd(acked uint32) {
	a := &c.ca
	if a.inSlowStart() {
		grown := min(a.cwnd+acked, a.ssthresh)
		acked -= grown - a.cwnd
		a.cwnd = grown
		if acked == 0 {
			return
		}
	}
	if a.algo == Reno {
		a.additive(a.cwnd, acked)
		return
	}
	c.cubicUpdate(acked)
	a.additive(a.cubic.cnt, acked)
}

// additive adds one to cwnd for every w packets (tcp_cong_avoid_ai).
func (a *congState) additive(w, acked uint32) {
	if a.cwndCnt >= w {
		a.cwndCnt = 0
		a.cwnd++
	}
	a.cwndCnt += acked
	if a.cwndCnt >= w {
		d := a.cwndCnt / w
		a.cwndCnt -= d * w
		a.cwnd += d
	}
}

// beginReduction starts CWR or Recovery (tcp_init_cwnd_reduction).
func (c *Conn) beginReduction() {
	a := &c.ca
	a.highSeq = c.snd.nxt
	a.tlpOn = false
	a.cwndCnt, a.priorCwnd = 0, a.cwnd
	a.prrDelivered, a.prrOut = 0, 0
	a.ssthresh = c.newSSThresh()
	c.ecnQueueCWR()
}

// reduceCwnd is proportional rate reduction (RFC 6937; tcp_cwnd_reduction).
func (c *Conn) reduceCwnd(newly, lost uint32, flag ackFlag) {
	a := &c.ca
	if newly == 0 || a.priorCwnd == 0 {
		return
	}
	delta := int64(a.ssthresh) - int64(c.q.inFlight())
	a.prrDelivered += newly
	var send int64
	if delta < 0 {
		want := (uint64(a.ssthresh)*uint64(a.prrDelivered) + uint64(a.priorCwnd) - 1) / uint64(a.priorCwnd)
		send = int64(want) - int64(a.prrOut)
	} else {
		send = max(int64(a.prrDelivered)-int64(a.prrOut), int64(newly))
		if flag&flagUnaAdvanced != 0 && lost == 0 {
			send++
		}
		send = min(delta, send)
	}
	if a.prrOut == 0 {
		send = max(send, 1) // the fast retransmit itself
	}
	a.cwnd = uint32(max(int64(c.q.inFlight())+max(send, 0), 1))
}

// endReduction leaves CWR or Recovery at ssthresh (tcp_end_cwnd_reduction).
func (c *Conn) endReduction() {
	if c.ca.ssthresh < infiniteSSThresh && (c.ca.state == caCWR || c.ca.undoOn) {
		c.ca.cwnd = c.ca.ssthresh
		c.ca.stamp = c.now
	}
}

// enterCWR reduces the window because the network said so (tcp_enter_cwr).
func (c *Conn) enterCWR() {
	c.ca.priorSS = 0
	if c.ca.state < caCWR {
		c.ca.undoOn = false
		c.beginReduction()
		c.setCAState(caCWR)
	}
}

// restartAfterIdle forgets a window that was not used for an RTO
// (tcp_slow_start_after_idle_check, tcp_cwnd_restart; RFC 2861).
func (c *Conn) restartAfterIdle() {
	a := &c.ca
	if !c.cfg.SlowStartAfterIdle || c.q.packetsOut > 0 {
		return
	}
	idle := c.since(c.snd.lastSent)
	if idle <= c.rtt.rto {
		return
	}
	a.ssthresh = a.currentSSThresh()
	floor, cwnd := min(c.cfg.InitCwnd, a.cwnd), a.cwnd
	for idle -= c.rtt.rto; idle > 0 && cwnd > floor; idle -= c.rtt.rto {
		cwnd >>= 1
	}
	a.cwnd = max(cwnd, floor)
	a.stamp, a.cwndUsed = c.now, 0
}

// validateCwnd notes how much of cwnd a transmission used (tcp_cwnd_validate).
func (c *Conn) validateCwnd(limited bool) {
	a := &c.ca
	if c.snd.una.GreaterEq(a.usageSeq) || limited || (!a.cwndLimited && c.q.packetsOut > a.maxOut) {
		a.cwndLimited, a.maxOut, a.usageSeq = limited, c.q.packetsOut, c.snd.nxt
	}
	if c.isCwndLimited() {
		a.cwndUsed, a.stamp = 0, c.now
		return
	}
	a.cwndUsed = max(a.cwndUsed, c.q.packetsOut)
	if c.cfg.SlowStartAfterIdle && c.since(a.stamp) >= c.rtt.rto {
		c.appLimited()
	}
	if !c.q.hasUnsent() && c.user.noSpace && c.state.in(bitEstablished|bitCloseWait) {
		c.startChrono(chronoSndbuf)
	}
}

// appLimited lets an unused window decay (tcp_cwnd_application_limited).
func (c *Conn) appLimited() {
	a := &c.ca
	if a.state == caOpen && !c.orphan && !c.user.noSpace {
		if used := max(a.cwndUsed, c.cfg.InitCwnd); used < a.cwnd {
			a.ssthresh = a.currentSSThresh()
			a.cwnd = (a.cwnd + used) >> 1
		}
		a.cwndUsed = 0
	}
	a.stamp = c.now
}

// updatePacing derives the rate that sizes offloaded packets from cwnd and
// SRTT (tcp_update_pacing_rate; 200 % in slow start, 120 % later).
func (c *Conn) updatePacing() {
	rate := uint64(c.snd.mssCache) * (1_000_000 / 100 << 3)
	if c.ca.cwnd < c.ca.ssthresh/2 {
		rate *= 200
	} else {
		rate *= 120
	}
	rate *= uint64(max(c.ca.cwnd, c.q.packetsOut))
	if c.rtt.srtt > 0 {
		rate /= uint64(c.rtt.srtt)
	}
	c.ca.pacing = rate
}
