package sock

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// busy is a host with something of everything.
func busy(t *testing.T) *bench {
	b := newBench(t)
	fd, p := b.accepted()
	p.send(tcpstate.ACK, "unread")
	b.ok(sendCall(fd, "unacknowledged"))
	b.parked(2, acceptCall(3))
	b.parked(4, recvCall(b.second(), 9, 0))
	b.newPeer(4007).syn()
	ep := b.ok(Call{Op: OpEpollCreate})
	b.ok(epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN))
	b.wire = nil
	return b
}

// second is another accepted connection.
func (b *bench) second() int32 {
	b.wire = nil
	b.newPeer(4005).shake()
	return int32(b.returned(2).Value)
}

func TestCloneIsTheSameAndApart(t *testing.T) {
	b := busy(t)
	c := b.h.Clone()
	before := b.h.Fingerprint()
	require.Equal(t, before, c.Fingerprint())
	require.NoError(t, c.Check())

	inputs := func(h *Host) (out []Effect) {
		now := b.now.Add(tcpstate.Second)
		out = h.Tick(now, out)
		out = h.Call(now, 1, recvCall(4, 20, 0), out)
		out = h.Call(now, 1, closeCall(3), out)
		out = h.Call(now, 1, closeCall(4), out)
		return out
	}
	first := inputs(c)
	require.Equal(t, before, b.h.Fingerprint(), "the original has not moved")
	require.NotEqual(t, before, c.Fingerprint())
	require.NoError(t, c.Check())
	second := inputs(b.h)
	require.Equal(t, len(first), len(second))
	for i := range first {
		require.Equal(t, first[i], second[i], "effect %d", i)
	}
	require.Equal(t, b.h.Fingerprint(), c.Fingerprint())
}

// Bytes that arrive at the copy do not reach the original, nor the other way.
func TestCloneHasBuffersOfItsOwn(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	p.send(tcpstate.ACK, "common")
	b.ok(sendCall(fd, "queued"))
	c := b.h.Clone()
	own := p.packet(tcpstate.ACK, "COPY")
	c.Deliver(b.now, &own, nil)
	p.send(tcpstate.ACK, "orig")
	read := func(h *Host) string {
		for _, e := range h.Call(b.now, 1, recvCall(fd, 20, 0), nil) {
			if e.Kind == Done {
				return string(e.Return.Data)
			}
		}
		return ""
	}
	require.Equal(t, "commonCOPY", read(c))
	require.Equal(t, "commonorig", read(b.h))
}

func TestSameInputsSameEffects(t *testing.T) {
	require.Equal(t, busy(t).h.Fingerprint(), busy(t).h.Fingerprint())
	other := newBench(t, func(c *HostConfig) { c.Seed = 2 })
	other.fails(EINPROGRESS, connectCall(other.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, 1)))
	b := newBench(t)
	b.fails(EINPROGRESS, connectCall(b.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, 1)))
	require.NotEqual(t, b.sent().Seg.Seq, other.sent().Seg.Seq)
}

func TestChoicesAreFollowed(t *testing.T) {
	b := newBench(t)
	b.h.Choose(Choice{HasISS: true, ISS: 77, HasPort: true, Port: 40001, HasTSOffset: true, TSOffset: 5})
	b.fails(EINPROGRESS, connectCall(b.ok(socketCall(SOCK_NONBLOCK)), in4(remoteV4, 1)))
	q := b.sent()
	require.EqualValues(t, 77, q.Seg.Seq)
	require.EqualValues(t, 40001, q.SrcPort)
	require.EqualValues(t, 1005, q.Seg.Opts.TSVal)
}

func TestSysctl(t *testing.T) {
	b := newBench(t)
	v, ok := b.h.Sysctl("net.ipv4.tcp_rmem")
	require.True(t, ok)
	require.Equal(t, "4096\t131072\t33554432", v)
	require.NoError(t, b.h.SetSysctl("/proc/sys/net/ipv4/tcp_rmem", "4096 20000"))
	v, _ = b.h.Sysctl("net/ipv4/tcp_rmem")
	require.Equal(t, "4096\t20000\t33554432", v)
	require.NoError(t, b.h.SetSysctl("net.ipv4.tcp_fastopen", "0x207"))
	require.NoError(t, b.h.SetSysctl("net.ipv4.tcp_congestion_control", "reno"))
	require.Equal(t, tcpstate.Reno, b.h.tcp.Congestion)
	for name, value := range map[string]string{
		"net.ipv4.no_such": "1", "net.ipv4.tcp_sack": "256", "net.ipv4.tcp_retries1": "x", "net.ipv4.tcp_wmem": "",
		"net.ipv4.ip_local_port_range": "9 8", "net.ipv4.tcp_congestion_control": "vegas", "net.core.somaxconn": "-1",
	} {
		require.ErrorContains(t, b.h.SetSysctl(name, value), name)
	}
	for _, n := range b.h.Sysctls() {
		_, ok := b.h.Sysctl(n)
		require.True(t, ok, n)
	}
}

func TestProfiles(t *testing.T) {
	b := newBench(t, func(c *HostConfig) { c.Profile = &Linux24 })
	require.EqualValues(t, 2, b.h.tcp.InitCwnd)
	require.Equal(t, 3*tcpstate.Second, b.h.tcp.RTOInit)
	require.NoError(t, b.h.SetSysctl("net.ipv4.tcp_sack", "0"))
	require.Equal(t, 3*tcpstate.Second, b.h.tcp.RTOInit, "a sysctl leaves the profile alone")
	fd := b.listener(1000)
	_, s, _ := b.h.lookup(fd)
	require.EqualValues(t, 128, s.lst.backlog)
}

func TestSegmentsForNobody(t *testing.T) {
	b := newBench(t)
	p := b.newPeer(4000)
	p.ack = 9
	p.send(tcpstate.ACK, "x")
	q := b.sent()
	require.Equal(t, "R", q.Seg.Flags.String())
	require.EqualValues(t, 9, q.Seg.Seq)
	require.Equal(t, rule.NoSocket, b.why())
	p.send(tcpstate.RST, "")
	b.quiet()
	require.Equal(t, rule.NoSocket, b.why())

	b.listener(1)
	p.send(tcpstate.ACK, "")
	require.Equal(t, "R", b.sent().Seg.Flags.String())
	require.Equal(t, rule.ListenACK, b.why())

	other := p.packet(tcpstate.SYN, "")
	other.Dst = mustAddr("203.0.113.1")
	b.deliver(other)
	b.quiet()
	require.Equal(t, rule.NotForUs, b.why())
	udp := p.packet(0, "")
	udp.Proto = ProtoUDP
	b.deliver(udp)
	require.Equal(t, rule.UDPNoPort, b.why())
	require.Equal(t, ProtoICMP, b.sent().Proto)
	b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: 200, Opaque: true, Wire: make([]byte, 20)})
	require.EqualValues(t, icmpProtoUnreach, b.sent().ICMP.Code)
	require.Equal(t, rule.NotTCP, b.why())
	b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: protoIGMP, Opaque: true, Wire: make([]byte, 20)})
	b.quiet()
	require.Equal(t, rule.BadTransport, b.why())
	b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: ProtoTCP, Opaque: true, BadSum: true, Wire: make([]byte, 40)})
	require.Equal(t, rule.BadTransport, b.why())
}

// The listener of the address wins over that of any, IPv4's over IPv6's.
func TestListenerLookup(t *testing.T) {
	b := newBench(t)
	listen := func(domain int32, a Addr) int32 {
		fd := b.ok(Call{Op: OpSocket, Domain: domain, Type: SOCK_STREAM | SOCK_NONBLOCK})
		b.set(fd, SOL_SOCKET, SO_REUSEPORT, 1)
		b.ok(bindCall(fd, a))
		b.ok(listenCall(fd, 5))
		return fd
	}
	dual := listen(AF_INET6, in6(mustAddr("::"), testPort))
	b.newPeer(4000).shake()
	require.Equal(t, "[::ffff:192.0.2.1]:4000", b.call(acceptCall(dual)).Addr.AP.String())
	wild := listen(AF_INET, in4(any4, testPort))
	b.newPeer(4001).shake()
	b.ok(acceptCall(wild))
	exact := listen(AF_INET, in4(localV4, testPort))
	b.newPeer(4002).shake()
	b.ok(acceptCall(exact))
	b.fails(EAGAIN, acceptCall(dual))
	b.fails(EAGAIN, acceptCall(wild))

	six := b.newPeer(4003)
	six.local, six.rem = in6(localV6, testPort).AP, in6(remoteV6, 4003).AP
	six.shake()
	require.Equal(t, "[fd3d:fa7b:d17d:8888::1]:4003", b.call(acceptCall(dual)).Addr.AP.String())
}

func TestV6OnlyListenerDoesNotHearIPv4(t *testing.T) {
	b := newBench(t)
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM})
	b.set(fd, SOL_IPV6, IPV6_V6ONLY, 1)
	b.ok(bindCall(fd, in6(mustAddr("::"), testPort)))
	b.ok(listenCall(fd, 1))
	b.newPeer(4000).syn()
	require.Equal(t, "R.", b.sent().Seg.Flags.String())
	require.Equal(t, EINVAL, b.call(setCall(fd, SOL_IPV6, IPV6_V6ONLY, cint(0))).Errno, "bound already")
}

func TestICMP(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.ok(sendCall(fd, "x"))
	q := p.see()
	b.deliver(unreach(q, 1))
	require.Zero(t, b.h.socks[1].pending(), "established: only noted")
	require.EqualValues(t, EHOSTUNREACH, b.get(fd, SOL_SOCKET, SO_ERROR))
	require.Zero(t, b.get(fd, SOL_SOCKET, SO_ERROR))
	b.set(fd, SOL_IP, IP_RECVERR, 1)
	b.deliver(unreach(q, 3))
	b.fails(ECONNREFUSED, recvCall(fd, 1, 0))
	stray := unreach(q, 1)
	stray.ICMP.Quote.SrcPort = 1
	b.deliver(stray)
	require.Equal(t, rule.ICMPNoSocket, b.why())
	b.deliver(Packet{Src: remoteV4, Dst: localV4, Proto: ProtoICMP, ICMP: ICMP{Type: ICMPEcho}})
	require.Equal(t, ICMPEchoReply, b.sent().ICMP.Type)

	r := b.newPeer(4009)
	r.syn()
	b.deliver(unreach(r.see(), 1))
	n, _ := b.queued(3)
	require.Zero(t, n, "a request does not outlive it")
}

func TestTimeWaitGivesWayToANewSyn(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.ok(closeCall(fd))
	p.see()
	p.send(tcpstate.FIN|tcpstate.ACK, "")
	require.Equal(t, ".", b.sent().Seg.Flags.String())
	p.seq = p.seq.Add(1000)
	p.syn()
	q := p.see()
	require.Equal(t, "S.", q.Seg.Flags.String())
	p.send(tcpstate.ACK, "")
	require.EqualValues(t, 4000, b.call(acceptCall(3)).Addr.AP.Port())
}

func TestTCPInfo(t *testing.T) {
	b := newBench(t)
	fd, _ := b.accepted()
	info := b.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_TCP, Name: TCP_INFO, Len: 1000}).Data
	require.Len(t, info, sizeofTCPInfo)
	require.EqualValues(t, tcpstate.Established, info[0])
	require.EqualValues(t, 1000, rd32(info[16:]), "tcpi_snd_mss")
	b.newPeer(4001).shake()
	info = b.call(Call{Op: OpGetsockopt, FD: 3, Level: SOL_TCP, Name: TCP_INFO, Len: 1000}).Data
	require.EqualValues(t, tcpstate.Listen, info[0])
	require.EqualValues(t, 1, rd32(info[24:]), "accept queue")
	require.EqualValues(t, 5, rd32(info[28:]), "backlog")
}
