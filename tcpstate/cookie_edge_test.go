package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestACookieKeepsTheLargestSizeThatFits: of four for each family (msstab of
// net/ipv4/syncookies.c and net/ipv6/syncookies.c), the least if none does.
func TestACookieKeepsTheLargestSizeThatFits(t *testing.T) {
	for _, c := range []struct {
		ipv6      bool
		mss, want uint16
	}{
		{false, 1, 536}, {false, 536, 536}, {false, 1299, 536}, {false, 1300, 1300}, {false, 1439, 1300}, {false, 1440, 1440},
		{false, 1459, 1440}, {false, 1460, 1460}, {false, 9000, 1460},
		{true, 1, 1220}, {true, 1220, 1220}, {true, 1419, 1220}, {true, 1420, 1420}, {true, 1439, 1420}, {true, 1440, 1440},
		{true, 8939, 1440}, {true, 8940, 8940}, {true, 65535, 8940},
	} {
		l := testListener()
		l.IPv6 = c.ipv6
		out := l.AnswerCookie(7, Input{Now: Time(Minute), Seg: Segment{Seq: peerISS, Flags: SYN, Opts: Options{Set: OptMSS, MSS: c.mss}}}, nil)
		r, valid, ok := l.CookieRequest(7, cookieAck(out[0].Seg, Time(Minute)))
		require.True(t, valid && ok)
		require.Equal(t, c.want, r.MSS, "%+v", c)
	}
}

// TestACookieOfNoSizeIsNone: what says more than the table holds was not made here
// (__cookie_v4_check).
func TestACookieOfNoSizeIsNone(t *testing.T) {
	l := testListener()
	for i := range uint32(8) {
		ack := Segment{Seq: peerISS.Add(1), Ack: makeCookie(7, peerISS, 1, i).Add(1), Flags: ACK}
		_, valid, _ := l.CookieRequest(7, Input{Now: Time(Minute), Seg: ack})
		require.Equal(t, i < 4, valid, "index %d", i)
	}
}

// TestACookieWithoutTimestampsOffersNoECN: there is nowhere to keep it; nor does it
// where timestamps are off.
func TestACookieWithoutTimestampsOffersNoECN(t *testing.T) {
	for _, ts := range []bool{false, true} {
		for _, sysctl := range []uint8{0, 1} {
			for _, f := range []Flags{SYN, SYN | ECE, SYN | CWR, SYN | ECE | CWR} {
				l := testListener()
				cfg := *l.Cfg
				cfg.Timestamps = sysctl
				l.Cfg = &cfg
				syn := Segment{Seq: peerISS, Flags: f, Opts: plainOpts}
				syn.Opts.Set |= OptWScale
				if ts {
					syn.Opts.Set |= OptTS
				}
				out := l.AnswerCookie(7, Input{Now: Time(Minute), Seg: syn}, nil)
				room := ts && sysctl != 0
				s := out[0].Seg
				require.Equal(t, room && f == SYN|ECE|CWR, s.Flags.Has(ECE), "%v, timestamps %v of %d", f, ts, sysctl)
				require.Equal(t, [2]bool{room, room}, [2]bool{s.Opts.Has(OptWScale), s.Opts.Has(OptSACKOK)})
			}
		}
	}
}

// TestACookiesTimestampIsTheLatestThatSpellsTheOptions: its six lowest bits do, and
// it is not after the clock (cookie_init_timestamp, cookie_timestamp_decode).
func TestACookiesTimestampIsTheLatestThatSpellsTheOptions(t *testing.T) {
	for _, clock := range []uint32{64, 65, 100, 127, 128, 1000, 1023, 1024, 12345, 12352} {
		for bits := range uint32(64) {
			r := Request{TSOffset: 5, WScaleOK: bits&15 != 15, SndWScale: uint8(bits & 15), SACKOK: bits&16 != 0, ECNOK: bits&32 != 0}
			want := clock
			for want&63 != bits {
				want--
			}
			got := r.cookieStamp(Time(clock) * Time(Millisecond))
			require.Equal(t, want+5, got, "clock %d, bits %b", clock, bits)

			l, back := testListener(), Request{TSOffset: 5}
			require.True(t, back.recallStamp(l, &Segment{Opts: Options{Set: OptTS, TSVal: 9, TSEcr: got}}))
			require.Equal(t, [3]bool{r.WScaleOK, r.SACKOK, r.ECNOK}, [3]bool{back.WScaleOK, back.SACKOK, back.ECNOK}, "bits %b", bits)
			if r.WScaleOK {
				require.Equal(t, r.SndWScale, back.SndWScale)
			}
			require.EqualValues(t, 9, back.TSRecent)
		}
	}
}

// TestACookieThatClaimsWhatIsOffIsNone: SACK or window scaling that the sysctls do
// not allow was never offered.
func TestACookieThatClaimsWhatIsOffIsNone(t *testing.T) {
	for _, sack := range []bool{false, true} {
		for _, scaling := range []bool{false, true} {
			for bits := range uint32(64) {
				l := testListener()
				cfg := *l.Cfg
				cfg.SACK, cfg.WindowScaling = sack, scaling
				l.Cfg = &cfg
				r := Request{}
				ok := r.recallStamp(l, &Segment{Opts: Options{Set: OptTS, TSVal: 9, TSEcr: 1<<10 | bits}})
				claims := bits&16 != 0 && !sack || bits&15 != 15 && !scaling
				require.Equal(t, !claims, ok, "SACK %v, scaling %v, bits %b", sack, scaling, bits)
			}
		}
	}
}
