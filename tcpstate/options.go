package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// set changes a socket option; the caller has checked the value's range.
func (c *Conn) set(o Option, n uint32) {
	on := n != 0
	switch o {
	case NoDelay:
		c.setNoDelay(on)
	case Cork:
		c.setCork(on)
	case QuickAck:
		c.setQuickAck(n)
	case KeepAlive:
		c.setKeepAlive(on)
	case KeepIdle:
		c.setKeepIdle(Duration(n) * Second)
	case KeepIntvl:
		c.user.keepIntvl = uint16(n)
	case KeepCnt:
		c.user.keepCnt = uint8(n)
	case SynCnt:
		c.user.synCnt = uint8(n)
	case UserTimeout:
		c.user.userTimeout = n
	case Linger2:
		c.setLinger2(int32(n))
	case UserMSS:
		c.user.userMSS = uint16(n)
	case WindowClamp:
		if n == 0 {
			c.rcv.clamp = 0
		} else {
			c.setWindowClamp(n)
		}
	case RcvBuf:
		c.rcv.rcvbuf = int32(n)
		c.locks |= LockRcvBuf
	case SndBuf:
		c.snd.sndbuf = int32(n)
		c.locks |= LockSndBuf
	case RcvLowat:
		c.setRcvLowat(n)
	case NotSentLowat:
		c.user.notSentLowat = n
	case CongestionCtl:
		c.setCongestion(Congestion(min(n, 1<<8-1)))
	case OOBInline:
		c.user.oobInline = on
	case WritePending:
		c.user.setAckLater(ackForWrite, on)
	case FastAgain:
		c.setFastAgain(on)
	case DeferAck:
		c.user.setAckLater(ackDeferred, on)
	case Accepted:
		c.awaited = !on
	case BufLocks:
		c.locks = uint8(n) & (LockRcvBuf | LockSndBuf)
	default:
		c.setTimes(o, n)
	}
}

// setTimes are the time-outs that a socket may have of its own.
func (c *Conn) setTimes(o Option, n uint32) {
	switch o {
	case ThinLTO:
		c.user.thin = n != 0
	case RTOMaxMs:
		c.rtoMs = min(max(n, 1000), 120_000)
	case RTOMinUs:
		c.user.rtoMin = c.ticks(n)
	case DelackMaxUs:
		c.user.delackMax = c.ticks(n)
	}
}

// ticks is a span in microseconds as a count of ticks (usecs_to_jiffies).
func (c *Conn) ticks(us uint32) uint16 {
	return uint16(min(c.tick(Duration(us))/c.cfg.Tick, 1<<16-1))
}

// rtoMax and rtoMin bound the retransmission time-out, by the user's option or
// the sysctl (tcp_rto_max, tcp_rto_min).
func (c *Conn) rtoMax() Duration {
	if u := c.rtoMs; u != 0 {
		return Duration(u) * Millisecond
	}
	return c.cfg.RTOMax
}

func (c *Conn) rtoMin() Duration {
	if u := c.user.rtoMin; u != 0 {
		return Duration(u) * c.cfg.Tick
	}
	return c.cfg.RTOMin
}

// setAckLater notes or forgets a reason to hold the handshake's last ACK back.
func (u *settings) setAckLater(why uint8, on bool) {
	u.ackLater &^= why
	if on {
		u.ackLater |= why
	}
}

// setNoDelay is __tcp_sock_set_nodelay.
func (c *Conn) setNoDelay(on bool) {
	if !on {
		c.user.nonagle &^= nagleOff
		return
	}
	c.user.nonagle |= nagleOff | naglePush
	c.pushPending()
}

// setCork is __tcp_sock_set_cork.
func (c *Conn) setCork(on bool) {
	if on {
		c.user.nonagle |= nagleCork
		return
	}
	c.user.nonagle &^= nagleCork
	if c.user.nonagle&nagleOff != 0 {
		c.user.nonagle |= naglePush
	}
	c.pushPending()
}

// setQuickAck is __tcp_sock_set_quickack: an even value other than 0 acts once.
func (c *Conn) setQuickAck(n uint32) {
	if n == 0 {
		c.enterPingpong()
		return
	}
	c.ack.pingpongs = 0
	if c.state.in(bitEstablished|bitCloseWait) && c.ack.pending&ackSched != 0 {
		c.ack.pending |= ackPushed
		c.windowUpdate(1)
		if n&1 == 0 {
			c.enterPingpong()
		}
	}
}

// setKeepAlive is tcp_set_keepalive.
func (c *Conn) setKeepAlive(on bool) {
	was := c.user.keepAlive
	c.user.keepAlive = on
	switch {
	case c.state == Closed || c.mini:
	case on && !was:
		c.armKeep(c.keepIdle())
	case !on:
		c.timers.keep = never
	}
}

// setKeepIdle re-arms a running keepalive (tcp_sock_set_keepidle_locked).
func (c *Conn) setKeepIdle(d Duration) {
	c.user.keepIdle = uint16(d / Second)
	if c.user.keepAlive && c.state != Closed && !c.mini {
		quiet := min(c.since(c.ack.lastRcv), c.since(c.stat.lastAck))
		c.armKeep(d - quiet)
	}
}

func (c *Conn) setLinger2(seconds int32) {
	if seconds < 0 {
		c.user.linger2 = -1
		return
	}
	const most = 120 // TCP_FIN_TIMEOUT_MAX, seconds
	c.user.linger2 = int16(min(seconds, most))
}

// setRcvLowat is tcp_set_rcvlowat: the buffer must be able to hold the mark.
func (c *Conn) setRcvLowat(n uint32) {
	c.user.rcvLowat = max(n, 1)
	c.dataReady(rule.UserOption)
	if c.locks&LockRcvBuf != 0 {
		return
	}
	if space := int32(c.rcv.spaceFromWin(n)); space > c.rcv.rcvbuf {
		c.rcv.rcvbuf = space
		c.rcv.clamp = max(c.rcv.clamp, n)
	}
}
