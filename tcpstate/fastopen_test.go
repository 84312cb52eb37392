package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TCP Fast Open (RFC 7413) from both ends.

// theCookie is abcd1234.
func theCookie() Options {
	o := Options{Set: OptFastOpen, Cookie: FastCookie{Len: 4}}
	copy(o.Cookie.Val[:], "\xab\xcd\x12\x34")
	return o
}

// fastWorld has opened with that cookie and so many octets.
func fastWorld(t *testing.T, n uint32, want ...string) *world {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.Timestamps, c.WindowScaling = 0, false })
	w.step(Input{Kind: Open, Fast: FastSend, N: n, Seg: Segment{Opts: theCookie()}}, want...)
	w.pass(100 * Millisecond)
	return w
}

func synAckOf(n uint32) Segment {
	return Segment{Seq: peerISS, Ack: ourISS.Add(1 + n), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}
}

func TestTheSynCarriesDataAndCookie(t *testing.T) {
	w := fastWorld(t, 300, "CLOSED → SYN-SENT [active-open]", "sent 300 [syn-data]",
		"> S 0(300) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
	require.EqualValues(t, 2, w.c.q.packetsOut, "SYN and data lie in the queue as two")
	w.rcv(synAckOf(300), "acked 300 [data-acked]", "SYN-SENT → ESTABLISHED [syn-ack-received]",
		"learned <mss 1000> try 0 [cookie-learned]", "SYN data acked [syn-data-acked]",
		"writable [syn-ack-received]", "> . 301 ack 1 win 64240 [syn-ack-received]")
	require.Equal(t, InfoSACK|InfoSynData, w.c.Info(w.now).Options)
	require.EqualValues(t, 1, w.c.Info(w.now).Delivered)
}

func TestDataThatTheSynAckLeavesOutGoesAgainAtOnce(t *testing.T) {
	w := fastWorld(t, 300, "CLOSED → SYN-SENT [active-open]", "sent 300 [syn-data]",
		"> S 0(300) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
	s := synAckOf(0)
	s.Opts.Set |= OptFastOpen
	s.Opts.Cookie = FastCookie{Len: 8}
	w.rcv(s, "SYN-SENT → ESTABLISHED [syn-ack-received]", "learned <mss 1000,FO 0000000000000000> try 0 [cookie-learned]",
		"SYN data lost [syn-data-lost]", "> P. 1(300) ack 1 win 64240 [syn-data-lost]", "writable [syn-ack-received]")
	require.Equal(t, FastDataNotAcked, w.c.Info(w.now).FastOpenFail)
	require.EqualValues(t, 10, w.c.Info(w.now).SndCwnd, "this says nothing about congestion")
}

func TestALostSynGoesAgainPlain(t *testing.T) {
	w := fastWorld(t, 300, "CLOSED → SYN-SENT [active-open]", "sent 300 [syn-data]",
		"> S 0(300) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
	w.fires(900*Millisecond, "> S 0 win 64240 <mss 1460,sackOK> [syn-retransmit]")
	w.pass(100 * Millisecond)
	w.rcv(synAckOf(0), "SYN-SENT → ESTABLISHED [syn-ack-received]", "learned <mss 1000> try 0 [cookie-learned]",
		"SYN data lost [syn-data-lost]", "> P. 1(300) ack 1 win 64240 [syn-data-lost]", "writable [syn-ack-received]")
	require.Equal(t, FastSynRetransmitted, w.c.Info(w.now).FastOpenFail)
}

func TestARequestForACookieCarriesNoData(t *testing.T) {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.Timestamps, c.WindowScaling = 0, false })
	w.step(Input{Kind: Open, Fast: FastAsk, N: 300, Seg: Segment{Opts: theCookie()}}, "CLOSED → SYN-SENT [active-open]",
		"> S 0 win 64240 <mss 1460,sackOK,FO > [active-open]")
	w.rcv(synAckOf(0), "SYN-SENT → ESTABLISHED [syn-ack-received]", "learned <mss 1000> try 1 [cookie-learned]",
		"writable [syn-ack-received]", "> . 1 ack 1 win 64240 [syn-ack-received]")
	require.Equal(t, FastNoCookie, w.c.Info(w.now).FastOpenFail)
}

func TestTheDataOfASynFitsPathAndPeer(t *testing.T) {
	for name, c := range map[string]struct {
		mss, user uint16
		mtu, want uint32
	}{
		"the path, less all options":  {0, 0, 1500, 1420},
		"the peer's MSS":              {1000, 0, 1500, 960},
		"TCP_MAXSEG":                  {1000, 600, 1500, 560},
		"a large MSS on a small path": {9000, 0, 1500, 1420},
		"one page fragment":           {65000, 0, 65535, 32768},
		"hardly any MSS":              {1, 0, 1500, 8},
	} {
		w := newWorldWith(t, func(_ *Config, p *Params) { p.MTU, p.UserMSS = c.mtu, c.user })
		o := theCookie()
		o.MSS = c.mss
		out := w.do(Input{Kind: Open, Fast: FastSend, N: 100_000, Seg: Segment{Opts: o}})
		require.Equal(t, Sent, out[1].Kind, name)
		require.Equal(t, c.want, out[1].N, name)
		require.Equal(t, c.want, out[2].Seg.Len, name)
	}
}

func TestADeferredOpenWaitsForTheSecond(t *testing.T) {
	w := newWorldWith(t, func(c *Config, _ *Params) { c.Timestamps, c.WindowScaling = 0, false })
	w.step(Input{Kind: Open, Fast: FastDeferred}, "CLOSED → SYN-SENT [active-open]")
	require.True(t, w.c.FastDeferred())
	_, armed := w.c.Deadline()
	require.False(t, armed)
	w.step(Input{Kind: Open, Fast: FastSend, N: 10, Seg: Segment{Opts: theCookie()}}, "sent 10 [syn-data]",
		"> S 0(10) win 64240 <mss 1460,sackOK,FO abcd1234> [syn-data]")
	require.False(t, w.c.FastDeferred())
	w.step(Input{Kind: Open, Fast: FastSend, N: 10}) // one is enough
}

func TestADeferredOpenEndsWithoutATrace(t *testing.T) {
	w := newWorldWith(t, nil)
	w.call(Open, 0)
	w = newWorldWith(t, nil)
	w.step(Input{Kind: Open, Fast: FastDeferred}, "CLOSED → SYN-SENT [active-open]")
	w.user(Close, 0, "SYN-SENT → CLOSED [user-close]", "gone [user-close]")
}

// fastChildWorld is a connection made by a SYN with n octets.
func fastChildWorld(t *testing.T, n uint32, want ...string) *world {
	t.Helper()
	cfg := testConfig()
	l := Listener{Params: Params{Cfg: cfg, ISS: ourISS, MTU: 1500}, Reply: SynAckReply{On: true, Cookie: FastCookie{Len: 4}}}
	w := &world{t: t, now: Time(Second)}
	var out []Output
	w.c, out = l.FastAccept(Input{Now: w.now, Seg: Segment{Seq: peerISS, Len: n, Flags: SYN, Wnd: 65535, Opts: plainOpts}}, nil)
	require.NoError(t, w.c.Check())
	require.Equal(t, want, ourShow.shows(out))
	return w
}

var childOf10 = []string{"CLOSED → SYN-RECEIVED [fast-open-accepted]", "store 1(10) from 0 [syn-data-taken]",
	"> S. 0 ack 11 win 64240 <mss 1460,sackOK,FO 00000000> [syn-ack-sent]"}

func TestASynMakesAConnectionThatCanBeUsed(t *testing.T) {
	w := fastChildWorld(t, 10, childOf10...)
	require.True(t, w.c.PassiveFastOpen())
	require.EqualValues(t, 10, w.c.Readable())
	w.user(Receive, 10)
	w.user(Send, 100, "sent 100 [user-send]", "> P. 1(100) ack 11 win 64240 [data-sent]")
	w.fires(1000*Millisecond, "> S. 0 ack 11 win 64240 <mss 1460,sackOK> [syn-ack-again]")
	w.pass(100 * Millisecond)
	w.rcv(data(10, 0, 100), "acked 100 [data-acked]", "request over 0 [handshake-done]", "SYN-RECEIVED → ESTABLISHED [handshake-done]",
		"writable [handshake-done]")
	require.False(t, w.c.PassiveFastOpen())
	require.Equal(t, InfoSACK|InfoSynData|InfoFastChild, w.c.Info(w.now).Options)
}

func TestSynAcksOfAFastChildRunOutOneLater(t *testing.T) {
	w := fastChildWorld(t, 10, childOf10...)
	w.c.Step(Input{Kind: Set, Opt: Accepted, N: 1}, nil)
	n, again := 0, Time(Second)
	for range 20 {
		at, ok := w.c.Deadline()
		if !ok {
			break
		}
		require.Equal(t, Duration(Second)<<n, at.Sub(again), "the wait doubles")
		again, w.now = at, at
		for _, s := range w.do(Input{Kind: Timeout}) {
			if s.Kind == Emit {
				n++
			}
		}
	}
	require.EqualValues(t, w.c.cfg.SynAckRetries+1, n)
	require.Equal(t, Closed, w.c.State())
	require.Equal(t, ETIMEDOUT, w.c.Err())
}

func TestEveryEndOfAFastChildLetsItsRequestGo(t *testing.T) {
	rst := Segment{Seq: peerISS.Add(11), Flags: RST}
	for name, c := range map[string]struct {
		in    Input
		reset uint32
		state State
	}{
		"reset":         {Input{Kind: SegmentArrives, Seg: rst}, 1, Closed},
		"ICMP":          {Input{Kind: Unreachable, Err: EHOSTUNREACH, Hard: true, Seg: Segment{Seq: ourISS}}, 0, Closed},
		"abort":         {Input{Kind: Abort}, 0, Closed},
		"unread":        {Input{Kind: Close}, 0, Closed},
		"ACK":           {Input{Kind: SegmentArrives, Seg: data(10, 0, 0)}, 0, Established},
		"ACK with FIN":  {Input{Kind: SegmentArrives, Seg: withFlags(data(10, 0, 0), FIN)}, 0, CloseWait},
		"ACK with data": {Input{Kind: SegmentArrives, Seg: data(10, 100, 0)}, 0, Established},
	} {
		w := fastChildWorld(t, 10, childOf10...)
		var over []uint32
		for _, o := range w.do(c.in) {
			if o.Kind == RequestOver {
				over = append(over, o.N)
			}
		}
		require.Equal(t, []uint32{c.reset}, over, name)
		require.Equal(t, c.state, w.c.State(), name)
	}
}

func TestAnICMPErrorIsSoftOnceTheChildIsAccepted(t *testing.T) {
	w := fastChildWorld(t, 10, childOf10...)
	w.user(Receive, 10)
	w.step(Input{Kind: Set, Opt: Accepted, N: 1})
	w.step(Input{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS}}, "soft EHOSTUNREACH [icmp-soft]")
	w.step(Input{Kind: Unreachable, Err: EHOSTUNREACH, Seg: Segment{Seq: ourISS.Sub(1)}}, "drop [icmp-out-of-window]")
}

func TestCheckWantsATimerForASynAckThatWaits(t *testing.T) {
	w := fastChildWorld(t, 10, childOf10...)
	w.c.clearXmit()
	require.ErrorContains(t, w.c.Check(), "SYN-ACK of a Fast Open unacknowledged")
}
