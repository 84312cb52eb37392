package fuzz

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Trace is told what happens, for people who look at a failing input.
type Trace func(format string, args ...any)

var (
	inputNames = [...]string{"", "segment", "timeout", "open", "send", "receive", "shutdown", "close", "abort", "unreachable", "too big", "set", "no bucket", "peek"}
	// Names of outputs, with what of them is worth showing.
	outputNames = [...]string{"", "emit", "drop", "became", "store", "acked", "sent", "readable", "writable", "failed", "soft", "gone", "reopen", "promote",
		"cookie learned", "SYN data acked", "SYN data lost", "blackhole", "request over", "rehash", "too long"}
)

// describe is one event and what followed, a line each.
func describe(in tcpstate.Input, out []tcpstate.Output) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  < %s n=%d how=%d opt=%d", inputNames[in.Kind], in.N, in.How, in.Opt)
	if in.Kind == tcpstate.SegmentArrives {
		b.WriteString(describeSegment(&in.Seg))
	}
	for i := range out {
		o := &out[i]
		fmt.Fprintf(&b, "\n    > %s (%v)", outputNames[o.Kind], o.Why)
		switch o.Kind {
		case tcpstate.Emit:
			b.WriteString(describeSegment(&o.Seg))
		case tcpstate.Became:
			fmt.Fprintf(&b, " %v -> %v", o.From, o.To)
		case tcpstate.Store:
			fmt.Fprintf(&b, " %d octets from %d at %d", o.N, o.Off, o.Seg.Seq)
		default:
			fmt.Fprintf(&b, " n=%d err=%d", o.N, o.Err)
		}
	}
	return b.String()
}

func describeSegment(s *tcpstate.Segment) string {
	return fmt.Sprintf(" %v %d+%d ack %d wnd %d urg %d ts %d/%d sack %v", s.Flags, s.Seq, s.Len, s.Ack, s.Wnd, s.Urg,
		s.Opts.TSVal, s.Opts.TSEcr, s.Opts.SACK[:s.Opts.NSACK])
}

var effectNames = [...]string{"", "transmit", "loop", "done", "parked", "dropped", "changed", "noted", "woken"}

func describeEffect(e *sock.Effect) string {
	s := fmt.Sprintf("    > %s (%v) socket %d", effectNames[e.Kind], e.Why, e.Sock)
	switch e.Kind {
	case sock.Transmit, sock.Loop:
		p := &e.Packet
		return fmt.Sprintf("%s %v:%d > %v:%d%s", s, p.Src, p.SrcPort, p.Dst, p.DstPort, describeSegment(&p.Seg))
	case sock.Changed:
		return fmt.Sprintf("%s %v -> %v", s, e.From, e.To)
	}
	return fmt.Sprintf("%s thread %d value %d errno %d", s, e.Return.Thread, e.Return.Value, e.Return.Errno)
}
