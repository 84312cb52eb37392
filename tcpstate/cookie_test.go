package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// cookieAck is the ACK that a peer answers a cookie with.
func cookieAck(synAck Segment, now Time) Input {
	ack := Segment{Seq: synAck.Ack, Ack: synAck.Seq.Add(1), Flags: ACK, Wnd: 65535}
	if synAck.Opts.Has(OptTS) {
		ack.Opts = Options{Set: OptTS, TSVal: 1001, TSEcr: synAck.Opts.TSVal}
	}
	return Input{Kind: SegmentArrives, Now: now, Seg: ack}
}

func TestCookieBringsBackWhatTheSynAgreedOn(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := testListener()
		l.IPv6 = rapid.Bool().Draw(r, "IPv6")
		key := rapid.Uint64().Draw(r, "key")
		syn := Segment{Seq: Seq(rapid.Uint32().Draw(r, "IRS")), Flags: SYN, Wnd: 65535, Opts: Options{
			Set: OptMSS | OptionSet(rapid.IntRange(0, 7).Draw(r, "options")<<1), MSS: rapid.Uint16Range(500, 9100).Draw(r, "MSS"),
			WScale: rapid.Uint8Range(0, 14).Draw(r, "scale"), TSVal: 1000}}
		syn.Opts.Set &= OptMSS | OptWScale | OptSACKOK | OptTS
		now := Time(rapid.Int64Range(1, 1000).Draw(r, "s") * Second)
		out := l.AnswerCookie(key, Input{Kind: SegmentArrives, Now: now, Seg: syn}, nil)
		require.Len(r, out, 1)
		require.Equal(r, rule.SynCookie, out[0].Why)
		got, _, ok := l.CookieRequest(key, cookieAck(out[0].Seg, now.Add(Second)))
		require.True(r, ok)
		require.Equal(r, syn.Seq, got.IRS)
		require.Equal(r, out[0].Seg.Seq, got.ISS)
		// The cookie keeps the largest of four sizes that is no larger (RFC 4987 section 3.6).
		want := uint16(0)
		for _, m := range l.cookieMSS() {
			if want == 0 || m <= syn.Opts.MSS {
				want = m
			}
		}
		require.Equal(r, want, got.MSS)
		// The rest hides in the timestamp, or is not offered at all.
		ts := syn.Opts.Has(OptTS)
		require.Equal(r, ts, got.TSOK)
		require.Equal(r, ts && syn.Opts.Has(OptSACKOK), got.SACKOK)
		require.Equal(r, ts && syn.Opts.Has(OptWScale), got.WScaleOK)
		require.Equal(r, got.WScaleOK, out[0].Seg.Opts.Has(OptWScale))
		if got.WScaleOK {
			require.Equal(r, syn.Opts.WScale, got.SndWScale)
		}
		c := Accept(l.Params, &got, &Segment{Wnd: 65535})
		c.Step(cookieAck(out[0].Seg, now.Add(Second)), nil)
		require.Equal(r, Established, c.State())
		require.NoError(r, c.Check())
	})
}

func TestCookieIsRefused(t *testing.T) {
	l := testListener()
	now := Time(10 * Second)
	out := l.AnswerCookie(7, Input{Kind: SegmentArrives, Now: now, Seg: Segment{Seq: testIRS, Flags: SYN, Opts: plainOpts}}, nil)
	for name, c := range map[string]struct {
		key    uint64
		age    Duration
		change func(*Segment)
	}{
		"of another flow":   {8, 0, func(*Segment) {}},
		"two minutes old":   {7, 2 * Minute, func(*Segment) {}}, // MAX_SYNCOOKIE_AGE
		"that was invented": {7, 0, func(s *Segment) { s.Ack += 1 << 20 }},
		"of another SYN":    {7, 0, func(s *Segment) { s.Seq++ }},
		"without ACK":       {7, 0, func(s *Segment) { s.Flags = PSH }},
		"with RST":          {7, 0, func(s *Segment) { s.Flags |= RST }},
	} {
		t.Run(name, func(t *testing.T) {
			in := cookieAck(out[0].Seg, now.Add(c.age))
			c.change(&in.Seg)
			_, _, ok := l.CookieRequest(c.key, in)
			require.False(t, ok)
		})
	}
	_, _, ok := l.CookieRequest(7, cookieAck(out[0].Seg, now.Add(50*Second)))
	require.True(t, ok, "the next minute is still good")
}

func TestCookieStampThatCannotBeOursIsRefused(t *testing.T) {
	l := testListener()
	in := Input{Kind: SegmentArrives, Now: Time(10 * Second), Seg: fullSyn()}
	out := l.AnswerCookie(7, in, nil)
	ack := cookieAck(out[0].Seg, in.Now)
	l.Cfg.SACK = false
	_, _, ok := l.CookieRequest(7, ack)
	require.False(t, ok) // cookie_timestamp_decode: SACK was never offered
	l.Cfg.SACK, l.Cfg.WindowScaling = true, false
	_, _, ok = l.CookieRequest(7, ack)
	require.False(t, ok)
	l.Cfg.WindowScaling, l.Cfg.Timestamps = true, 0
	r, _, ok := l.CookieRequest(7, ack)
	require.True(t, ok, "timestamps are not looked at any more")
	require.False(t, r.TSOK)
}
