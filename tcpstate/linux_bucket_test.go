package tcpstate

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// TestAnOldResetEndsABucketOnceTheTimestampIsOld: within an MSL a RST with an
// old timestamp is PAWS's, later it counts (tcp_paws_reject, TCP_PAWS_MSL).
func TestAnOldResetEndsABucketOnceTheTimestampIsOld(t *testing.T) {
	for age, ends := range map[Duration]bool{Second: false, 60*Second - 1: false, 60 * Second: true, 70 * Second: true} {
		for _, flags := range []Flags{RST, ACK} {
			var c Conn
			c.cfg, c.now, c.state, c.mini = testConfig(), Time(100*Second), TimeWait, true
			c.rcv.nxt, c.rcv.wup = peerISS, peerISS
			c.opt.ts, c.opt.tsRecent, c.opt.tsRecentAt = true, 50, c.now-Time(age)
			s := Segment{Seq: peerISS, Flags: flags, Opts: Options{Set: OptTS, TSVal: 49}}
			c.timeWaitArrives(&s, false)
			require.Equal(t, ends && flags == RST, c.state == Closed, "%v after %d", flags, age)
		}
	}
}

// TestABucketAcknowledgesAsItWasLeft: the window as scaled, a timestamp where there is one to echo (tcp_v4_timewait_ack).
func TestABucketAcknowledgesAsItWasLeft(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.opt.rcvWScale, c.rcv.wnd = uint8(r.IntN(8)), uint32(r.IntN(1<<16))
		c.opt.ts, c.opt.tsRecent = toss(r), uint32(r.IntN(2))
		c.miniAck(rule.TimeWaitOldSegment, NotECT)
		s := c.out[0].Seg
		require.Equal(t, []any{c.snd.nxt, c.rcv.nxt, ACK, uint16(c.rcv.wnd >> c.opt.rcvWScale)}, []any{s.Seq, s.Ack, s.Flags, s.Wnd})
		require.Equal(t, c.opt.tsRecent == 1, s.Opts.Has(OptTS))
	})
}

// TestABucketInFinWait2TakesOnlyAFin is tcp_timewait_state_process for TCP_FIN_WAIT2, in its order.
func TestABucketInFinWait2TakesOnlyAFin(t *testing.T) {
	flags := []Flags{0, ACK, ACK, ACK | FIN, ACK | FIN, FIN, SYN, SYN | ACK, RST, RST | ACK}
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.state, c.mini, c.now = FinWait2, true, Time(Second)
		c.rcv.wnd = uint32(r.IntN(4))
		s := Segment{Seq: near(r, c.rcv.nxt, 4), Len: uint32(r.IntN(3)), Flags: flags[r.IntN(len(flags))]}
		lo := int64(int32(s.Seq - c.rcv.nxt))
		end, wnd := lo+int64(s.SeqLen()), int64(c.rcv.wnd)
		state, why := Closed, rule.AbortOnData
		switch {
		case !(lo == 0 || end > 0 && lo < wnd || lo == wnd && end == lo):
			state, why = FinWait2, rule.AckOutOfWindow
		case s.Flags.Has(RST):
			why = rule.ResetReceived
		case s.Flags.Has(SYN) && lo >= 0:
		case !s.Flags.Has(ACK), end <= 0, s.SeqLen() == 0:
			state, why = FinWait2, rule.OldAck
		case s.Flags.Has(FIN) && end == 1:
			state, why = TimeWait, rule.FinReceived
		}
		c.miniFinWait2(&s, false)
		require.Equal(t, state, c.state, "%+v, window %d", s, wnd)
		require.Equal(t, why, c.out[0].Why, "%+v, window %d", s, wnd)
	})
}

// TestRenegingIsGivenHalfARoundTrip: and 10 ms at least (tcp_check_sack_reneging).
func TestRenegingIsGivenHalfARoundTrip(t *testing.T) {
	arithmetic(t, func(r *rand.Rand, c *Conn) {
		c.now, c.rtt.srtt = Time(Second), uint32(upTo(r, 1_000_000, 160_000))
		run := ackRun{flag: flagSetTimer | flagReneging*ackFlag(r.IntN(2)) | flagUnaAdvanced*ackFlag(r.IntN(2))}
		want := timers{}
		gives := run.flag&flagReneging != 0 && run.flag&flagUnaAdvanced != 0
		if gives {
			want = timers{kind: xmitRTO, xmit: c.now.Add(max(up(int64(c.rtt.srtt/16), 1000), 10_000))}
		}
		require.Equal(t, gives, c.sackReneging(&run))
		require.Equal(t, want, c.timers)
		require.Equal(t, !gives, run.flag&flagSetTimer != 0)
	})
}
