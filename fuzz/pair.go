package fuzz

import (
	"bytes"
	"fmt"

	"github.com/sockspec/sockspec/tcpstate"
)

// Pair is two endpoints, each with a user, joined by a bad link.
type Pair struct {
	side   [2]*user
	link   link
	now    tcpstate.Time
	steps  int
	frayed bool // a user let go before the end: a reset may cost octets
	order  byte // who closes first at the end: 0, 1, or 2 both
	// acts counts the ops that did something, by side and kind.
	acts [2][numPairOps]int
}

// user writes a stream of octets, and reads the other's.
type user struct {
	*Endpoint
	stream         []byte // all that may ever be written
	plan           int    // octets that the user wants written by now
	written, freed int    // octets taken by Send, released by Acked
	got            []byte // by position in the other's stream
	read           int
	shut, closed   bool
	// readable and writable: the user was told so. A user who was not told
	// does not try, so that a lost wake-up is a deadlock.
	readable, writable bool
	una                tcpstate.Seq
}

// Bounds of a run.
const (
	mostOctets  = 100_000
	mostSteps   = 200_000
	pairHeader  = 4
	pairOpSize  = 4
	mostPairOps = 120
)

// streams are what the sides write: octets that are never zero, without a short period.
var streams = func() (s [2][mostOctets]byte) {
	for i := range s {
		for j := range s[i] {
			s[i][j] = byte(uint32(j+1)*2654435761>>(11+uint(i))) | 1
		}
	}
	return s
}()

// NewPair reads the setups off the input's head, and reports to trace if it is
// not nil: byte 0 is the first side's
// options, byte 1 the second's, byte 2 the initial sequence numbers, byte 3 the rest.
func NewPair(in []byte, trace Trace) (*Pair, []byte) {
	var b [pairHeader]byte
	n := copy(b[:], in)
	p := &Pair{now: tcpstate.Time(tcpstate.Second), order: b[3] & 3 % 3}
	iss := [2]tcpstate.Seq{choose(firstISS, b[2]&15), choose(firstIRS, b[2]>>4)}
	for i := range p.side {
		s := Setup{
			Passive: i == 1 && b[1]&1 == 0, IPv6: b[0]&1 != 0, Plain: b[i] >> 2 & 31, Small: b[i]&128 != 0,
			ISS: iss[i], IRS: iss[1-i], MTU: choose(mtus[:3], b[3]>>2&3), Odd: b[3] >> 4 & 8,
			Fast: b[0]&2 != 0,
		}
		e := NewEndpoint(s, &Coverage{})
		if trace != nil {
			e.Trace = func(f string, args ...any) { trace("side %d %s", i, fmt.Sprintf(f, args...)) }
		}
		p.side[i] = &user{Endpoint: e, stream: streams[i][:], una: s.ISS}
	}
	return p, in[n:]
}

// feed gives one event to a side, and sends and stores what follows.
func (p *Pair) feed(i int, in tcpstate.Input, payload []byte) error {
	u := p.side[i]
	u.now = p.now
	if p.steps++; p.steps > mostSteps {
		return law("%d steps and no end: %v and %v", p.steps, p.side[0].State(), p.side[1].State())
	}
	if err := u.Feed(in); err != nil {
		return err
	}
	for _, o := range u.out {
		switch o.Kind {
		case tcpstate.Sent:
			u.written += int(o.N)
		case tcpstate.Store:
			if err := u.store(int(o.Seg.Seq.Since(u.setup.IRS.Add(1))), payload[o.Off:o.Off+o.N]); err != nil {
				return err
			}
		case tcpstate.Readable:
			u.readable = true
		case tcpstate.Became:
			// accept() and sk_state_change wake: data may have come with the SYN.
			u.readable = u.readable || o.From == tcpstate.Closed || o.From == tcpstate.SynSent
		case tcpstate.Writable:
			u.writable = true
		}
	}
	for _, o := range u.out {
		if o.Kind == tcpstate.Emit {
			if err := p.emit(i, o.Seg); err != nil {
				return err
			}
		}
	}
	for _, o := range u.out {
		if o.Kind == tcpstate.Acked {
			u.freed += int(o.N)
		}
	}
	if c := u.conn; c != nil && (c.SndUna() != u.una || c.OutQueue() == 0 && c.State() == tcpstate.Established) {
		u.una, p.link.strikes[i] = c.SndUna(), 0
	}
	return nil
}

// store keeps octets that belong at position at of the other side's stream.
func (u *user) store(at int, octets []byte) error {
	end := at + len(octets)
	if end > mostOctets {
		return law("octets stored at %d of a stream of %d", at, mostOctets)
	}
	u.got = append(u.got, make([]byte, max(end-len(u.got), 0))...)
	copy(u.got[at:], octets)
	return nil
}

// emit puts a segment on the link with its octets, which the user must have
// written and must still hold.
func (p *Pair) emit(i int, s tcpstate.Segment) error {
	u := p.side[i]
	var payload []byte
	if s.Len > 0 {
		first := s.Seq
		if s.Flags.Has(tcpstate.SYN) {
			first = first.Add(1)
		}
		from := int(first.Since(u.setup.ISS.Add(1)))
		to := from + int(s.Len)
		if from < u.freed || to > u.written {
			return law("octets %d to %d sent, of %d written and %d released", from, to, u.written, u.freed)
		}
		payload = u.stream[from:to]
	}
	p.link.put(p.now, packet{to: 1 - i, seg: s, payload: payload})
	return nil
}

// event lets the earliest thing happen that happens by limit: a packet arrives, or a timer
// fires. False: there is none.
func (p *Pair) event(limit tcpstate.Time) (bool, error) {
	who, at := -1, limit+1
	for i, u := range p.side {
		if d, ok := u.Deadline(); ok && d < at {
			who, at = i, d
		}
	}
	if w := p.link.wire; len(w) > 0 && w[0].at < at {
		pkt := p.link.take()
		p.now = max(p.now, pkt.at)
		return true, p.feed(pkt.to, tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: pkt.seg}, pkt.payload)
	}
	if who < 0 {
		return false, nil
	}
	p.now = max(p.now, at)
	return true, p.feed(who, tcpstate.Input{Kind: tcpstate.Timeout}, nil)
}

// write offers what the user wants written and the endpoint has not taken yet.
func (p *Pair) write(i int, f tcpstate.SendFlags) error {
	u := p.side[i]
	n := u.plan - u.written
	if n <= 0 || u.shut || u.closed || !u.writable {
		return nil
	}
	u.writable = false
	err := p.feed(i, tcpstate.Input{Kind: tcpstate.Send, N: uint32(n), Flags: f}, nil)
	u.writable = u.writable || u.written == u.plan // otherwise wait to be told of room
	return err
}

// readUp takes up to n octets and compares them with what was written.
func (p *Pair) readUp(i, n int) error {
	u, other := p.side[i], p.side[1-i]
	n = min(n, int(u.Readable()))
	if n == 0 || u.closed || !u.readable {
		return nil
	}
	end := u.read + n
	if end > other.written || !bytes.Equal(u.got[u.read:end], other.stream[u.read:end]) {
		return law("octets %d to %d differ from what was written", u.read, end)
	}
	u.read = end
	u.readable = false
	err := p.feed(i, tcpstate.Input{Kind: tcpstate.Receive, N: uint32(n)}, nil)
	u.readable = u.readable || u.Readable() > 0 // otherwise wait to be told of data
	return err
}

// shutdown sends the FIN once all that was planned is written.
func (p *Pair) shutdown(i int) error {
	u := p.side[i]
	if u.shut || u.closed || u.written < u.plan || u.conn == nil || u.State() == tcpstate.SynSent {
		return nil
	}
	u.shut = true
	return p.feed(i, tcpstate.Input{Kind: tcpstate.Shutdown, How: tcpstate.ShutWrite}, nil)
}

// close lets go of a side. It frays the run when the other's stream is not at its end.
func (p *Pair) close(i int, kind tcpstate.InputKind) error {
	u := p.side[i]
	if u.closed {
		return nil
	}
	u.closed = true
	if kind == tcpstate.Abort || u.conn == nil || !u.conn.EOF() || u.written < u.plan {
		p.frayed = true
	}
	return p.feed(i, tcpstate.Input{Kind: kind}, nil)
}
