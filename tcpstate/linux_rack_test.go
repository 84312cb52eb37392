package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// RACK (net/ipv4/tcp_recovery.c), written once more: see linux_window_test.go.

// drawRACK draws what loss detection looks at, over a queue of small buffers.
func drawRACK(r *rand.Rand, c *Conn) *Config {
	cfg := *c.cfg
	c.cfg = &cfg
	cfg.Recovery = [...]uint8{1, 1, 5, 2, 3}[r.IntN(5)]
	c.now = Time(Second).Add(upTo(r, 40))
	c.opt.sack = true
	drawSent(r, c, 6, 3, 3)
	c.ca.state = caState(r.IntN(int(caLoss) + 1))
	c.ca.reordering = uint32(1 + r.IntN(4))
	c.stat.reordSeen = uint32(r.IntN(2))
	c.rtt.minima[0].us, c.rtt.srtt = uint32(r.IntN(60)), uint32(r.IntN(200))
	c.rtt.rto = Duration(200+r.IntN(2)*200) * Millisecond
	k := &c.rack
	k.xmit, k.end, k.rttUs, k.steps = c.now-Time(r.IntN(30)), near(r, c.snd.una.Add(6), 8), uint32(r.IntN(40)), uint8(r.IntN(6))
	k.persist, k.dsackSeen, k.advanced = uint8(r.IntN(2)), toss(r), toss(r)
	c.q.hasHint, c.q.hint = toss(r), near(r, c.snd.una.Add(4), 6)
	return &cfg
}

// later is tcp_skb_sent_after.
func later(c *Conn, t1, t2 Time, s1, s2 Seq) bool {
	return t1 > t2 || t1 == t2 && at(c, s1) > at(c, s2)
}

// settling is tcp_rack_reo_wnd.
func settling(c *Conn, cfg *Config) int64 {
	if c.stat.reordSeen == 0 && (c.ca.state >= caRecovery || c.q.sackedOut >= c.ca.reordering && cfg.Recovery&4 == 0) {
		return 0
	}
	return min(int64(c.rtt.min()/4)*int64(c.rack.steps), int64(c.rtt.srtt/8))
}

// marked is a queue after loss detection.
type marked struct {
	tags               []uint8
	lost, retrans, sum uint32
	hint               Seq
	hasHint            bool
}

func marks(c *Conn) (m marked) {
	for i := range c.q.list.Len() {
		m.tags = append(m.tags, c.q.at(i).tags)
	}
	m.lost, m.retrans, m.sum, m.hint, m.hasHint = c.q.lostOut, c.q.retransOut, c.stat.lost, c.q.hint, c.q.hasHint
	return m
}

// lose is tcp_mark_skb_lost for the i-th buffer, with tcp_verify_retransmit_hint.
func (m *marked) lose(c *Conn, i int) {
	b, n := c.q.at(i), uint32(c.q.at(i).pcount)
	if m.tags[i]&tagSacked != 0 {
		return
	}
	if !m.hasHint && m.retrans >= m.lost || m.hasHint && at(c, b.seq) < at(c, m.hint) {
		m.hint, m.hasHint = b.seq, true
	}
	if m.tags[i]&tagLost == 0 {
		m.tags[i] |= tagLost
		m.lost += n
		m.sum += n
	} else if m.tags[i]&tagRetrans != 0 {
		m.tags[i] &^= tagRetrans
		m.retrans -= n
		m.sum += n
	}
}

// detect is tcp_rack_detect_loss.
func detect(c *Conn, cfg *Config) (m marked, wait int64) {
	m = marks(c)
	window := settling(c, cfg)
	for i := range c.q.head {
		b := c.q.at(i)
		if b.tags&tagUnwatched != 0 || b.tags&tagLost != 0 && b.tags&tagRetrans == 0 {
			continue
		}
		if !later(c, c.rack.xmit, b.sent, c.rack.end, b.end) {
			continue
		}
		left := int64(c.rack.rttUs) + window - int64(c.now-b.sent)
		if left > 0 {
			wait = max(wait, left)
			continue
		}
		m.lose(c, i)
		m.tags[i] |= tagUnwatched
	}
	return m, wait
}

func TestLossIsDetectedAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := drawRACK(r, c)
		want, wait := detect(c, cfg)
		if !c.rack.advanced {
			want, wait = marks(c), 0
		}
		was := *c
		require.Equal(t, wait > 0, c.rackMarkLost())
		require.Equal(t, want, marks(c), "%+v", was.rack)
		require.False(t, c.rack.advanced)
		if wait > 0 {
			in := min(up(wait+2*Millisecond, Millisecond), c.rtt.rto)
			require.Equal(t, timers{kind: xmitReo, xmit: c.now.Add(in)}, c.timers)
		} else {
			require.Equal(t, was.timers, c.timers)
		}
	})
}

func TestReorderingTimerBeginsRecoveryWhenSomethingIsLost(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := drawRACK(r, c)
		c.state, c.snd.wnd, c.ca.cwnd = Established, 100, c.q.inFlight() // no room to send
		c.ca.highSeq = c.snd.una
		want, _ := detect(c, cfg)
		flight := c.q.packetsOut - c.q.sackedOut - want.lost + want.retrans
		state := c.ca.state
		if was := c.q.inFlight(); flight != was {
			state = caRecovery
		}
		c.reoTimer()
		require.Equal(t, state, c.ca.state)
		require.Equal(t, want.sum, c.stat.lost)
		require.Equal(t, xmitRTO, c.timers.kind)
	})
}

func TestDeliveryAdvancesRACKAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawRACK(r, c)
		c.rack.advanced = false
		tags := [...]uint8{0, tagSacked, tagRetrans, tagEverRetrans, tagRetrans | tagEverRetrans}[r.IntN(5)]
		end, xmit := near(r, c.rack.end, 2), c.now-Time(upTo(r, 60, int64(c.rtt.min()), int64(c.now-c.rack.xmit)))
		want, rtt := c.rack, uint32(c.now-xmit)
		if !(rtt < c.rtt.min() && tags&(tagRetrans|tagEverRetrans) != 0) {
			want.advanced, want.rttUs = true, rtt
			if later(c, xmit, want.xmit, end, want.end) {
				want.xmit, want.end = xmit, end
			}
		}
		c.rackAdvance(&buffer{tags: tags, end: end, sent: xmit})
		require.Equal(t, want, c.rack)
	})
}

func TestReorderingWindowWidensAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		cfg := drawRACK(r, c)
		c.rack.steps = [...]uint8{1, 2, 253, 254, 255}[r.IntN(5)]
		c.rack.lastDelivered, c.stat.delivered = uint32(r.IntN(5)), uint32(r.IntN(9))
		rs := rateSample{priorDelivered: uint32(r.IntN(5))}
		want := c.rack
		if cfg.Recovery&2 == 0 && rs.priorDelivered != 0 { // tcp_rack_update_reo_wnd
			if rs.priorDelivered < want.lastDelivered {
				want.dsackSeen = false
			}
			if want.dsackSeen {
				want.steps = uint8(min(int(want.steps)+1, 255))
				want.dsackSeen, want.lastDelivered, want.persist = false, c.stat.delivered, 16
			} else if want.persist == 0 {
				want.steps = 1
			}
		}
		c.rackUpdateWindow(&rs)
		require.Equal(t, want, c.rack)
	})
}

func TestALostBufferMovesTheCountersAsInTheKernel(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawRACK(r, c)
		want, i := marks(c), r.IntN(c.q.head)
		want.lose(c, i)
		c.markLost(c.q.at(i))
		require.Equal(t, want, marks(c))
	})
}

// TestWithoutSACKTheOldestIsLost: three duplicates, or a partial ACK in recovery (tcp_newreno_mark_lost).
func TestWithoutSACKTheOldestIsLost(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		drawRACK(r, c)
		c.opt.sack = false
		for i := range c.q.list.Len() { // no SACK, none SACKed
			b := c.q.at(i)
			c.count(b, -1)
			b.tags &^= tagSacked | tagUnwatched
			c.count(b, 1)
		}
		c.q.sackedOut = uint32(r.IntN(5))
		advanced, first, want := toss(r), *c.q.at(0), marks(c)
		begins := c.ca.state < caRecovery && c.q.sackedOut >= c.ca.reordering
		cut := false
		if (begins || c.ca.state == caRecovery && advanced) && first.tags&tagLost == 0 {
			if cut = first.pcount > 1 && first.len() > 3; cut { // 3 is the MSS
				c.q.at(0).pcount = 1
			}
			want.lose(c, 0)
			c.q.at(0).pcount = first.pcount
		}
		c.newRenoMarkLost(advanced)
		got := marks(c)
		require.Equal(t, []uint32{want.lost, want.retrans, want.sum}, []uint32{got.lost, got.retrans, got.sum})
		require.Equal(t, want.tags[0], got.tags[0])
		require.Equal(t, []bool{cut, cut}, []bool{len(got.tags) > len(want.tags), c.q.at(0).len() < first.len()})
		require.Equal(t, []any{want.hint, want.hasHint}, []any{got.hint, got.hasHint})
	})
}
