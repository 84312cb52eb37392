package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhichErrorTakesADoublingBack: about the oldest segment, in a row of time-outs
// that has doubled (tcp_ld_RTO_revert; RFC 6069).
func TestWhichErrorTakesADoublingBack(t *testing.T) {
	for _, c := range []struct {
		name     string
		timeouts int
		off      uint32
		change   func(*Conn)
		backoff  uint8
		rto      Duration // milliseconds
	}{
		{"one", 1, 0, nil, 0, 300},
		{"two", 2, 0, nil, 1, 600},
		{"three", 3, 0, nil, 2, 1200},
		{"none", 0, 0, nil, 0, 300},
		{"about a later segment", 2, 1000, nil, 2, 1200},
		{"progress since", 2, 0, func(c *Conn) { c.ca.retransmits = 0 }, 2, 1200},
		{"nothing doubled", 2, 0, func(c *Conn) { c.rtt.backoff = 0 }, 0, 1200},
		{"no round trip known", 2, 0, func(c *Conn) { c.rtt.srtt = 0 }, 1, 2000}, // TCP_TIMEOUT_INIT
		{"bounded", 3, 0, func(c *Conn) { c.rtoMs = 1000 }, 2, 1000},
	} {
		w := established(t, noSACK)
		w.call(Send, 1000)
		w.call(Send, 1000)
		for range c.timeouts {
			w.wait()
		}
		if c.change != nil {
			c.change(w.c)
		}
		w.c.Step(Input{Kind: Unreachable, Now: w.now, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1 + c.off)}}, nil)
		require.Equal(t, c.backoff, w.c.rtt.backoff, c.name)
		require.Equal(t, c.rto*Millisecond, w.c.rtt.rto, c.name)
	}
}

// TestOnlyADoublingTakenBackReadsTheClock: another error's segments have the time of the last look, also when it sends some
// (tcp_v4_err; tcp_ld_RTO_revert: tcp_mstamp_refresh). The timer that it sets may then lie far ahead of that.
func TestOnlyADoublingTakenBackReadsTheClock(t *testing.T) {
	for _, in := range []Input{{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1)}}, {Kind: TooBig, N: 800, Seg: Segment{Seq: ourISS.Add(1)}}} {
		w := established(t, noSACK)
		w.call(Send, 1000)
		if in.Kind == Unreachable {
			w.wait()
		}
		looked := w.c.now
		w.pass(100 * Millisecond)
		w.do(in)
		require.Equal(t, in.Kind == Unreachable, w.c.now == w.now, "%v", in)
		require.Equal(t, in.Kind == TooBig, w.c.now == looked, "%v", in)
		require.Equal(t, in.Kind == TooBig, w.c.snd.lastSent == w.now)
		require.NoError(t, w.c.Check())
	}
	w := established(t, noSACK)
	w.call(Send, 1000)
	w.c.rtt.rto = 100 * Second
	w.pass(90 * Second)
	w.do(Input{Kind: TooBig, N: 800, Seg: Segment{Seq: ourISS.Add(1)}})
	require.Greater(t, w.c.timers.xmit.Sub(w.c.now), Duration(longestRTO))
	require.NoError(t, w.c.Check())
}

// TestATimeOutThatWouldHaveComeBackThenComesNow: if the shorter time is over, to
// the tick.
func TestATimeOutThatWouldHaveComeBackThenComesNow(t *testing.T) {
	for waited, again := range map[Duration]bool{299: false, 300: true, 301: true} {
		w := established(t, noSACK)
		w.call(Send, 1000)
		w.wait()
		w.pass(waited * Millisecond)
		out := w.do(Input{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Add(1)}})
		sent := false
		for _, o := range out {
			sent = sent || o.Kind == Emit
		}
		require.Equal(t, again, sent, "%d ms", waited)
		if !again {
			w.fires(Millisecond, seg1+"[rto-retransmit]")
		}
	}
}

// TestHowNarrowAPathMayBecome: 552 octets for IPv4 (min_pmtu), 1280 for IPv6, and
// never wider than it was, not even if SACK blocks leave less room just now.
func TestHowNarrowAPathMayBecome(t *testing.T) {
	for _, c := range []struct {
		ipv6      bool
		mtu, want uint32
	}{
		{false, 1499, 1499}, {false, 552, 552}, {false, 551, 552}, {false, 1, 552}, {false, 1500, 1500}, {false, 1501, 1500},
		{true, 1281, 1281}, {true, 1280, 1280}, {true, 1279, 1500}, {true, 1500, 1500},
	} {
		o := plainOpts
		o.MSS = 1460
		w := openedWith(t, o, 100*Millisecond, func(_ *Config, p *Params) { p.IPv6 = c.ipv6 })
		w.do(Input{Kind: TooBig, N: c.mtu, Seg: Segment{Seq: w.c.snd.una}})
		require.Equal(t, c.want, w.c.MTU(), "%+v", c)
	}
	w := openedWith(t, plainOpts, 100*Millisecond, func(_ *Config, p *Params) { p.IPv6 = true })
	w.do(Input{Kind: TooBig, N: 1281, Seg: Segment{Seq: w.c.snd.una}})
	require.EqualValues(t, 1500, w.c.MTU(), "segments are short enough as they are")
	w = established(t, Options{Set: OptMSS | OptSACKOK, MSS: 1460})
	w.call(Send, 1460)
	w.arrive(data(1000, 10, 0))
	w.step(Input{Kind: TooBig, N: 1500, Seg: Segment{Seq: w.c.snd.una}})
}
