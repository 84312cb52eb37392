package tcpstate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The answer matrix: every state against every kind of segment (RFC 9293
// section 3.10.7), on generated worlds. A cell is the whole list of outputs.

// place is where a world's windows stand, as offsets from the initial numbers:
// RCV.NXT, SND.UNA and SND.NXT.
type place struct{ rcv, una, nxt uint32 }

// arrival is a column: how to make the segment for a place.
type arrival struct {
	name  string
	flags Flags
	seq   int64 // from RCV.NXT
	ack   func(place) uint32
	n     uint32
	urg   uint16
}

const beyond = 100_000 // farther than any window here

func ackUna(p place) uint32    { return p.una }
func ackAll(p place) uint32    { return p.nxt }
func ackOld(p place) uint32    { return p.una - 500 }
func ackUnsent(p place) uint32 { return p.nxt + 1 }

var arrivals = []arrival{
	{"SYN", SYN, 0, nil, 0, 0},
	{"SYN,ACK", SYN | ACK, 0, ackAll, 0, 0},
	{"ACK", ACK, 0, ackAll, 0, 0},
	{"old ACK", ACK, 0, ackOld, 0, 0},
	{"ACK of unsent", ACK, 0, ackUnsent, 0, 0},
	{"RST exact", RST, 0, nil, 0, 0},
	{"RST,ACK exact", RST | ACK, 0, ackAll, 0, 0},
	{"RST in window", RST, 1, nil, 0, 0},
	{"RST out of window", RST, beyond, nil, 0, 0},
	{"FIN", FIN | ACK, 0, ackUna, 0, 0},
	{"FIN, ACK of all", FIN | ACK, 0, ackAll, 0, 0},
	{"data in order", PSH | ACK, 0, ackUna, 500, 0},
	{"data partly old", PSH | ACK, -200, ackUna, 500, 0},
	{"data old", PSH | ACK, -500, ackUna, 200, 0},
	{"data beyond a hole", PSH | ACK, 500, ackUna, 500, 0},
	{"data beyond the window", PSH | ACK, beyond, ackUna, 500, 0},
	{"no flags", 0, 0, nil, 0, 0},
	{"SYN,FIN", SYN | FIN, 0, nil, 0, 0},
	{"URG", URG | PSH | ACK, 0, ackUna, 500, 500},
}

// segment is the column's segment for a place.
func (a arrival) segment(p place) Segment {
	s := Segment{Seq: peerISS.Add(p.rcv) + Seq(a.seq), Len: a.n, Flags: a.flags, Wnd: 65535, Urg: a.urg}
	if a.ack != nil {
		s.Ack = ourISS.Add(a.ack(p))
	}
	if a.flags.Has(SYN) {
		s.Opts = plainOpts
	}
	return s
}

// matrixState is a row: how to reach a state, and the cells.
type matrixState struct {
	name   string
	place  place
	answer func(*testing.T, place, Segment) []Output
	cells  cells
}

// cells are the expected outputs by column, joined with "; ".
type cells map[string]string

// transfer is ESTABLISHED with traffic both ways behind it: the peer sent 2000
// octets, all read, we sent 1500, of which 1000 are acknowledged.
func transfer(t *testing.T) *world {
	w := established(t, plainOpts)
	w.arrive(data(0, 1000, 0))
	w.arrive(data(1000, 1000, 0))
	w.call(Receive, 2000)
	w.call(Send, 1000)
	w.pass(100 * Millisecond)
	w.arrive(data(2000, 0, 1000))
	w.call(Send, 500)
	w.pass(10 * Millisecond)
	return w
}

func shutWrite(w *world) *world {
	w.do(Input{Kind: Shutdown, How: ShutWrite})
	return w
}

// peerFin lets the peer close, acknowledging ack octets.
func peerFin(w *world, ack uint32) *world {
	w.arrive(withFlags(data(2000, 0, ack), FIN))
	return w
}

func reachSynSent(t *testing.T) *world {
	w := newWorld(t)
	w.call(Open, 0)
	w.pass(10 * Millisecond)
	return w
}

func reachCrossed(t *testing.T) *world {
	w := reachSynSent(t)
	w.arrive(Segment{Seq: peerISS, Flags: SYN, Wnd: 65535, Opts: plainOpts})
	w.pass(10 * Millisecond)
	return w
}

func reachFinWait1(t *testing.T) *world { return shutWrite(transfer(t)) }

func reachFinWait2(t *testing.T) *world {
	w := reachFinWait1(t)
	w.arrive(data(2000, 0, 1501))
	return w
}

// reachCloseWait lets the delayed ACK of the FIN go by.
func reachCloseWait(t *testing.T) *world {
	w := peerFin(transfer(t), 1000)
	w.wait()
	return w
}

func reachTimeWait(t *testing.T) *world {
	w := peerFin(reachFinWait2(t), 1501)
	w.pass(10 * Millisecond)
	return w
}

func reachClosed(t *testing.T) *world {
	w := transfer(t)
	w.arrive(Segment{Seq: peerISS.Add(2001), Flags: RST})
	return w
}

// orphan lets the user go.
func orphan(w *world) *world { w.call(Close, 0); return w }

func reachClosing(t *testing.T) *world { return peerFin(reachFinWait1(t), 1000) }
func reachLastAck(t *testing.T) *world { return shutWrite(reachCloseWait(t)) }
func reachOrphan1(t *testing.T) *world { return orphan(transfer(t)) }
func reachOrphan2(t *testing.T) *world { return orphan(reachFinWait2(t)) }

// resets is the end that a RST brings to a connection with a user.
func resets(err string) string { return dies("TCP_RESET", err) }

func dies(why, err string) string {
	s := " → CLOSED; gone; readable; writable; failed " + err
	return strings.ReplaceAll(s, ";", " ["+why+"];") + " [" + why + "]"
}

// onConn asks a connection that reach made.
func onConn(reach func(*testing.T) *world) func(*testing.T, place, Segment) []Output {
	return func(t *testing.T, p place, s Segment) []Output {
		w := reach(t)
		at := place{w.c.rcv.nxt.Since(peerISS), w.c.snd.una.Since(ourISS), w.c.snd.nxt.Since(ourISS)}
		if w.c.State() == SynSent {
			at.rcv = 0 // nothing is known of the peer yet
		}
		require.Equal(t, p, at)
		return w.do(Input{Kind: SegmentArrives, Seg: s})
	}
}

// listens does with a segment what a socket in LISTEN does.
func listens(_ *testing.T, _ place, s Segment) []Output {
	l := testListener()
	l.ISS = ourISS
	in := Input{Kind: SegmentArrives, Now: Time(Second), Seg: s}
	switch answer, why := Listens(&s); answer {
	case ListenSyn:
		_, out := l.AnswerSYN(in, nil)
		return out
	case ListenResets:
		return append(emitReset(&s, why, nil), Output{Kind: Drop, Why: why})
	default:
		return []Output{{Kind: Drop, Why: why}}
	}
}

// requested is SYN-RECEIVED of a passive open: the request, and where it is
// complete the connection that takes the segment over.
func requested(t *testing.T, _ place, s Segment) []Output {
	l := testListener()
	l.ISS = ourISS
	r, _ := l.AnswerSYN(Input{Kind: SegmentArrives, Now: Time(Second),
		Seg: Segment{Seq: peerISS, Flags: SYN, Wnd: 65535, Opts: plainOpts}}, nil)
	in := Input{Kind: SegmentArrives, Now: Time(Second + 10*Millisecond), Seg: s}
	out := r.Step(l, in, nil)
	if len(out) > 0 && out[len(out)-1].Kind == Promote {
		c := Accept(l.Params, &r, &in.Seg)
		out = c.Step(in, out)
		require.NoError(t, c.Check())
	}
	return out
}

var matrixStates = []matrixState{
	{"Closed", place{2001, 1001, 1501}, onConn(reachClosed), cellsClosed},
	{"Listen", place{0, 0, 0}, listens, cellsListen},
	{"SynSent", place{0, 0, 1}, onConn(reachSynSent), cellsSynSent},
	{"Request", place{1, 1, 1}, requested, cellsRequest},
	{"SynReceived", place{1, 0, 1}, onConn(reachCrossed), cellsSynReceived},
	{"Established", place{2001, 1001, 1501}, onConn(transfer), cellsEstablished},
	{"FinWait1", place{2001, 1001, 1502}, onConn(reachFinWait1), cellsFinWait1},
	{"FinWait2", place{2001, 1502, 1502}, onConn(reachFinWait2), cellsFinWait2},
	{"CloseWait", place{2002, 1001, 1501}, onConn(reachCloseWait), cellsCloseWait},
	{"Closing", place{2002, 1001, 1502}, onConn(reachClosing), cellsClosing},
	{"LastAck", place{2002, 1001, 1502}, onConn(reachLastAck), cellsLastAck},
	{"TimeWait", place{2002, 1502, 1502}, onConn(reachTimeWait), cellsTimeWait},
	{"OrphanFinWait1", place{2001, 1001, 1502}, onConn(reachOrphan1), cellsOrphanFinWait1},
	{"OrphanFinWait2", place{2001, 1502, 1502}, onConn(reachOrphan2), cellsOrphanFinWait2},
}

// run is one cell.
func (m matrixState) run(t *testing.T, a arrival) string {
	return strings.Join(ourShow.shows(m.answer(t, m.place, a.segment(m.place))), "; ")
}

func TestAnswerMatrix(t *testing.T) {
	for _, m := range matrixStates {
		t.Run(m.name, func(t *testing.T) {
			require.Len(t, m.cells, len(arrivals))
			for _, a := range arrivals {
				want, ok := m.cells[a.name]
				require.True(t, ok, "no cell for %s", a.name)
				require.Equal(t, want, m.run(t, a), a.name)
			}
		})
	}
}
