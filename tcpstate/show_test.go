package tcpstate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Outputs as text, so that tests say a whole step in a few words and anything
// that they did not expect shows as a difference. Sequence numbers count from
// the initial ones, as packetdrill's do; the rule stands in brackets.

// shower knows where the two streams start.
type shower struct{ our, peer Seq }

func (v shower) output(o Output) string {
	var s string
	switch o.Kind {
	case Emit:
		s = "> " + v.segment(&o.Seg)
	case Drop:
		s = "drop"
	case Became:
		s = fmt.Sprintf("%v → %v", o.From, o.To)
	case Store:
		s = fmt.Sprintf("store %d(%d) from %d", o.Seg.Seq.Since(v.peer), o.N, o.Off)
	case Acked:
		s = fmt.Sprintf("acked %d", o.N)
	case Sent:
		s = fmt.Sprintf("sent %d", o.N)
	case Readable:
		s = "readable"
	case Writable:
		s = "writable"
	case Failed:
		s = "failed " + errName(o.Err)
	case SoftFailed:
		s = "soft " + errName(o.Err)
	case Gone:
		s = "gone"
	case Reopen:
		s = fmt.Sprintf("reopen with %d", Seq(o.N).Since(v.our))
	case Promote:
		s = "promote"
	case CookieLearned:
		s = fmt.Sprintf("learned <%s> try %d", v.options(&o.Seg.Opts), o.N)
	case SynDataAcked:
		s = "SYN data acked"
	case SynDataLost:
		s = "SYN data lost"
	case Blackholed:
		s = "blackhole"
	case RequestOver:
		s = fmt.Sprintf("request over %d", o.N)
	}
	return s + " [" + o.Why.String() + "]"
}

// segment is a segment of ours in packetdrill's notation. A RST that no
// connection sent has the absolute number 0.
func (v shower) segment(s *Segment) string {
	var b strings.Builder
	seq := fmt.Sprint(s.Seq.Since(v.our))
	if s.Seq == 0 && s.Flags == RST|ACK && s.HdrLen != 0 {
		seq = "zero"
	}
	fmt.Fprintf(&b, "%v %s", s.Flags, seq)
	if s.Len > 0 {
		fmt.Fprintf(&b, "(%d)", s.Len)
	}
	if s.Flags.Has(ACK) {
		fmt.Fprintf(&b, " ack %d", s.Ack.Since(v.peer))
	} else if s.Ack != 0 {
		fmt.Fprintf(&b, " stray ack %d", s.Ack)
	}
	if !s.Flags.Has(RST) {
		fmt.Fprintf(&b, " win %d", s.Wnd)
	}
	if s.Flags.Has(URG) {
		fmt.Fprintf(&b, " urg %d", s.Urg)
	}
	if s.ECN != NotECT {
		fmt.Fprintf(&b, " ecn %d", s.ECN)
	}
	if opts := v.options(&s.Opts); opts != "" {
		fmt.Fprintf(&b, " <%s>", opts)
	}
	return b.String()
}

func (v shower) options(o *Options) string {
	var l []string
	if o.Has(OptMSS) {
		l = append(l, fmt.Sprintf("mss %d", o.MSS))
	}
	if o.Has(OptSACKOK) {
		l = append(l, "sackOK")
	}
	if o.Has(OptTS) {
		l = append(l, fmt.Sprintf("TS %d:%d", o.TSVal, o.TSEcr))
	}
	if o.Has(OptWScale) {
		l = append(l, fmt.Sprintf("wscale %d", o.WScale))
	}
	if o.Has(OptFastOpen) {
		l = append(l, fmt.Sprintf("FO %x", o.Cookie.Bytes()))
	}
	for _, r := range o.SACK[:o.NSACK] {
		l = append(l, fmt.Sprintf("sack %d:%d", r.Start.Since(v.peer), r.End.Since(v.peer)))
	}
	return strings.Join(l, ",")
}

var errNames = map[Errno]string{EPIPE: "EPIPE", ECONNRESET: "ECONNRESET", ETIMEDOUT: "ETIMEDOUT",
	ECONNREFUSED: "ECONNREFUSED", EHOSTUNREACH: "EHOSTUNREACH", ENETUNREACH: "ENETUNREACH"}

func errName(e Errno) string {
	if n, ok := errNames[e]; ok {
		return n
	}
	return fmt.Sprint("errno ", uint16(e))
}

// shows is a list of outputs as text. Rehash goes with every time-out, and is left
// out: TestRehash* look at it.
func (v shower) shows(out []Output) []string {
	l := make([]string, 0, len(out))
	for _, o := range out {
		if o.Kind == Rehash {
			continue
		}
		l = append(l, v.output(o))
	}
	return l
}

var ourShow = shower{ourISS, peerISS}

// step takes one input and compares all that follows from it.
func (w *world) step(in Input, want ...string) {
	w.t.Helper()
	if want == nil {
		want = []string{}
	}
	require.Equal(w.t, want, ourShow.shows(w.do(in)))
}

// rcv is a segment from the peer.
func (w *world) rcv(s Segment, want ...string) {
	w.t.Helper()
	w.step(Input{Kind: SegmentArrives, Seg: s}, want...)
}

// user is a call with a number.
func (w *world) user(k InputKind, n uint32, want ...string) {
	w.t.Helper()
	w.step(Input{Kind: k, N: n}, want...)
}

// set changes an option.
func (w *world) set(o Option, n uint32, want ...string) {
	w.t.Helper()
	w.step(Input{Kind: Set, Opt: o, N: n}, want...)
}

// pass lets time go by without looking at the timers.
func (w *world) pass(d Duration) { w.now = w.now.Add(d) }

// fires expects the next timer exactly d from now, not earlier, and compares
// what it does.
func (w *world) fires(d Duration, want ...string) {
	w.t.Helper()
	at, ok := w.c.Deadline()
	require.True(w.t, ok, "no timer is armed")
	require.Equal(w.t, d, at.Sub(w.now), "µs until the next timer")
	if d > 0 {
		w.now = at - 1
		w.step(Input{Kind: Timeout})
	}
	w.now = at
	w.step(Input{Kind: Timeout}, want...)
}

// noTimer asserts that nothing is armed.
func (w *world) noTimer() {
	w.t.Helper()
	at, ok := w.c.Deadline()
	require.False(w.t, ok, "a timer is armed for %d µs from now", at.Sub(w.now))
}

// newWorldWith is newWorld with other sysctls and parameters.
func newWorldWith(t *testing.T, change func(*Config, *Params)) *world {
	cfg := Linux()
	p := Params{Cfg: &cfg, ISS: ourISS, MTU: 1500}
	if change != nil {
		change(&cfg, &p)
	}
	return &world{t: t, c: New(p), now: Time(Second)}
}

// openedWith is an active open under other sysctls, answered after rtt.
func openedWith(t *testing.T, o Options, rtt Duration, change func(*Config, *Params)) *world {
	t.Helper()
	w := newWorldWith(t, change)
	w.call(Open, 0)
	w.pass(rtt)
	w.arrive(Segment{Seq: peerISS, Ack: ourISS.Add(1), Flags: SYN | ACK, Wnd: 65535, Opts: o})
	require.Equal(t, Established, w.c.State())
	return w
}

// ackOf is a pure ACK of the first n octets that we sent.
func ackOf(n uint32) Segment { return data(0, 0, n) }

// withFlags adds control bits to a segment.
func withFlags(s Segment, f Flags) Segment { s.Flags |= f; return s }

// sacking adds SACK blocks, as offsets into our stream: start, end, start, end.
func sacking(s Segment, edges ...uint32) Segment {
	s.Opts.Set |= OptSACK
	for i := 0; i < len(edges); i += 2 {
		s.Opts.SACK[s.Opts.NSACK] = Range{ourISS.Add(1 + edges[i]), ourISS.Add(1 + edges[i+1])}
		s.Opts.NSACK++
	}
	return s
}
