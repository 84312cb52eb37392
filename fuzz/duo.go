package fuzz

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Duo is two endpoints and the channel between them, for a walk through all that can happen: users write, read and close when
// they like, packets are delivered, lost, doubled and overtaken, timers fire as early as they can. Each kind of trouble is
// bounded, so that the walk has an end.
type Duo struct {
	DuoConfig
	end   [2]*Endpoint // shared with clones until the first change
	owned [2]bool
	user  [2]duoUser
	wire  [2][]tcpstate.Segment // on their way to each end, in order of departure; never changed in place
	sent  [2]Messages           // by each end, ever
	left  Trouble
	now   tcpstate.Time
	tired bool // the move under way made an end give up
}

// DuoConfig is what a Duo starts with.
type DuoConfig struct {
	Setup   [2]Setup
	Writes  [2]uint8 // how often each user may write
	Octets  uint32   // in each write
	Channel int      // packets under way to one end; what is sent beyond is lost
	Trouble Trouble
	Ends    Endings // how users may end
	Flaw    Flaw
}

// Trouble is how often each thing may go wrong, in both directions together.
type Trouble struct {
	Lose, Twice, Overtake uint8
	Timeouts              uint8 // timers that fire
}

// Endings are the ways in which users may end a connection.
type Endings uint8

// The ways, a bit each.
const (
	EndShutdown Endings = 1 << iota // shutdown(SHUT_WR)
	EndClose
	EndAbort // close with SO_LINGER and no time
)

// duoUser is what a user did and was told.
type duoUser struct {
	writes             uint8 // left
	written, read      uint32
	opened             bool
	shut, closed       bool
	letGo              bool // closed with SO_LINGER and no time, or in SYN-SENT, where a close drops what was written
	readable, writable bool
}

// NewDuo is two endpoints that have done nothing yet: active ones are still to be opened.
func NewDuo(c DuoConfig) *Duo {
	d := &Duo{DuoConfig: c, left: c.Trouble, now: tcpstate.Time(tcpstate.Second), owned: [2]bool{true, true}}
	for i, s := range c.Setup {
		s.ISS, s.IRS = firstISS[i], firstISS[1-i]
		d.Setup[i] = s
		d.end[i] = NewEndpoint(s, &Coverage{})
		d.end[i].single = true
		d.user[i] = duoUser{writes: c.Writes[i], opened: s.Passive, writable: true}
	}
	return d
}

// Clone is the same state again; the endpoints are copied when they change.
func (d *Duo) Clone() *Duo {
	d.owned = [2]bool{}
	c := *d
	return &c
}

// Clone copies the endpoint with all that it knows.
func (e *Endpoint) Clone() *Endpoint {
	c := *e
	c.out = nil
	if e.conn != nil {
		c.conn = e.conn.Clone()
	}
	if e.req != nil {
		r := *e.req
		c.req = &r
	}
	c.view.stored = e.view.stored.Clone()
	return &c
}

// feed gives one event to an end, tells its user, and sends what follows.
func (d *Duo) feed(i int, in tcpstate.Input, cover *Coverage) error {
	if !d.owned[i] {
		d.end[i], d.owned[i] = d.end[i].Clone(), true
	}
	e, u := d.end[i], &d.user[i]
	e.now, e.Cover = d.now, cover
	if err := e.Feed(in); err != nil {
		return fmt.Errorf("end %d: %w", i, err)
	}
	for k := range e.out {
		switch o := &e.out[k]; o.Kind {
		case tcpstate.Sent:
			u.written += o.N
		case tcpstate.Readable:
			u.readable = d.Flaw != Untold
		case tcpstate.Writable:
			u.writable = u.writable || d.Flaw != UntoldRoom
		case tcpstate.Became:
			// accept() and sk_state_change wake: data may have come with the SYN.
			d.tired = d.tired || o.To == tcpstate.Closed && o.Why == rule.RetriesExhausted
			u.readable = u.readable || o.From == tcpstate.Closed || o.From == tcpstate.SynSent
		case tcpstate.Emit:
			if d.mutes(i, &o.Seg) {
				continue
			}
			d.send(1-i, o.Seg)
			d.sent[i] |= e.kind(&o.Seg)
		}
	}
	e.out = nil
	return nil
}

// send puts a segment on its way to an end.
func (d *Duo) send(to int, s tcpstate.Segment) {
	if w := d.wire[to]; len(w) < d.Channel {
		d.wire[to] = append(w[:len(w):len(w)], s)
	}
}

// take removes a segment from its way.
func (d *Duo) take(to, at int) tcpstate.Segment {
	w := d.wire[to]
	d.wire[to] = slices.Concat(w[:at], w[at+1:])
	return w[at]
}

// deliver hands an end a segment. Where no socket is, it is answered with RST, as tcp_v4_rcv does.
func (d *Duo) deliver(i int, s tcpstate.Segment, cover *Coverage) error {
	if d.Flaw == DeafWait && d.end[i].State() == tcpstate.TimeWait {
		return nil
	}
	if d.end[i].State() == tcpstate.Closed {
		if t := d.end[i].story; t != nil {
			d.end[i].now = d.now
			t.heard(d.end[i], &tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s})
		}
		cover.Rule(rule.NoSocket)
		if rst, ok := tcpstate.ResetFor(&s); ok {
			d.send(1-i, rst)
			d.sent[i] |= msgRst
		}
		return nil
	}
	return d.feed(i, tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s, Listening: d.Setup[i].Passive && !d.user[i].closed}, cover)
}

// deadline is when the next timer fires, and whose it is: of both ends, when they are due at one time.
func (d *Duo) deadline() (whose [2]bool, at tcpstate.Time) {
	for i, e := range d.end {
		t, ok := e.Deadline()
		switch {
		case !ok || d.Flaw.dead(e) || whose[0] && t > at:
		case whose[0] && t == at:
			whose[i] = true
		default:
			whose, at = [2]bool{i == 0, i == 1}, t
		}
	}
	return whose, at
}

// expire lets time pass until the next timer fires, which must be that end's.
func (d *Duo) expire(who int, cover *Coverage) error {
	whose, at := d.deadline()
	if !whose[who] {
		return nil
	}
	d.now = max(d.now, at)
	return d.feed(who, tcpstate.Input{Kind: tcpstate.Timeout}, cover)
}

// States are those of both ends, as RFC 9293 counts them: a request is in SYN-RECEIVED.
func (d *Duo) States() (s [2]tcpstate.State) {
	for i, e := range d.end {
		if s[i] = e.State(); e.req != nil {
			s[i] = tcpstate.SynReceived
		}
	}
	return s
}

// diagram is what RFC 9293's figure shows of the state.
func (d *Duo) diagram() Diagram { return Diagram{d.States(), d.sent} }

// Key is equal for states from which the same can follow. Ends that began alike are told apart by nothing.
func (d *Duo) Key() uint64 {
	a, b := d.half(0), d.half(1)
	if d.Setup[0].alike(d.Setup[1]) && d.Writes[0] == d.Writes[1] && b < a {
		a, b = b, a
	}
	var h queue.Hash
	h.U64(a)
	h.U64(b)
	h.U64(uint64(d.left.Lose)<<24 | uint64(d.left.Twice)<<16 | uint64(d.left.Overtake)<<8 | uint64(d.left.Timeouts))
	return h.Sum()
}

// alike: endpoints that begin in the same way, wherever their numbers do.
func (s Setup) alike(o Setup) bool {
	o.ISS, o.IRS = s.ISS, s.IRS
	return s == o
}

// half condenses one end: the endpoint, its user, and what is under way to it.
func (d *Duo) half(i int) uint64 {
	var h queue.Hash
	e, u := d.end[i], &d.user[i]
	d.end[i].fingerprint(&h, d.now)
	h.U64(uint64(d.sent[i]))
	h.U64(uint64(u.written)<<32 | uint64(u.read))
	h.U64(uint64(u.writes))
	for _, b := range [...]bool{u.opened, u.shut, u.closed, u.letGo, u.readable, u.writable} {
		h.Bool(b)
	}
	clock := uint32(int64(d.now) / int64(tcpstate.Millisecond))
	for k := range d.wire[i] {
		s := &d.wire[i][k]
		h.U32(s.Seq.Since(e.setup.IRS))
		if s.Flags.Has(ack) {
			h.U32(s.Ack.Since(e.setup.ISS))
		}
		h.U64(uint64(s.Flags)<<48 | uint64(s.Len)<<16 | uint64(s.Wnd))
		h.U64(uint64(s.Urg)<<16 | uint64(s.HdrLen)<<8 | uint64(s.ECN))
		o := &s.Opts
		h.U64(uint64(o.Set)<<32 | uint64(o.MSS)<<16 | uint64(o.WScale)<<8 | uint64(o.NSACK))
		if o.Has(tcpstate.OptTS) {
			h.U64(uint64(o.TSVal-clock)<<32 | uint64(o.TSEcr-clock))
		}
		h.Bytes(o.Cookie.Bytes())
		for _, r := range o.SACK[:o.NSACK] {
			h.U64(uint64(r.Start.Since(e.setup.ISS))<<32 | uint64(r.End.Since(e.setup.ISS)))
		}
	}
	return h.Sum()
}

// fingerprint feeds what the endpoint will do from now on, and where in its streams it is.
func (e *Endpoint) fingerprint(h *queue.Hash, now tcpstate.Time) {
	h.Bool(e.listens)
	h.U32(uint32(e.full))
	if e.req != nil {
		e.req.Fingerprint(h, now)
	}
	if e.conn == nil {
		return
	}
	h.U64(e.conn.Fingerprint(now))
	h.U64(uint64(e.conn.SndUna().Since(e.setup.ISS))<<32 | uint64(e.conn.RcvNxt().Since(e.setup.IRS)))
	h.U64(uint64(e.view.scale))
	h.Bool(e.view.crossed)
	h.Bool(e.view.pending)
}
