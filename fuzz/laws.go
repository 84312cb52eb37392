package fuzz

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// law is the error of a law that was broken.
func law(format string, args ...any) error { return fmt.Errorf(format, args...) }

// step feeds the connection and holds what follows against the laws.
func (e *Endpoint) step(in tcpstate.Input) error {
	var twin *tcpstate.Conn
	if !e.single {
		twin = e.conn.Clone()
	}
	before := snapshot{e.conn.State(), e.conn.SndUna(), e.conn.RcvNxt(), finTaken(e.conn), e.conn.Readable() > 0}
	e.out = e.conn.Step(in, e.out[:0])
	for _, check := range [...]func() error{
		e.conn.Check,
		func() error { return e.checkTwin(twin, in) },
		func() error { return e.checkOutputs(in, before) },
		func() error { return e.checkBounds(in) },
		e.checkPersist,
		func() error { return e.checkReceived(before) },
	} {
		if err := check(); err != nil {
			return fmt.Errorf("%w\nafter %+v\nin %v\noutputs %+v", err, in, before.state, e.out)
		}
	}
	for _, o := range e.out {
		if o.Kind == tcpstate.Reopen { // TIME-WAIT gave way: the listener answers the SYN
			e.conn, e.req, e.listens = nil, nil, true
			e.listener.ISS = tcpstate.Seq(o.N)
			return e.listen(in)
		}
	}
	return nil
}

// snapshot is what the laws compare with the connection before a step.
type snapshot struct {
	state       tcpstate.State
	una, rcvNxt tcpstate.Seq
	fin         bool // taken
	readable    bool // something waits to be read
}

// checkTwin: same state and same input give the same outputs and the same state.
func (e *Endpoint) checkTwin(twin *tcpstate.Conn, in tcpstate.Input) error {
	if twin == nil {
		return nil
	}
	echo := twin.Step(in, nil)
	switch {
	case !slices.Equal(e.out, echo):
		return law("a clone answers differently: %+v", echo)
	case !e.conn.Equal(twin):
		return law("a clone ends in a different state")
	case e.conn.Fingerprint(e.now) != twin.Fingerprint(e.now):
		return law("equal states have different fingerprints")
	}
	return nil
}

// checkOutputs: every output has its reason, states follow on each other, and
// what is emitted is about what was written.
func (e *Endpoint) checkOutputs(in tcpstate.Input, before snapshot) error {
	state := before.state
	if end := in.Seg.End(); in.Kind == tcpstate.SegmentArrives && in.Seg.Flags.Has(tcpstate.FIN) {
		e.view.stored.Add(queue.Range{Start: e.position(end) - 1, End: e.position(end)}) // nothing to store, yet SACK may tell of it
	}
	for i := range e.out {
		o := &e.out[i]
		if o.Why == 0 {
			return law("output %d has no rule", i)
		}
		e.Cover.Rule(o.Why)
		var err error
		switch o.Kind {
		case tcpstate.Became:
			if o.From != state || !tcpstate.LegalEdge(o.From, o.To) {
				return law("change from %v to %v in state %v", o.From, o.To, state)
			}
			e.Cover.Edge(o.From, o.To)
			e.view.crossed = e.view.crossed || o.From == tcpstate.SynSent && o.To == tcpstate.SynReceived
			state = o.To
		case tcpstate.Emit:
			err = e.checkEmit(in, &o.Seg, before)
		case tcpstate.Sent:
			e.view.sent += uint64(o.N)
			if o.N > in.N {
				return law("Send of %d octets took %d", in.N, o.N)
			}
		case tcpstate.RequestOver:
			e.view.pending = false
		case tcpstate.Acked:
			e.view.acked += uint64(o.N)
		case tcpstate.Store:
			err = e.checkStore(in, o, before)
		}
		if err != nil {
			return err
		}
	}
	if state != e.conn.State() {
		return law("state %v was not announced", e.conn.State())
	}
	return nil
}

// checkEmit: sequence numbers lie within what was written, and the right edge
// of the window never moves left.
func (e *Endpoint) checkEmit(in tcpstate.Input, s *tcpstate.Segment, before snapshot) error {
	if s.Opts.Has(tcpstate.OptTS) {
		e.lastTS = s.Opts.TSVal
	}
	if in.Kind == tcpstate.SegmentArrives && s.Flags.Has(tcpstate.RST) {
		if rst, ok := tcpstate.ResetFor(&in.Seg); ok && rst == *s {
			return nil // says what the other side said, about no stream of ours
		}
	}
	if s.Flags.Has(tcpstate.SYN) {
		e.view.scale = s.Opts.WScale
	}
	lo, hi := before.una.Sub(1), e.conn.WriteSeq()
	if !s.Seq.Between(lo, hi) || !s.End().Between(lo, hi) {
		if !s.Flags.Has(tcpstate.RST) || !s.Seq.Between(lo, hi) {
			return law("emitted [%d,%d) outside of SND.UNA-1 %d and what was written %d", s.Seq, s.End(), lo, hi)
		}
	}
	if err := e.checkFields(s, before); err != nil || !s.Flags.Has(ack) || s.Flags.Has(tcpstate.RST) {
		return err
	}
	if err := e.checkSACK(s); err != nil {
		return err
	}
	return e.checkEdge(in, s)
}

// checkFields: an urgent pointer goes with URG, an echo and an acknowledgement
// with ACK, and what is acknowledged is what the step had come to.
func (e *Endpoint) checkFields(s *tcpstate.Segment, before snapshot) error {
	o := &s.Opts
	switch {
	case s.Flags.Has(tcpstate.URG) != (s.Urg != 0):
		return law("urgent pointer %d with flags %v", s.Urg, s.Flags)
	case o.Has(tcpstate.OptWScale) && o.WScale > 14:
		return law("window scale %d", o.WScale)
	case s.Flags.Has(ack):
		synchronised := before.state != tcpstate.Closed && before.state != tcpstate.SynSent
		if synchronised && (s.Ack.Less(before.rcvNxt) || s.Ack.Greater(e.conn.RcvNxt())) && !s.Flags.Has(tcpstate.SYN) {
			return law("ACK of %d in a step from %d to %d", s.Ack, before.rcvNxt, e.conn.RcvNxt())
		}
	case s.Ack != 0 || o.Has(tcpstate.OptTS) && o.TSEcr != 0:
		return law("no ACK, and it has %d and echoes %d", s.Ack, o.TSEcr)
	}
	return nil
}

// checkSACK: a block beyond the ACK tells of octets that were stored.
func (e *Endpoint) checkSACK(s *tcpstate.Segment) error {
	for _, b := range s.Opts.SACK[:s.Opts.NSACK] {
		held := queue.Range{Start: e.position(b.Start), End: e.position(b.End)}
		if b.Start.GreaterEq(s.Ack) && !e.view.stored.Covers(held) {
			return law("SACK of [%d,%d), which was never stored", b.Start, b.End)
		}
	}
	return nil
}

// checkEdge: the window's right edge moves right only. Linux's two exceptions:
// no memory for the segment at hand closes the window at once, and a timewait
// bucket shows its window rounded down and cut to 16 bits.
func (e *Endpoint) checkEdge(in tcpstate.Input, s *tcpstate.Segment) error {
	v := &e.view
	scale := e.conn.Info(e.now).RcvWScale
	switch {
	case s.Flags.Has(tcpstate.SYN):
		scale = 0
	case v.crossed: // Linux scales although a crossing SYN did not agree to it (tcp_rcv_synsent_state_process)
		scale = v.scale
	}
	edge := s.Ack.Add(uint32(s.Wnd) << scale)
	mini := e.conn.SockState() == tcpstate.Closed
	noMem := s.Wnd == 0 && in.Kind == tcpstate.SegmentArrives && in.Seg.SeqLen() > 0
	switch {
	case s.Flags.Has(tcpstate.SYN) && v.edgeOK && (s.Wnd == 65535 || v.pending):
		return nil // more does not fit an unscaled window; a connection's SYN-ACK stays as it was
	case v.pending && in.Kind == tcpstate.SegmentArrives && s.Len == 0:
		// Its request answers, with the window of the SYN-ACK rounded down (tcp_v4_reqsk_send_ack), or the connection, rounded up.
		if edge.Greater(v.edge) {
			v.edge = edge
		}
		return nil
	}
	if v.edgeOK && edge.Less(v.edge) && !noMem && !mini {
		return law("right edge of the window moved left by %d, from %d to %d", v.edge.Since(edge), v.edge, edge)
	}
	v.edge, v.edgeOK = edge, true
	return nil
}

// checkStore: what is to be stored was in the segment, lies within the window
// that was shown, and is remembered. Linux takes what begins in the window and
// ends beyond it while the user has nothing left to read (tcp_sequence).
func (e *Endpoint) checkStore(in tcpstate.Input, o *tcpstate.Output, before snapshot) error {
	if in.Kind != tcpstate.SegmentArrives || o.N == 0 || uint64(o.Off)+uint64(o.N) > uint64(in.Seg.Len) {
		return law("Store of %d octets from %d of a segment with %d", o.N, o.Off, in.Seg.Len)
	}
	first := in.Seg.Seq.Add(o.Off)
	if in.Seg.Flags.Has(tcpstate.SYN) {
		first = first.Add(1)
	}
	if o.Seg.Seq != first {
		return law("octet %d of the segment stored at %d", first, o.Seg.Seq)
	}
	exact := e.view.edgeOK && e.conn.Info(e.now).RcvWScale > 0 // what is not scaled is cut to 16 bits when shown
	if edge := e.view.edge; exact && (first.GreaterEq(edge) || before.readable && first.Add(o.N).Greater(edge)) {
		return law("%d octets from %d taken beyond the window's right edge %d", o.N, first, edge)
	}
	off := e.position(first)
	if _, ok := e.view.stored.Add(queue.Range{Start: off, End: off + o.N}); !ok {
		return law("more than %d separate runs of data kept", e.view.stored.Limit())
	}
	return nil
}

// checkReceived: RCV.NXT passes only octets that were stored, and the FIN.
func (e *Endpoint) checkReceived(before snapshot) error {
	if before.state == tcpstate.SynSent || before.state == tcpstate.Closed {
		return nil
	}
	from, to := before.rcvNxt, e.conn.RcvNxt()
	if to.Less(from) {
		return law("RCV.NXT went back from %d to %d", from, to)
	}
	octets := to
	if finTaken(e.conn) && !before.fin {
		octets = to.Sub(1)
	}
	if from.Less(octets) && !e.view.stored.Covers(queue.Range{Start: e.position(from), End: e.position(octets)}) {
		return law("RCV.NXT went from %d to %d over octets that were never stored", from, to)
	}
	e.view.stored.TrimBelow(e.position(to))
	return nil
}

// position counts the peer's octets from far before its first, so that it does not wrap.
func (e *Endpoint) position(s tcpstate.Seq) uint32 { return s.Since(e.setup.IRS) ^ 1<<31 }

// finTaken: the peer's FIN is behind RCV.NXT, or may be, which the states tell.
func finTaken(c *tcpstate.Conn) bool {
	switch c.State() {
	case tcpstate.CloseWait, tcpstate.LastAck, tcpstate.Closing, tcpstate.TimeWait, tcpstate.Closed:
		return true
	}
	return c.EOF()
}

// checkBounds: nothing grows beyond its buffer, and whatever waits has a timer.
func (e *Endpoint) checkBounds(in tcpstate.Input) error {
	c := e.conn
	const slack = 4 << 16 // the last segments taken
	cfg := e.listener.Cfg
	at, armed := c.Deadline()
	synchronised := c.State() != tcpstate.Closed && c.State() != tcpstate.SynSent && c.State() != tcpstate.SynReceived
	switch {
	case int64(c.Readable()) > int64(max(c.RcvBuf(), cfg.Rmem[2], 8<<20))+slack:
		return law("%d octets to read in a buffer of %d", c.Readable(), c.RcvBuf())
	case int64(c.OutQueue()) > int64(max(c.SndBuf(), cfg.Wmem[2], 8<<20))+slack:
		return law("%d octets to send in a buffer of %d", c.OutQueue(), c.SndBuf())
	case e.view.acked > e.view.sent:
		return law("%d octets released of %d taken", e.view.acked, e.view.sent)
	case in.Kind == tcpstate.Timeout && armed && at <= e.now:
		return law("deadline %d is not after the time-out at %d", at, e.now)
	case c.SockState() != tcpstate.Closed && synchronised && c.OutQueue() > 0 && !armed:
		return law("%d octets wait without a timer", c.OutQueue())
	case (c.State() == tcpstate.SynSent && !c.FastDeferred() || c.State() == tcpstate.TimeWait) && !armed:
		return law("no timer ends this state")
	}
	return nil
}

// checkPersist: the persist timer is for a window that is closed. A full segment that it has room for does not wait while nothing
// is in flight; less may, for Nagle, TCP_CORK and MSG_MORE use the same timer (tcp_check_probe_timer). What was too much for the
// window stays so when segments become smaller: nobody looks until an ACK comes, or the timer (tcp_v4_mtu_reduced). A FIN takes a
// sequence number of the window, so that a full segment that carries it needs one more than its octets (tcp_snd_wnd_test).
func (e *Endpoint) checkPersist() error {
	c := e.conn
	if c.NotSent() == 0 || c.SockState() == tcpstate.Closed {
		return nil
	}
	i := c.Info(e.now)
	e.view.mss = max(e.view.mss, i.SndMSS)
	whole := e.view.mss
	switch c.State() {
	case tcpstate.FinWait1, tcpstate.Closing, tcpstate.LastAck:
		if i.NotSentBytes == whole+1 {
			whole++
		}
	}
	if i.Unacked == 0 && min(i.NotSentBytes, i.SndWnd) >= whole {
		return law("%d octets wait for a window of %d, and nothing is in flight", i.NotSentBytes, i.SndWnd)
	}
	return nil
}

// checkRequest holds what a pending request answers against the laws.
func (e *Endpoint) checkRequest(in tcpstate.Input, out []tcpstate.Output) error {
	e.out = out
	for i, o := range out {
		if o.Why == 0 {
			return law("request's output %d has no rule", i)
		}
		e.Cover.Rule(o.Why)
		s := &o.Seg
		if o.Kind != tcpstate.Emit || s.Flags.Has(tcpstate.RST) {
			continue
		}
		if s.Opts.Has(tcpstate.OptTS) {
			e.lastTS = s.Opts.TSVal
		}
		scale := e.req.RcvWScale
		if s.Flags.Has(tcpstate.SYN) {
			scale = 0
		}
		// A request's bare ACK shows the window rounded down.
		if edge := s.Ack.Add(uint32(s.Wnd) << scale); !e.view.edgeOK || edge.Greater(e.view.edge) {
			e.view.edge, e.view.edgeOK = edge, true
		}
	}
	if in.Kind == tcpstate.Timeout && e.req != nil && e.req.Deadline <= e.now && len(out) > 0 && out[len(out)-1].Kind != tcpstate.Gone {
		return law("request's deadline %d is not after %d", e.req.Deadline, e.now)
	}
	return nil
}
