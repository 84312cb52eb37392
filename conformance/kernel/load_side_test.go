//go:build linux

package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sort"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// loadClients is how many clients a listener under load has.
const loadClients = 7

var (
	loadSetup = conformance.Setup{
		LocalV4: netip.MustParseAddr("192.168.0.1"), RemoteV4: netip.MustParseAddr("192.0.2.1"), GatewayV4: netip.MustParseAddr("192.168.0.2"), PrefixV4: 16,
		LocalV6: netip.MustParseAddr("fd3d:fa7b:d17d::1"), RemoteV6: netip.MustParseAddr("fd3d:fa7b:d17d:8888::1"), GatewayV6: netip.MustParseAddr("fd3d:fa7b:d17d::2"), PrefixV6: 48,
		MTU: 1500, Seed: 1,
	}
)

// loadSide is one stack with a listener on it, and what its clients have learnt from it.
type loadSide struct {
	in       conformance.Instance
	round    uint16
	v6       bool
	listener int32 // -1 when closed
	opened   int   // how often
	children []int32
	iss      [loadClients]tcpstate.Seq // of the latest SYN-ACK
	tsval    [loadClients]uint32       // of the latest SYN-ACK; 0 without one
	sent     [loadClients][]string     // not compared yet
	base     map[string]uint64         // counters when the round began
	dst      []byte
}

// begin makes a new round: fresh ports, nothing open.
func (s *loadSide) begin(round uint16, v6 bool) error {
	in, dst := s.in, s.dst
	*s = loadSide{in: in, dst: dst, round: round, v6: v6, listener: -1}
	var err error
	s.base, err = s.in.(conformance.Counterer).Counters()
	return err
}

func (s *loadSide) port() uint16            { return 1024 + s.round%60000 }
func (s *loadSide) clientPort(c int) uint16 { return 2000 + (s.round*loadClients+uint16(c))%60000 }

// settle takes what has happened until the given time.
func (s *loadSide) settle(until sock.Time) (*sock.Return, error) {
	var done *sock.Return
	for {
		ev, ok, err := s.in.Advance(until)
		if err != nil || !ok {
			return done, err
		}
		switch ev.Kind {
		case conformance.CallDone:
			r := ev.Return
			done = &r
		case conformance.PacketOut:
			if err := s.learn(ev.Packet); err != nil {
				return nil, err
			}
		}
	}
}

// learn notes a packet that the stack sent, with numbers relative to the client's view.
func (s *loadSide) learn(b []byte) error {
	var p sock.Packet
	if err := packetio.Decode(b, &p); err != nil || p.Proto != sock.ProtoTCP || p.SrcPort != s.port() {
		return nil // neighbour discovery, and what an earlier round left
	}
	c := 0
	for c < loadClients && s.clientPort(c) != p.DstPort {
		c++
	}
	if c == loadClients {
		return nil
	}
	g := &p.Seg
	o := &g.Opts
	if g.Flags.Has(tcpstate.SYN) {
		s.iss[c], s.tsval[c] = g.Seq, o.TSVal
	}
	seq := int32(g.Seq.Since(s.iss[c]))
	if g.Seq == 0 && g.Flags.Has(tcpstate.RST) {
		seq = 0 // answers a segment without ACK
	}
	line := fmt.Sprintf("%v seq %d ack %d len %d win %d options %#x mss %d wscale %d ecn %d", g.Flags, seq, g.Ack, g.Len, g.Wnd, o.Set, o.MSS, o.WScale, g.ECN)
	if o.Has(tcpstate.OptTS) {
		line += fmt.Sprint(" ecr ", o.TSEcr)
	}
	s.sent[c] = append(s.sent[c], line)
	return nil
}

// inject sends a segment of client c.
func (s *loadSide) inject(c int, seg tcpstate.Segment) error {
	p := s.packet(c)
	p.Proto, p.Seg, p.Payload = sock.ProtoTCP, seg, make([]byte, seg.Len)
	return s.put(&p)
}

// over6 tells whether client c speaks IPv6: to a listener of AF_INET6 every other one does.
func (s *loadSide) over6(c int) bool { return s.v6 && c%2 == 0 }

func (s *loadSide) packet(c int) sock.Packet {
	p := sock.Packet{Src: loadSetup.RemoteV4, Dst: loadSetup.LocalV4, SrcPort: s.clientPort(c), DstPort: s.port(), TTL: 64}
	if s.over6(c) {
		p.Src, p.Dst = loadSetup.RemoteV6, loadSetup.LocalV6
	}
	return p
}

// unreachable sends an ICMP error about the SYN-ACK that client c was sent, or about a number off by that much.
func (s *loadSide) unreachable(c int, code uint8, off uint32) error {
	p := s.packet(c)
	p.Proto = sock.ProtoICMP
	if s.over6(c) {
		p.Proto = sock.ProtoICMPv6
	}
	p.ICMP = sock.ICMP{Type: 3, Code: code, Quote: sock.Quote{
		Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort, Proto: sock.ProtoTCP, Seq: s.iss[c].Add(off),
	}}
	if s.over6(c) {
		p.ICMP.Type = 1
	}
	p.SrcPort, p.DstPort = 0, 0
	return s.put(&p)
}

func (s *loadSide) put(p *sock.Packet) (err error) {
	if s.dst, err = packetio.Encode(s.dst[:0], p); err != nil {
		return err
	}
	if err := s.in.Inject(s.dst); err != nil {
		return err
	}
	_, err = s.settle(s.in.Now())
	return err
}

// call makes a call that returns at once.
func (s *loadSide) call(c sock.Call) (sock.Return, error) {
	if err := s.in.Call(1, c); err != nil {
		return sock.Return{}, err
	}
	r, err := s.settle(s.in.Now())
	for range 1000 { // the kernel's thread may still be on its way out of the call
		if r != nil || err != nil {
			break
		}
		r, err = s.settle(s.in.Now() + 100)
	}
	if r == nil && err == nil {
		err = fmt.Errorf("%v did not return", c.Op)
	}
	if r == nil {
		return sock.Return{}, err
	}
	return *r, err
}

// set sets an option that is an int.
func (s *loadSide) set(fd, level, name, v int32) (sock.Return, error) {
	return s.call(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: level, Name: name, Data: binary.NativeEndian.AppendUint32(nil, uint32(v))})
}

// open makes the listener.
func (s *loadSide) open(backlog int64) error {
	family, addr, n := uint16(sock.AF_INET), netip.IPv4Unspecified(), int32(16)
	if s.v6 {
		family, addr, n = sock.AF_INET6, netip.IPv6Unspecified(), 28
	}
	r, err := s.call(sock.Call{Op: sock.OpSocket, Domain: int32(family), Type: sock.SOCK_STREAM | sock.SOCK_NONBLOCK})
	if err != nil || r.Errno != 0 {
		return fmt.Errorf("socket: %v %w", r.Errno, err)
	}
	s.listener = int32(r.Value)
	s.opened++
	if _, err := s.set(s.listener, sock.SOL_SOCKET, sock.SO_REUSEADDR, 1); err != nil {
		return err
	}
	r, err = s.call(sock.Call{Op: sock.OpBind, FD: s.listener, Addr: sock.Addr{Family: family, AP: netip.AddrPortFrom(addr, s.port())}, AddrLen: n})
	if err != nil || r.Errno != 0 {
		return fmt.Errorf("bind: %v %w", r.Errno, err)
	}
	_, err = s.call(sock.Call{Op: sock.OpListen, FD: s.listener, N: backlog})
	return err
}

// infoField is a number in struct tcp_info.
type infoField struct {
	name string
	at   int
	size int
}

// listenInfo and childInfo are the fields that no clock has a part in.
var (
	listenInfo = []infoField{{"state", 0, 1}, {"unacked", 24, 4}, {"sacked", 28, 4}, {"cwnd", 80, 4}, {"reordering", 88, 4}}
	childInfo  = []infoField{{"state", 0, 1}, {"options", 5, 1}, {"wscale", 6, 1}, {"snd_mss", 16, 4}, {"rcv_mss", 20, 4},
		{"unacked", 24, 4}, {"pmtu", 60, 4}, {"rcv_ssthresh", 64, 4}, {"cwnd", 80, 4}, {"advmss", 84, 4}, {"rcv_space", 96, 4},
		{"total_retrans", 100, 4}, {"bytes_received", 128, 8}, {"segs_out", 136, 4}, {"segs_in", 140, 4}}
)

// info reads fields of TCP_INFO.
func (s *loadSide) info(fd int32, fields []infoField) (string, error) {
	r, err := s.call(sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: 280})
	if err != nil || len(r.Data) < 144 {
		return "", fmt.Errorf("TCP_INFO: %v, %d octets: %w", r.Errno, len(r.Data), err)
	}
	line := ""
	for _, f := range fields {
		var v uint64
		for i := f.size - 1; i >= 0; i-- {
			v = v<<8 | uint64(r.Data[f.at+i])
		}
		line += fmt.Sprintf(" %s %d", f.name, v)
	}
	return line, nil
}

// readiness is what poll says of the listener.
func (s *loadSide) readiness() (string, error) {
	r, err := s.call(sock.Call{Op: sock.OpPoll, Poll: []sock.PollFD{{FD: s.listener, Events: sock.POLLIN | sock.POLLOUT | sock.POLLRDHUP}}})
	if err != nil || len(r.Poll) != 1 {
		return "", err
	}
	return fmt.Sprintf("poll %#x", r.Poll[0].Revents), nil
}

// reset closes a connection with a RST.
func (s *loadSide) reset(fd int32) error {
	if _, err := s.call(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_LINGER, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}}); err != nil {
		return err
	}
	_, err := s.call(sock.Call{Op: sock.OpClose, FD: fd})
	return err
}

// end closes all that the round has open.
func (s *loadSide) end() error {
	for _, fd := range s.children {
		if err := s.reset(fd); err != nil {
			return err
		}
	}
	s.children = nil
	if s.listener < 0 {
		return nil
	}
	_, err := s.call(sock.Call{Op: sock.OpClose, FD: s.listener})
	s.listener = -1
	return err
}

// forget lets go of packets that were looked at.
func (s *loadSide) forget() {
	for c := range s.sent {
		s.sent[c] = s.sent[c][:0]
	}
}

// look is all that can be seen from outside, as lines: packets since the last look, queue lengths, counters.
func (s *loadSide) look(known map[string]uint64) ([]string, error) {
	var lines []string
	for c := range s.sent {
		for _, l := range s.sent[c] {
			lines = append(lines, fmt.Sprintf("to c%d: %s", c, l))
		}
	}
	if s.listener >= 0 {
		syn, accept, err := s.in.(conformance.Queuer).Queues(s.listener)
		if err != nil { // not listening
			syn, accept = -1, -1
		}
		if s.opened > 1 { // the kernel's files show an earlier listener's requests too
			syn = 0
		}
		info, err := s.info(s.listener, listenInfo)
		if err != nil {
			return nil, err
		}
		ready, err := s.readiness()
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("queues %d %d", syn, accept), "listener"+info, ready)
	}
	all, err := s.in.(conformance.Counterer).Counters()
	if err != nil {
		return nil, err
	}
	var counts []string
	for name := range known {
		if d := all[name] - s.base[name]; d != 0 {
			counts = append(counts, fmt.Sprintf("%s %d", name, int64(d)))
		}
	}
	sort.Strings(counts)
	return append(lines, counts...), nil
}
