package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Scenes are those of a group; none for a name that no group has.
func Scenes(group string) []SceneConfig {
	switch group {
	case "fragments":
		return slices.Concat(fragments4(), fragments6())
	case "limits":
		return limits()
	case "refusals":
		return refusals()
	case "messages":
		return messages()
	case "successors":
		return successors()
	case "exits":
		return exits()
	}
	return nil
}

// limits: what a host does only so often, and buffers and ways that hold little.
func limits() []SceneConfig {
	small := func(fd int32) sock.Call { return optionCall(fd, sock.SOL_SOCKET, sock.SO_RCVBUF, 0) }
	return []SceneConfig{
		{Name: "one challenge ACK a second", Sysctls: [][2]string{{"net.ipv4.tcp_challenge_ack_limit", "1"}, {"net.ipv4.tcp_invalid_ratelimit", "0"}},
			Opening: slices.Concat([]sock.Call{streamCall()}, listenCalls(sceneFD)),
			Acts:    []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck), onFlow("RST in the window", 3, SegAck, inWindow), onFlow("SYN again", 2, SegSynAgain), ticks(2)}},
		{Name: "no ICMP errors", Sysctls: [][2]string{{"net.ipv4.icmp_msgs_per_sec", "0"}}, Opening: []sock.Call{dgramCall4()},
			Acts: []Act{arrives("a datagram for nobody", 2, datagramTo(walkLocal.Port(), 8)), calls(0, "bind", bindCall(sceneFD))}},
		{Name: "a way that became narrower for another", Opening: slices.Concat([]sock.Call{streamCall()}, listenCalls(sceneFD), []sock.Call{dgramCall4(), bindCall(sceneFD + 1)}),
			Acts: []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck), calls(0, "accept", sock.Call{Op: sock.OpAccept, FD: sceneFD, Flags: sock.SOCK_NONBLOCK}),
				arrives("fragmentation needed for a datagram", 1, narrower(560)), calls(0, "send", sock.Call{Op: sock.OpSend, FD: sceneFD + 2, Data: make([]byte, 536)}), ticks(2)}},
		{Name: "a small buffer of datagrams", Opening: []sock.Call{dgramCall4(), small(sceneFD), bindCall(sceneFD)},
			Acts: []Act{arrives("a datagram", 5, datagramTo(walkLocal.Port(), walkOctets)), calls(0, "recv", recvCall(sceneFD)), calls(0, "close", sock.Call{Op: sock.OpClose, FD: sceneFD})}},
		{Name: "a small buffer of a RAW socket", Opening: []sock.Call{openCall(sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_ICMP), small(sceneFD)},
			Acts: []Act{arrives("an echo reply", 5, messageOf(sock.ICMPEchoReply, walkOctets)), calls(0, "recv", recvCall(sceneFD)), calls(0, "close", sock.Call{Op: sock.OpClose, FD: sceneFD})}},
	}
}

// refusals: packets and calls that somebody does not want.
func refusals() []SceneConfig {
	listens := listenCalls(sceneFD)
	conversation := []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck), onFlow("data", 2, SegData), calls(0, "accept", sock.Call{Op: sock.OpAccept, FD: sceneFD, Flags: sock.SOCK_NONBLOCK}), ticks(1)}
	return []SceneConfig{
		{Name: "a program that keeps nothing", Opening: []sock.Call{streamCall()},
			Acts: slices.Concat(conversation, []Act{calls(0, "attach", filterCall(sceneFD, sock.SockFilter{Code: 6})), calls(0, "bind", listens[0]), calls(0, "listen", listens[1])})},
		{Name: "a listener for those who are near", Opening: []sock.Call{streamCall(), listens[0], listens[1], optionCall(sceneFD, sock.SOL_IP, sock.IP_MINTTL, 60)},
			Acts: slices.Concat(conversation, []Act{comes(walkPeer.Port()+1, far), onFlow("data from afar", 1, SegData, far)})},
		{Name: "a security module", Opening: []sock.Call{streamCall(), listens[0], listens[1]},
			Acts: slices.Concat(conversation, []Act{calls(0, "connect", connectCall(sceneFD))}),
			Hooks: sock.Hooks{Security: func(c sock.HookCall) sock.Errno {
				if c.Hook == sock.SocketConnect || c.Hook == sock.SockRcvSkb && c.Packet.Seg.Len > 0 {
					return sock.EACCES
				}
				return 0
			}}},
		{Name: "a cgroup's program", Opening: []sock.Call{streamCall()}, Acts: []Act{calls(0, "bind", listens[0]), calls(0, "listen", listens[1]), ticks(1)},
			Hooks: sock.Hooks{Cgroup: func(c sock.HookCall) sock.Errno {
				if c.Hook == sock.CgroupBind {
					return sock.EPERM
				}
				return 0
			}}},
		{Name: "no memory for requests", Opening: []sock.Call{streamCall(), listens[0], listens[1]}, Acts: conversation,
			Hooks: sock.Hooks{Alloc: func(k sock.AllocKind) bool { return k != sock.AllocRequest }}},
	}
}

// successors: names that pass from one socket to another.
func successors() []SceneConfig {
	set := func(fd, name int32) sock.Call { return optionCall(fd, sock.SOL_SOCKET, name, 1) }
	closes := func(fd int32) Act { return calls(0, "close", sock.Call{Op: sock.OpClose, FD: fd}) }
	nonblock := func(fd int32) sock.Call {
		return sock.Call{Op: sock.OpFcntl, FD: fd, N: sock.F_SETFL, Arg: sock.O_NONBLOCK}
	}
	second := int32(sceneFD + 1)
	two := slices.Concat([]sock.Call{streamCall(), set(sceneFD, sock.SO_REUSEPORT)}, listenCalls(sceneFD),
		[]sock.Call{streamCall(), set(second, sock.SO_REUSEPORT), bindCall(second)})
	var clients []sock.Call
	for fd := int32(sceneFD); fd < sceneFD+2; fd++ {
		clients = append(clients, streamCall(), set(fd, sock.SO_REUSEADDR), nonblock(fd), bindCall(fd))
	}
	return []SceneConfig{
		{Name: "two listeners of one port", Sysctls: [][2]string{{"net.ipv4.tcp_migrate_req", "1"}}, Opening: two,
			Acts: []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck), onFlow("data", 1, SegData),
				calls(0, "listen, too", sock.Call{Op: sock.OpListen, FD: second, N: 1}), closes(sceneFD), closes(second), ticks(2)}},
		{Name: "two clients of one port", Opening: clients,
			Acts: []Act{calls(0, "connect", connectCall(sceneFD)), onFlow("SYN,ACK", 2, SegSynAck), closes(sceneFD), onFlow("FIN", 1, SegFin),
				calls(0, "connect again", connectCall(sceneFD+1)), ticks(1)}},
		{Name: "a peer that finds another path", Opening: []sock.Call{openCall(sock.AF_INET6, sock.SOCK_STREAM, sock.IPPROTO_TCP),
			addressed(sock.OpBind, sceneFD, sceneLocal6), {Op: sock.OpListen, FD: sceneFD, N: 1}},
			Acts: []Act{comesTo(sceneLocal6, scenePeer6), onFlow("ACK", 1, SegAck), onFlow("data", 2, SegData), onFlow("old data under another label", 2, SegData, elsewhere), ticks(1)}},
		{Name: "a way that is given up", Opening: slices.Concat([]sock.Call{streamCall()}, listenCalls(sceneFD)),
			Acts: []Act{comes(walkPeer.Port()), onFlow("ACK", 1, SegAck), calls(0, "SO_DONTROUTE", set(sceneFD, sock.SO_DONTROUTE)), ticks(2)}},
	}
}

// exits: threads that end, and those that wait beside them.
func exits() []SceneConfig {
	exit := func(th sock.Thread) Act { return calls(th, "exit", sock.Call{Op: sock.OpExit}) }
	accept := func(th sock.Thread) Act { return calls(th, "accept", sock.Call{Op: sock.OpAccept, FD: sceneFD}) }
	return []SceneConfig{{Name: "threads", Opening: slices.Concat([]sock.Call{streamCall()}, listenCalls(sceneFD)),
		Acts: []Act{accept(1), accept(2), calls(1, "fork", sock.Call{Op: sock.OpClone, Arg: 3}), exit(1), exit(2),
			calls(2, "execve", sock.Call{Op: sock.OpExec}), comes(walkPeer.Port()), onFlow("ACK", 1, SegAck)}}}
}

// messages: ICMP and UDP in places where it means nothing.
func messages() []SceneConfig {
	toMany, wrong6 := messageOf(sock.ICMPEcho, 8), datagramTo(walkLocal.Port(), 8)
	toMany.Dst = groups[3]
	wrong6.Src, wrong6.Dst = scenePeer6.Addr(), sceneLocal6.Addr()
	martian := datagramTo(walkLocal.Port(), 8)
	martian.Src = groups[0]
	return []SceneConfig{
		{Name: "no echoes", Sysctls: [][2]string{{"net.ipv4.icmp_echo_ignore_all", "1"}}, Acts: []Act{arrives("an echo request", 2, messageOf(sock.ICMPEcho, 8))}},
		{Name: "odd packets", Opening: []sock.Call{dgramCall4(), bindCall(sceneFD)}, Acts: []Act{
			arrives("an echo request to all", 1, toMany), arrives("an information request", 1, messageOf(15, 8)),
			arrives("a datagram with a wrong checksum", 1, wrongSum(datagramTo(walkLocal.Port(), 8))), arrives("a datagram", 1, datagramTo(walkLocal.Port(), 8))}},
		{Name: "checksums that are asked for", Opening: []sock.Call{openCall(sock.AF_INET6, sock.SOCK_RAW, sock.IPPROTO_UDP), optionCall(sceneFD, sock.IPPROTO_IPV6, sock.IPV6_CHECKSUM, 6)},
			Acts: []Act{arrives("a datagram with a wrong checksum", 1, wrongSum(wrong6)), arrives("a datagram", 1, onWire(mustEncode(&wrong6))), calls(0, "recv", recvCall(sceneFD))}},
		{Name: "a group that sends", Opening: []sock.Call{dgramCall4(), bindCall(sceneFD)}, Acts: []Act{arrives("a datagram from a group", 2, martian)}},
		{Name: "no way back", Island: true, Acts: []Act{arrives("an echo request", 1, messageOf(sock.ICMPEcho, 8)), arrives("a datagram for nobody", 1, datagramTo(walkLocal.Port(), 8))}},
	}
}

// fragments4 are of IPv4.
func fragments4() []SceneConfig {
	receiver := []sock.Call{dgramCall4(), bindCall(sceneFD)}
	head, tail := partSpec{end: 16, more: true, id: 1}, partSpec{start: 16, end: 40, id: 1}
	other := partSpec{end: 16, more: true, id: 2}
	marked := tail
	marked.ecn = byte(tcpstate.CE)
	recv := calls(0, "recv", recvCall(sceneFD))
	return []SceneConfig{
		{Name: "a datagram in parts", Opening: receiver, Acts: []Act{part(2, head), part(1, tail), part(1, partSpec{start: 8, end: 24, more: true, id: 1}),
			part(1, partSpec{start: 16, end: 32, id: 1}), part(1, marked), recv, ticks(1)}},
		{Name: "no memory for parts", Sysctls: [][2]string{{"net.ipv4.ipfrag_low_thresh", "0"}, {"net.ipv4.ipfrag_high_thresh", "1000"}}, Opening: receiver,
			Acts: []Act{part(2, head), part(1, tail), recv, ticks(1)}},
		{Name: "parts of many datagrams", Sysctls: [][2]string{{"net.ipv4.ipfrag_max_dist", "1"}}, Opening: receiver, Acts: []Act{part(2, head), part(1, tail), part(2, other), recv, ticks(1)}},
		{Name: "parts that are too much", Opening: receiver, Acts: []Act{part(1, partSpec{end: 32768, more: true, id: 1}), part(1, partSpec{start: 32768, end: 65520, id: 1})}},
		{Name: "a datagram that leaves in parts", Opening: slices.Concat(receiver, []sock.Call{connectCall(sceneFD)}),
			Acts: []Act{calls(0, "send", sock.Call{Op: sock.OpSend, FD: sceneFD, Data: make([]byte, 3*walkOctets)}), ticks(1)}},
	}
}

// fragments6 are of IPv6.
func fragments6() []SceneConfig {
	p := func(start, end uint16, more bool) partSpec {
		return partSpec{start: start, end: end, more: more, id: 1, v6: true}
	}
	return []SceneConfig{{Name: "a datagram of IPv6 in parts", Opening: []sock.Call{openCall(sock.AF_INET6, sock.SOCK_DGRAM, sock.IPPROTO_UDP), addressed(sock.OpBind, sceneFD, sceneLocal6)},
		Acts: []Act{part(1, p(0, 16, true)), part(1, p(16, 40, false)), part(1, p(8, 24, true)), part(1, p(0, 12, true)), part(1, p(0, 4, true)), calls(0, "recv", recvCall(sceneFD)), ticks(1)}},
		{Name: "headers behind a fragment's", Acts: []Act{
			arrives("another fragment header", 1, behindFragment(protoFragment, sock.ProtoUDP, 0, 0, 0, 0, 0, 0, 2)),
			arrives("options that are cut off", 1, behindFragment(protoDestination, sock.ProtoUDP, 9, 1, 4, 0, 0, 0, 0))}}}
}
