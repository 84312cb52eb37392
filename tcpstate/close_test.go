package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The ways a connection ends (RFC 9293 section 3.6).

func fin(s Segment) Segment { return withFlags(s, FIN) }

func TestPassiveCloseEndsInLastAck(t *testing.T) {
	w := established(t, plainOpts)
	w.rcv(fin(data(0, 0, 0)), "ESTABLISHED → CLOSE-WAIT [fin-received]", "readable [fin-received]", "readable [in-order]")
	require.True(t, w.c.EOF())
	w.user(Send, 100, "sent 100 [user-send]", "> P. 1(100) ack 2 win 64239 [data-sent]") // still our turn
	w.user(Close, 0, "CLOSE-WAIT → LAST-ACK [user-close]", "> F. 101 ack 2 win 64239 [fin-sent]")
	w.pass(100 * Millisecond)
	w.rcv(data(1, 0, 101), "acked 100 [data-acked]", "LAST-ACK → CLOSED [fin-acked]", "gone [fin-acked]")
	w.noTimer()
}

func TestFinGoesWithTheLastUnsentData(t *testing.T) {
	w := established(t, plainOpts)
	s := ackOf(0)
	s.Wnd = 0
	w.rcv(s)
	w.user(Send, 100, "sent 100 [user-send]")
	w.user(Close, 0, "ESTABLISHED → FIN-WAIT-1 [user-close]")
	w.rcv(ackOf(0), "> FP. 1(100) ack 1 win 64240 [data-sent]")
}

func TestShutdownOfWritingKeepsReadingOpen(t *testing.T) {
	w := established(t, plainOpts)
	w.step(Input{Kind: Shutdown, How: ShutWrite}, "ESTABLISHED → FIN-WAIT-1 [user-shutdown]", "> F. 1 ack 1 win 64240 [fin-sent]",
		"readable [user-shutdown]", "writable [user-shutdown]")
	w.user(Send, 1, "sent 0 [user-send]")
	w.rcv(data(0, 100, 1), "FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]", "writable [fin-acked]",
		"store 1(100) from 0 [in-order]", "readable [in-order]", "> . 2 ack 101 win 64140 [quick-ack]")
	require.EqualValues(t, ShutWrite, w.c.Shut())
	w.noTimer() // FIN-WAIT-2 of a socket that someone holds may last for ever
}

func TestShutdownOfReadingTellsThePeerNothing(t *testing.T) {
	w := established(t, plainOpts)
	w.step(Input{Kind: Shutdown, How: ShutRead}, "readable [user-shutdown]", "writable [user-shutdown]")
	w.rcv(data(0, 100, 0), "store 1(100) from 0 [in-order]", "readable [in-order]", "> . 1 ack 101 win 64140 [quick-ack]")
}

func TestSimultaneousCloseGoesThroughClosing(t *testing.T) {
	w := established(t, plainOpts)
	w.user(Close, 0, "ESTABLISHED → FIN-WAIT-1 [user-close]", "> F. 1 ack 1 win 64240 [fin-sent]")
	w.rcv(fin(data(0, 0, 0)), "> . 2 ack 2 win 64239 [fin-received]", "FIN-WAIT-1 → CLOSING [fin-received]")
	w.rcv(data(1, 0, 1), "CLOSING → TIME-WAIT [fin-acked]")
	w.fires(Minute, "TIME-WAIT → CLOSED [time-wait-over]", "gone [time-wait-over]")
	w.noTimer()
}

func TestCloseWithUnreadDataResets(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(0, 100, 0))
	// RFC 2525 section 2.17: the peer must learn that its data was lost.
	w.user(Close, 0, "ESTABLISHED → CLOSED [reset-unread]", "> R. 1 ack 101 [reset-unread]", "gone [reset-unread]")
}

func TestAbortResetsWhereThereIsAPeerToTell(t *testing.T) {
	for name, c := range map[string]struct {
		reach func(*testing.T) *world
		want  []string
	}{
		"SYN-SENT":     {reachSynSent, []string{"SYN-SENT → CLOSED [user-abort]", "gone [user-abort]"}},
		"SYN-RECEIVED": {reachCrossed, []string{"SYN-RECEIVED → CLOSED [user-abort]", "> R. 1 ack 1 [user-abort]", "gone [user-abort]"}},
		"ESTABLISHED":  {transfer, []string{"ESTABLISHED → CLOSED [user-abort]", "> R. 1501 ack 2001 [user-abort]", "gone [user-abort]"}},
		"FIN-WAIT-1":   {reachFinWait1, []string{"FIN-WAIT-1 → CLOSED [user-abort]", "> R. 1502 ack 2001 [user-abort]", "gone [user-abort]"}},
		"CLOSE-WAIT":   {reachCloseWait, []string{"CLOSE-WAIT → CLOSED [user-abort]", "> R. 1501 ack 2002 [user-abort]", "gone [user-abort]"}},
		// RFC 9293 section 3.10.5: in the last three states just delete the TCB.
		"CLOSING":   {reachClosing, []string{"CLOSING → CLOSED [user-abort]", "gone [user-abort]"}},
		"LAST-ACK":  {reachLastAck, []string{"LAST-ACK → CLOSED [user-abort]", "gone [user-abort]"}},
		"TIME-WAIT": {reachTimeWait, []string{}},
		"CLOSED":    {reachClosed, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.reach(t)
			w.user(Abort, 0, c.want...)
			if name != "TIME-WAIT" { // the bucket lives on without its socket
				w.noTimer()
			}
		})
	}
}

func TestOrphanWaitsForTheFinAsLongAsTheSysctlSays(t *testing.T) {
	for _, c := range []struct {
		name    string
		timeout Duration
		linger2 int32 // seconds
		wait    []Duration
	}{
		{"tcp_fin_timeout", 60 * Second, 0, []Duration{60 * Second}},
		{"a shorter one", 10 * Second, 0, []Duration{10 * Second}},
		{"TCP_LINGER2 wins", 60 * Second, 5, []Duration{5 * Second}},
		// More than TCP_TIMEWAIT_LEN: the rest as a full socket, then as a bucket.
		{"a longer one", 100 * Second, 0, []Duration{40 * Second, 40 * Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openedWith(t, plainOpts, 100*Millisecond, func(f *Config, _ *Params) { f.FinTimeout = c.timeout })
			w.set(Linger2, uint32(c.linger2))
			w.user(Close, 0, "ESTABLISHED → FIN-WAIT-1 [user-close]", "> F. 1 ack 1 win 64240 [fin-sent]")
			w.rcv(ackOf(1), "FIN-WAIT-1 → FIN-WAIT-2 [fin-acked]")
			for i, d := range c.wait {
				if i+1 < len(c.wait) {
					w.fires(d)
				} else {
					w.fires(d, "FIN-WAIT-2 → CLOSED [time-wait-over]", "gone [time-wait-over]")
				}
			}
			w.noTimer()
		})
	}
}

func TestNegativeLinger2ResetsInsteadOfWaiting(t *testing.T) {
	w := reachFinWait2(t)
	minus := int32(-1)
	w.set(Linger2, uint32(minus))
	w.user(Close, 0, "FIN-WAIT-2 → CLOSED [reset-linger2]", "> R. 1502 ack 2001 [reset-linger2]", "gone [reset-linger2]")
}

func TestFinOfAnOrphanLeadsToTimeWait(t *testing.T) {
	w := reachOrphan2(t)
	w.rcv(fin(data(2000, 0, 1501)), "FIN-WAIT-2 → TIME-WAIT [fin-received]", "> . 1502 ack 2002 win 62240 [fin-received]")
	w.pass(20 * Second)
	// The peer's FIN again, because our ACK was lost: acknowledged, and 2 MSL anew.
	w.rcv(fin(data(2000, 0, 1501)), "> . 1502 ack 2002 win 62240 [time-wait-old-segment]", "drop [time-wait-old-segment]")
	w.fires(Minute, "TIME-WAIT → CLOSED [time-wait-over]", "gone [time-wait-over]")
}

func TestTimeWaitGivesWayToANewerSyn(t *testing.T) {
	syn := func(off uint32) Segment { return Segment{Seq: peerISS.Add(off), Flags: SYN, Wnd: 65535} }
	for _, c := range []struct {
		name      string
		listening bool
		off       uint32
		want      []string
	}{
		{"newer", true, 2003, []string{"TIME-WAIT → CLOSED [time-wait-reopen]", "gone [time-wait-reopen]", "reopen with 67039 [time-wait-reopen]"}},
		{"at RCV.NXT", true, 2002, []string{"> . 1502 ack 2002 win 62239 [time-wait-old-segment]", "drop [time-wait-old-segment]"}},
		{"older", true, 1000, []string{"> . 1502 ack 2002 win 62239 [time-wait-old-segment]", "drop [time-wait-old-segment]"}},
		{"nobody listens", false, 2003, []string{"> . 1502 ack 2002 win 62239 [time-wait-old-segment]", "drop [time-wait-old-segment]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := reachTimeWait(t)
			// RFC 9293 section 3.6.1, RFC 6191; the new ISS lies 65537 beyond SND.NXT.
			w.step(Input{Kind: SegmentArrives, Seg: syn(c.off), Listening: c.listening}, c.want...)
		})
	}
}

func TestRFC1337KeepsTimeWaitAgainstResets(t *testing.T) {
	w := openedWith(t, plainOpts, 100*Millisecond, func(c *Config, _ *Params) { c.RFC1337 = true })
	w.call(Close, 0)
	w.arrive(ackOf(1))
	w.arrive(fin(data(0, 0, 1)))
	require.Equal(t, TimeWait, w.c.State())
	w.rcv(Segment{Seq: peerISS.Add(2), Flags: RST}, "drop [time-wait-bare]")
	w.fires(Minute, "TIME-WAIT → CLOSED [time-wait-over]", "gone [time-wait-over]")
}

func TestDataStaysReadableThroughTheEnd(t *testing.T) {
	w := established(t, plainOpts)
	shutWrite(w)
	w.arrive(data(0, 500, 1))
	w.arrive(fin(data(500, 0, 1)))
	require.Equal(t, TimeWait, w.c.State())
	require.Equal(t, Closed, w.c.SockState(), "Linux's socket is gone, a bucket waits")
	require.EqualValues(t, 500, w.c.Readable())
	w.user(Receive, 500)
	require.True(t, w.c.EOF())
}

func TestOrphanGivesUpAfterItsRetries(t *testing.T) {
	w := openedWith(t, noSACK, 100*Millisecond, func(c *Config, _ *Params) { c.OrphanRetries = 2 })
	w.call(Close, 0)
	finAgain := "> F. 1 ack 1 win 64240 [rto-retransmit]"
	w.fires(300*Millisecond, finAgain)
	w.fires(600*Millisecond, finAgain)
	// tcp_orphan_retries = 2: 200 ms * (2^3 - 1) have passed since the first of them.
	w.fires(1200*Millisecond, "FIN-WAIT-1 → CLOSED [retries-exhausted]", "gone [retries-exhausted]")
	require.Equal(t, ETIMEDOUT, w.c.Err())
}
