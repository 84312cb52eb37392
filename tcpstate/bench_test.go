package tcpstate

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/figures"
)

// TestIdleConnectionFitsIn1KiB keeps the promise of the README's table.
func TestIdleConnectionFitsIn1KiB(t *testing.T) {
	t.Logf("%d octets", unsafe.Sizeof(Conn{}))
	require.LessOrEqual(t, unsafe.Sizeof(Conn{}), uintptr(1024-8)) // the allocator needs a word
	require.NoError(t, figures.Check(`idle established connection.*\| (\d+) octets`, int(unsafe.Sizeof(Conn{}))))
}

// bench is an established endpoint with a loop's worth of state.
type bench struct {
	c   *Conn
	now Time
	out []Output
}

func newBench(o Options) *bench {
	b := &bench{c: New(Params{Cfg: testConfig(), ISS: ourISS, MTU: 1500}), now: Time(Second)}
	b.step(Input{Kind: Open})
	b.now = b.now.Add(100 * Millisecond)
	b.step(Input{Kind: SegmentArrives, Seg: Segment{
		Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: o}})
	return b
}

func (b *bench) step(in Input) {
	in.Now = b.now
	b.out = b.c.Step(in, b.out[:0])
}

// BenchmarkStepDataSegment is an in-order segment of 1000 octets, read at once.
func BenchmarkStepDataSegment(b *testing.B) {
	w := newBench(plainOpts)
	s := Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK, Wnd: 65535, Len: 1000}
	b.ReportAllocs()
	for b.Loop() {
		w.now += 100
		w.step(Input{Kind: SegmentArrives, Seg: s})
		w.step(Input{Kind: Receive, N: 1000})
		s.Seq = s.Seq.Add(1000)
	}
}

// BenchmarkStepAck is a write of one segment and the ACK that covers it.
func BenchmarkStepAck(b *testing.B) {
	w := newBench(plainOpts)
	s := Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK, Wnd: 65535}
	b.ReportAllocs()
	for b.Loop() {
		w.now += 100
		w.step(Input{Kind: Send, N: 1000})
		s.Ack = s.Ack.Add(1000)
		w.step(Input{Kind: SegmentArrives, Seg: s})
	}
}

// BenchmarkConnection is a whole life: handshake, data both ways, orderly close
// and TIME-WAIT, the three allocations of a new endpoint included.
func BenchmarkConnection(b *testing.B) {
	cfg := testConfig().Bounded() // as a host keeps it
	b.ReportAllocs()
	var w bench
	for b.Loop() {
		w.now = Time(Second)
		w.c = New(Params{Cfg: cfg, ISS: ourISS, MTU: 1500})
		w.step(Input{Kind: Open})
		w.now += 1000
		seg := Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: plainOpts}
		w.step(Input{Kind: SegmentArrives, Seg: seg})
		w.step(Input{Kind: Send, N: 1000})
		seg = Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1001), Flags: ACK | PSH, Wnd: 65535, Len: 1000}
		w.step(Input{Kind: SegmentArrives, Seg: seg})
		w.step(Input{Kind: Receive, N: 1000})
		w.step(Input{Kind: Close})
		seg = Segment{Seq: peerISS.Add(1001), Ack: ourISS.Add(1002), Flags: ACK | FIN, Wnd: 65535}
		w.step(Input{Kind: SegmentArrives, Seg: seg})
		w.now += Time(Minute)
		w.step(Input{Kind: Timeout})
		if w.c.State() != Closed {
			b.Fatal(w.c.State())
		}
	}
}

// TestStepAllocatesNothingInSteadyState: data in, data out, ACKs, timers.
func TestStepAllocatesNothingInSteadyState(t *testing.T) {
	w := newBench(Options{Set: OptMSS | OptSACKOK | OptWScale, MSS: 1000, WScale: 7})
	in := Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK, Wnd: 65535, Len: 1000}
	round := func() {
		w.now += 100_000
		w.step(Input{Kind: Send, N: 5000})
		hole := in
		hole.Seq = in.Seq.Add(1000)
		w.step(Input{Kind: SegmentArrives, Seg: hole}) // out of order, then the hole is filled
		in.Ack = in.Ack.Add(5000)
		w.step(Input{Kind: SegmentArrives, Seg: in})
		w.step(Input{Kind: Receive, N: 2000})
		in.Seq = in.Seq.Add(2000)
		if at, ok := w.c.Deadline(); ok {
			w.now = max(w.now, at)
			w.step(Input{Kind: Timeout})
		}
	}
	for range 50 {
		round()
	}
	require.Zero(t, testing.AllocsPerRun(200, round))
	require.NoError(t, w.c.Check())
}
