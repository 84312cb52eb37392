package conformance

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// How long the engine waits for a packet beyond the time at which it is expected, so that it can say how late it was; and for a
// packet that may come at any time.
const (
	patience    = 2 * tcpstate.Second
	anyPatience = 10 * tcpstate.Minute
)

// expectPacket performs a `>` event. It does not wait for the event's time first: a packet that comes early is as wrong as one
// that comes late.
func (e *engine) expectPacket(p *script.Packet) error {
	c, err := e.connForPacket(p)
	if err != nil {
		return err
	}
	want, err := e.build(p)
	if err != nil {
		return err
	}
	synAck := p.TCP != nil && p.TCP.Flags.Has(script.SYN|script.ACK)
	if synAck && c.state == connPassiveReceived {
		c.scriptISN = p.TCP.Seq
	}
	got, err := e.gather(c, p, want, synAck)
	if err != nil {
		return err
	}
	c.learnTS(want, got)
	if err := e.compare(c, p, want, got); err != nil {
		return err
	}
	if err := e.checkTime("outbound packet", got.began); err != nil {
		return err
	}
	return e.checkTime("outbound packet", got.at)
}

// gather collects what one expected packet stands for: a single packet, or several that follow each other seamlessly, since
// where a stack cuts its stream is left open unless --strict_segments is on (do_outbound_script_packet).
func (e *engine) gather(c *conn, p *script.Packet, want *segment, synAck bool) (*segment, error) {
	var first, all *segment
	for {
		s, err := e.next(c, p)
		if err != nil {
			return nil, err
		}
		if s == nil {
			f := e.failf("packet", expectedString(p, want), e.nothing(all))
			f.Why = distinct(e.ruled) // a drop, perhaps
			return nil, f
		}
		e.trace[s.slot].Line = p.Pos.Line
		if synAck && c.state == connPassiveReceived {
			c.state, c.liveISN = connPassiveSent, s.seq
		}
		c.toScript(s)
		if all == nil {
			first, all = s, s
		} else if err := e.merge(p, want, all, first, s); err != nil {
			return nil, err
		} else {
			all, first = joined(all, s), s
		}
		// A bare ACK begins nothing. Google's runner takes one for an empty first part and so overlooks it.
		if len(all.payload) >= len(want.payload) || len(all.payload) == 0 || e.cfg.strictSegments || p.IP.HasFrag {
			break
		}
	}
	if len(all.payload) != len(want.payload) && !leavesPayload(p) && !p.IP.HasFrag {
		return nil, e.differs("payload length", p, want, all)
	}
	return all, nil
}

// nothing describes an absence: what came so far of a longer expectation, or silence.
func (e *engine) nothing(part *segment) string {
	if part == nil {
		return "no packet"
	}
	return "only " + part.String()
}

// next is the connection's next packet, nil when none came in time.
func (e *engine) next(c *conn, p *script.Packet) (*segment, error) {
	deadline := max(e.now(), e.cur.end, e.cur.at).Add(max(patience, e.cfg.tolerance))
	if e.cur.ev.Time.Kind == script.TimeAny {
		deadline = e.now().Add(anyPatience)
	}
	var s *segment
	_, err := e.pump(deadline, func() bool {
		s = e.claim(c, p)
		return s != nil
	})
	return s, err
}

// toScript turns a live packet's sequence numbers into the script's.
func (c *conn) toScript(s *segment) {
	if s.proto != sock.ProtoTCP {
		return
	}
	syn := s.flags.Has(script.SYN)
	s.seq -= c.localOffset(syn)
	if s.flags.Has(script.ACK) {
		s.ack -= c.remoteOffset(syn)
	}
	shiftSACK(s.options, -c.remoteOffset(syn))
}

// learnTS remembers which live TS val the script's stands for and moves the live one into the script's space.
func (c *conn) learnTS(want, got *segment) {
	wantVal, _ := findTS(want.options)
	gotVal, _ := findTS(got.options)
	if wantVal == nil || gotVal == nil {
		return
	}
	written, live := binary.BigEndian.Uint32(wantVal), binary.BigEndian.Uint32(gotVal)
	c.tsVals[written] = live
	if !c.hasTS {
		c.hasTS, c.firstTS, c.firstTSNow = true, written, live
	}
	binary.BigEndian.PutUint32(gotVal, c.firstTS+live-c.firstTSNow)
}

// merge checks that a further segment continues what came before: the same header but for FIN, PSH and CWR, and the same size
// unless it is the last (verify_packet_fragments).
func (e *engine) merge(p *script.Packet, want, all, last, s *segment) error {
	const free = script.FIN | script.PSH | script.CWR
	what := ""
	switch {
	case s.flags&^free != last.flags&^free:
		what = "flags of a further segment"
	case s.seq != last.seq+uint32(len(last.payload)):
		what = "tcp_seq of a further segment"
	case s.ack != last.ack:
		what = "tcp_ack_seq of a further segment"
	case s.window != last.window:
		what = "tcp_window of a further segment"
	case s.urgent != last.urgent:
		what = "tcp_urg_ptr of a further segment"
	case len(s.options) != len(last.options):
		what = "options of a further segment"
	case len(s.payload) < len(want.payload)-len(all.payload) && len(s.payload) != len(last.payload):
		what = "length of a further segment"
	}
	if what == "" {
		return nil
	}
	f := e.differs(what, p, want, s)
	f.Got = all.String() + " then " + s.String()
	return f
}

// joined is the two as one packet: the last one's header with the first one's sequence number and CWR (aggregate_packets).
func joined(all, s *segment) *segment {
	j := *s
	j.seq, j.began = all.seq, all.began
	j.flags = s.flags&^script.CWR | all.flags&script.CWR
	j.payload = append(append([]byte(nil), all.payload...), s.payload...)
	j.why = append(append([]string(nil), all.why...), s.why...)
	return &j
}

// differs is a failure over two packets.
func (e *engine) differs(what string, p *script.Packet, want, got *segment) *Failure {
	f := e.failf(what, expectedString(p, want), fmt.Sprintf("%s at %s s", got, seconds(got.at)))
	f.Why = distinct(got.why)
	return f
}

// distinct drops repetitions: segments that were joined tend to have one reason.
func distinct(names []string) []string {
	var list []string
	for _, n := range names {
		if !contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}
