package tcpstate

import (
	"math/bits"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// wspace is the free part of the send buffer (sk_stream_wspace).
func (c *Conn) wspace() int32 { return c.snd.sndbuf - c.snd.queued }

// memoryFree lets a write begin a new buffer (sk_stream_memory_free with
// tcp_stream_memory_free): not full, and not too much unsent.
func (c *Conn) memoryFree(wake uint) bool {
	if c.snd.queued >= c.snd.sndbuf {
		return false
	}
	low := c.user.notSentLowat
	if low == 0 {
		low = c.cfg.NotSentLowat
	}
	return uint64(c.NotSent())<<wake < uint64(low)
}

// send takes octets of a write into the send stream and sends what may go
// (tcp_sendmsg_locked). It answers with Sent; 0 octets taken means that the
// buffer is full or the state does not allow it, which the caller knows.
func (c *Conn) send(n uint32, f SendFlags) {
	at := len(c.out) // Sent comes before the segments that carry its octets
	c.tell(Sent, rule.UserSend)
	if f&SendEnd != 0 && !c.mini {
		c.push(c.currentMSS(), f, c.user.nonagle)
		return
	}
	if c.mini || !c.state.in(bitEstablished|bitCloseWait) && !c.PassiveFastOpen() {
		return
	}
	c.checkAppLimited()
	mss := c.currentMSS() // for all of the call (tcp_send_mss)
	if c.err == 0 && c.shut&ShutWrite == 0 {
		taken, err := c.fill(n, mss, f)
		c.out[at].N, c.out[at].Err = taken, err
		c.pushSent(taken, n, mss, f)
	}
}

// fill puts up to n octets on the queue and returns how many, or that they can't be read.
func (c *Conn) fill(n, mss uint32, f SendFlags) (taken uint32, err Errno) {
	goal := c.sizeGoal(mss)
	if f&SendOOB != 0 {
		goal = mss
	}
	for taken < n {
		b := c.q.tail()
		if b == nil || b.len() >= goal || b.eor {
			if !c.memoryFree(0) {
				c.user.noSpace = true
				break
			}
			b = c.appendBuffer(c.snd.write, 0)
			c.user.nonagle &^= naglePush
			c.restartAfterIdle()
		}
		k := min(n-taken, goal-b.len())
		if f&SendFault != 0 {
			c.unread(b, int32(k))
			return taken, EFAULT
		}
		if taken == 0 && f&SendAgain == 0 {
			b.flags &^= PSH
		}
		b.end = b.end.Add(k)
		b.true += int32(k)
		b.pcount = 0
		c.buy(&c.snd.queued, int32(k))
		c.snd.write = c.snd.write.Add(k)
		taken += k
		if taken == n {
			b.eor = f&SendEOR != 0
			break
		}
		c.fullBuffer(b, goal, mss, f)
	}
	return taken, 0
}

// unread ends the filling of a buffer with k octets that can't be read: memory
// was lent for them, and an empty buffer goes again (tcp_remove_empty_skb).
func (c *Conn) unread(b *buffer, k int32) {
	c.schedule(k)
	if b.len() > 0 {
		return
	}
	c.uncharge(&c.snd.queued, b.true)
	c.q.list.Truncate(c.q.list.Len() - 1)
	if !c.q.hasUnsent() {
		c.stopChrono(chronoBusy)
	}
}

// fullBuffer sends while a long write goes on.
func (c *Conn) fullBuffer(b *buffer, goal, mss uint32, f SendFlags) {
	if b.len() < goal || f&SendOOB != 0 {
		return
	}
	if c.forcedPush() {
		c.markPush(b)
		c.pushFrames(mss, naglePush)
	} else if c.q.head == c.q.list.Len()-1 {
		c.writeXmit(mss, naglePush, pushOne, rule.DataSent)
	}
}

// forcedPush: more than half a window unpushed (forced_push).
func (c *Conn) forcedPush() bool {
	return c.snd.write.Greater(c.snd.pushed.Add(c.snd.maxWnd >> 1))
}

func (c *Conn) markPush(b *buffer) {
	b.flags |= PSH
	c.snd.pushed = c.snd.write
}

// pushSent ends a write, or has the rest wait for room.
func (c *Conn) pushSent(taken, n, mss uint32, f SendFlags) {
	switch {
	case taken == 0:
	case taken < n:
		c.push(mss, f&^SendMore, naglePush)
	default:
		c.push(mss, f, c.user.nonagle)
	}
}

// push is tcp_push: PSH on the last octet, then out with it.
func (c *Conn) push(mss uint32, f SendFlags, nonagle uint8) {
	b := c.q.tail()
	if b == nil {
		return
	}
	if f&SendMore == 0 || c.forcedPush() {
		c.markPush(b)
	}
	if f&SendOOB != 0 {
		c.snd.up = c.snd.write
	}
	if f&SendMore != 0 {
		nonagle = nagleCork
	}
	c.pushFrames(mss, nonagle)
}

// checkSpace tells the user of room once it has waited for some
// (tcp_check_space): a third of the buffer must be free.
func (c *Conn) checkSpace() {
	if !c.user.noSpace || c.orphan {
		return
	}
	if c.locks&LockSndBuf == 0 && c.q.inFlight() < c.ca.cwnd {
		c.expandSndbuf()
		c.ca.stamp = c.now
	}
	if c.SendSpace() {
		c.user.noSpace = false
		c.stopChrono(chronoSndbuf)
		c.tell(Writable, rule.SendSpace)
	}
}

// expandSndbuf sizes the send buffer for twice the window (tcp_sndbuf_expand).
func (c *Conn) expandSndbuf() {
	per := max(uint32(c.opt.mssClamp), c.snd.mssCache) + 192 + 320 // MAX_TCP_HEADER, skb_shared_info
	per = 1<<bits.Len32(per-1) + 256                               // power of two, sk_buff
	segs := max(10, c.ca.cwnd, c.ca.reordering+1)
	want := int32(2 * segs * per) // which goes round
	if c.snd.sndbuf < want {
		c.snd.sndbuf = min(want, c.cfg.Wmem[2])
	}
}
