//go:build linux

package campaign

import (
	"net/netip"
	"slices"
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
	{"were it a part", quoted(sock.Call{Op: sock.OpRecv, Len: 5, Flags: sock.MSG_ERRQUEUE})},
	{"a connection after a disconnect begins beyond the one before, were there none (tcp_disconnect)", disconnected()},
	{"a segment of which a program has cut off more than zeros has a wrong sum (sk_filter_trim_cap)", trimmed(60, 100, 10_000)},
	{"unless it is so short that its sum was looked at before (CHECKSUM_BREAK)", trimmed(60, 56, 10_000)},
	{"which one octet more is not", trimmed(60, 57, 10_000)},
	{"nobody looks if a predicted header is all that is left (tcp_rcv_established)", trimmed(20, 100, 10_000)},
	{"but of another", trimmed(20, 100, 9000)},
	{"a listener looks (tcp_v4_do_rcv)", trimmedForListener(100)},
	{"if nobody has", trimmedForListener(56)},
	{"an echo reply of zeros leaves with a checksum of 0 (icmp_push_reply)", zeroEcho(0)},
	{"but not one with any bit", zeroEcho(1)},
	{"a header of the user's own for a group that nobody has joined (ip_mc_output)", headerToGroup("224.0.0.9", 0)},
	{"and for one that all are in", headerToGroup("224.0.0.1", 9)},
	{"the MSS of a child is bounded by the window of the ACK that makes it, though that is older than the SYN (tcp_create_openreq_child)", olderAck()},
	{"that of a Fast Open child is the SYN's, which such an ACK does not change, so that more is pushed at a time (tcp_ack_update_window)", fastOlderAck()},
	{"so it is of a connection whose SYNs crossed", crossedOlderAck()},
	{"a group of IPv6 whose scope ends here is the header's, and not the way's (ip6_finish_output2)", headerToGroup6("ff02::5", "ff01::5", 9)},
	{"a hop limit of 0 counts for a group alone", headerToGroup6("ff02::1", "2001:db8::1", 0)},
	{"and what comes back is for the header's group", headerToGroup6("2001:db8::1", "ff02::1", 9)},
	{"scope 0 ends here, too", headerToGroup6("ff00::5", "ff00::5", 9)},
	{"by loopback there is no way to an address of the link's, so that the datagram counts as come by it (ip_route_output_key_hash_rcu)", toOwnBy(sock.DevLoopback)},
	{"by the link there is", toOwnBy(sock.DevLink)},
	{"a socket that uses no router learns no MTU of a way that has one (ip_rt_update_pmtu)", narrowed(1)},
	{"others do", narrowed(0)},
	{"nobody hears that a reassembly took too long, not even ping (icmp_unreach)", timeExceeded(1)},
	{"but of a packet that was on its way for too long", timeExceeded(0)},
	{"a listen that fails leaves no guess at the peer's segments behind (inet_csk_delack_init)", refusedListen()},
	{"a message of RAW that is too long was sent to no port (rawv6_send_hdrinc)", tooLong(sock.IPPROTO_RAW, 17)},
	{"one of UDP neither", tooLong(sock.IPPROTO_UDP, 17)},
	{"of ICMPv6 its type and code stand for the port (rawv6_probe_proto_opt)", tooLong(sock.IPPROTO_ICMPV6, sock.IPPROTO_ICMPV6)},
	{"of mobility its type", tooLong(135, 135)},
	{"of another protocol neither", tooLong(99, 99)},
	{"so they do for an echo request (ping_v6_sendmsg)", tooLong(0, 8080)},
	{"a listener shows the degree of reordering of when it was made (tcp_get_info)", reordering()},
	{"nor does what RAW reads of a datagram from a port of the stack's choice depend on it", overheard(4, 100)},
	{"nor a part of that", overheard(4, 22)},
	{"nor what it reads without IP's header", overheard(6, 100)},
	{"a socket's cookie is its own", []matrix.Step{{Thread: 1, Call: &sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}},
		{Thread: 1, Call: &sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_COOKIE, Len: 100}}}},
	{"routers may cut no SYN,ACK of 60 octets, wherever the way narrows (ip_build_and_send_pkt)", fastSynAck(sock.IP_PMTUDISC_DONT, false)},
	{"but one of 72, which brings a cookie", fastSynAck(sock.IP_PMTUDISC_DONT, true)},
	{"if its listener allows it", fastSynAck(sock.IP_PMTUDISC_WANT, true)},
	{"an error that never left the host came by loopback, though the address is the link's (ipv4_pktinfo_prepare)", ownError(0, sock.SOL_IP, sock.IP_PKTINFO, sock.SOL_IP, sock.IP_RECVERR)},
	{"so it did for a socket of IPv6 that sent by IPv4", ownError(1, sock.SOL_IPV6, sock.IPV6_RECVPKTINFO, sock.SOL_IP, sock.IP_RECVERR)},
	{"a SYN that loopback carries goes again in its own time, though another goes to the peer between", twoSYNs()},
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

// headerToGroup sends a header to a group, which says so many hops and no length, by RAW.
func headerToGroup(group string, hops byte) []matrix.Step {
	k := matrix.Kinds[0]
	send := sock.Call{Op: sock.OpSend, Data: make([]byte, 100)}
	send.Addr, send.AddrLen = k.Addr(netip.MustParseAddr(group), 0)
	send.Data[0], send.Data[8], send.Data[9] = 0x45, hops, 253
	copy(send.Data[16:], send.Addr.AP.Addr().AsSlice())
	return []matrix.Step{{Thread: 1, Call: &sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW, Proto: sock.IPPROTO_RAW}}, {Thread: 1, Call: &send}}
}

// headerToGroup6 is the same in IPv6, with another address in the header than the call has, from a socket that is in ff02::5.
func headerToGroup6(to, header string, hops byte) []matrix.Step {
	k := matrix.Kinds[len(matrix.Kinds)-1]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	send := sock.Call{Op: sock.OpSend, Data: make([]byte, 100)}
	send.Addr, send.AddrLen = k.Addr(netip.MustParseAddr(to), 0)
	send.Data[0], send.Data[5], send.Data[6], send.Data[7] = 6<<4, 60, 253, hops
	copy(send.Data[8:], k.Local.AsSlice())
	copy(send.Data[24:], netip.MustParseAddr(header).AsSlice())
	group := append(netip.MustParseAddr("ff02::5").AsSlice(), 0, 0, 0, 0)
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW, Proto: sock.IPPROTO_RAW}),
		step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW | sock.SOCK_NONBLOCK, Proto: 253}),
		step(sock.Call{Op: sock.OpSetsockopt, FD: 1, Level: sock.SOL_IPV6, Name: sock.IPV6_ADD_MEMBERSHIP, Data: group}),
		step(send), step(sock.Call{Op: sock.OpRecv, FD: 1, Len: 200})}
}

// toOwnBy sends a datagram to this host's own address by a device, and reads by which it came.
func toOwnBy(dev int32) []matrix.Step {
	k := matrix.Kinds[3]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	send := sock.Call{Op: sock.OpSend, Data: make([]byte, 8), Control: []sock.Control{{Level: sock.SOL_IP, Type: sock.IP_PKTINFO, Data: append(matrix.Int(dev), make([]byte, 8)...)}}}
	send.Addr, send.AddrLen = k.Addr(k.Local, 8080)
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}), step(bind),
		step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IP, Name: sock.IP_PKTINFO, Data: matrix.Int(1)}), step(send),
		step(sock.Call{Op: sock.OpRecv, Len: 100, HasControlRoom: true, ControlLen: 100})}
}

// narrowed tells RAW that the way to the peer has become narrow, and has the host answer an echo request by it.
func narrowed(direct int32) []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW, Proto: int32(sock.ProtoICMP)}),
		step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_DONTROUTE, Data: matrix.Int(direct)}),
		{Packet: &matrix.Packet{Proto: sock.ProtoICMP, Src: k.Peer, Dst: k.Local, Remote: firstServe, Local: 8080, Type: sock.ICMPDestUnreach, Code: 4, MTU: 1000,
			QuoteProto: sock.ProtoICMP, Echo: true}},
		{Packet: &matrix.Packet{Proto: sock.ProtoICMP, Src: k.Peer, Dst: k.Local, Local: 8080, Type: sock.ICMPEcho, Len: 1400}}}
}

// timeExceeded tells a connected ping socket that asks for errors of one about its echo request.
func timeExceeded(code uint8) []matrix.Step {
	k := matrix.Kinds[slices.IndexFunc(matrix.Kinds, func(k *matrix.Kind) bool { return k.Name == "ping4" })]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	connect := sock.Call{Op: sock.OpConnect}
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, 9000)
	send := step(sock.Call{Op: sock.OpSend, Data: k.Data(13)[:13]})
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK, Proto: k.Proto}), step(connect),
		step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IP, Name: sock.IP_RECVERR, Data: matrix.Int(1)}), send,
		{Packet: &matrix.Packet{Proto: sock.ProtoICMP, Src: k.Peer, Dst: k.Local, Local: -1, Type: sock.ICMPTimeExceeded, Code: code, QuoteProto: sock.ProtoICMP, Echo: true}},
		send}
}

// refusedListen listens twice on a port that a connection has by then.
func refusedListen() []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	c := &conn{local: 8080, remote: callerPort, src: k.Peer, dst: k.Local}
	syn := c.packet(matrix.Packet{Flags: tcpstate.SYN, MSS: 1000}, &c.next)
	c.got = 1
	listen := step(sock.Call{Op: sock.OpListen, N: 1})
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type}), step(bind), listen, syn,
		c.packet(matrix.Packet{Flags: tcpstate.ACK, Window: 10_000}, nil), step(sock.Call{Op: sock.OpAccept}),
		step(sock.Call{Op: sock.OpConnect, Addr: sock.Addr{Family: sock.AF_UNSPEC}, AddrLen: 16}), listen,
		step(sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom})}
}

// zeroEcho is an echo request of number n and otherwise zeros.
func zeroEcho(n uint32) []matrix.Step {
	k := matrix.Kinds[0]
	return []matrix.Step{{Whole: &sock.Packet{Src: k.Peer, Dst: k.Local, Proto: sock.ProtoICMP, TTL: 64, ICMP: sock.ICMP{Type: sock.ICMPEcho, MTU: n}, Payload: make([]byte, 40)}}}
}

// keeps has a program leave so many octets of what comes, its header among them, to the socket in slot 0.
func keeps(n uint32) matrix.Step {
	return matrix.Step{Thread: 1, Call: &sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_ATTACH_FILTER,
		Filter: []sock.SockFilter{{Code: 6, K: n}}, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}}}
}

// trimmed has a program leave so many octets of a segment with so much data, whose header is predicted if its window is 10,000 and that
// acknowledges what was sent.
func trimmed(keep uint32, data int, window uint16) []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	connect := sock.Call{Op: sock.OpConnect}
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, firstServe)
	c := &conn{local: -1, remote: firstServe, src: k.Peer, dst: k.Local, got: 1}
	list := []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK}), step(connect),
		c.packet(matrix.Packet{Flags: tcpstate.SYN | tcpstate.ACK, MSS: 1000, Window: 10_000}, &c.next), keeps(keep),
		step(sock.Call{Op: sock.OpSend, Data: k.Data(5)[:5]})}
	c.got += 5
	return append(list, c.packet(matrix.Packet{Flags: tcpstate.ACK, Len: data, Window: window}, nil), asks(0),
		step(sock.Call{Op: sock.OpRecv, Len: 200}))
}

// trimmedForListener has a program leave the header alone of a segment with so much data, which a listener would answer with a RST.
func trimmedForListener(data int) []matrix.Step {
	k := matrix.Kinds[0]
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	c := &conn{local: 8080, remote: callerPort, src: k.Peer, dst: k.Local}
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type}), step(bind), step(sock.Call{Op: sock.OpListen, N: 1}),
		keeps(20), c.packet(matrix.Packet{Flags: tcpstate.ACK, Len: data, Window: 1000}, nil)}
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

// tooLong sends more than IPv6 can carry, by RAW of the protocol or, with 0, by ping, to an address with that port and to a peer, and
// reads what became of it.
func tooLong(proto int32, port uint16) []matrix.Step {
	k := matrix.Kinds[len(matrix.Kinds)-1]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	open := sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW, Proto: proto}
	data := make([]byte, 65_530)
	data[0], data[1], data[2] = 135, 7, 9
	if proto == 0 {
		open.Type, open.Proto, data[0], data[1] = sock.SOCK_DGRAM, sock.IPPROTO_ICMPV6, echoRequest6, 0
	}
	send, connect := sock.Call{Op: sock.OpSend, Data: data}, sock.Call{Op: sock.OpConnect}
	send.Addr, send.AddrLen = k.Addr(k.Peer, port)
	connect.Addr, connect.AddrLen = k.Addr(k.Peer, 8080)
	errors := step(sock.Call{Op: sock.OpRecv, Flags: sock.MSG_ERRQUEUE | sock.MSG_DONTWAIT, Len: 10})
	on := func(name int32) matrix.Step {
		return step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_IPV6, Name: name, Data: matrix.Int(1)})
	}
	return []matrix.Step{step(open), on(sock.IPV6_RECVERR), on(sock.IPV6_DONTFRAG), step(send), errors, step(connect), step(sock.Call{Op: sock.OpSend, Data: data}), errors}
}

// twoSYNs connects over loopback, where a filter drops the answer, and a little later to a peer that gives none.
func twoSYNs() []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	wait := func(ms int64) matrix.Step { return matrix.Step{Name: paused, Wait: ms * tcpstate.Millisecond} }
	open := step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type | sock.SOCK_NONBLOCK})
	inside, out := sock.Call{Op: sock.OpConnect}, sock.Call{Op: sock.OpConnect, FD: 1}
	inside.Addr, inside.AddrLen = k.Addr(k.Loopback, 8081)
	out.Addr, out.AddrLen = k.Addr(k.Peer, firstServe)
	return []matrix.Step{open, open, keeps(0), wait(1100), step(inside), wait(300), step(out), wait(1850),
		step(sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom})}
}

// ownError sends a datagram to a port of the host's own where nobody is, and reads what came of it. The socket is of
// IPv4, or of IPv6 with mapped addresses; the options are what it asks for.
func ownError(mapped int32, options ...int32) []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	list := []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: []int32{sock.AF_INET, sock.AF_INET6}[mapped], Type: sock.SOCK_DGRAM})}
	for o := range slices.Chunk(options, 2) {
		list = append(list, step(sock.Call{Op: sock.OpSetsockopt, Level: o[0], Name: o[1], Data: matrix.Int(1)}))
	}
	send := sock.Call{Op: sock.OpSend, Data: k.Data(8)[:8]}
	send.Addr, send.AddrLen = k.Addr(k.Local, 80)
	return append(list, step(send), step(sock.Call{Op: sock.OpRecv, Len: 100, Flags: sock.MSG_ERRQUEUE}))
}

// reordering has the sysctl written behind a listener's back.
func reordering() []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type}), step(sock.Call{Op: sock.OpListen, N: 1}),
		{Sysctl: &[2]string{"net.ipv4.tcp_reordering", "6"}},
		step(sock.Call{Op: sock.OpGetsockopt, Level: sock.SOL_TCP, Name: sock.TCP_INFO, Len: infoRoom})}
}

// overheard has RAW read what UDP sends to a port of its own host, with so much room.
func overheard(version int, room int32) []matrix.Step {
	k := matrix.Kinds[0]
	if version == 6 {
		k = matrix.Kinds[len(matrix.Kinds)-1]
	}
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	send := sock.Call{Op: sock.OpSend, FD: 1, Data: k.Data(8)[:8]}
	send.Addr, send.AddrLen = k.Addr(k.Loopback, 8080)
	return []matrix.Step{step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_RAW | sock.SOCK_NONBLOCK, Proto: int32(sock.ProtoUDP)}),
		step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: sock.SOCK_DGRAM}), step(send), step(sock.Call{Op: sock.OpRecv, Len: room})}
}

// fastSynAck opens a connection by a SYN with data, or asks for the cookie that this takes, and waits until the SYN,ACK goes again.
func fastSynAck(pmtudisc int32, asks bool) []matrix.Step {
	k := matrix.Kinds[0]
	step := func(c sock.Call) matrix.Step { return matrix.Step{Thread: 1, Call: &c} }
	set := func(level, name, value int32) matrix.Step {
		return step(sock.Call{Op: sock.OpSetsockopt, Level: level, Name: name, Data: matrix.Int(value)})
	}
	bind := sock.Call{Op: sock.OpBind}
	bind.Addr, bind.AddrLen = k.Addr(k.Any, 8080)
	syn := sock.Packet{Proto: sock.ProtoTCP, TTL: 64, Src: k.Peer, Dst: k.Local, SrcPort: callerPort, DstPort: 8080}
	syn.Seg = tcpstate.Segment{Seq: 1<<32 - 3, Flags: tcpstate.SYN, Wnd: 10_000, Opts: tcpstate.Options{
		Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptTS | tcpstate.OptWScale, MSS: 1000, TSVal: 1}}
	mode := "0x603"
	if asks {
		mode = "0x3"
		syn.Seg.Opts.Set |= tcpstate.OptFastOpen
	} else {
		syn.Payload, syn.Seg.Len = k.Data(10)[:10], 10
	}
	return []matrix.Step{{Sysctl: &[2]string{"net.ipv4.tcp_fastopen", mode}}, step(sock.Call{Op: sock.OpSocket, Domain: k.Domain, Type: k.Type}), step(bind),
		step(sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_TCP, Name: sock.TCP_FASTOPEN_KEY, Data: make([]byte, 16)}),
		set(sock.SOL_IP, sock.IP_MTU_DISCOVER, pmtudisc), set(sock.SOL_TCP, sock.TCP_FASTOPEN, 5), step(sock.Call{Op: sock.OpListen, N: 5}), {Whole: &syn},
		{Name: paused, Wait: 1500 * tcpstate.Millisecond}}
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
			d, h, err := c.Replay(matrix.World{}, f.steps)
			require.NoError(t, err)
			require.Nil(t, d, h.Script())
		})
	}
}
