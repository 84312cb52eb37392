package fuzz

import (
	"fmt"
	"sync"

	"github.com/sockspec/sockspec/tcpstate"
)

// Diagram is a state of RFC 9293's figure 5, walked by two ends at once: no sequence numbers, no octets, and a channel that
// keeps every message for ever, so that each may arrive late, twice, or not at all. Whatever two endpoints do must be a step of
// it, or none.
type Diagram struct {
	State [2]tcpstate.State
	Sent  [2]Messages // ever, by each end
}

// Messages are the kinds that the diagram tells apart, a bit each.
type Messages uint8

// The messages. An ACK of a FIN is one too, of its own.
const (
	msgSyn Messages = 1 << iota
	msgSynAck
	msgAck
	msgFin
	msgFinAck // the ACK of a FIN
	msgRst
)

// kind tells which messages of the diagram a segment is that e has just sent.
func (e *Endpoint) kind(s *tcpstate.Segment) (m Messages) {
	switch {
	case s.Flags.Has(tcpstate.RST):
		return msgRst
	case s.Flags.Has(tcpstate.SYN) && s.Flags.Has(tcpstate.ACK):
		return msgSynAck
	case s.Flags.Has(tcpstate.SYN):
		return msgSyn
	}
	if m = msgAck; s.Flags.Has(tcpstate.FIN) {
		m |= msgFin
	}
	switch e.State() {
	case tcpstate.CloseWait, tcpstate.Closing, tcpstate.LastAck, tcpstate.TimeWait:
		if s.Ack == e.conn.RcvNxt() {
			m |= msgFinAck
		}
	}
	return m
}

// cause is what a step is due to.
type cause uint8

const (
	byUser cause = iota
	byMessage
	byTime
	byPatience // the USER TIMEOUT: what was sent so often is given up
)

// arc is an arrow of the diagram: it is taken on one of the messages, on any of several or on none, and sends.
type arc struct {
	from, to tcpstate.State
	cause    cause
	on       Messages // any of these has been sent by the other end
	text     string
}

// arcs are those of figure 5 and of the text of section 3.10 that it leaves out. What Linux adds is said so.
var arcs = []arc{
	{tcpstate.Closed, tcpstate.SynSent, byUser, 0, "active OPEN"},
	{tcpstate.Closed, tcpstate.Listen, byUser, 0, "passive OPEN"},
	{tcpstate.Listen, tcpstate.Closed, byUser, 0, "CLOSE"},
	{tcpstate.Listen, tcpstate.SynReceived, byMessage, msgSyn, "rcv SYN"},
	{tcpstate.SynSent, tcpstate.SynReceived, byMessage, msgSyn, "rcv SYN"},
	{tcpstate.SynSent, tcpstate.Established, byMessage, msgSynAck, "rcv SYN,ACK"},
	{tcpstate.SynReceived, tcpstate.Established, byMessage, msgAck | msgSynAck | msgFin | msgFinAck, "rcv ACK of SYN"},
	{tcpstate.SynReceived, tcpstate.FinWait1, byUser, 0, "CLOSE"},
	{tcpstate.SynReceived, tcpstate.FinWait1, byMessage, msgAck | msgSynAck | msgFin | msgFinAck, "rcv ACK of SYN, with a CLOSE queued (section 3.10.4)"},
	{tcpstate.SynReceived, tcpstate.Listen, byMessage, msgRst, "rcv RST, of a passive OPEN"},
	{tcpstate.SynReceived, tcpstate.Listen, byTime, 0, "Linux: the request expires"},
	{tcpstate.SynReceived, tcpstate.Closed, byUser, 0, "Linux: the listener is closed, its requests with it"},
	{tcpstate.Established, tcpstate.FinWait1, byUser, 0, "CLOSE"},
	{tcpstate.Established, tcpstate.CloseWait, byMessage, msgFin, "rcv FIN"},
	{tcpstate.FinWait1, tcpstate.FinWait2, byMessage, msgFinAck, "rcv ACK of FIN"},
	{tcpstate.FinWait1, tcpstate.Closing, byMessage, msgFin, "rcv FIN"},
	{tcpstate.FinWait2, tcpstate.TimeWait, byMessage, msgFin, "rcv FIN"},
	{tcpstate.Closing, tcpstate.TimeWait, byMessage, msgFinAck, "rcv ACK of FIN"},
	{tcpstate.CloseWait, tcpstate.LastAck, byUser, 0, "CLOSE"},
	{tcpstate.LastAck, tcpstate.Closed, byMessage, msgFinAck, "rcv ACK of FIN"},
	{tcpstate.TimeWait, tcpstate.Closed, byTime, 0, "2 MSL"},
	{tcpstate.FinWait2, tcpstate.Closed, byTime, 0, "Linux: tcp_fin_timeout of an orphan"},
	{tcpstate.FinWait1, tcpstate.Closed, byMessage, msgAck | msgFin | msgFinAck, "RFC 1122 4.2.2.13: data for nobody is answered with RST"},
	{tcpstate.FinWait2, tcpstate.Closed, byMessage, msgAck | msgFin | msgFinAck, "RFC 1122 4.2.2.13: data for nobody is answered with RST"},
}

// begun are the states of a connection: ABORT, RST and the USER TIMEOUT end them all (section 3.10.8).
const begun = 1<<tcpstate.SynSent | 1<<tcpstate.SynReceived | 1<<tcpstate.Established | 1<<tcpstate.FinWait1 | 1<<tcpstate.FinWait2 |
	1<<tcpstate.CloseWait | 1<<tcpstate.Closing | 1<<tcpstate.LastAck | 1<<tcpstate.TimeWait

// may are the messages that an end may send in a state.
var may = map[tcpstate.State]Messages{
	tcpstate.Closed: msgRst, tcpstate.Listen: msgRst, tcpstate.SynSent: msgSyn | msgRst, tcpstate.SynReceived: msgSynAck | msgAck | msgRst,
	tcpstate.Established: msgAck | msgRst, tcpstate.FinWait1: msgAck | msgFin | msgRst, tcpstate.FinWait2: msgAck | msgRst,
	tcpstate.CloseWait: msgAck | msgFinAck | msgRst, tcpstate.Closing: msgAck | msgFin | msgFinAck | msgRst,
	tcpstate.LastAck: msgAck | msgFin | msgFinAck | msgRst, tcpstate.TimeWait: msgAck | msgFinAck | msgRst,
}

// next lists the states that end i may bring about in one step.
func (d Diagram) next(i int, why cause) (list []Diagram) {
	at, heard := d.State[i], d.Sent[1-i]
	add := func(to tcpstate.State) {
		n := d
		n.State[i] = to
		list = append(list, n)
	}
	for _, a := range arcs {
		if a.from == at && a.cause == why && (a.on == 0 || a.on&heard != 0) {
			add(a.to)
		}
	}
	if begun>>at&1 != 0 && (why == byUser || why == byPatience || why == byMessage && heard&msgRst != 0) {
		add(tcpstate.Closed)
	}
	for m := msgSyn; m <= msgRst; m <<= 1 {
		if m&may[at] == 0 || d.Sent[i]&m != 0 || m == msgFinAck && heard&msgFin == 0 {
			continue
		}
		n := d
		n.Sent[i] |= m
		list = append(list, n)
	}
	return list
}

// mostArcs is how many arrows one event may take: Linux makes FIN-WAIT-1 to TIME-WAIT of two, and a listener's end makes a connection
// of a request first. Messages that are sent on the way are steps as well.
const mostArcs = 6

// reaches reports whether end i may come from d to n by one event.
func (d Diagram) reaches(n Diagram, i int, why cause) bool {
	front := []Diagram{d}
	for range mostArcs + 1 {
		var more []Diagram
		for _, f := range front {
			if f == n {
				return true
			}
			for _, s := range f.next(i, why) {
				if s.Sent[i]&^n.Sent[i] == 0 { // no message that was not sent
					more = append(more, s)
				}
			}
		}
		front = more
	}
	return false
}

// known remembers what reaches has answered: walks ask the same millions of times.
var known sync.Map // of diagramStep to bool

type diagramStep struct {
	from, to Diagram
	end      int
	why      cause
}

// refines is the law that a step of two endpoints is a step of the diagram, or none.
func refines(from, to Diagram, end int, why cause) error {
	if from == to {
		return nil
	}
	s := diagramStep{from, to, end, why}
	ok, asked := known.Load(s)
	if !asked {
		ok = from.reaches(to, end, why)
		known.Store(s, ok)
	}
	if !ok.(bool) {
		return law("RFC 9293's diagram knows no such step of end %d: %v to %v", end, from, to)
	}
	return nil
}

func (d Diagram) String() string {
	return fmt.Sprintf("%v (sent %v) and %v (sent %v)", d.State[0], d.Sent[0], d.State[1], d.Sent[1])
}

var messageNames = [...]string{"SYN", "SYN,ACK", "ACK", "FIN", "ACK of FIN", "RST"}

func (m Messages) String() string {
	s := ""
	for i, name := range messageNames {
		if m>>i&1 != 0 {
			s += " " + name
		}
	}
	if s == "" {
		return "nothing"
	}
	return s[1:]
}
