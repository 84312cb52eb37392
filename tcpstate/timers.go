package tcpstate

// xmitKind says what the one retransmission timer is armed for (icsk_pending).
type xmitKind uint8

const (
	xmitNone  xmitKind = iota
	xmitRTO            // ICSK_TIME_RETRANS
	xmitProbe          // ICSK_TIME_PROBE0
	xmitTLP            // ICSK_TIME_LOSS_PROBE
	xmitReo            // ICSK_TIME_REO_TIMEOUT
)

// timers are deadlines; never means not armed. Linux has the same four, and
// the timewait bucket's.
type timers struct {
	kind     xmitKind
	since    uint32 // no timer: when the timewait bucket was made, milliseconds (tw_entry_stamp); without one, during Step, Input.Backlog
	xmit     Time
	delack   Time
	keep     Time // keepalive, and FIN-WAIT-2 of an orphan
	compress Time // compressed SACKs
	wait     Time // timewait bucket
}

// next is the earliest deadline.
func (t *timers) next() (Time, bool) {
	var best Time
	for _, d := range [...]Time{t.xmit, t.delack, t.keep, t.compress, t.wait} {
		if d != never && (best == never || d < best) {
			best = d
		}
	}
	return best, best != never
}

// armXmit sets the retransmission timer, no later than RTOMax from now
// (inet_csk_reset_xmit_timer).
func (c *Conn) armXmit(kind xmitKind, in Duration) {
	in = min(c.aTick(in), c.rtoMax())
	c.timers.kind, c.timers.xmit = kind, c.now.Add(in)
}

func (c *Conn) clearXmit() { c.timers.kind, c.timers.xmit = xmitNone, never }

// armKeep sets the keepalive timer (tcp_reset_keepalive_timer).
func (c *Conn) armKeep(in Duration) { c.timers.keep = c.now.Add(c.aTick(in)) }

// aTick is a delay of whole jiffies as the timer wheel sees it: one that has
// passed already, or is none, ends with the next jiffy and never at once
// (calc_index).
func (c *Conn) aTick(in Duration) Duration { return max(in, c.cfg.Tick, 1) }

// timeout fires what is due, earliest first; equal deadlines in Linux's order
// of timers below. Each firing re-arms at least a tick ahead or not at all,
// and the loop is bounded besides.
func (c *Conn) timeout() {
	for range 16 {
		t, ok := c.timers.next()
		if !ok || t > c.now {
			return
		}
		switch t {
		case c.timers.wait:
			c.timers.wait = never
			c.waitExpired()
		case c.timers.xmit:
			c.xmitTimer()
		case c.timers.delack:
			c.timers.delack = never
			c.delackTimer()
		case c.timers.compress:
			c.timers.compress = never
			c.compressTimer()
		default:
			c.timers.keep = never
			c.keepTimer()
		}
	}
}
