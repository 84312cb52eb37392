package fuzz

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// endpointModel is a peer that knows RFC 9293 and nothing of Linux: what it may
// conclude from the segments it sent and got, in positions of the two streams.
type endpointModel struct {
	t      *rapid.T
	e      *Endpoint
	nxt    uint32 // the endpoint's octets known to be sent, SYN included
	got    uint32 // of them, acknowledged
	mine   uint32 // octets the peer has sent, its SYN included
	fin    bool   // the peer has sent its FIN
	wrote  uint32 // octets that the endpoint's user wrote
	read   uint32 // octets that it read
	shut   bool
	closed bool
	alive  bool // the handshake is over, and no RST came either way
}

// TestEndpointStateMachine does to one endpoint what a correct peer and a correct
// user may do, in any order: the streams arrive in order and whole, every state is the
// one that the FINs so far make, and RFC 9293 section 3.10.7's answers come.
func TestEndpointStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newEndpointModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "data": m.data, "again": m.again, "ack": m.ack, "fin": m.finish, "probe": m.probe, "stray": m.stray,
			"write": m.write, "read": m.take, "shutdown": m.shutdown, "close": m.close, "time": m.time,
		})
	})
}

func newEndpointModel(t *rapid.T) *endpointModel {
	s := Setup{Passive: rapid.Bool().Draw(t, "passive"), ISS: 1<<32 - 3, IRS: 1<<32 - 500, MTU: 1500}
	m := &endpointModel{t: t, e: NewEndpoint(s, &Coverage{})}
	m.e.single = true
	if s.Passive {
		m.send(tcpstate.SYN, 0, 0)
		require.Equal(t, tcpstate.SYN|ack, m.last().Flags, "a SYN in LISTEN is answered with SYN-ACK")
		m.mine, m.nxt, m.got = 1, 1, 1
		m.send(ack, 1, 0)
	} else {
		require.NoError(t, m.e.Feed(tcpstate.Input{Kind: tcpstate.Open}))
		require.Equal(t, tcpstate.SYN, m.last().Flags&^(tcpstate.ECE|tcpstate.CWR))
		m.nxt, m.got = 1, 1
		m.send(tcpstate.SYN|ack, 0, 0)
		require.Equal(t, ack, m.last().Flags, "a SYN-ACK in SYN-SENT is acknowledged")
		m.mine = 1
	}
	require.Equal(t, tcpstate.Established, m.e.State())
	m.alive = true
	return m
}

// last is the segment emitted last.
func (m *endpointModel) last() tcpstate.Segment {
	for _, o := range slices.Backward(m.e.out) {
		if o.Kind == tcpstate.Emit {
			return o.Seg
		}
	}
	m.t.Fatalf("nothing was sent: %+v", m.e.out)
	return tcpstate.Segment{}
}

// send hands the endpoint the segment that begins at position at of the peer's stream.
func (m *endpointModel) send(f tcpstate.Flags, at, n uint32) {
	s := tcpstate.Segment{Seq: m.e.setup.IRS.Add(at), Len: n, Flags: f, Wnd: 60000}
	if f.Has(ack) {
		s.Ack = m.e.setup.ISS.Add(m.got)
	}
	if f.Has(tcpstate.SYN) {
		s.Opts = tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1460}
	}
	m.feed(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s})
}

// feed gives an event, and takes what the endpoint emits into the peer's view.
func (m *endpointModel) feed(in tcpstate.Input) {
	require.NoError(m.t, m.e.Feed(in))
	for _, o := range m.e.out {
		switch o.Kind {
		case tcpstate.Sent:
			m.wrote += o.N
		case tcpstate.Emit:
			s := &o.Seg
			if s.Flags.Has(tcpstate.RST) {
				m.alive = false
				continue
			}
			if end := s.End().Since(m.e.setup.ISS); m.alive && end > m.nxt && end < 1<<31 {
				require.LessOrEqual(m.t, s.Seq.Since(m.e.setup.ISS), m.nxt, "the stream has no hole")
				m.nxt = end
			}
		}
	}
}

// live begins anew where the connection is over.
func (m *endpointModel) live(t *rapid.T) {
	if !m.alive || m.e.State() == tcpstate.Closed {
		*m = *newEndpointModel(t)
	}
}

// data in order, of any length that the window takes, is acknowledged up to its end sooner or later.
func (m *endpointModel) data(t *rapid.T) {
	m.live(t)
	n := rapid.Uint32Range(1, 1460).Draw(t, "octets")
	if m.fin || m.mine-1-m.read > 20_000 {
		t.Skip("nothing more to say")
	}
	m.send(ack|tcpstate.PSH, m.mine, n)
	if m.closed { // data for nobody is answered with RST (RFC 2525 section 2.17, RFC 9293 section 3.6)
		require.False(t, m.alive, "data after close")
		return
	}
	m.mine += n
	require.Equal(t, m.mine-1-m.read, m.e.Readable(), "what is sent can be read")
}

// again: a duplicate is acknowledged with what is wanted, and changes nothing.
func (m *endpointModel) again(t *rapid.T) {
	m.live(t)
	if m.mine < 100 || m.fin || m.closed || m.e.State() == tcpstate.TimeWait {
		t.Skip("nothing sent")
	}
	before := m.e.Readable()
	m.send(ack, m.mine-50, 50)
	require.Equal(t, m.e.setup.IRS.Add(m.mine), m.last().Ack)
	require.Equal(t, before, m.e.Readable())
}

// ack acknowledges some more of what was sent.
func (m *endpointModel) ack(t *rapid.T) {
	m.live(t)
	m.got = rapid.Uint32Range(m.got, m.nxt).Draw(t, "ack")
	m.send(ack, m.mine+m.finLen(), 0)
}

func (m *endpointModel) finLen() uint32 {
	if m.fin {
		return 1
	}
	return 0
}

// finish sends the peer's FIN, which is acknowledged at once.
func (m *endpointModel) finish(t *rapid.T) {
	m.live(t)
	if m.fin {
		t.Skip("sent")
	}
	m.fin = true
	m.send(ack|tcpstate.FIN, m.mine, 0)
	if !m.closed { // within the time of a delayed ACK; a user who is gone delays nothing
		require.NoError(t, m.e.Wait(200*tcpstate.Millisecond, false))
	}
	require.Equal(t, m.e.setup.IRS.Add(m.mine+1), m.e.conn.RcvNxt(), "a FIN in order is taken")
}

// probe: a segment outside of the window is answered with an ACK, whatever the state (RFC 9293 section 3.10.7.4, first check).
func (m *endpointModel) probe(t *rapid.T) {
	m.live(t)
	s := tcpstate.Segment{Seq: m.e.setup.IRS.Add(m.mine + m.finLen()).Sub(1), Ack: m.e.setup.ISS.Add(m.got), Flags: ack, Wnd: 60000}
	m.e.now = m.e.now.Add(tcpstate.Second) // beyond tcp_invalid_ratelimit
	state := m.e.State()
	m.time(t)
	if m.e.State() != state {
		t.Skip("over meanwhile")
	}
	m.feed(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s})
	require.Equal(t, m.e.setup.IRS.Add(m.mine+m.finLen()), m.last().Ack)
	require.Equal(t, state, m.e.State())
}

// stray: a RST outside of the window, an ACK of what was never sent and a SYN end nothing (RFC 5961).
func (m *endpointModel) stray(t *rapid.T) {
	m.live(t)
	s := tcpstate.Segment{Seq: m.e.setup.IRS.Add(m.mine + m.finLen()), Ack: m.e.setup.ISS.Add(m.got), Flags: ack, Wnd: 60000}
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		s.Seq, s.Flags = s.Seq.Sub(2), tcpstate.RST
	case 1:
		s.Ack = m.e.setup.ISS.Add(m.nxt + 1)
	case 2:
		s.Flags = tcpstate.SYN
		s.Seq = s.Seq.Sub(1) // not beyond, which TIME-WAIT takes for a new connection
	}
	state, readable := m.e.State(), m.e.Readable()
	m.feed(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s})
	require.True(t, m.alive, "answered with RST")
	require.Equal(t, state, m.e.State())
	require.Equal(t, readable, m.e.Readable())
}

func (m *endpointModel) write(t *rapid.T) {
	m.live(t)
	if m.shut || m.closed {
		t.Skip("shut")
	}
	m.feed(tcpstate.Input{Kind: tcpstate.Send, N: rapid.Uint32Range(1, 5000).Draw(t, "octets")})
}

func (m *endpointModel) take(t *rapid.T) {
	n := m.e.Readable()
	if n == 0 || m.closed {
		t.Skip("nothing to read")
	}
	n = rapid.Uint32Range(1, n).Draw(t, "octets")
	m.feed(tcpstate.Input{Kind: tcpstate.Receive, N: n})
	m.read += n
}

func (m *endpointModel) shutdown(t *rapid.T) {
	m.live(t)
	if m.shut || m.closed {
		t.Skip("shut")
	}
	m.shut = true
	m.feed(tcpstate.Input{Kind: tcpstate.Shutdown, How: tcpstate.ShutWrite})
}

// close with octets unread is a reset (RFC 2525 section 2.17); else a FIN.
func (m *endpointModel) close(t *rapid.T) {
	m.live(t)
	if m.closed {
		t.Skip("closed")
	}
	unread, state := m.e.Readable() > 0, m.e.State()
	m.closed = true
	m.feed(tcpstate.Input{Kind: tcpstate.Close})
	if state != tcpstate.TimeWait {
		require.Equal(t, !unread, m.alive, "close resets if and only if octets are lost")
	}
	m.shut = true
}

func (m *endpointModel) time(t *rapid.T) {
	end := m.e.now.Add(rapid.Int64Range(0, 3*tcpstate.Second).Draw(t, "wait"))
	for {
		at, ok := m.e.Deadline()
		if !ok || at > end {
			break
		}
		m.e.now = max(m.e.now, at)
		m.feed(tcpstate.Input{Kind: tcpstate.Timeout})
	}
	m.e.now = end
}

// check: the state is the one that RFC 9293's figure gives to who has sent a FIN, whose is acknowledged, and who got one.
func (m *endpointModel) check(t *rapid.T) {
	state := m.e.State()
	if !m.alive || state == tcpstate.Closed {
		return
	}
	require.Equal(t, m.wrote+m.finLenOurs(), m.e.conn.WriteSeq().Since(m.e.setup.ISS)-1, "octets written, and the FIN")
	acked := m.shut && m.got == 1+m.wrote+1
	want := map[[3]bool]tcpstate.State{
		{false, false, false}: tcpstate.Established, {false, false, true}: tcpstate.CloseWait,
		{true, false, false}: tcpstate.FinWait1, {true, true, false}: tcpstate.FinWait2,
		{true, false, true}: tcpstate.Closing, {true, true, true}: tcpstate.TimeWait,
	}[[3]bool{m.shut, acked, m.fin}]
	if want == tcpstate.Closing && state == tcpstate.LastAck {
		return // which of the two, the order of the FINs says
	}
	require.Equal(t, want, state)
}

func (m *endpointModel) finLenOurs() uint32 {
	if m.shut {
		return 1
	}
	return 0
}
