package tcpstate

import (
	"cmp"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// recvState is the receive side: RFC 9293's RCV variables, Linux's window
// machinery and the SACK blocks that we report.
type recvState struct {
	nxt      Seq // RCV.NXT
	wup      Seq // RCV.NXT when the window was last advertised
	copied   Seq // first octet that the user has not taken
	wnd      uint32
	ssthresh uint32 // rcv_ssthresh: how far the window may open for now
	clamp    uint32 // window_clamp, 0 = none yet
	rcvbuf   int32
	rmem     int32 // truesize of all that is queued (sk_rmem_alloc)
	scaling  uint8 // payload share of truesize, of 256 (scaling_ratio)

	dsack  bool // dup is still to be reported
	nsacks uint8
	spare  int8 // pages that the socket has been lent beyond what its use rounds up to (sk_forward_alloc)
	dup    Range
	sacks  [MaxSACK]Range

	// Receiver's round trip and buffer auto-tuning (DRS).
	rttUs     uint32 // scaled by 8
	space     uint32 // octets the user takes a round trip (rcvq_space)
	lastEcr   uint32
	rttSeq    Seq
	spaceSeq  Seq
	rttTime   Time
	spaceTime Time
}

// winFromSpace is the window that so much buffer space affords.
func (r *recvState) winFromSpace(space int32) int32 {
	return winFromSpace(r.scaling, space)
}

func (r *recvState) spaceFromWin(win uint32) uint32 {
	return uint32(min(uint64(win)<<8/uint64(r.scaling), 1<<31-1))
}

// freeSpace and fullSpace are tcp_space and tcp_full_space.
func (r *recvState) freeSpace(backlog int32) int32 {
	return r.winFromSpace(r.rcvbuf - r.rmem - backlog)
}

func (r *recvState) fullSpace() int32 { return r.winFromSpace(r.rcvbuf) }

// backlog is what waits until the user's call lets go of the socket, octets (sk_backlog.len).
func (c *Conn) backlog() int32 {
	if c.mini {
		return 0
	}
	return int32(c.timers.since)
}

// receiveWindow is what is left of the window last advertised (tcp_receive_window).
func (c *Conn) receiveWindow() uint32 {
	win := int32(c.rcv.wup.Add(c.rcv.wnd) - c.rcv.nxt)
	return uint32(max(win, 0))
}

// selectWindow picks the window to advertise and returns it as it goes on the
// wire (tcp_select_window). The right edge never moves left.
func (c *Conn) selectWindow() uint16 {
	if c.ack.pending&ackNoMem != 0 {
		c.ack.pred.on = false
		c.rcv.wnd, c.rcv.wup = 0, c.rcv.nxt
		return 0
	}
	cur, win := c.receiveWindow(), c.nextWindow()
	if win < cur && !c.mayShrink() {
		win = align(cur, c.opt.rcvWScale)
	}
	c.rcv.wnd, c.rcv.wup = win, c.rcv.nxt
	most := uint32(65535) << c.opt.rcvWScale
	if c.cfg.WorkaroundSign && c.opt.rcvWScale == 0 {
		most = 32767
	}
	win = min(win, most) >> c.opt.rcvWScale
	if win == 0 {
		c.ack.pred.on = false
	}
	return uint16(win)
}

// align rounds up to a multiple of 1<<shift.
func align(v uint32, shift uint8) uint32 {
	m := uint32(1)<<shift - 1
	return (v + m) &^ m
}

// nextWindow is the window that buffer and silly-window rules allow
// (__tcp_select_window; RFC 9293 section 3.8.6.2.2).
func (c *Conn) nextWindow() uint32 {
	free, allowed := c.rcv.freeSpace(c.backlog()), c.rcv.fullSpace()
	full := min(int64(c.rcv.clamp), int64(allowed))
	mss := int64(c.ack.rcvMSS)
	if mss > full {
		if mss = full; mss <= 0 {
			return 0
		}
	}
	if c.mayShrink() {
		return c.shrinkableWindow(free, allowed, full, mss)
	}
	if int64(free) < full>>1 {
		c.ack.quick = 0
		free = free >> c.opt.rcvWScale << c.opt.rcvWScale
		if free < allowed>>4 || int64(free) < mss {
			return 0 // SWS avoidance: close rather than dribble
		}
	}
	free = int32(min(int64(free), int64(c.rcv.ssthresh)))
	if c.opt.rcvWScale > 0 {
		return align(uint32(free), c.opt.rcvWScale)
	}
	win := int64(c.rcv.wnd)
	if win <= int64(free)-mss || win > int64(free) {
		win = int64(free) / mss * mss
	} else if mss == full && int64(free) > win+full>>1 {
		win = int64(free)
	}
	return uint32(win)
}

// mayShrink: the window may be taken back as buffers fill (sysctl
// tcp_shrink_window), which takes a scale to be worth it.
func (c *Conn) mayShrink() bool { return c.cfg.ShrinkWindow && c.opt.rcvWScale > 0 }

// shrinkableWindow is the window that the free buffer space affords, in steps of
// the scale (__tcp_select_window, shrink_window_allowed).
func (c *Conn) shrinkableWindow(free, allowed int32, full, mss int64) uint32 {
	free = free >> c.opt.rcvWScale << c.opt.rcvWScale
	if int64(free) < full>>1 {
		c.ack.quick = 0
		if free < allowed>>4 || int64(free) < mss {
			return 0
		}
	}
	if int64(free) > int64(c.rcv.ssthresh) {
		return align(c.rcv.ssthresh, c.opt.rcvWScale) // no hard limit: round up
	}
	return uint32(free)
}

// measureMSS learns the size of the peer's segments, which delayed ACKs count
// in (tcp_measure_rcv_mss). truesize tells what a segment costs us.
func (c *Conn) measureMSS(s *Segment, truesize uint32) {
	n := cmp.Or(s.Size, s.Len)
	last := c.ack.lastSegSize
	c.ack.lastSegSize = 0
	if n >= c.ack.rcvMSS {
		if n != c.ack.rcvMSS {
			c.rescale(s.Len, truesize)
		}
		c.ack.rcvMSS = min(n, c.opt.advMSS)
		if s.Flags.Has(PSH) {
			c.ack.pending |= ackPushed
		}
		return
	}
	full := n + s.HeaderLen()
	// A PSH-less segment ought to be full sized.
	if full >= defaultMSS+tcpHdrLen ||
		(full >= minMSS+tcpHdrLen && !s.Flags.Has(PSH|FIN|URG|SYN)) {
		full -= uint32(c.opt.hdrLen)
		c.ack.lastSegSize = full
		if full == last {
			c.ack.rcvMSS = full
			return
		}
	}
	if c.ack.pending&ackPushed != 0 {
		c.ack.pending |= ackPushed2
	}
	c.ack.pending |= ackPushed
}

// rescale takes a new ratio of payload to truesize.
func (c *Conn) rescale(n, truesize uint32) {
	ratio := uint8(max(uint64(n)<<8/uint64(truesize), 1))
	if ratio == c.rcv.scaling {
		return
	}
	c.rcv.scaling = ratio
	c.setWindowClamp(uint32(c.rcv.fullSpace()))
	c.rcv.space = min(c.rcv.space, c.rcv.clamp)
}

// setWindowClamp bounds the window (tcp_set_window_clamp).
func (c *Conn) setWindowClamp(v uint32) {
	const least = 1152 // SOCK_MIN_RCVBUF / 2
	old, clamp := c.rcv.clamp, max(v, least)
	if clamp == old {
		return
	}
	c.rcv.clamp = clamp
	if clamp < old {
		c.rcv.ssthresh = min(c.rcv.ssthresh, clamp)
	} else {
		c.rcv.ssthresh = max(c.rcv.ssthresh, min(c.rcv.wnd, clamp))
	}
}

// worth is what a buffer of truesize octets costs a window that grows: a head
// without an octet costs nothing (truesize_adjust).
func (s *Segment) worth(truesize uint32) uint32 {
	if s.Room == InPages && truesize >= bufOverhead+s.Len {
		return truesize - bufOverhead
	}
	return truesize
}

// growWindow lets the window open as segments prove to be worth their
// truesize (tcp_grow_window).
func (c *Conn) growWindow(n, truesize uint32) {
	room := min(int64(c.rcv.clamp), int64(c.rcv.freeSpace(c.backlog()))) - int64(c.rcv.ssthresh)
	if room <= 0 {
		return
	}
	var incr uint32
	if uint32(c.rcv.winFromSpace(int32(truesize))) <= n {
		incr = 2 * c.opt.advMSS
	} else {
		incr = c.growSlow(n, truesize)
	}
	if incr > 0 {
		incr = max(incr, 2*n)
		c.rcv.ssthresh += uint32(min(room, int64(incr)))
		c.ack.quick |= 1
	}
}

// growSlow is __tcp_grow_window: small segments open the window while it is small.
func (c *Conn) growSlow(n, truesize uint32) uint32 {
	cost := uint32(c.rcv.winFromSpace(int32(truesize))) >> 1
	window := uint32(c.rcv.winFromSpace(c.cfg.Rmem[2])) >> 1
	for range 32 {
		if c.rcv.ssthresh > window {
			return 0
		}
		if cost <= n {
			return 2 * c.ack.rcvMSS
		}
		cost >>= 1
		window >>= 1
	}
	return 0
}

// initBuffers sizes the buffers for the connection that has just been made
// (tcp_init_buffer_space).
func (c *Conn) initBuffers() {
	if c.locks&LockSndBuf == 0 {
		c.expandSndbuf()
	}
	c.rcv.spaceTime, c.rcv.spaceSeq = c.now, c.rcv.copied
	adv, most := c.opt.advMSS, uint32(c.rcv.fullSpace())
	if c.rcv.clamp >= most {
		c.rcv.clamp = most
		if app := c.cfg.AppWin; app != 0 && most > 4*adv {
			c.rcv.clamp = max(most-most>>app, 4*adv)
		}
	}
	if c.cfg.AppWin != 0 && c.rcv.clamp > 2*adv && c.rcv.clamp+adv > most {
		c.rcv.clamp = max(2*adv, most-adv)
	}
	c.rcv.ssthresh = min(c.rcv.ssthresh, c.rcv.clamp)
	c.ca.stamp = c.now
	c.rcv.space = min(c.rcv.ssthresh, c.rcv.wnd, 10*adv)
}

// clampWindow reacts to a receive buffer overrun (tcp_clamp_window).
func (c *Conn) clampWindow() {
	c.ack.quick = 0
	if most := c.cfg.Rmem[2]; c.rcv.rcvbuf < most && c.locks&LockRcvBuf == 0 {
		c.rcv.rcvbuf = min(c.rcv.rmem, most)
	}
	if c.rcv.rmem > c.rcv.rcvbuf {
		c.rcv.ssthresh = min(c.rcv.clamp, 2*c.opt.advMSS)
	}
}

// initRcvMSS guesses the size of the peer's segments (tcp_initialize_rcv_mss).
func (c *Conn) initRcvMSS() {
	hint := min(c.opt.advMSS, c.snd.mssCache, c.rcv.wnd/2, defaultMSS)
	c.ack.rcvMSS = max(hint, minMSS)
}

// windowUpdate is what a read does for the peer (__tcp_cleanup_rbuf): an ACK
// that was put off, or the news of a window at least twice as large.
func (c *Conn) windowUpdate(copied uint32) {
	why := rule.ID(0)
	if c.ack.pending&ackSched != 0 {
		drained := copied > 0 && c.rcv.rmem == 0 &&
			(c.ack.pending&ackPushed2 != 0 || (c.ack.pending&ackPushed != 0 && !c.pingpong()))
		if c.rcv.nxt.Since(c.rcv.wup) > c.ack.rcvMSS || drained {
			why = rule.AckOnRead
		}
	}
	if copied > 0 && why == 0 && c.shut&ShutRead == 0 {
		now := c.receiveWindow()
		if 2*now <= c.rcv.clamp {
			if win := c.nextWindow(); win > 0 && win >= 2*now {
				why = rule.WindowUpdate
			}
		}
	}
	if why != 0 {
		c.sendAck(why)
	}
}
