package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// world is one endpoint under test with a clock and a log of what it did.
type world struct {
	t   *testing.T
	c   *Conn
	now Time
	out []Output
	lax bool // the test checks the invariants itself, now and then
}

const (
	peerISS = Seq(1<<32 - 500)
	ourISS  = Seq(1<<32 - 2)
)

func testConfig() *Config { cfg := Linux(); return &cfg }

func newWorld(t *testing.T) *world {
	c := New(Params{Cfg: testConfig(), ISS: ourISS, MTU: 1500})
	return &world{t: t, c: c, now: Time(Second)}
}

// do steps and checks the invariants.
func (w *world) do(in Input) []Output {
	w.t.Helper()
	in.Now = w.now
	w.out = w.c.Step(in, w.out[:0])
	if !w.lax {
		require.NoError(w.t, w.c.Check())
	}
	for i := range w.out {
		if _, ok := rule.Get(w.out[i].Why); !ok {
			require.Fail(w.t, "an output without a rule of the table", "%+v", w.out[i])
		}
	}
	return w.out
}

// segs are the segments emitted by the latest step.
func (w *world) segs() (s []Segment) {
	for _, o := range w.out {
		if o.Kind == Emit {
			s = append(s, o.Seg)
		}
	}
	return s
}

func (w *world) arrive(s Segment) []Segment {
	w.t.Helper()
	w.do(Input{Kind: SegmentArrives, Seg: s})
	return w.segs()
}

func (w *world) call(k InputKind, n uint32) []Segment {
	w.t.Helper()
	w.do(Input{Kind: k, N: n})
	return w.segs()
}

// wait lets time pass up to the next deadline and fires it.
func (w *world) wait() []Segment {
	w.t.Helper()
	at, ok := w.c.Deadline()
	require.True(w.t, ok, "no timer is armed")
	w.now = max(at, w.now)
	return w.call(Timeout, 0)
}

// established is a world whose active open is done, 100 ms away from the peer.
func established(t *testing.T, o Options) *world {
	w := newWorld(t)
	w.call(Open, 0)
	w.now = w.now.Add(100 * Millisecond)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: o})
	require.Equal(t, Established, w.c.State())
	return w
}

var plainOpts = Options{Set: OptMSS | OptSACKOK, MSS: 1000}

// data is a segment from the peer, counted from its first octet.
func data(off, n uint32, ack uint32) Segment {
	return Segment{Seq: peerISS.Add(1 + off), Ack: ourISS.Add(1 + ack), Len: n, Flags: ACK, Wnd: 65535}
}

func TestActiveOpenSendsSynWithLinuxOptions(t *testing.T) {
	w := newWorld(t)
	s := w.call(Open, 0)
	require.Len(t, s, 1)
	require.Equal(t, SYN, s[0].Flags)
	require.Equal(t, ourISS, s[0].Seq)
	require.Equal(t, OptMSS|OptSACKOK|OptTS|OptWScale, s[0].Opts.Set)
	require.EqualValues(t, 1460, s[0].Opts.MSS)
	require.EqualValues(t, 10, s[0].Opts.WScale)
	require.EqualValues(t, 64240, s[0].Wnd)
}

func TestSynIsSentAgainLinearlyThenDoubling(t *testing.T) {
	w := newWorld(t)
	w.call(Open, 0)
	var at []Duration
	last := w.now
	for w.c.State() == SynSent {
		if len(w.wait()) > 0 {
			at = append(at, w.now.Sub(last)/Second)
		}
		last = w.now
	}
	require.Equal(t, []Duration{1, 1, 1, 1, 1, 2, 4, 8, 16, 32}, at)
	require.Equal(t, ETIMEDOUT, w.c.Err())
}

func TestWriteIsSentAndAcknowledged(t *testing.T) {
	w := established(t, plainOpts)
	s := w.call(Send, 1000)
	require.Len(t, s, 1)
	require.Equal(t, Segment{Seq: ourISS.Add(1), Ack: peerISS.Add(1), Len: 1000, Flags: PSH | ACK, Wnd: 64240}, s[0])
	w.now = w.now.Add(100 * Millisecond)
	w.arrive(data(0, 0, 1000))
	require.Zero(t, w.c.OutQueue())
	_, armed := w.c.Deadline()
	require.False(t, armed)
}

func TestDataIsAcknowledgedAtOnceAtFirst(t *testing.T) {
	w := established(t, plainOpts)
	s := w.arrive(data(0, 1000, 0))
	require.Len(t, s, 1)
	require.Equal(t, peerISS.Add(1001), s[0].Ack)
	require.EqualValues(t, 1000, w.c.Readable())
}

func TestOrderlyReleaseEndsInTimeWaitOf60Seconds(t *testing.T) {
	w := established(t, plainOpts)
	s := w.call(Close, 0)
	require.Len(t, s, 1)
	require.Equal(t, FIN|ACK, s[0].Flags)
	require.Equal(t, FinWait1, w.c.State())
	w.now = w.now.Add(100 * Millisecond)
	w.arrive(data(0, 0, 1))
	require.Equal(t, FinWait2, w.c.State())
	f := data(0, 0, 1)
	f.Flags |= FIN
	s = w.arrive(f)
	require.Len(t, s, 1)
	require.Equal(t, TimeWait, w.c.State())
	start := w.now
	w.wait()
	require.Equal(t, 60*Second, w.now.Sub(start))
	require.Equal(t, Closed, w.c.State())
}
