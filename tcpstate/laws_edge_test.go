package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The invariants of Check at their edges: what is just lawful passes, what is just
// not does not, and each part of a law counts.

// flying has sent three segments and has a hole before two that came.
func flying(t *testing.T) *world {
	w := established(t, plainOpts)
	for range 3 {
		w.call(Send, 1000)
	}
	w.arrive(data(1000, 1000, 0))
	w.arrive(data(3000, 1000, 0))
	return w
}

// TestLawsAllowTheirEdges: the nearest states to a breach.
func TestLawsAllowTheirEdges(t *testing.T) {
	for name, change := range map[string]func(*Conn){
		"a buffer that costs its octets only":     func(c *Conn) { b := c.q.at(1); c.snd.queued -= b.true - 1000; b.true = 1000 },
		"retransmissions counted twice":           func(c *Conn) { c.q.at(0).tags |= tagRetrans; c.q.retransOut = 2 },
		"a timer due now":                         func(c *Conn) { c.timers.xmit = c.now },
		"one that is overdue":                     func(c *Conn) { c.timers.xmit = 1 },
		"one as late as can be":                   func(c *Conn) { c.timers.xmit = c.now.Add(longestRTO) },
		"the latest time-out":                     func(c *Conn) { c.rtt.rto = longestRTO },
		"the least slow start threshold":          func(c *Conn) { c.ca.ssthresh = 2 },
		"the largest scales":                      func(c *Conn) { c.opt.sndWScale, c.opt.rcvWScale = 14, 14 },
		"a congestion window of one":              func(c *Conn) { c.ca.cwnd = 1 },
		"a keepalive that was asked for":          func(c *Conn) { c.user.keepAlive, c.timers.keep = true, c.now.Add(5) },
		"all lost":                                func(c *Conn) { c.loseAll(3) },
		"four SACK blocks":                        func(c *Conn) { c.rcv.sacks = fourBlocks(c.rcv.nxt); c.rcv.nsacks = 4 },
		"no SACK block for what is out of order":  func(c *Conn) { c.rcv.nsacks = 0 },
		"SACKed up to the last octet sent":        func(c *Conn) { c.sackAt(2); c.q.sackHigh = c.snd.nxt; c.ca.state = caDisorder },
		"SACKed one octet":                        func(c *Conn) { c.sackAt(2); c.q.sackHigh = c.snd.una.Add(1); c.ca.state = caDisorder },
		"SACKed the oldest":                       func(c *Conn) { c.sackAt(0); c.q.sackHigh = c.q.at(0).end; c.ca.state = caDisorder },
		"a window as large as the largest so far": func(c *Conn) { c.snd.wnd = c.snd.maxWnd },
		"a small segment sent last":               func(c *Conn) { c.snd.sml = c.snd.nxt },
		"a buffer sent now":                       func(c *Conn) { c.q.at(2).sent = c.now },
	} {
		w := flying(t)
		change(w.c)
		require.NoError(t, w.c.Check(), name)
	}
}

// fourBlocks are SACK blocks that do not touch, above next.
func fourBlocks(next Seq) (b [MaxSACK]Range) {
	for i := range b {
		at := next.Add(uint32(1 + 2*i))
		b[i] = Range{at, at.Add(1)}
	}
	return b
}

// loseAll marks the first n sent buffers as lost.
func (c *Conn) loseAll(n int) {
	c.ca.state = caLoss
	for i := range n {
		c.q.at(i).tags |= tagLost
		c.q.lostOut += uint32(c.q.at(i).pcount)
	}
}

// TestLawsFailAtTheirEdges: the nearest states beyond, one for each part of a law.
func TestLawsFailAtTheirEdges(t *testing.T) {
	for name, c := range map[string]struct {
		want  string
		spoil func(*Conn)
	}{
		"two retransmissions, one counted": {"packets retransmitted: counted 2, kept 1", func(c *Conn) {
			c.q.at(0).tags |= tagRetrans
			c.q.at(1).tags |= tagRetrans
			c.q.retransOut = 1
		}},
		"two lost, one counted":      {"packets lost: counted 2, kept 1", func(c *Conn) { c.loseAll(2); c.q.lostOut = 1 }},
		"one lost, two counted":      {"packets lost: counted 1, kept 2", func(c *Conn) { c.loseAll(1); c.q.lostOut = 2 }},
		"five SACK blocks":           {"5 SACK blocks", func(c *Conn) { c.rcv.sacks = fourBlocks(c.rcv.nxt); c.rcv.nsacks = 5 }},
		"blocks that nobody may see": {"2 SACK blocks", func(c *Conn) { c.opt.sack = false }},
		"more read than received":    {"more read than received", func(c *Conn) { c.rcv.copied = c.rcv.nxt.Add(1) }},
		"SACKed nothing":             {"SACKed up to", func(c *Conn) { c.sackAt(2); c.q.sackHigh = c.snd.una; c.ca.state = caDisorder }},
		"SACKed what was not sent":   {"SACKed up to", func(c *Conn) { c.sackAt(2); c.q.sackHigh = c.snd.nxt.Add(1); c.ca.state = caDisorder }},
		"pushed beyond":              {"pushed to", func(c *Conn) { c.snd.pushed = c.snd.write.Add(1) }},
		"urgent beyond":              {"pushed to", func(c *Conn) { c.snd.up = c.snd.write.Add(1) }},
		"an octet short":             {"costs 999", func(c *Conn) { b := c.q.at(1); c.snd.queued -= b.true - 999; b.true = 999 }},
		"sent in no packet":          {"of 0 packets sent at", func(c *Conn) { c.q.at(1).pcount = 0; c.q.packetsOut-- }},
		"sent never":                 {"packets sent at 0", func(c *Conn) { c.q.at(1).sent = never }},
		"sent tomorrow":              {"of 1 packets sent at", func(c *Conn) { c.q.at(1).sent = c.now + 1 }},
		"a time-out of nothing":      {"time-out 0", func(c *Conn) { c.rtt.rto = 0 }},
		"a time-out too late":        {"time-out 120000001", func(c *Conn) { c.rtt.rto = longestRTO + 1 }},
		"our scale":                  {"windows scaled by 0 and 15", func(c *Conn) { c.opt.rcvWScale = 15 }},
		"the peer's scale":           {"windows scaled by 15 and 0", func(c *Conn) { c.opt.sndWScale = 15 }},
		"a timer too late":           {"retransmission timer at", func(c *Conn) { c.timers.xmit = c.now.Add(longestRTO + 1) }},
		"delayed ACK too late":       {"delayed ACK timer at", func(c *Conn) { c.ack.pending, c.timers.delack = ackSched|ackTimer, c.now.Add(delackMax+1) }},
		"compressed SACK too late":   {"compressed SACK timer at", func(c *Conn) { c.ack.compressed, c.timers.compress = 1, c.now.Add(c.cfg.CompSACKDelay+1) }},
		"a keepalive of the orphan":  {"keepalive timer that nobody", func(c *Conn) { c.orphan = true; c.timers.keep = c.now.Add(5) }},
		"none in flight, one probes": {"persist timer with 3", func(c *Conn) { c.timers.kind = xmitProbe }},
		"compressed and no timer":    {"1 SACKs held back", func(c *Conn) { c.ack.compressed = 1 }},
		"a timer and none held back": {"0 SACKs held back", func(c *Conn) { c.timers.compress = c.now.Add(5) }},
	} {
		w := flying(t)
		c.spoil(w.c)
		require.ErrorContains(t, w.c.Check(), c.want, name)
	}
}

// TestABucketHasNoTimerButItsOwn: of the connection's four.
func TestABucketHasNoTimerButItsOwn(t *testing.T) {
	for name, arm := range map[string]func(*timers, Time){
		"retransmission":  func(t *timers, at Time) { t.xmit = at },
		"delayed ACK":     func(t *timers, at Time) { t.delack = at },
		"keepalive":       func(t *timers, at Time) { t.keep = at },
		"compressed SACK": func(t *timers, at Time) { t.compress = at },
	} {
		w := reachTimeWait(t)
		require.NoError(t, w.c.Check())
		arm(&w.c.timers, w.c.now.Add(5))
		require.ErrorContains(t, w.c.Check(), "timewait bucket with a timer", name)
	}
}

// TestOnlyAnOrphansFinWait2UsesTheKeepaliveTimerUnasked: tcp_keepalive_timer.
func TestOnlyAnOrphansFinWait2UsesTheKeepaliveTimerUnasked(t *testing.T) {
	w := reachFinWait2(t)
	w.c.timers.keep = w.now.Add(5)
	require.ErrorContains(t, w.c.Check(), "keepalive timer that nobody asked for")
	w.c.orphan = true
	require.NoError(t, w.c.Check())
	w = reachOrphan1(t)
	w.c.timers.keep = w.now.Add(5)
	require.ErrorContains(t, w.c.Check(), "keepalive timer that nobody asked for")
}
