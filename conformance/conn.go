package conformance

import (
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// connState is how far the engine has seen a socket come. It steers which script packet belongs to which socket, no more.
type connState uint8

const (
	connNew             connState = iota // socket()
	connListening                        // listen()
	connConnecting                       // connect() was called
	connSynSent                          // the script has named its SYN
	connSynAcked                         // the script's SYN-ACK was injected
	connPassiveReceived                  // the script's SYN was injected
	connPassiveSent                      // the SYN-ACK was seen
	connPassiveAcked                     // and acknowledged
)

// conn pairs a connection of the script with one of the live stack: its addresses, and what turns sequence numbers and time
// stamps of the one into those of the other.
type conn struct {
	label string
	state connState
	proto uint8
	fd    int32 // live descriptor, -1 before accept

	live       tuple
	scriptISN  uint32 // the stack's initial sequence number as the script writes it in SYN and SYN-ACK
	liveISN    uint32 // and as it really is
	remoteISN  uint32 // ours: the script's number is used as it is
	tsVals     map[uint32]uint32
	hasTS      bool
	firstTS    uint32 // the stack's first TS val as the script writes it
	firstTSNow uint32 // and as it really was
	flowScript uint32
	flowLive   uint32
}

// newConn registers a socket as the one that packets under its label refer to.
func (e *engine) newConn(label string, proto uint8) *conn {
	c := &conn{label: label, proto: proto, fd: -1, tsVals: map[uint32]uint32{}}
	e.conns = append(e.conns, c)
	e.current[label] = c
	return c
}

// firstRemotePort is the port of the first passive connection's peer; each further one has the next. A port for each keeps
// connections of one script apart.
const firstRemotePort = 45001

// connForPacket finds the connection that a script's packet is about (find_or_create_socket_for_script_packet).
func (e *engine) connForPacket(p *script.Packet) (*conn, error) {
	c := e.current[p.Conn]
	if p.TCP != nil {
		if p.Direction == script.Inbound && (c == nil || c.state == connListening) {
			return e.passiveConn(p), nil
		}
		if p.Direction == script.Outbound && p.TCP.Flags.Has(script.SYN) && !p.TCP.Flags.Has(script.ACK) {
			if a := e.connectingConn(p.Conn); a != nil {
				a.state, a.scriptISN = connSynSent, p.TCP.Seq
				return a, nil
			}
		}
	}
	if c == nil || !matchesProto(c, p) {
		return nil, e.failf("packet", "a socket that the packet belongs to", "none: no socket, or one of another protocol")
	}
	return c, nil
}

// passiveConn is the child that a script's segment to a listener (or to no socket at all) opens.
func (e *engine) passiveConn(p *script.Packet) *conn {
	passive := 0
	for _, c := range e.conns {
		if c.state >= connPassiveReceived {
			passive++
		}
	}
	c := e.newConn(p.Conn, sock.ProtoTCP)
	c.state = connPassiveReceived
	c.remoteISN = p.TCP.Seq
	c.live = tuple{netip.AddrPortFrom(e.cfg.local(), e.cfg.bindPort),
		netip.AddrPortFrom(e.cfg.remote(), uint16(firstRemotePort+passive))}
	return c
}

// connectingConn is the socket whose SYN a script names: the one under the label, or for a label not used yet the first
// connecting socket that has none.
func (e *engine) connectingConn(label string) *conn {
	if c := e.current[label]; c != nil {
		if c.state == connConnecting {
			return c
		}
		return nil
	}
	var found *conn
	for _, c := range e.conns {
		if c.state != connConnecting || c.label != "" {
			continue
		}
		if found == nil || found == e.current[""] {
			found = c
		}
	}
	if found != nil {
		if e.current[""] == found {
			delete(e.current, "")
		}
		found.label = label
		e.current[label] = found
	}
	return found
}

func matchesProto(c *conn, p *script.Packet) bool {
	switch {
	case p.TCP != nil:
		return c.proto == sock.ProtoTCP
	case p.UDP != nil:
		return c.proto == sock.ProtoUDP
	}
	return true // ICMP is about any
}

// Offsets from the script's numbers to the live ones (socket.h). A SYN states initial sequence numbers as they are, everything
// else counts from them.

func (c *conn) remoteOffset(syn bool) uint32 {
	if syn {
		return 0
	}
	return c.remoteISN
}

func (c *conn) localOffset(syn bool) uint32 {
	if syn {
		return c.liveISN - c.scriptISN
	}
	return c.liveISN
}

// claim takes the first packet that belongs to the connection out of those that arrived. A SYN from an unknown port belongs to
// the connection whose SYN the script expects (find_connect_for_live_packet).
func (e *engine) claim(c *conn, p *script.Packet) *segment {
	for i, s := range e.arrived {
		if !e.belongs(s, c, p) {
			continue
		}
		e.arrived = append(e.arrived[:i:i], e.arrived[i+1:]...)
		return s
	}
	return nil
}

func (e *engine) belongs(s *segment, c *conn, p *script.Packet) bool {
	if (s.frag != nil) != p.IP.HasFrag {
		return false
	}
	if s.frag != nil && s.frag.Start != 0 && p.ICMP == nil { // it has no ports
		return s.proto == c.proto && s.dst == c.live.remote.Addr()
	}
	if p.ICMP != nil {
		return s.proto == sock.ProtoICMP || s.proto == sock.ProtoICMPv6
	}
	if s.proto != c.proto {
		return false
	}
	if p.Ports != nil {
		return s.sport == p.Ports.Src && s.dport == p.Ports.Dst
	}
	t := s.outTuple()
	opens := c.state == connSynSent && s.flags.Has(script.SYN) && !s.flags.Has(script.ACK) ||
		c.proto == sock.ProtoUDP && c.state == connConnecting
	if t != c.live && (!opens || t.remote != c.live.remote || e.known(t)) {
		return false
	}
	if opens { // each connect() draws a new port and number
		c.live.local, c.liveISN = t.local, s.seq
	}
	return true
}

// known tells whether a connection has those addresses.
func (e *engine) known(t tuple) bool {
	for _, c := range e.conns {
		if c.live == t {
			return true
		}
	}
	return false
}
