package campaign

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Script prints the history as a script: what was done, and what came of it on the first stack. Whoever keeps it gives it a title.
// What the language cannot say is left as a comment.
func (h *History) Script() string {
	w := &writer{labels: map[key]string{}, stamps: map[key]*stamps{}, first: map[key]tcpstate.Seq{}, ends: h.ends(), history: h}
	w.times = h.times()
	w.line("// Found by random calls")
	for _, flag := range h.flags() {
		w.line("%s", flag)
	}
	if len(h.Settings) > 0 {
		w.line("`sysctl -q %s`", strings.Join(h.Settings, " "))
	}
	for i := range h.Steps {
		s, o := &h.Steps[i], &h.Outcomes[i]
		w.now = i
		switch {
		case s.Call != nil:
			w.call(s, i)
		case s.Packet != nil:
			w.inbound(s.Packet)
		case s.Whole != nil:
			w.whole(s.Whole)
		case s.Signal:
			w.line("%s signal(t%d) = 0", w.at(i), s.Thread)
		case s.Sysctl != nil:
			w.line("%s `%s`", w.at(i), conformance.SysctlCommand(s.Sysctl[0], s.Sysctl[1]))
		}
		for j := range o.Seen {
			w.outbound(&o.Seen[j])
		}
	}
	return w.String()
}

// flags are the options of the script's world.
func (h *History) flags() (list []string) {
	if mtu := h.World.MTU; mtu != 0 && mtu != matrix.UsualMTU {
		list = append(list, fmt.Sprintf("--mtu=%d", mtu))
	}
	six := h.six()
	if six {
		list = append(list, "--ip_version=ipv6")
	}
	if six && h.World.Local6.IsValid() {
		list = append(list, fmt.Sprintf("--local_ip=%v", h.World.Local6), fmt.Sprintf("--remote_ip=%v", h.World.Peer6))
	}
	if slices.ContainsFunc(h.Steps, func(s matrix.Step) bool { return s.Whole != nil && s.Whole.Seg.Opts.Has(tcpstate.OptTS) }) {
		list = append(list, "--tcp_ts_ecr_scaled")
	}
	return list
}

// six reports whether packets travel in IPv6. A script has one version; what a history has of the other does not run.
func (h *History) six() bool {
	for i := range h.Steps {
		if q := h.Steps[i].Packet; q != nil {
			return q.Src.Is6()
		}
		if q := h.Steps[i].Whole; q != nil {
			return q.Src.Is6()
		}
		if seen := h.Outcomes[i].Seen; len(seen) > 0 {
			return seen[0].Src.Is6()
		}
	}
	return false
}

// end is when a call that waited returned.
type end struct {
	step int
	ret  *matrix.Returned
}

// ends finds for each call the step in which it returned; none when it never did.
func (h *History) ends() map[int]end {
	begun, list := map[sock.Thread]int{}, map[int]end{}
	for i := range h.Steps {
		if s := &h.Steps[i]; s.Call != nil {
			begun[s.Thread] = i
		}
		for j := range h.Outcomes[i].Returns {
			r := &h.Outcomes[i].Returns[j]
			list[begun[r.Thread]] = end{i, r}
		}
	}
	return list
}

// key names a connection by its ports.
type key struct {
	local  int
	remote uint16
}

// times are when the steps happen, in microseconds: a millisecond each, and the waits between them.
func (h *History) times() []int64 {
	list, now := make([]int64, len(h.Steps)), int64(0)
	for i := range h.Steps {
		list[i] = now
		now += 1000 + int64(h.Steps[i].Wait)
	}
	return list
}

// writer collects the text of a script. Its descriptors are the slots, from 3 on.
type writer struct {
	strings.Builder
	labels map[key]string
	stamps map[key]*stamps
	first  map[key]tcpstate.Seq // what the peer's SYN had, from which scripts count
	ends   map[int]end
	times  []int64
	now    int

	history *History
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// at is the time of a step, in seconds.
func (w *writer) at(step int) string {
	if step == 0 {
		return "0"
	}
	return fmt.Sprintf("%.3f", float64(w.times[step])/1e6)
}

// soon is how long after a step its consequences count as at once, in microseconds.
const soon = 2000

// when is the time of something that came of a step: the step's own, unless it came later.
func (w *writer) when(step int, at sock.Time) string {
	after := int64(at.Sub(w.history.Began[step]))
	if after < soon && w.history.Steps[step].Name != paused {
		return w.at(step)
	}
	return fmt.Sprintf("%.3f", float64(w.times[step]+after)/1e6)
}

func (w *writer) call(s *matrix.Step, i int) {
	when, text := w.at(i), spellCall(s.Call)
	thread := ""
	if s.Thread > 1 {
		thread = fmt.Sprintf("t%d: ", s.Thread)
	}
	e, ok := w.ends[i]
	if !ok {
		w.line("// %s %s%s never returns", when, thread, text)
		return
	}
	if end := w.when(e.step, e.ret.At); end != when {
		when += "..." + end
	}
	w.line("%s %s%s = %s", when, thread, spellOut(s.Call, text, e.ret), value(s.Call, e.ret))
}

// value is what follows the equals sign.
func value(_ *sock.Call, r *matrix.Returned) string {
	if r.Return.Value < 0 {
		return fmt.Sprintf("-1 %s (%s)", sock.ErrnoName(r.Return.Errno), syscall.Errno(r.Return.Errno))
	}
	if r.Made {
		return fmt.Sprint(r.Slot + firstFD)
	}
	return fmt.Sprint(r.Return.Value)
}

// label is the name of a connection; the first has none.
func (w *writer) label(local int, remote uint16) string {
	k := key{local, remote}
	l, ok := w.labels[k]
	if !ok {
		if len(w.labels) > 0 {
			l = fmt.Sprintf("c%d: ", len(w.labels)+1)
		}
		w.labels[k] = l
	}
	return l
}

func (w *writer) inbound(q *matrix.Packet) {
	switch {
	case q.Proto == sock.ProtoUDP && q.Local >= 0: // a script's datagram cannot name a port that the stack chose
		w.line("%s < udp %d > %d (%d)", w.at(w.now), q.Remote, q.Local, q.Len)
		return
	case q.Proto != sock.ProtoTCP && q.QuoteProto != sock.ProtoTCP:
		w.line("// %s the peer sends protocol %d, type %d code %d MTU %d about protocol %d from %d to %d (%d)", w.at(w.now), q.Proto, q.Type, q.Code, q.MTU, q.QuoteProto,
			q.Local, q.Remote, q.Len)
		return
	}
	label := w.label(q.Local, q.Remote)
	if q.QuoteProto != 0 {
		w.line("%s < %sicmp unreachable %s [%d:%d(0)]", w.at(w.now), label, []string{"net_unreachable", "host_unreachable",
			"protocol_unreachable", "port_unreachable"}[q.Code&3], q.Seq, q.Seq)
		return
	}
	text := fmt.Sprintf("%s %d:%d(%d)", report.DotLast(q.Flags), q.Seq, uint64(q.Seq)+uint64(q.Len), q.Len)
	if q.Flags.Has(tcpstate.ACK) {
		text += fmt.Sprintf(" ack %d", q.Ack)
	}
	text += fmt.Sprintf(" win %d", q.Window)
	if q.Flags.Has(tcpstate.URG) {
		text += fmt.Sprintf(" urg %d", q.Urgent)
	}
	if q.MSS != 0 {
		text += fmt.Sprintf(" <mss %d,nop,nop,sackOK,nop,wscale 0>", q.MSS)
	}
	if q.Seq > math.MaxUint32-uint32(q.Len) {
		w.line("// numbers of scripts end at 4294967295: %s < %s%s", w.at(w.now), label, text)
		return
	}
	w.line("%s < %s%s", w.at(w.now), label, text)
}

func (w *writer) outbound(s *matrix.Seen) {
	switch {
	case s.Proto == sock.ProtoTCP:
	case s.Proto == sock.ProtoUDP && s.Local >= 0:
		w.line("%s > %s", w.when(w.now, s.At), fmt.Sprintf("udp %d > %d (%d)", s.Local, s.Remote, s.Payload))
		return
	default:
		w.line("// %s sends %s", w.when(w.now, s.At), s.Text)
		return
	}
	_, body, _ := strings.Cut(s.Text, ">")
	_, body, _ = strings.Cut(body, " ")
	_, body, _ = strings.Cut(body, " ")
	body = report.DotLast(s.Flags) + " " + strings.Replace(body, "zero(", "0:0(", 1)
	body = strings.Replace(body, "ack far", fmt.Sprintf("ack %d", s.Ack), 1)
	if !s.Flags.Has(tcpstate.RST) { // a range does not wrap
		_, rest, _ := strings.Cut(body, "(")
		body = fmt.Sprintf("%s %d:%d(%s", report.DotLast(s.Flags), s.Seq, uint64(s.Seq)+uint64(s.Len), rest)
	}
	body = w.stamped(s, body)
	for _, re := range w.history.Ignore { // what a packet does not state is not compared
		body = strings.Join(strings.Fields(re.ReplaceAllString(body, "")), " ")
	}
	w.line("%s > %s%s", w.when(w.now, s.At), w.label(s.Local, s.Remote), body)
}
