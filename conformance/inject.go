package conformance

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// defaultTTL is what Google's runner puts into packets whose TTL the script leaves open.
const defaultTTL = 255

// injectPacket performs a `<` event.
func (e *engine) injectPacket(p *script.Packet) error {
	c, err := e.connForPacket(p)
	if err != nil {
		return err
	}
	if err := e.waitForEvent("inbound packet"); err != nil {
		return err
	}
	c.noteInbound(p)
	s, err := e.buildInbound(c, p)
	if err != nil {
		return err
	}
	b := s.bytes()
	if p.IP.HasFrag {
		b = cutFragment(b, &p.IP.Frag)
	}
	e.trace = append(e.trace, Traced{At: e.now(), Inbound: true, Packet: b, Line: p.Pos.Line})
	return e.inst.Inject(b)
}

// noteInbound moves the connection on as do_inbound_script_packet does. Other than there a SYN without ACK sets the peer's
// initial number too, which simultaneous open needs.
func (c *conn) noteInbound(p *script.Packet) {
	if p.TCP == nil {
		return
	}
	switch {
	case c.state == connPassiveSent && p.TCP.Flags.Has(script.ACK):
		c.state = connPassiveAcked
	case c.state == connSynSent && p.TCP.Flags.Has(script.SYN):
		if p.TCP.Flags.Has(script.ACK) {
			c.state = connSynAcked
		}
		c.remoteISN = p.TCP.Seq
	}
}

// buildInbound is the script's packet in the live stack's numbers.
func (e *engine) buildInbound(c *conn, p *script.Packet) (*segment, error) {
	s, err := e.build(p)
	if err != nil {
		return nil, err
	}
	s.src, s.dst = c.live.remote.Addr(), c.live.local.Addr()
	s.sport, s.dport = c.live.remote.Port(), c.live.local.Port()
	if !s.dst.IsValid() { // nothing was sent yet: only the runner's own addresses are left
		s.dst, s.dport = e.cfg.local(), e.cfg.bindPort
	}
	if !s.src.IsValid() {
		s.src, s.sport = e.cfg.remote(), e.cfg.connectPort
	}
	if p.Ports != nil {
		s.sport, s.dport = p.Ports.Src, p.Ports.Dst
	}
	if p.ICMP != nil {
		return s, e.quote(c, p.ICMP, s)
	}
	if p.TCP == nil {
		return s, nil
	}
	syn := s.flags.Has(script.SYN)
	s.seq += c.remoteOffset(syn)
	if s.flags.Has(script.ACK) {
		s.ack += c.localOffset(syn)
	}
	shiftSACK(s.options, c.localOffset(syn))
	return s, e.mapEcho(c, s)
}

// mapEcho turns an inbound segment's TS ecr, which the script writes as one of the stack's values, into the value that the stack
// really sent.
func (e *engine) mapEcho(c *conn, s *segment) error {
	_, ecr := findTS(s.options)
	if ecr == nil || !s.flags.Has(script.ACK) {
		return nil
	}
	written := binary.BigEndian.Uint32(ecr)
	if live, ok := c.tsVals[written]; ok {
		binary.BigEndian.PutUint32(ecr, live)
		return nil
	}
	if e.cfg.tsEcrScaled {
		if c.hasTS { // else it is of nothing: as it stands
			binary.BigEndian.PutUint32(ecr, written-c.firstTS+c.firstTSNow)
		}
		return nil
	}
	return e.failf("TS ecr", "the TS val of a packet that the script has seen", fmt.Sprintf("%d, which none had", written))
}

// build is a script's packet as it stands there: no addresses, no ports, relative numbers.
func (e *engine) build(p *script.Packet) (*segment, error) {
	if len(p.Outer) > 0 || p.PSP != nil {
		return nil, fmt.Errorf("line %d: encapsulated packets: %w", p.Pos.Line, ErrUnsupported)
	}
	s := &segment{slot: -1, tos: tosOf(&p.IP), ttl: defaultTTL}
	if p.IP.HasTTL {
		s.ttl = p.IP.TTL
	}
	if p.IP.HasFlowLabel {
		s.flow = p.IP.FlowLabel
	}
	switch {
	case p.TCP != nil:
		return s, e.buildTCP(p.TCP, s)
	case p.UDP != nil:
		s.proto, s.payload = sock.ProtoUDP, make([]byte, p.UDP.Len)
	case p.ICMP != nil:
		return s, e.buildICMP(p.ICMP, s)
	}
	return s, nil
}

func (e *engine) buildTCP(t *script.TCP, s *segment) (err error) {
	s.proto = sock.ProtoTCP
	s.flags, s.seq, s.ack = t.Flags, t.Seq, t.Ack
	s.window, s.urgent = t.Window, t.Urgent
	s.payload = make([]byte, t.Len) // zeros, as all data in scripts
	if s.options, err = encodeOptions(t.Options); err != nil {
		return e.failf("options", "a header that can be written", err.Error())
	}
	return nil
}

// tosOf is the traffic class that a script's mark stands for.
func tosOf(ip *script.IPSpec) uint8 {
	switch ip.ECN {
	case script.ECT1:
		return 1
	case script.ECT0, script.ECT01:
		return 2
	case script.CE:
		return 3
	case script.WholeTOS:
		return ip.TOS
	}
	return 0
}
