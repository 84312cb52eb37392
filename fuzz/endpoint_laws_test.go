package fuzz

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// busyEndpoint has data in flight, data to be read, and data out of order.
func busyEndpoint(t *testing.T) (*Endpoint, snapshot) {
	setup, _ := ReadSetup(zero[:])
	e := NewEndpoint(setup, &Coverage{})
	for _, o := range then(active, []Op{data, seg(ack, at(rcvNxt, ahead1000), length(k100)), send(k1000)}) {
		require.NoError(t, e.Do(o))
	}
	e.out = nil
	return e, snapshot{e.conn.State(), e.conn.SndUna(), e.conn.RcvNxt(), false, true}
}

// Each law about what an endpoint puts out can fail: an output that breaks it is named.
func TestEveryLawOfAnEndpointsOutputsCanFail(t *testing.T) {
	type spoiler func(e *Endpoint, in *tcpstate.Input) tcpstate.Output
	emits := func(change func(e *Endpoint, s *tcpstate.Segment)) spoiler {
		return func(e *Endpoint, _ *tcpstate.Input) tcpstate.Output {
			o := tcpstate.Output{Kind: tcpstate.Emit, Why: rule.AckNow}
			o.Seg = tcpstate.Segment{Flags: ack, Seq: e.conn.SndNxt(), Ack: e.conn.RcvNxt(), Wnd: 65535}
			change(e, &o.Seg)
			return o
		}
	}
	stores := func(change func(e *Endpoint, o *tcpstate.Output)) spoiler {
		return func(e *Endpoint, in *tcpstate.Input) tcpstate.Output {
			in.Kind, in.Seg = tcpstate.SegmentArrives, tcpstate.Segment{Flags: ack, Seq: e.conn.RcvNxt(), Len: 100}
			o := tcpstate.Output{Kind: tcpstate.Store, Why: rule.InOrder, N: 100, Seg: in.Seg}
			change(e, &o)
			in.Seg.Seq = o.Seg.Seq
			return o
		}
	}
	for want, spoil := range map[string]spoiler{
		"urgent pointer 5 with flags": emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Urg = 5 }),
		"urgent pointer 0 with flags": emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Flags |= urg }),
		"window scale 15": emits(func(e *Endpoint, s *tcpstate.Segment) {
			s.Seq, s.Flags, s.Opts.Set, s.Opts.WScale = e.conn.SndUna(), syn|ack, tcpstate.OptWScale, 15
		}),
		"in a step from":     emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Ack = s.Ack.Add(1) }),
		"ACK of ":            emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Ack = s.Ack.Sub(1) }),
		"no ACK, and it has": emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Flags = rst }),
		"and echoes 7": emits(func(_ *Endpoint, s *tcpstate.Segment) {
			s.Flags, s.Ack, s.Opts.Set, s.Opts.TSEcr = rst, 0, tcpstate.OptTS, 7
		}),
		"outside of SND.UNA": emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Seq = s.Seq.Add(1) }),
		"which was never stored": emits(func(e *Endpoint, s *tcpstate.Segment) {
			s.Opts.Set, s.Opts.NSACK = tcpstate.OptSACK, 1
			s.Opts.SACK[0] = tcpstate.Range{Start: s.Ack.Add(5000), End: s.Ack.Add(5001)}
		}),
		"moved left":  emits(func(_ *Endpoint, s *tcpstate.Segment) { s.Wnd = 1 }),
		"has no rule": func(*Endpoint, *tcpstate.Input) tcpstate.Output { return tcpstate.Output{Kind: tcpstate.Readable} },
		"change from": func(*Endpoint, *tcpstate.Input) tcpstate.Output {
			return tcpstate.Output{Kind: tcpstate.Became, Why: rule.ActiveOpen, From: tcpstate.Established, To: tcpstate.Listen}
		},
		"was not announced": func(*Endpoint, *tcpstate.Input) tcpstate.Output {
			return tcpstate.Output{Kind: tcpstate.Became, Why: rule.UserClose, From: tcpstate.Established, To: tcpstate.FinWait1}
		},
		"Send of 0 octets took 1": func(*Endpoint, *tcpstate.Input) tcpstate.Output {
			return tcpstate.Output{Kind: tcpstate.Sent, Why: rule.UserSend, N: 1}
		},
		"Store of 101 octets":   stores(func(_ *Endpoint, o *tcpstate.Output) { o.N = 101 }),
		"taken beyond":          stores(func(e *Endpoint, o *tcpstate.Output) { o.Seg.Seq = e.view.edge }),
		"of the segment stored": stores(func(_ *Endpoint, o *tcpstate.Output) { o.Off, o.N = 1, 99 }),
	} {
		t.Run(want, func(t *testing.T) {
			e, before := busyEndpoint(t)
			var in tcpstate.Input
			require.NoError(t, e.checkOutputs(in, before))
			e.out = []tcpstate.Output{spoil(e, &in)}
			require.ErrorContains(t, e.checkOutputs(in, before), want)
		})
	}
}

// So can the laws about what an endpoint has come to.
func TestEveryLawOfAnEndpointsStateCanFail(t *testing.T) {
	for want, broken := range map[string]func(e *Endpoint, b snapshot) error{
		"RCV.NXT went back": func(e *Endpoint, b snapshot) error { b.rcvNxt = b.rcvNxt.Add(1); return e.checkReceived(b) },
		"never stored": func(e *Endpoint, b snapshot) error {
			b.rcvNxt, e.view.stored = b.rcvNxt.Sub(1), queue.Ranges{}
			return e.checkReceived(b)
		},
		"octets released of": func(e *Endpoint, _ snapshot) error {
			e.view.acked = e.view.sent + 1
			return e.checkBounds(tcpstate.Input{})
		},
		"deadline": func(e *Endpoint, _ snapshot) error {
			e.now, _ = e.conn.Deadline()
			return e.checkBounds(tcpstate.Input{Kind: tcpstate.Timeout})
		},
		"wait for a window of": func(e *Endpoint, _ snapshot) error {
			require.NoError(t, e.Do(bare))
			require.NoError(t, e.checkPersist())
			e.conn.Step(tcpstate.Input{Kind: tcpstate.Send, N: 5000, Now: e.now, Bars: tcpstate.BarRoute}, nil)
			return e.checkPersist()
		},
		"answers differently": func(e *Endpoint, _ snapshot) error {
			return e.checkTwin(e.conn.Clone(), tcpstate.Input{Kind: tcpstate.Close, Now: e.now})
		},
		"ends in a different stat": func(e *Endpoint, _ snapshot) error {
			return e.checkTwin(tcpstate.New(e.listener.Params), tcpstate.Input{})
		},
	} {
		t.Run(want, func(t *testing.T) {
			e, before := busyEndpoint(t)
			require.NoError(t, e.checkReceived(before))
			require.NoError(t, e.checkBounds(tcpstate.Input{}))
			require.ErrorContains(t, broken(e, before), want)
		})
	}
}

// Nor does a host hide what breaks its laws: effects, threads that wait for what is there, and what outlives its processes.
func TestEveryLawOfAHostsRunCanFail(t *testing.T) {
	const reader = sock.Thread(7)
	for want, broken := range map[string]func(r *HostRun) error{
		"effect 0 has no rule": func(r *HostRun) error { return r.observe([]sock.Effect{{Kind: sock.Noted}}) },
		"carries 0": func(r *HostRun) error {
			e := sock.Effect{Kind: sock.Transmit, Why: rule.AckNow, Packet: sock.Packet{Proto: sock.ProtoTCP}}
			e.Packet.Seg.Len = 5
			return r.observe([]sock.Effect{e})
		},
		"change from LISTEN": func(r *HostRun) error {
			return r.observe([]sock.Effect{{Kind: sock.Changed, Why: rule.AckNow, From: tcpstate.Listen, To: tcpstate.TimeWait}})
		},
		"effects of one input": func(r *HostRun) error { return r.observe(make([]sock.Effect, mostEffects+1)) },
		"and poll says": func(r *HostRun) error {
			r.parked[reader] = sock.Call{Op: sock.OpAccept, FD: sceneFD}
			return r.checkWaiters()
		},
		"wait for ever": func(r *HostRun) error { r.parked[reader] = sock.Call{}; return r.Finish() },
		"outlive all":   func(r *HostRun) error { clear(r.threads); return r.Finish() },
		"a clone answers differently": func(r *HostRun) error {
			r.twins = true
			_, err := r.input(func(h *sock.Host) []sock.Effect {
				if h != r.Host {
					return nil
				}
				return h.Call(r.now, 0, dgramCall4(), nil)
			})
			return err
		},
	} {
		t.Run(want, func(t *testing.T) {
			w, err := NewScene(SceneConfig{Opening: append([]sock.Call{streamCall()}, listenCalls(sceneFD)...), Acts: []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck)}})
			require.NoError(t, err)
			for i := range w.Acts {
				require.NoError(t, w.Do(uint32(i), &Coverage{}))
			}
			require.NoError(t, w.run.checkWaiters())
			require.ErrorContains(t, broken(w.run), want)
		})
	}
}
