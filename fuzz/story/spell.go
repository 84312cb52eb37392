package story

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"syscall"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// spell is a call that returned as a script has it.
func spell(c sock.Call, r *sock.Return) (string, error) {
	text := campaign.SpellCall(c, r)
	if len(c.Filter) > 0 {
		text = fmt.Sprintf("setsockopt(%d, SOL_SOCKET, SO_ATTACH_FILTER, %s, %d)", c.FD, program(c.Filter), len(c.Data))
	}
	if text == "" || strings.Contains(text, "...)") && c.Op == sock.OpSetsockopt {
		return "", fmt.Errorf("scripts have no %v like that", c.Op)
	}
	if level, name, ok := optionNames(c.Level, c.Name); ok {
		text = strings.Replace(text, fmt.Sprintf(", %d, %d, ", c.Level, c.Name), fmt.Sprintf(", %s, %s, ", level, name), 1)
	}
	if head := bytes.TrimRight(c.Data, "\x00"); len(head) > 0 && c.Op == sock.OpSend {
		text = strings.Replace(text, ", ..., ", fmt.Sprintf(", \"%s\", ", octets(head)), 1)
	}
	for _, s := range shorter {
		text = strings.Replace(text, s[0], s[1], 1)
	}
	if r.Value < 0 {
		return fmt.Sprintf("%s = -1 %s (%v)", text, sock.ErrnoName(r.Errno), syscall.Errno(r.Errno)), nil
	}
	return fmt.Sprintf("%s = %d", text, r.Value), nil
}

// program spells the instructions of a filter.
func program(list []sock.SockFilter) string {
	var parts []string
	for _, i := range list {
		parts = append(parts, fmt.Sprintf("{%#x, %d, %d, %d}", i.Code, i.JT, i.JF, i.K))
	}
	return "{filter=[" + strings.Join(parts, ", ") + "]}"
}

// octets spells what is sent.
func octets(b []byte) (s string) {
	for _, o := range b {
		s += fmt.Sprintf("\\x%02x", o)
	}
	return s
}

// shorter are what scripts write for their own addresses and families.
var shorter = [][2]string{
	{"socket(2, ", "socket(..., "},
	{`{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.168.0.1")}, 16`, "..., ..."},
	{`{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.0.2.1")}, 16`, "..., ..."},
	{`{sa_family=AF_INET6, sin6_port=htons(8080), sin6_addr=inet_addr("fd00::1")}, 28`, "..., ..."},
	{"fcntl(3, 4, 2048)", "fcntl(3, F_SETFL, O_NONBLOCK)"},
}

// names are those of the options that ways set.
var names = map[[2]int32]string{
	{sock.SOL_SOCKET, sock.SO_REUSEADDR}: "SO_REUSEADDR", {sock.SOL_SOCKET, sock.SO_REUSEPORT}: "SO_REUSEPORT", {sock.SOL_SOCKET, sock.SO_LINGER}: "SO_LINGER",
	{sock.SOL_SOCKET, sock.SO_KEEPALIVE}: "SO_KEEPALIVE", {sock.SOL_SOCKET, sock.SO_RCVBUF}: "SO_RCVBUF", {sock.SOL_SOCKET, sock.SO_SNDBUF}: "SO_SNDBUF",
	{sock.SOL_SOCKET, sock.SO_OOBINLINE}: "SO_OOBINLINE", {sock.SOL_SOCKET, sock.SO_RCVLOWAT}: "SO_RCVLOWAT", {sock.SOL_TCP, sock.TCP_NODELAY}: "TCP_NODELAY",
	{sock.SOL_TCP, sock.TCP_CORK}: "TCP_CORK", {sock.SOL_TCP, sock.TCP_DEFER_ACCEPT}: "TCP_DEFER_ACCEPT", {sock.SOL_TCP, sock.TCP_LINGER2}: "TCP_LINGER2",
	{sock.SOL_TCP, sock.TCP_USER_TIMEOUT}: "TCP_USER_TIMEOUT", {sock.SOL_TCP, sock.TCP_QUICKACK}: "TCP_QUICKACK", {sock.SOL_TCP, sock.TCP_WINDOW_CLAMP}: "TCP_WINDOW_CLAMP",
	{sock.SOL_TCP, sock.TCP_MAXSEG}: "TCP_MAXSEG", {sock.SOL_TCP, sock.TCP_KEEPIDLE}: "TCP_KEEPIDLE", {sock.SOL_TCP, sock.TCP_KEEPINTVL}: "TCP_KEEPINTVL",
	{sock.SOL_TCP, sock.TCP_KEEPCNT}: "TCP_KEEPCNT", {sock.SOL_TCP, sock.TCP_SYNCNT}: "TCP_SYNCNT", {sock.SOL_TCP, sock.TCP_NOTSENT_LOWAT}: "TCP_NOTSENT_LOWAT",
	{sock.SOL_TCP, sock.TCP_FASTOPEN}: "TCP_FASTOPEN",
}

func optionNames(level, name int32) (string, string, bool) {
	n, ok := names[[2]int32{level, name}]
	if level == sock.SOL_SOCKET {
		return "SOL_SOCKET", n, ok
	}
	return "SOL_TCP", n, ok
}

// endsOf names a connection: a port that the stack chose is 0.
func endsOf(local uint16, peer netip.AddrPort) ends {
	if local != scriptLocal.Port() {
		local = 0
	}
	return ends{local, peer}
}

// at is the connection between two ends, a new one if need be.
func (p *player) at(e ends) *conn {
	c := p.conns[e]
	if c == nil {
		c = &conn{n: len(p.conns) + 1, port: e.local}
		p.conns[e] = c
	}
	return c
}

// label is the connection's in a script. Sockets that are made later take the place of those that have none.
func (c *conn) label() string { return fmt.Sprintf("c%d: ", c.n) }

// segment turns a story's segment into one that this stack understands.
func (p *player) segment(q *sock.Packet) string {
	c := p.at(endsOf(q.DstPort, netip.AddrPortFrom(q.Src, q.SrcPort)))
	q.DstPort = c.port
	s := &q.Seg
	if !c.met {
		c.met = true
		if c.peer = s.Seq; !s.Flags.Has(tcpstate.SYN) { // the engine counts from the first number that it sees
			c.peer = 0
		}
	}
	if s.Flags.Has(tcpstate.ACK) {
		s.Ack += c.first
		if s.Opts.Has(tcpstate.OptTS) {
			s.Opts.TSEcr = p.echo(c, s.Opts.TSEcr)
		}
		if len(c.stamps) == 0 || int(s.Len)+60 > 65535 { // nothing to echo, or no room for it
			s.Opts.Set &^= tcpstate.OptTS
		}
	}
	for i := range s.Opts.SACK[:s.Opts.NSACK] {
		s.Opts.SACK[i].Start += c.first
		s.Opts.SACK[i].End += c.first
	}
	if uint64(s.Seq-c.peer)+uint64(s.Len) > 1<<32-1 {
		p.failf("a segment across the wrap of its numbers, which no script can write")
	}
	return ""
}

// echo is the time stamp, among those that the stack sent, that is nearest to one so far from the last.
func (p *player) echo(c *conn, off uint32) uint32 {
	if len(c.stamps) == 0 {
		return 0
	}
	want := c.stamps[len(c.stamps)-1] + off
	if int32(off) > 0 {
		p.echoes = true
		return want
	}
	best := c.stamps[0]
	for _, v := range c.stamps {
		if abs(int32(v-want)) < abs(int32(best-want)) {
			best = v
		}
	}
	return best
}

func abs(v int32) int32 { return max(v, -v) }

// icmpNames are those of the errors that ways have, by type and code.
var icmpNames = map[[2]uint8]string{
	{3, 0}: "unreachable net_unreachable", {3, 1}: "unreachable host_unreachable", {3, 2}: "unreachable protocol_unreachable", {3, 3}: "unreachable port_unreachable",
	{3, 4}: "unreachable frag_needed", {3, 5}: "unreachable source_route_failed", {3, 6}: "unreachable net_unknown", {3, 7}: "unreachable host_unknown",
	{3, 9}: "unreachable net_prohibited", {3, 10}: "unreachable host_prohibited", {3, 13}: "unreachable packet_filtered",
	{4, 0}: "source_quench", {5, 0}: "redirect", {11, 0}: "time_exceeded exceeded_ttl", {11, 1}: "time_exceeded exceeded_frag_time", {12, 0}: "parameter_problem",
	{8, 0}: "echo_request", {0, 0}: "echo_reply", {15, 0}: "information_request",
}

// icmp6Names are those of IPv6.
var icmp6Names = map[[2]uint8]string{
	{3, 1}: "time_exceeded exceeded_frag_time", {4, 0}: "parameter_problem header_field", {4, 3}: "parameter_problem header_incomplete",
}

// icmp turns a story's error into one that this stack understands.
func (p *player) icmp(q *sock.Packet) string {
	k := &q.ICMP.Quote
	c := p.at(endsOf(k.SrcPort, netip.AddrPortFrom(k.Dst, k.DstPort)))
	k.SrcPort = c.port
	rel := k.Seq
	k.Seq += c.first
	what := p.named(q)
	if q.ICMP.MTU != 0 {
		what += fmt.Sprintf(" mtu %d", q.ICMP.MTU)
	}
	return fmt.Sprintf("%s%s [%d:%d(0)]", c.label(), what, rel, rel)
}

var ecnMarks = [...]string{"", "[ect1] ", "[ect0] ", "[ce] "}

// tcpText spells a segment of a connection.
func tcpText(s *tcpstate.Segment, wire []byte, c *conn, inbound bool) string {
	from, to := c.first, c.peer
	if inbound {
		from, to = c.peer, c.first
	}
	flags := s.Flags.String()
	if i := strings.IndexByte(flags, '.'); i >= 0 && i < len(flags)-1 {
		flags = flags[:i] + flags[i+1:] + "."
	}
	text := fmt.Sprintf("%s%s %d:%d(%d)", ecnMarks[s.ECN&3], flags, uint32(s.Seq-from), uint64(uint32(s.Seq-from))+uint64(s.Len), s.Len)
	if s.Flags.Has(tcpstate.ACK) {
		text += fmt.Sprintf(" ack %d", uint32(s.Ack-to))
	}
	text += fmt.Sprintf(" win %d", s.Wnd)
	if s.Flags.Has(tcpstate.URG) {
		text += fmt.Sprintf(" urg %d", s.Urg)
	}
	if opts := report.SpellOptions(wire, uint32(to)); opts != "" {
		text += " <" + opts + ">"
	}
	return text
}

// nearISS is how far from the first an initial number may be that is not drawn at random.
const nearISS = 1 << 20

// sent writes down a packet that the stack sent.
func (p *player) sent(ev *conformance.Event) {
	var q sock.Packet
	if err := packetio.Decode(ev.Packet, &q); err != nil && !shortError(&q) {
		p.failf("a packet that no script can write: %w", err)
		return
	}
	if q.Proto != sock.ProtoTCP {
		p.sentOther(ev, &q)
		return
	}
	e := endsOf(q.SrcPort, netip.AddrPortFrom(q.Dst, q.DstPort))
	if e.peer.Addr() != p.peer || q.Src != p.local {
		p.failf("a packet from %v to %v: scripts' packets go from one address to one other", q.Src, q.Dst)
		return
	}
	c, s := p.at(e), &q.Seg
	switch {
	case s.Flags.Has(tcpstate.SYN) && (!c.known || c.first == s.Seq):
		c.first, c.known = s.Seq, true
	case s.Flags.Has(tcpstate.SYN) && s.Seq-c.first < nearISS: // tcp_timewait_state_process and tcp_twsk_unique put it a window beyond
	case s.Flags.Has(tcpstate.SYN) && !s.Flags.Has(tcpstate.ACK): // the socket connects once more
		*c = conn{n: c.n, first: s.Seq, known: true}
	case s.Flags.Has(tcpstate.SYN):
		p.failf("two connections of one name")
		return
	case s.Flags.Has(tcpstate.RST) && s.Seq == 0 && c.first != 0:
		p.failf("a RST that begins at no number of the connection's")
		return
	}
	c.port = q.SrcPort
	if s.Opts.Has(tcpstate.OptTS) {
		c.stamps = append(c.stamps, s.Opts.TSVal)
	}
	l := line{at: ev.At, text: "> " + c.label() + tcpText(s, ev.Packet, c, false)}
	p.add(l)
	if mark := p.marked(ev); mark != "" {
		p.lines[len(p.lines)-1].shows = mark
	}
}
