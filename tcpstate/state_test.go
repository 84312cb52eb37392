package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSequenceNumbersCompareAroundTheWrap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := Seq(rapid.Uint32().Draw(r, "s"))
		n := rapid.Uint32Range(1, 1<<31-1).Draw(r, "n")
		e := s.Add(n)
		// RFC 9293 section 3.4: all arithmetic is modulo 2^32.
		require.True(r, s.Less(e) && e.Greater(s) && s.LessEq(e) && e.GreaterEq(s))
		require.False(r, e.Less(s) || s.Greater(e) || e.LessEq(s) || s.GreaterEq(e))
		require.True(r, s.LessEq(s) && s.GreaterEq(s) && !s.Less(s) && !s.Greater(s))
		require.Equal(r, n, e.Since(s))
		require.Equal(r, s, e.Sub(n))
		require.Equal(r, e, maxSeq(s, e))
		require.Equal(r, s, minSeq(e, s))
		k := rapid.Uint32().Draw(r, "k")
		require.Equal(r, k <= n, s.Add(k).Between(s, e))
		require.Equal(r, n, Range{s, e}.Len())
		require.True(r, Range{s, s}.Empty())
	})
}

func TestFlagsReadAsPacketdrillWritesThem(t *testing.T) {
	for want, f := range map[string]Flags{"S": SYN, "S.": SYN | ACK, "F.": FIN | ACK, "SFRP.UEWA": 1<<9 - 1, "R": RST} {
		require.Equal(t, want, f.String())
	}
}

func TestEdgesAreThoseOfTheDiagram(t *testing.T) {
	n := 0
	for from := Established; from < numStates; from++ {
		for to := Established; to < numStates; to++ {
			if LegalEdge(from, to) {
				n++
			}
		}
	}
	require.Len(t, Edges(), n, "an edge listed twice")
	reach := map[State]bool{Closed: true}
	for range numStates {
		for _, e := range Edges() {
			require.NotEmpty(t, e.On)
			if reach[e.From] {
				reach[e.To] = true
			}
		}
	}
	require.Len(t, reach, 11, "RFC 9293 section 3.3.2 has eleven states")
	for _, no := range [][2]State{{TimeWait, Established}, {Closed, Established}, {Listen, SynSent}, {LastAck, TimeWait}, {CloseWait, FinWait1}} {
		require.False(t, LegalEdge(no[0], no[1]), no)
	}
}

func TestAForbiddenEdgeIsRefusedAndShows(t *testing.T) {
	w := established(t, plainOpts)
	w.c.become(TimeWait, 1)
	require.Equal(t, Established, w.c.State())
	require.ErrorContains(t, w.c.Check(), "change of state was refused")
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	for want, spoil := range map[string]func(*Conn){
		"beyond SND.NXT":          func(c *Conn) { c.snd.una = c.snd.nxt.Add(1) },
		"beyond the last octet":   func(c *Conn) { c.snd.nxt = c.snd.write.Add(1) },
		"congestion window 0":     func(c *Conn) { c.ca.cwnd = 0 },
		"more read than received": func(c *Conn) { c.rcv.copied = c.rcv.nxt.Add(1) },
		"packets out":             func(c *Conn) { c.q.packetsOut++ },
		"packets SACKed":          func(c *Conn) { c.q.sackedOut++ },
		"packets lost":            func(c *Conn) { c.q.lostOut++ },
		"packets retransmitted":   func(c *Conn) { c.q.at(0).tags |= tagRetrans },
		"both SACKed and lost":    func(c *Conn) { c.q.at(0).tags |= tagSacked | tagLost },
		"send queue torn":         func(c *Conn) { c.q.at(1).seq++ },
		"send buffer":             func(c *Conn) { c.snd.queued++ },
		"receive buffer":          func(c *Conn) { c.rcv.rmem++ },
		"out-of-order data at":    func(c *Conn) { c.oooAt(0).seq = c.rcv.nxt },
		"buffer reaches beyond":   func(c *Conn) { c.oooAt(1).under = true },
		"queue not sorted":        func(c *Conn) { c.oooAt(1).seq = c.oooAt(0).seq.Sub(1) },
		"no retransmission timer": func(c *Conn) { c.clearXmit() },
		"retransmission timer of": func(c *Conn) { c.timers.kind = xmitNone },
		"delayed ACK without":     func(c *Conn) { c.ack.pending |= ackTimer; c.timers.delack = never },
		"timer armed in CLOSED":   func(c *Conn) { c.purgeSendQueue(); c.state = Closed; c.timers.keep = 5 },
		"timewait bucket without": func(c *Conn) { c.mini = true },
		"SACK blocks for no data": func(c *Conn) { c.purgeOOO(); c.rcv.nsacks = 1 },
	} {
		w := established(t, plainOpts)
		w.call(Send, 1000)
		w.call(Send, 1000)
		w.arrive(data(1000, 1000, 0))
		w.arrive(data(3000, 1000, 0))
		spoil(w.c)
		require.ErrorContains(t, w.c.Check(), want)
	}
}

func TestQueriesTellWhereTheStreamsStand(t *testing.T) {
	w := transfer(t)
	w.arrive(data(2000, 300, 1000))
	c := w.c
	require.Equal(t, []Seq{ourISS.Add(1001), ourISS.Add(1501), ourISS.Add(1501)}, []Seq{c.SndUna(), c.SndNxt(), c.WriteSeq()})
	require.Equal(t, []Seq{peerISS.Add(2301), peerISS.Add(2001)}, []Seq{c.RcvNxt(), c.CopiedSeq()})
	require.Equal(t, []uint32{500, 0, 300}, []uint32{c.OutQueue(), c.NotSent(), c.Readable()})
	require.EqualValues(t, 131072, c.RcvBuf())
	require.EqualValues(t, 46080, c.SndBuf()) // tcp_sndbuf_expand for ten segments of 1000
	require.True(t, c.InReady(300))
	require.False(t, c.InReady(301))
	i := c.Info(w.now.Add(70 * Millisecond))
	require.EqualValues(t, 80, i.LastDataSent)
	require.EqualValues(t, 70, i.LastDataRecv)
	require.EqualValues(t, 2300, i.BytesReceived)
	require.EqualValues(t, 1001, i.BytesAcked) // the SYN counts, as in the kernel
	require.EqualValues(t, 1500, i.BytesSent)
	require.EqualValues(t, 500, w.c.OutQueue())
	require.Zero(t, reachSynSent(t).c.OutQueue(), "SIOCOUTQ is 0 before the connection is made")
}

// TestTimesSinceSomethingAreInJiffies: tcpi_last_data_sent, tcpi_last_data_recv and tcpi_last_ack_recv (tcp_get_info).
func TestTimesSinceSomethingAreInJiffies(t *testing.T) {
	c := Conn{cfg: &Config{Tick: 4 * Millisecond}}
	c.snd.lastSent, c.ack.lastRcv, c.stat.lastAck = Time(Second+3_999), Time(Second+4_000), Time(Second+8_000)
	i := c.Info(Time(Second + 11_999))
	require.Equal(t, [3]uint32{8, 4, 0}, [3]uint32{i.LastDataSent, i.LastDataRecv, i.LastAckRecv})
}

// smallBuffer is a connection with 8 KiB of receive buffer.
func smallBuffer(t *testing.T, o Options) *world {
	return openedWith(t, o, 20*Millisecond, func(_ *Config, p *Params) { p.RcvBuf, p.Locks = 8192, LockRcvBuf })
}

func TestOutOfOrderDataGivesWayWhenTheBufferOverflows(t *testing.T) {
	w := smallBuffer(t, plainOpts)
	for i := range uint32(11) { // 832 octets of buffer each
		w.arrive(data(100+200*i, 100, 0))
	}
	require.Greater(t, w.c.rcv.rmem, int32(8192))
	require.NotZero(t, w.c.rcv.nsacks)
	// RFC 2018 section 8: what was SACKed may be discarded, the farthest first.
	w.do(Input{Kind: SegmentArrives, Seg: data(0, 100, 0)})
	var pruned int
	for _, o := range w.out {
		if o.Kind == Drop {
			pruned++
		}
	}
	require.NotZero(t, pruned)
	require.EqualValues(t, 200, w.c.Readable())
	require.LessOrEqual(t, w.c.rcv.rmem, int32(8192+832))
	require.Zero(t, w.c.rcv.nsacks, "what was promised is taken back")
}

func TestInOrderDataIsRefusedWhenNothingCanGiveWay(t *testing.T) {
	w := smallBuffer(t, Options{Set: OptMSS, MSS: 1460})
	n, refused := uint32(0), false
	for range 40 {
		w.arrive(data(n, 150, 0))
		next := w.c.RcvNxt().Since(peerISS.Add(1))
		refused = refused || next == n
		n = next
	}
	// The peer sent within its window, but in segments that cost too much.
	require.True(t, refused)
	require.LessOrEqual(t, w.c.rcv.rmem, int32(8192+1280))
	w.call(Receive, n)
	require.Zero(t, w.c.rcv.rmem)
}

func TestResetAtTheEdgeOfSACKedDataIsTaken(t *testing.T) {
	w := established(t, plainOpts)
	w.arrive(data(1000, 500, 0))
	w.arrive(data(3000, 500, 0))
	// tcp_reset_check's neighbour: the peer's SND.NXT may lie behind a hole (max_sack).
	w.rcv(Segment{Seq: peerISS.Add(3501), Flags: RST}, "ESTABLISHED → CLOSED [TCP_RESET]", "gone [TCP_RESET]",
		"readable [TCP_RESET]", "writable [TCP_RESET]", "failed ECONNRESET [TCP_RESET]")
}

func TestResetJustBelowTheFinIsTaken(t *testing.T) {
	w := reachCloseWait(t)
	// tcp_reset_check: some stacks number a RST as their FIN.
	w.rcv(Segment{Seq: peerISS.Add(2001), Flags: RST}, "CLOSE-WAIT → CLOSED [TCP_RESET]", "gone [TCP_RESET]",
		"readable [TCP_RESET]", "writable [TCP_RESET]", "failed EPIPE [TCP_RESET]")
}
