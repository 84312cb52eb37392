package tcpstate

// State is the endpoint's state in the RFC's sense.
func (c *Conn) State() State { return c.state }

// SockState is the state as the user's socket shows it (sk_state): once only a
// timewait bucket is left, Linux's socket itself is CLOSED.
func (c *Conn) SockState() State {
	if c.mini {
		return Closed
	}
	return c.state
}

// Waits reports that the connection is but a timewait bucket: TIME-WAIT, or
// FIN-WAIT-2 of an orphan.
func (c *Conn) Waits() bool { return c.mini }

// Resent is how many segments were sent again, SYN-ACKs included (tcpi_total_retrans).
func (c *Conn) Resent() uint32 { return c.stat.totalRetrans }

// Readable is the number of in-order octets that the user has not taken, FIN
// excluded.
func (c *Conn) Readable() uint32 {
	end := c.rcv.nxt
	for i := c.rq.in.Len() - 1; i >= 0 && c.rq.in.At(i).fin; i-- {
		end = c.rq.in.At(i).end.Sub(1) // a peer may send another FIN, one number further
	}
	return maxSeq(end, c.rcv.copied).Since(c.rcv.copied)
}

// Unread is the number of numbers that the user has not taken but for one FIN, of
// which Linux thinks that there is no more (SIOCINQ; tcp_inq). Where it is not 0 a
// close resets the connection.
func (c *Conn) Unread() uint32 {
	n := c.rcv.nxt.Since(c.rcv.copied)
	if c.finRcvd && n > 0 {
		n--
	}
	return n
}

// EOF reports that the peer's FIN has come and all data before it was taken.
func (c *Conn) EOF() bool { return c.finRcvd && c.Readable() == 0 }

// Shut tells which directions are shut down (ShutRead, ShutWrite).
func (c *Conn) Shut() uint8 { return c.shut }

// Err is the pending error, 0 if none.
func (c *Conn) Err() Errno { return c.err }

// TakeErr returns the pending error and clears it (sock_error).
func (c *Conn) TakeErr() Errno {
	e := c.err
	c.err = 0
	return e
}

// TakeSoftErr returns the error that an ICMP message left (sk_err_soft) and
// clears it. An ACK clears it too; a time-out reports it instead of ETIMEDOUT.
func (c *Conn) TakeSoftErr() Errno {
	e := c.soft
	c.soft = 0
	return e
}

// SndUna is SND.UNA.
func (c *Conn) SndUna() Seq { return c.snd.una }

// SndNxt is SND.NXT.
func (c *Conn) SndNxt() Seq { return c.snd.nxt }

// WriteSeq is the sequence number that the next octet written gets.
func (c *Conn) WriteSeq() Seq { return c.snd.write }

// RcvNxt is RCV.NXT.
func (c *Conn) RcvNxt() Seq { return c.rcv.nxt }

// CopiedSeq is the sequence number of the first octet that the user has not taken.
func (c *Conn) CopiedSeq() Seq { return c.rcv.copied }

// OutQueue is the number of octets written and not yet acknowledged (SIOCOUTQ).
func (c *Conn) OutQueue() uint32 {
	if c.state.in(bitSynSent | bitSynReceived) {
		return 0
	}
	return c.snd.write.Since(c.snd.una)
}

// NotSent is the number of octets written and never sent (SIOCOUTQNSD).
func (c *Conn) NotSent() uint32 { return c.snd.write.Since(c.snd.nxt) }

// SendSpace reports whether a third of the send buffer is free, which is what
// poll calls writable (__sk_stream_is_writeable with wake 1).
func (c *Conn) SendSpace() bool {
	return c.wspace() >= c.snd.queued>>1 && c.memoryFree(1)
}

// WantSpace notes that the user waits for room in the send buffer, so that a
// Writable output follows when there is (SOCK_NOSPACE).
func (c *Conn) WantSpace() { c.user.noSpace = true }

// TakeSpace is SendSpace for whoever tells the user of room: the user waits no
// more (sk_stream_write_space).
func (c *Conn) TakeSpace() bool {
	room := c.SendSpace()
	c.user.noSpace = c.user.noSpace && !room
	return room
}

// InReady reports whether enough can be read for poll (tcp_epollin_ready).
func (c *Conn) InReady(target uint32) bool {
	avail := c.rcv.nxt.Since(c.rcv.copied)
	if int32(avail) <= 0 {
		return false
	}
	return avail >= target || c.receiveWindow() <= c.ack.rcvMSS
}

// MSS is the effective send MSS, what getsockopt(TCP_MAXSEG) reports once connected.
func (c *Conn) MSS() uint32 { return c.snd.mssCache }

// MaxWindow is the largest window that the peer has offered, octets (max_window).
func (c *Conn) MaxWindow() uint32 { return c.snd.maxWnd }

// MTU is the path's that segments are cut for, octets (tcpi_pmtu).
func (c *Conn) MTU() uint32 { return c.snd.mtu.octets() }

// RcvBuf and SndBuf are the buffers' sizes as SO_RCVBUF and SO_SNDBUF report them.
func (c *Conn) RcvBuf() int32 { return c.rcv.rcvbuf }

// SndBuf is described with RcvBuf.
func (c *Conn) SndBuf() int32 { return c.snd.sndbuf }

// WindowClamp is what getsockopt(TCP_WINDOW_CLAMP) reports.
func (c *Conn) WindowClamp() uint32 { return c.rcv.clamp }

// QuickAck reports whether delayed ACKs are off for now (TCP_QUICKACK).
func (c *Conn) QuickAck() bool { return !c.pingpong() }

// TimestampNow is the timestamp that a segment sent at that time would carry
// (TCP_TIMESTAMP).
func (c *Conn) TimestampNow(at Time) uint32 { return tsClock(at) + c.opt.tsOffset }

// Deadline is when the next timer fires; false when none is armed.
func (c *Conn) Deadline() (Time, bool) { return c.timers.next() }
