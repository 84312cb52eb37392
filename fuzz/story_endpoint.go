package fuzz

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// An endpoint's story is told as that of a process with one socket: what the endpoint was given becomes calls on it.

// The first descriptors of a process in a script, and its peer.
const (
	storyFD    = 3
	storyChild = 4 // of a listener
)

// storyEnds are the addresses of an endpoint and its peer, with the options that a socket of their family takes.
type storyEnds struct {
	family      int32
	local, peer netip.AddrPort
	addrLen     int32
}

var (
	storyEnds4 = storyEnds{sock.AF_INET, walkLocal, netip.MustParseAddrPort("192.0.2.1:8080"), 16}
	storyEnds6 = storyEnds{sock.AF_INET6, sceneLocal6, netip.MustParseAddrPort("[fd00::2]:8080"), 28}
)

// ends are those of an endpoint's story.
func (e *Endpoint) ends() *storyEnds {
	if e.setup.IPv6 {
		return &storyEnds6
	}
	return &storyEnds4
}

// addr is one of the two as a socket's address.
func (n *storyEnds) addr(ap netip.AddrPort) sock.Addr {
	return sock.Addr{Family: uint16(n.family), AP: ap}
}

// opens are the sysctls and the calls that make the endpoint of a setup.
func (s *teller) opens(e *Endpoint) {
	u := &e.setup
	s.MTU = u.MTU
	for _, b := range []struct {
		on    bool
		name  string
		value string
	}{
		{u.Plain&1 != 0, "tcp_timestamps", "0"}, {u.Plain&2 != 0, "tcp_window_scaling", "0"}, {u.Plain&4 != 0, "tcp_sack", "0"},
		{u.Plain&8 != 0, "tcp_congestion_control", "reno"}, {u.Plain&16 != 0, "tcp_ecn", "1"}, {u.Odd&1 != 0, "tcp_rfc1337", "1"},
		{u.Odd&2 != 0, "tcp_abort_on_overflow", "1"}, {u.Odd&4 != 0, "tcp_stdurg", "1"}, {u.Fast, "tcp_fastopen", "0x603"},
	} {
		if b.on {
			s.Set("net.ipv4."+b.name, b.value)
		}
	}
	if u.Odd&8 != 0 {
		s.CannotSay("an accept queue that is full without a connection in it")
	}
	n := e.ends()
	s.socket(e, storyFD, !u.Passive)
	if u.Passive {
		s.Call(e.now, 0, sock.Call{Op: sock.OpBind, FD: storyFD, Addr: n.addr(n.local), AddrLen: n.addrLen})
		s.Call(e.now, 0, sock.Call{Op: sock.OpListen, FD: storyFD, N: 1})
	}
}

// socket makes a socket with the options that a setup stands for, whose calls wait or do not.
func (s *teller) socket(e *Endpoint, fd int32, nonblock bool) {
	u := &e.setup
	s.Call(e.now, 0, sock.Call{Op: sock.OpSocket, Domain: e.ends().family, Type: sock.SOCK_STREAM, Proto: sock.IPPROTO_TCP})
	if nonblock {
		s.Call(e.now, 0, sock.Call{Op: sock.OpFcntl, FD: fd, N: sock.F_SETFL, Arg: sock.O_NONBLOCK})
	}
	if u.Small {
		s.option(e.now, fd, sock.SOL_SOCKET, sock.SO_RCVBUF, 1)
		s.option(e.now, fd, sock.SOL_SOCKET, sock.SO_SNDBUF, 1)
	}
	if u.UserMSS != 0 {
		s.option(e.now, fd, sock.SOL_TCP, sock.TCP_MAXSEG, uint32(u.UserMSS))
	}
	if u.DeferCount != 0 {
		s.option(e.now, fd, sock.SOL_TCP, sock.TCP_DEFER_ACCEPT, 1<<u.DeferCount-1)
	}
	if u.Fast {
		s.option(e.now, fd, sock.SOL_TCP, sock.TCP_FASTOPEN, 5)
	}
}

func (s *teller) option(at tcpstate.Time, fd, level, name int32, v uint32) {
	s.Call(at, 0, sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: level, Name: name, Data: binary.LittleEndian.AppendUint32(nil, v)})
}

// heard adds what an endpoint is about to be given.
func (s *teller) heard(e *Endpoint, in *tcpstate.Input) {
	s.acceptSoon(e)
	fd := int32(storyFD)
	if s.accepted {
		fd = storyChild
	}
	c := sock.Call{FD: fd}
	switch in.Kind {
	case tcpstate.SegmentArrives, tcpstate.Unreachable, tcpstate.TooBig:
		s.arrives(e, in)
		return
	case tcpstate.Timeout:
		s.Tick(e.now)
		return
	case tcpstate.Set:
		s.set(e, fd, in)
		return
	case tcpstate.Abort:
		s.closed = true
		s.Call(e.now, 0, sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_LINGER, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}})
		c.Op = sock.OpClose
	case tcpstate.Close:
		s.closed = true
		c.Op = sock.OpClose
	case tcpstate.Shutdown:
		c.Op, c.N = sock.OpShutdown, int64(in.How&3)-1
		if in.How&3 == 0 {
			return
		}
	case tcpstate.Receive:
		c.Op, c.Len = sock.OpRead, int32(in.N)
	case tcpstate.Send:
		c = sends(c, in)
	case tcpstate.Open:
		if s.closed { // it takes another socket, whose descriptor has the same number
			s.closed = false
			s.socket(e, fd, true)
		}
		c.Op, c.Addr, c.AddrLen = sock.OpConnect, e.ends().addr(e.ends().peer), e.ends().addrLen
		if in.Fast == tcpstate.FastSend { // without a cookie, which only a peer could give
			s.Set("net.ipv4.tcp_fastopen", "0x5")
			c.Op, c.Flags, c.Data = sock.OpSend, sock.MSG_FASTOPEN, make([]byte, in.N)
		} else if in.Fast != 0 {
			s.CannotSay("a Fast Open whose cookie comes from nowhere")
		}
	}
	s.Call(e.now, 0, c)
}

// sends is the call that a Send comes from.
func sends(c sock.Call, in *tcpstate.Input) sock.Call {
	c.Op, c.Flags, c.Data = sock.OpSend, sock.MSG_DONTWAIT, make([]byte, in.N)
	for _, f := range []struct {
		bit  tcpstate.SendFlags
		flag int32
	}{{tcpstate.SendMore, sock.MSG_MORE}, {tcpstate.SendOOB, sock.MSG_OOB}, {tcpstate.SendEOR, sock.MSG_EOR}} {
		if in.Flags&f.bit != 0 {
			c.Flags |= f.flag
		}
	}
	return c
}

// acceptSoon calls accept as soon as a listener's connection is there.
func (s *teller) acceptSoon(e *Endpoint) {
	if e.setup.Passive && e.conn != nil && e.conn.State() != tcpstate.Closed && !s.accepted {
		s.accepted = true
		s.Call(e.now, 0, sock.Call{Op: sock.OpAccept, FD: storyFD, Flags: sock.SOCK_NONBLOCK})
	}
}

// arrives adds a packet.
func (s *teller) arrives(e *Endpoint, in *tcpstate.Input) {
	n := e.ends()
	p := sock.Packet{Src: n.peer.Addr(), SrcPort: n.peer.Port(), Dst: n.local.Addr(), Proto: sock.ProtoTCP, TTL: 64}
	if e.setup.Passive {
		p.DstPort = n.local.Port()
	}
	if in.Kind == tcpstate.SegmentArrives {
		p.Seg = counted(in.Seg, e.setup.IRS, e.setup.ISS, e.lastTS)
		p.Payload = make([]byte, in.Seg.Len)
		s.Packet(e.now, p)
		return
	}
	p.Proto, p.ICMP = e.errorMessage(in)
	p.ICMP.Quote = sock.Quote{Src: p.Dst, Dst: p.Src, SrcPort: p.DstPort, DstPort: p.SrcPort, Proto: sock.ProtoTCP, Seq: in.Seg.Seq - e.setup.ISS}
	p.SrcPort, p.DstPort = 0, 0
	s.Packet(e.now, p)
}

// errorMessage is the error that an endpoint is told of.
func (e *Endpoint) errorMessage(in *tcpstate.Input) (proto uint8, m sock.ICMP) {
	hard := in.Hard != (e.req != nil) // what ends an attempt to connect does not end a request, and the other way round (tcp_v4_err)
	m = sock.ICMP{Type: sock.ICMPDestUnreach, Code: 1}
	switch {
	case in.Kind == tcpstate.TooBig && e.setup.IPv6:
		return sock.ProtoICMPv6, sock.ICMP{Type: sock.ICMPv6PacketTooBig, MTU: in.N}
	case in.Kind == tcpstate.TooBig:
		m.Code, m.MTU = 4, in.N
	case e.setup.IPv6:
		proto, m = sock.ProtoICMPv6, sock.ICMP{Type: sock.ICMPv6DestUnreach, Code: 3}
		if hard {
			m.Code = 4
		}
		return proto, m
	case hard:
		m.Code = 3
	}
	return sock.ProtoICMP, m
}

// storyOptions are the options that calls set, by what they are in tcpstate.
var storyOptions = map[tcpstate.Option][2]int32{
	tcpstate.NoDelay: {sock.SOL_TCP, sock.TCP_NODELAY}, tcpstate.Cork: {sock.SOL_TCP, sock.TCP_CORK}, tcpstate.QuickAck: {sock.SOL_TCP, sock.TCP_QUICKACK},
	tcpstate.KeepAlive: {sock.SOL_SOCKET, sock.SO_KEEPALIVE}, tcpstate.KeepIdle: {sock.SOL_TCP, sock.TCP_KEEPIDLE}, tcpstate.KeepIntvl: {sock.SOL_TCP, sock.TCP_KEEPINTVL},
	tcpstate.KeepCnt: {sock.SOL_TCP, sock.TCP_KEEPCNT}, tcpstate.SynCnt: {sock.SOL_TCP, sock.TCP_SYNCNT}, tcpstate.UserTimeout: {sock.SOL_TCP, sock.TCP_USER_TIMEOUT},
	tcpstate.Linger2: {sock.SOL_TCP, sock.TCP_LINGER2}, tcpstate.UserMSS: {sock.SOL_TCP, sock.TCP_MAXSEG}, tcpstate.WindowClamp: {sock.SOL_TCP, sock.TCP_WINDOW_CLAMP},
	tcpstate.RcvBuf: {sock.SOL_SOCKET, sock.SO_RCVBUF}, tcpstate.SndBuf: {sock.SOL_SOCKET, sock.SO_SNDBUF}, tcpstate.RcvLowat: {sock.SOL_SOCKET, sock.SO_RCVLOWAT},
	tcpstate.NotSentLowat: {sock.SOL_TCP, sock.TCP_NOTSENT_LOWAT}, tcpstate.OOBInline: {sock.SOL_SOCKET, sock.SO_OOBINLINE},
	tcpstate.BufLocks: {sock.SOL_SOCKET, sock.SO_BUF_LOCK}, tcpstate.ThinLTO: {sock.SOL_TCP, sock.TCP_THIN_LINEAR_TIMEOUTS},
	tcpstate.RTOMaxMs: {sock.SOL_TCP, sock.TCP_RTO_MAX_MS}, tcpstate.RTOMinUs: {sock.SOL_TCP, sock.TCP_RTO_MIN_US},
	tcpstate.DelackMaxUs: {sock.SOL_TCP, sock.TCP_DELACK_MAX_US}, tcpstate.DeferAck: {sock.SOL_TCP, sock.TCP_DEFER_ACCEPT},
}

// set adds a setsockopt. Buffers are doubled by it.
func (s *teller) set(e *Endpoint, fd int32, in *tcpstate.Input) {
	o, ok := storyOptions[in.Opt]
	if !ok {
		s.CannotSay("a setting that is no socket option")
		return
	}
	v := in.N
	switch in.Opt {
	case tcpstate.RcvBuf, tcpstate.SndBuf:
		v /= 2
	case tcpstate.BufLocks: // SOCK_SNDBUF_LOCK is 1, SOCK_RCVBUF_LOCK 2
		v = v>>1&1 | v&1<<1
	}
	s.option(e.now, fd, o[0], o[1], v)
}

// tell makes the endpoint add to a story from now on. It has done nothing yet.
func (e *Endpoint) tell(s *story.Story) {
	e.story = &teller{Story: s}
	e.story.opens(e)
}

// Tell gives the story of one of the two ends.
func (d *Duo) Tell(end int, s *story.Story) {
	d.end[end], d.owned[end] = d.end[end].Clone(), true
	d.end[end].tell(s)
}

// Views are how many ends have a story of their own.
func (d *Duo) Views() int { return len(d.end) }

// Tell and Views are the one endpoint's.
func (s *Solo) Tell(_ int, t *story.Story) { s.end.tell(t) }
func (s *Solo) Views() int                 { return 1 }
