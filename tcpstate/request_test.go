package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

const (
	testISS = Seq(1<<32 - 3) // ISS+1 and what follows cross the wrap
	testIRS = Seq(1<<32 - 2)
)

// testListener is a listener of a current kernel on an Ethernet-sized path.
func testListener() *Listener {
	cfg := Linux()
	return &Listener{Params: Params{Cfg: &cfg, ISS: testISS, MTU: 1500, TSOffset: 7}}
}

// fullSyn is a SYN as a current Linux sends it.
func fullSyn() Segment {
	return Segment{Seq: testIRS, Flags: SYN, Wnd: 64240, Opts: Options{
		Set: OptMSS | OptSACKOK | OptTS | OptWScale, MSS: 1460, WScale: 9, TSVal: 1000,
	}}
}

// request answers syn at time 1 s.
func request(t *testing.T, l *Listener, syn Segment) (Request, Segment) {
	t.Helper()
	r, out := l.AnswerSYN(Input{Kind: SegmentArrives, Now: Time(Second), Seg: syn}, nil)
	require.Len(t, out, 1)
	require.Equal(t, Emit, out[0].Kind)
	require.Equal(t, rule.SynAckSent, out[0].Why)
	return r, out[0].Seg
}

func TestAnswerSYN(t *testing.T) {
	plain := func(o Options) Segment { return Segment{Seq: testIRS, Flags: SYN, Opts: o} }
	base := func(s Segment) Segment {
		s.Seq, s.Ack, s.Flags = testISS, testIRS.Add(1), s.Flags|SYN|ACK
		return s
	}
	for _, c := range []struct {
		name string
		l    func(*Listener)
		syn  Segment
		want Segment
	}{
		{"all options", nil, fullSyn(), base(Segment{Wnd: 65160, Opts: Options{
			Set: OptMSS | OptSACKOK | OptTS | OptWScale, MSS: 1460, WScale: 10, TSVal: 1007, TSEcr: 1000}})},
		{"no option is answered with the MSS alone", nil, plain(Options{}), base(Segment{Wnd: 64240, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"sysctls turn options off", func(l *Listener) { l.Cfg.Timestamps, l.Cfg.SACK, l.Cfg.WindowScaling = 0, false, false },
			fullSyn(), base(Segment{Wnd: 64240, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"TCP_MAXSEG bounds the MSS announced", func(l *Listener) { l.UserMSS = 1000 }, plain(Options{}), base(Segment{Wnd: 65000, Opts: Options{Set: OptMSS, MSS: 1000}})},
		{"IPv6 has 20 octets less", func(l *Listener) { l.IPv6 = true }, plain(Options{}), base(Segment{Wnd: 64800, Opts: Options{Set: OptMSS, MSS: 1440}})},
		{"SO_RCVBUF bounds window and scale", func(l *Listener) { l.RcvBuf, l.Locks = 20000, LockRcvBuf },
			plain(Options{Set: OptWScale, WScale: 7}), base(Segment{Wnd: 8760, Opts: Options{Set: OptMSS | OptWScale, MSS: 1460}})},
		{"TCP_WINDOW_CLAMP bounds the window", func(l *Listener) { l.Clamp = 3000 }, plain(Options{}), base(Segment{Wnd: 2920, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"ECN asked for is granted", nil, Segment{Seq: testIRS, Flags: SYN | ECE | CWR}, base(Segment{Flags: ECE, Wnd: 64240, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"ECN on a marked SYN is not", nil, Segment{Seq: testIRS, Flags: SYN | ECE | CWR, ECN: ECT0}, base(Segment{Wnd: 64240, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"ECN off", func(l *Listener) { l.Cfg.ECN = 0 }, Segment{Seq: testIRS, Flags: SYN | ECE | CWR}, base(Segment{Wnd: 64240, Opts: Options{Set: OptMSS, MSS: 1460}})},
		{"a timestamp is never sent as 0", func(l *Listener) { l.TSOffset = 1<<32 - 1000 }, plain(Options{Set: OptTS, TSVal: 5}),
			base(Segment{Wnd: 65160, Opts: Options{Set: OptMSS | OptTS, MSS: 1460, TSVal: 1<<32 - 1, TSEcr: 5}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := testListener()
			if c.l != nil {
				c.l(l)
			}
			_, got := request(t, l, c.syn)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAnswerSYNNotesThePeer(t *testing.T) {
	r, _ := request(t, testListener(), fullSyn())
	require.Equal(t, Request{
		IRS: testIRS, ISS: testISS, MSS: 1460, AdvMSS: 1460, Window: 65160, Clamp: 65535 << 10,
		SndWScale: 9, RcvWScale: 10, WScaleOK: true, TSOK: true, SACKOK: true,
		TSRecent: 1000, TSOffset: 7, TSFirst: 1007, TSLast: 1007, SynAckTime: Time(Second), Deadline: Time(2 * Second),
	}, r)

	r, _ = request(t, testListener(), Segment{Seq: testIRS, Flags: SYN})
	require.EqualValues(t, 536, r.MSS, "RFC 9293 section 3.7.1")
	l := testListener()
	l.IPv6 = true
	r, _ = request(t, l, Segment{Seq: testIRS, Flags: SYN})
	require.EqualValues(t, 1220, r.MSS)

	syn := fullSyn()
	syn.Opts.WScale = 200
	r, _ = request(t, testListener(), syn)
	require.EqualValues(t, 14, r.SndWScale, "RFC 7323 section 2.3")
}

func TestListens(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		want  ListenAnswer
		why   rule.ID
	}{
		{SYN, ListenSyn, rule.RequestMade}, {SYN | PSH | URG, ListenSyn, rule.RequestMade},
		{ACK, ListenResets, rule.ListenACK}, {SYN | ACK, ListenResets, rule.ListenACK}, {FIN | ACK, ListenResets, rule.ListenACK},
		{RST, ListenDrops, rule.ListenRST}, {RST | ACK, ListenDrops, rule.ListenRST}, {SYN | RST, ListenDrops, rule.ListenRST},
		{SYN | FIN, ListenDrops, rule.ListenSynFin}, {0, ListenDrops, rule.ListenOther}, {FIN, ListenDrops, rule.ListenOther},
	} {
		got, why := Listens(&Segment{Flags: c.flags})
		require.Equal(t, c.want, got, c.flags)
		require.Equal(t, c.why, why, c.flags)
	}
}

// result is an output without its segment.
type result struct {
	Kind OutputKind
	Why  rule.ID
}

func results(out []Output) []result {
	var rs []result
	for _, o := range out {
		rs = append(rs, result{o.Kind, o.Why})
	}
	return rs
}

func TestRequestSegmentArrives(t *testing.T) {
	ts := func(val, ecr uint32) Options { return Options{Set: OptTS, TSVal: val, TSEcr: ecr} }
	next, ack := testIRS.Add(1), testISS.Add(1)
	bareAck := &Segment{Seq: ack, Ack: next, Flags: ACK, Wnd: 65160 >> 10, Opts: ts(1107, 1000)}
	for _, c := range []struct {
		name string
		seg  Segment
		want []result
		emit *Segment
	}{
		{"the ACK completes", Segment{Seq: next, Ack: ack, Flags: ACK, Opts: ts(1001, 1007)}, []result{{Promote, rule.RequestComplete}}, nil},
		{"without timestamps too", Segment{Seq: next, Ack: ack, Flags: ACK}, []result{{Promote, rule.RequestComplete}}, nil},
		{"with data", Segment{Seq: next, Ack: ack, Len: 10, Flags: ACK | PSH}, []result{{Promote, rule.RequestComplete}}, nil},
		{"beyond a hole, in the window", Segment{Seq: next.Add(100), Ack: ack, Len: 10, Flags: ACK}, []result{{Promote, rule.RequestComplete}}, nil},
		{"a SYN,ACK at the IRS counts as ACK", Segment{Seq: testIRS, Ack: ack, Len: 1, Flags: SYN | ACK}, []result{{Promote, rule.RequestComplete}}, nil},
		{"a bad ACK is reset", Segment{Seq: next, Ack: ack.Add(1), Flags: ACK}, []result{{Emit, rule.RequestBadAck}, {Drop, rule.RequestBadAck}}, &Segment{Seq: ack.Add(1), Flags: RST, HdrLen: 20}},
		{"a bad ACK in a RST does not count", Segment{Seq: next, Ack: ack.Add(1), Flags: RST | ACK}, []result{{Gone, rule.RequestReset}}, nil},
		{"no ACK flag", Segment{Seq: next, Len: 5, Flags: PSH}, []result{{Drop, rule.RequestNoAck}}, nil},
		{"RST in the window", Segment{Seq: next, Flags: RST}, []result{{Gone, rule.RequestReset}}, nil},
		{"RST at the window's end", Segment{Seq: next.Add(65160), Flags: RST}, []result{{Emit, rule.RequestChallenge}, {Drop, rule.RequestChallenge}}, bareAck},
		{"RST beyond the window", Segment{Seq: next.Add(65161), Flags: RST}, []result{{Drop, rule.RequestOverWindow}}, nil},
		{"SYN in the window", Segment{Seq: next, Flags: SYN}, []result{{Emit, rule.RequestReset}, {Gone, rule.RequestReset}}, &Segment{Ack: next.Add(1), Flags: RST | ACK, HdrLen: 20}},
		{"old data is answered", Segment{Seq: next.Sub(10), Ack: ack, Len: 5, Flags: ACK}, []result{{Emit, rule.RequestOverWindow}, {Drop, rule.RequestOverWindow}}, bareAck},
		{"PAWS", Segment{Seq: next, Ack: ack, Flags: ACK, Opts: ts(999, 1007)}, []result{{Emit, rule.RequestPAWS}, {Drop, rule.RequestPAWS}}, bareAck},
		{"PAWS holds for RST too", Segment{Seq: next, Flags: RST, Opts: ts(999, 0)}, []result{{Drop, rule.RequestPAWS}}, nil},
		{"an echo never sent", Segment{Seq: next, Ack: ack, Flags: ACK, Opts: ts(1001, 1008)}, []result{{Emit, rule.RequestTSECR}, {Drop, rule.RequestTSECR}}, bareAck},
		{"an echo of 0 is none", Segment{Seq: next, Ack: ack, Flags: ACK, Opts: ts(1001, 0)}, []result{{Promote, rule.RequestComplete}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := testListener()
			r, _ := request(t, l, fullSyn())
			out := r.Step(l, Input{Kind: SegmentArrives, Now: Time(Second + 100*Millisecond), Seg: c.seg}, nil)
			require.Equal(t, c.want, results(out))
			if c.emit != nil {
				require.Equal(t, *c.emit, out[0].Seg)
			}
		})
	}
}

func TestRequestSynAgainIsRateLimitedAndRestartsTheTimer(t *testing.T) {
	l := testListener()
	r, first := request(t, l, fullSyn())
	at := func(ms Duration) []result {
		return results(r.Step(l, Input{Kind: SegmentArrives, Now: Time(ms * Millisecond), Seg: fullSyn()}, nil))
	}
	require.Equal(t, []result{{Emit, rule.SynAgain}}, at(1100))
	require.Equal(t, Time(2100*Millisecond), r.Deadline)
	require.Equal(t, []result{{Drop, rule.RequestLimited}}, at(1599))
	require.Equal(t, Time(2100*Millisecond), r.Deadline)
	require.Equal(t, []result{{Emit, rule.SynAgain}}, at(1600))
	require.EqualValues(t, 2, r.NumRetrans)
	require.Zero(t, r.NumTimeout, "a repeated SYN does not age the request")
	require.EqualValues(t, 1607, r.TSLast, "the echo of any SYN-ACK since the first is good")
	require.EqualValues(t, first.Opts.TSVal, r.TSFirst)
}

// drain runs the SYN-ACK timer until the request is gone.
func drain(l *Listener, r *Request) (sent []Time, gone Time) {
	for range 100 {
		now := r.Deadline
		for _, o := range r.Step(l, Input{Kind: Timeout, Now: now}, nil) {
			switch o.Kind {
			case Emit:
				sent = append(sent, now)
			case Gone:
				return sent, now
			}
		}
	}
	return sent, 0
}

func seconds(ts []Time) (s []int) {
	for _, t := range ts {
		s = append(s, int(t/Time(Second))-1) // requests begin at 1 s
	}
	return s
}

func TestHQ06SynAckRetransmission(t *testing.T) {
	l := testListener()
	r, _ := request(t, l, fullSyn())
	require.Empty(t, r.Step(l, Input{Kind: Timeout, Now: r.Deadline - 1}, nil), "not before its time")
	sent, gone := drain(l, &r)
	require.Equal(t, []int{1, 3, 7, 15, 31}, seconds(sent))
	require.Equal(t, Time(64*Second), gone)

	l.SynRetries = 2
	r, _ = request(t, l, fullSyn())
	sent, gone = drain(l, &r)
	require.Equal(t, []int{1, 3}, seconds(sent), "TCP_SYNCNT of the listener wins")
	require.Equal(t, Time(8*Second), gone)

	l.SynRetries, l.Cfg.RTOMax = 6, 4*Second
	r, _ = request(t, l, fullSyn())
	sent, _ = drain(l, &r)
	require.Equal(t, []int{1, 3, 7, 15, 31, 63}, seconds(sent), "tcp_rto_max_ms does not bound the wait")
}

func TestSynAckRetriesShrinkWhileTheQueueIsCrowded(t *testing.T) {
	for _, c := range []struct {
		queued, young uint32
		crowded       bool
		want          uint8
	}{
		{4, 0, false, 5}, {5, 0, true, 2}, {5, 5, true, 5}, {5, 3, true, 5}, {6, 3, true, 4}, {100, 10, true, 2}, {60, 0, false, 5},
	} {
		l := testListener()
		l.Queued, l.Young, l.Crowded = c.queued, c.young, c.crowded
		require.Equal(t, c.want, l.retries(), "%+v", c)
	}
}

func TestDeferAccept(t *testing.T) {
	l := testListener()
	l.DeferAccept = 2
	r, _ := request(t, l, fullSyn())
	seg := Segment{Seq: testIRS.Add(1), Ack: testISS.Add(1), Flags: ACK}
	step := func(s Segment) []result {
		return results(r.Step(l, Input{Kind: SegmentArrives, Now: Time(1100 * Millisecond), Seg: s}, nil))
	}
	require.Equal(t, []result{{Drop, rule.DeferAccept}}, step(seg))
	require.True(t, r.Acked)
	require.Empty(t, r.Step(l, Input{Kind: Timeout, Now: r.Deadline}, nil), "acknowledged: no SYN-ACK while data is awaited")
	require.Equal(t, []result{{Emit, rule.SynAckAgain}}, results(r.Step(l, Input{Kind: Timeout, Now: r.Deadline}, nil)), "a last chance at the end")
	require.Equal(t, []result{{Promote, rule.RequestComplete}}, step(seg), "and then a bare ACK does")

	r, _ = request(t, l, fullSyn())
	seg.Len = 1
	require.Equal(t, []result{{Promote, rule.RequestComplete}}, step(seg), "data completes at once")
}

func TestOverflow(t *testing.T) {
	l := testListener()
	r, _ := request(t, l, fullSyn())
	in := Input{Kind: SegmentArrives, Now: Time(1100 * Millisecond), Seg: Segment{Seq: testIRS.Add(1), Ack: testISS.Add(1), Flags: ACK}}
	require.Equal(t, []result{{Drop, rule.ListenOverflow}}, results(r.Overflow(l, in, nil)))
	require.True(t, r.Acked)
	sent, _ := drain(l, &r)
	require.Equal(t, []int{1, 3, 7, 15, 31}, seconds(sent), "HQ-05: SYN-ACKs go on")

	l.Cfg.AbortOnOverflow = true
	out := r.Overflow(l, in, nil)
	require.Equal(t, []result{{Emit, rule.AbortOnOverflow}, {Gone, rule.AbortOnOverflow}}, results(out))
	require.Equal(t, Segment{Seq: testISS.Add(1), Flags: RST, HdrLen: 20}, out[0].Seg)
}

func TestRequestUnreachable(t *testing.T) {
	l := testListener()
	r, _ := request(t, l, fullSyn())
	in := Input{Kind: Unreachable, Now: Time(Second), Err: EHOSTUNREACH, Seg: Segment{Seq: testISS}}
	require.Equal(t, []result{{Drop, rule.RequestICMPIgnored}}, results(r.Step(l, in, nil)))
	in.Hard = true
	require.Equal(t, []result{{Gone, rule.RequestUnreachable}}, results(r.Step(l, in, nil)))
	in.Seg.Seq++
	require.Equal(t, []result{{Drop, rule.RequestICMPIgnored}}, results(r.Step(l, in, nil)), "not our SYN-ACK")
}

func TestResetFor(t *testing.T) {
	for _, c := range []struct {
		seg  Segment
		want Segment
		ok   bool
	}{
		{Segment{Seq: 10, Ack: 20, Len: 5, Flags: ACK}, Segment{Seq: 20, Flags: RST, HdrLen: 20}, true},
		{Segment{Seq: testIRS, Len: 5, Flags: SYN | FIN}, Segment{Ack: testIRS.Add(7), Flags: RST | ACK, HdrLen: 20}, true},
		{Segment{Seq: 10}, Segment{Ack: 10, Flags: RST | ACK, HdrLen: 20}, true},
		{Segment{Seq: 10, Flags: RST}, Segment{}, false},
		{Segment{Seq: 10, Ack: 5, Flags: RST | ACK}, Segment{}, false},
	} {
		got, ok := ResetFor(&c.seg)
		require.Equal(t, c.ok, ok)
		require.Equal(t, c.want, got)
	}
}

func TestRequestFingerprintIsRelative(t *testing.T) {
	l := testListener()
	a, _ := request(t, l, fullSyn())
	b := a
	b.SynAckTime += 5
	b.Deadline += 5
	sum := func(r *Request, now Time) uint64 { var h queue.Hash; r.Fingerprint(&h, now); return h.Sum() }
	require.Equal(t, sum(&a, 100), sum(&b, 105))
	b.Acked = true
	require.NotEqual(t, sum(&a, 100), sum(&b, 105))
}

func TestRequestStepAllocatesNothing(t *testing.T) {
	l := testListener()
	r, _ := request(t, l, fullSyn())
	out := make([]Output, 0, 8)
	in := Input{Kind: SegmentArrives, Now: Time(Second), Seg: Segment{Seq: testIRS.Add(1), Ack: testISS, Flags: ACK}}
	require.Zero(t, testing.AllocsPerRun(100, func() { out = r.Step(l, in, out[:0]) }))
}
