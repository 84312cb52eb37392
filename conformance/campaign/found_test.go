//go:build linux

package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// found are histories that once differed, and that scripts have no words for.
var found = []struct {
	name  string
	steps []matrix.Step
}{
	{"the path of an echo reply is remembered without a socket (icmpv6_err)", []matrix.Step{
		six(matrix.Packet{Type: sock.ICMPv6PacketTooBig, MTU: 1300, QuoteProto: sock.ProtoICMPv6, Echo: true, Local: 8080}),
		six(matrix.Packet{Type: echoRequest6, Local: 8080, Seq: 1, Len: 1400}),
	}},
	{"an octet of the header for the urgent one (tcp_urg)", urgentHeader()},
	{"a message of ICMPv6 behind an odd number of octets leaves with a wrong checksum (raw6_getfrag)", corked6(9, 13)},
	{"so does one that goes on in the next fragment", corked6(9, 1500)},
	{"and one whose first octet fills a fragment", corked6(1247, 6)},
	{"and one behind octets that move into the next fragment, if they are odd", corked6(1255, 100)},
	{"which even ones do not", corked6(1254, 100)},
	{"nor does one behind an even number", corked6(10, 1500)},
	{"what RAW reads of a quoted segment counts from where the connection began", quoted(sock.Call{Op: sock.OpRecv, FD: 1, Len: 2000})},
	{"so does what was read in part", quoted(sock.Call{Op: sock.OpRecv, FD: 1, Len: 54})},
	{"and what the error queue tells of it", quoted(sock.Call{Op: sock.OpRecv, Len: 16, Flags: sock.MSG_ERRQUEUE})},
	{"a connection after a disconnect begins beyond the one before, were there none (tcp_disconnect)", disconnected()},
	{"were it a part", quoted(sock.Call{Op: sock.OpRecv, Len: 5, Flags: sock.MSG_ERRQUEUE})},
}

// corked6 sends so many octets each by RAW of ICMPv6, as one message over loopback, whose fragments hold 1248, and reads what comes.
func corked6(sizes ...int) []matrix.Step {
	k := matrix.Kinds[len(matrix.Kinds)-1]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	list := []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK, Proto: k.Proto}),
		step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IPV6, Name: sock.IPV6_MTU, Data: matrix.Int(1300)})}
	for i, n := range sizes {
		c := sock.Call{Op: sock.OpSend, Data: k.Data(n)[:n]}
		c.Addr, c.AddrLen = k.Addr(k.Loopback, 0)
		if i < len(sizes)-1 {
			c.Flags = sock.MSG_MORE
		}
		list = append(list, step(c))
	}
	return append(list, step(sock.Call{Op: sock.OpRecv, Len: 2000}))
}

// quoted has an ICMP error quote a SYN, which a call then reads of: from RAW of ICMP in slot 1, or from the stream's queue of errors.
func quoted(read sock.Call) []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	bind, connect := sock.Call{Op: sock.OpBind}, sock.Call{Op: sock.OpConnect}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, firstServe)
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}),
		step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW | sock.SOCK_NONBLOCK, Proto: int32(sock.ProtoICMP)}),
		step(bind), step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IP, Name: sock.IP_RECVERR, Data: matrix.Int(1)}), step(connect),
		{Packet: &matrix.Packet{Proto: sock.ProtoICMP, Src: k.Peer, Dst: k.Local, Remote: firstServe, Local: 8080, Type: sock.ICMPDestUnreach,
			Code: 1, QuoteProto: sock.ProtoTCP}}, step(read)}
}

// disconnected disconnects a fresh socket, connects it, and is told of an octet that it never sent: the RST has number 0.
func disconnected() []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	connect := sock.Call{Op: sock.OpConnect}
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, firstServe)
	c := &conn{local: -1, remote: firstServe, src: k.Peer, dst: k.Local}
	wrong := c.packet(matrix.Packet{Flags: tcpstate.ACK}, nil)
	wrong.Packet.Ack = 1<<32 - 2
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}),
		step(sock.Call{Op: sock.OpConnect, AddrLen: 16}), step(connect), wrong}
}

// urgentHeader has the urgent octet announced, and then a segment that begins behind its place: the window's low octet is read for it.
func urgentHeader() []matrix.Step {
	k := matrix.Kinds[0]
	connect := sock.Call{Op: sock.OpConnect}
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, firstServe)
	c := &conn{local: -1, remote: firstServe, src: k.Peer, dst: k.Local, got: 1}
	list := []matrix.Step{{Thread: 1, Call: &sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}}, {Thread: 1, Call: &connect},
		c.packet(matrix.Packet{Flags: tcpstate.SYN | tcpstate.ACK, MSS: 1000}, &c.next),
		c.packet(matrix.Packet{Flags: tcpstate.ACK | tcpstate.URG, Len: 3, Window: 10_000, Urgent: 6}, &c.next)}
	c.next = 11
	return append(list, c.packet(matrix.Packet{Flags: tcpstate.ACK, Len: 10, Window: 0x4142}, nil),
		matrix.Step{Thread: 1, Call: &sock.Call{Op: sock.OpRecv, Len: 1, Flags: sock.MSG_OOB}})
}

// six is an ICMPv6 message from the peer.
func six(q matrix.Packet) matrix.Step {
	q.Proto, q.Src, q.Dst = sock.ProtoICMPv6, ends[1][0], ends[1][1]
	return matrix.Step{Packet: &q}
}

// What random histories found stays mended.
func TestWhatWasFoundStaysMended(t *testing.T) {
	c := againstLive(t)
	for _, f := range found {
		t.Run(f.name, func(t *testing.T) {
			d, h, err := c.Replay(f.steps)
			require.NoError(t, err)
			require.Nil(t, d, h.Script())
		})
	}
}
