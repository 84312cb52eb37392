package fuzz

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// Endpoint is one TCP endpoint and what a socket layer and a peer know of it:
// a listener that holds at most one request, and then a connection.
type Endpoint struct {
	setup    Setup
	listener tcpstate.Listener
	now      tcpstate.Time
	listens  bool
	full     int // how often the accept queue still has no room
	req      *tcpstate.Request
	conn     *tcpstate.Conn
	out      []tcpstate.Output
	lastTS   uint32 // timestamp last sent
	view     view
	Cover    *Coverage
	Trace    Trace   // nil: silent
	story    *teller // nil: nobody tells it
	// single: no clone is given the same input. It doubles the work, and the fuzz targets do it.
	single bool
}

// view is what the peer has seen and what the caller was told.
type view struct {
	edge        tcpstate.Seq // right edge of the window that the latest segment showed
	edgeOK      bool
	crossed     bool   // two SYNs crossed
	pending     bool   // a SYN made the connection, and its SYN-ACK is not acknowledged
	scale       uint8  // that our SYN offered
	sent, acked uint64 // octets taken by Send, released by Acked
	mss         uint32 // the largest that segments were cut to
	stored      queue.Ranges
}

// NewEndpoint is an endpoint in CLOSED or LISTEN that notes in cover what it reaches.
func NewEndpoint(s Setup, cover *Coverage) *Endpoint {
	e := &Endpoint{setup: s, now: tcpstate.Time(tcpstate.Second), Cover: cover}
	e.listener = tcpstate.Listener{Params: s.Params(s.Config()), DeferAccept: s.DeferCount}
	if s.Odd&8 != 0 {
		e.full = 2
	}
	cover.State(tcpstate.Closed)
	if s.Passive {
		e.listens = true
		e.Cover.Edge(tcpstate.Closed, tcpstate.Listen)
		return e
	}
	e.conn = tcpstate.New(e.listener.Params)
	return e
}

// State is the connection's, or LISTEN as long as there is none.
func (e *Endpoint) State() tcpstate.State {
	switch {
	case e.conn != nil:
		return e.conn.State()
	case e.listens:
		return tcpstate.Listen
	}
	return tcpstate.Closed
}

// Readable is what can be read now, in octets.
func (e *Endpoint) Readable() uint32 {
	if e.conn == nil {
		return 0
	}
	return e.conn.Readable()
}

// Deadline is the next timer's, of connection or request.
func (e *Endpoint) Deadline() (tcpstate.Time, bool) {
	switch {
	case e.conn != nil:
		return e.conn.Deadline()
	case e.req != nil:
		return e.req.Deadline, true
	}
	return 0, false
}

// seqBases are what a peer's sequence numbers can be counted from: RCV.NXT, the
// window's right edge, the first octet that the user has not taken, and IRS.
func (e *Endpoint) seqBases() [4]tcpstate.Seq {
	irs := e.setup.IRS
	switch st := e.State(); {
	case e.conn != nil && st != tcpstate.SynSent && e.view.edgeOK:
		return [4]tcpstate.Seq{e.conn.RcvNxt(), e.view.edge, e.conn.CopiedSeq(), irs}
	case e.req != nil:
		return [4]tcpstate.Seq{e.req.RcvNxt(), e.view.edge, e.req.IRS, irs}
	}
	return [4]tcpstate.Seq{irs, irs, irs, irs}
}

// ackBases are what a peer's acknowledgements can be counted from: SND.NXT,
// SND.UNA, the end of what the user wrote, and ISS.
func (e *Endpoint) ackBases() [4]tcpstate.Seq {
	switch {
	case e.conn != nil:
		return [4]tcpstate.Seq{e.conn.SndNxt(), e.conn.SndUna(), e.conn.WriteSeq(), e.setup.ISS}
	case e.req != nil:
		return [4]tcpstate.Seq{e.req.ISS.Add(1), e.req.ISS, e.req.ISS, e.setup.ISS}
	}
	return [4]tcpstate.Seq{e.setup.ISS, e.setup.ISS, e.setup.ISS, e.setup.ISS}
}

// peerClock is the peer's timestamp clock, in milliseconds; it wraps soon after the start.
func (e *Endpoint) peerClock() uint32 { return uint32(int64(e.now)/int64(tcpstate.Millisecond)) - 5000 }

// Do lets the op's time pass and does it. The error is the first law broken.
func (e *Endpoint) Do(o Op) error {
	if err := e.Wait(choose(gaps, o.Gap&^(Late|Deaf)), o.Gap&Late != 0); err != nil {
		return err
	}
	if o.Kind == OpExpire {
		at, ok := e.Deadline()
		if !ok {
			return nil
		}
		return e.Wait(at.Sub(e.now), true)
	}
	in, ok := e.input(o)
	if !ok {
		return nil
	}
	return e.Feed(in)
}

// mostTimers bounds the timers of one wait: a keepalive could fire for ever.
const mostTimers = 64

// Wait lets d pass. Timers fire on time, or all at the end when late.
func (e *Endpoint) Wait(d tcpstate.Duration, late bool) error {
	end := e.now.Add(max(d, 0))
	for range mostTimers {
		at, ok := e.Deadline()
		if !ok || at > end {
			break
		}
		if e.now = max(at, e.now); late {
			e.now = end
		}
		if err := e.Feed(tcpstate.Input{Kind: tcpstate.Timeout}); err != nil {
			return err
		}
	}
	e.now = end
	return nil
}

// Feed gives one event to whoever takes it: LISTEN, the request or the connection.
func (e *Endpoint) Feed(in tcpstate.Input) error {
	in.Now = e.now
	e.out = e.out[:0]
	if e.story != nil {
		e.story.heard(e, &in)
	}
	if e.Trace != nil {
		defer func() { e.Trace("%d %v\n%s", e.now, e.State(), describe(in, e.out)) }()
	}
	switch {
	case in.Kind == tcpstate.Open && e.conn != nil && e.conn.State() == tcpstate.Closed:
		e.fresh(tcpstate.New(e.listener.Params)) // as the socket layer does: a used control block is not opened again
		return e.step(in)
	case e.conn != nil:
		return e.step(in)
	case e.listens && in.Kind == tcpstate.Close: // a request goes with its listener (inet_csk_listen_stop)
		e.listens = false
		e.Cover.Edge(tcpstate.Listen, tcpstate.Closed)
		e.fresh(tcpstate.New(e.listener.Params))
	case e.req != nil:
		return e.stepRequest(in)
	case e.listens && in.Kind == tcpstate.SegmentArrives:
		return e.listen(in)
	}
	return nil
}

func (e *Endpoint) fresh(c *tcpstate.Conn) {
	e.conn, e.req = c, nil
	e.view = view{stored: queue.NewRanges(1 << 12)}
}

// listen is LISTEN's answer to a segment that no request accounts for.
func (e *Endpoint) listen(in tcpstate.Input) error {
	what, why := tcpstate.Listens(&in.Seg)
	e.Cover.Rule(why)
	switch what {
	case tcpstate.ListenSyn:
		if e.setup.Fast && in.Seg.Len > 0 {
			return e.fastAccept(in)
		}
		r, out := e.listener.AnswerSYN(in, e.out[:0])
		e.req, e.view = &r, view{}
		return e.checkRequest(in, out)
	case tcpstate.ListenResets:
		rst, ok := tcpstate.ResetFor(&in.Seg)
		if !ok {
			return law("a RST is answered with RST")
		}
		e.out = append(e.out, tcpstate.Output{Kind: tcpstate.Emit, Why: why, Seg: rst})
	}
	return nil
}

// fastAccept makes a connection of a SYN with data at once.
func (e *Endpoint) fastAccept(in tcpstate.Input) error {
	conn, out := e.listener.FastAccept(in, e.out[:0])
	e.fresh(conn)
	e.out, e.view.pending = out, true
	if err := conn.Check(); err != nil {
		return err
	}
	return e.checkOutputs(in, snapshot{state: tcpstate.Closed, una: conn.SndUna(), rcvNxt: in.Seg.Seq.Add(1)})
}

// stepRequest: the handshake's end makes the connection, if there is room for it.
func (e *Endpoint) stepRequest(in tcpstate.Input) error {
	out := e.req.Step(&e.listener, in, e.out[:0])
	if err := e.checkRequest(in, out); err != nil {
		return err
	}
	switch last := out[max(len(out), 1)-1:]; {
	case len(last) == 0:
	case last[0].Kind == tcpstate.Gone:
		e.req = nil
	case last[0].Kind == tcpstate.Promote && e.full > 0:
		e.full--
		out = e.req.Overflow(&e.listener, in, out[:0])
		if err := e.checkRequest(in, out); err != nil {
			return err
		}
		if out[len(out)-1].Kind == tcpstate.Gone {
			e.req = nil
		}
	case last[0].Kind == tcpstate.Promote:
		edge := e.view.edge
		e.fresh(tcpstate.Accept(e.listener.Params, e.req, &in.Seg))
		e.view.edge, e.view.edgeOK = edge, true
		e.Cover.Edge(tcpstate.Closed, tcpstate.SynReceived)
		return e.step(in)
	}
	return nil
}
