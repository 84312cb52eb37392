package fuzz

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// What an op of a host does: bits 0-4 of its first byte, modulo these; bits 5-7
// name the thread that calls.
const (
	hostSegment   = iota // to a connection seen on the wire
	hostNewFlow          // a segment of no connection seen
	hostCall             // the call that the second byte names
	hostSocket           // a stream socket, so that the other calls find one
	hostServe            // bind and listen
	hostAccept           //
	hostConnect          //
	hostSend             //
	hostRecv             //
	hostClose            //
	hostTick             // the next deadline
	hostICMP             // an error about a connection seen
	hostInterrupt        // a signal to a thread
	hostOption           // setsockopt
	hostPoll             // poll on two descriptors
	numHostOps
)

// mostHostOps bounds a run.
const mostHostOps = 150

// RunHost does the ops of the input, one byte of setup before them, and then
// lets the host come to rest. The error is the first law broken.
func RunHost(in []byte, r *HostRun) error {
	for _, o := range Ops(in, mostHostOps) {
		if err := r.timed(o); err != nil {
			return err
		}
	}
	if err := r.checkWaiters(); err != nil {
		return err
	}
	return r.Finish()
}

// timed lets o's time pass and does it.
func (r *HostRun) timed(o Op) error {
	if err := r.Wait(choose(gaps, o.Gap&^(Late|Deaf)), o.Gap&Late != 0); err != nil {
		return err
	}
	return r.do(o)
}

// what o does: of the ops above, and those with datagrams or all there are if the run has them.
func (r *HostRun) what(o Op) byte {
	switch {
	case r.wide:
		return o.Flags % numWideOps
	case r.datagrams:
		return o.Flags % numDgramOps
	}
	return o.Flags % numHostOps
}

// do reads o's bytes as a host's op. Kind was reduced by Ops, so Flags says what.
func (r *HostRun) do(o Op) error {
	th := sock.Thread(o.Kind & 3)
	switch r.what(o) {
	case hostDatagram:
		return r.datagram(o)
	case hostDgramError:
		return r.dgramError(o)
	case hostSegment:
		return r.segment(o, false)
	case hostNewFlow:
		return r.segment(o, true)
	case hostTick:
		if at, ok := r.Host.Deadline(); ok {
			return r.Wait(at.Sub(r.now), true)
		}
		return nil
	case hostICMP:
		return r.icmp(o)
	case hostInterrupt:
		return r.interrupt(th)
	case hostWire:
		return r.wire(o)
	case hostSysctl:
		return r.sysctl(o)
	case hostServe:
		c := r.call(o)
		c.Op = sock.OpBind
		if _, err := r.Call(th, c); err != nil {
			return err
		}
		c.Op = sock.OpListen
		_, err := r.Call(th, c)
		return err
	}
	_, err := r.Call(th, r.call(o))
	return err
}

// call makes o's bytes a system call.
func (r *HostRun) call(o Op) sock.Call {
	addr := netip.AddrPortFrom(choose(hostAddrs, o.Ack), choose(hostPorts, o.Wnd))
	c := sock.Call{
		FD: choose(r.fds, o.Seq), N: int64(int8(o.Len)), Arg: int64(o.Opts), Len: int32(choose(lengths, o.Len)),
		Domain: sock.AF_INET, Type: sock.SOCK_STREAM, Timeout: int64(int8(o.Len)) * 100, Events: uint32(o.Opts) | uint32(o.Wnd)<<24,
	}
	if o.Opts&1 != 0 {
		c.Flags = sock.MSG_DONTWAIT
	}
	switch what := r.what(o); what {
	case hostDgram, hostBind, hostSendTo, hostRecvFrom, hostDgramOption, hostDisconnect:
		addr = dgramCall(what, o, &c)
	case hostControl, hostFilter, hostDevice, hostFcntl, hostWatch, hostReach, hostTake:
		addr = wideCall(what, o, &c)
	case hostSocket:
		c.Op = sock.OpSocket
		c.Domain = []int32{sock.AF_INET, sock.AF_INET6, sock.AF_INET, 99}[o.Ack&3]
		c.Type |= []int32{0, sock.SOCK_NONBLOCK, sock.SOCK_CLOEXEC, 1}[o.Wnd&3]
	case hostAccept:
		c.Op, c.Flags = sock.OpAccept, 0
	case hostConnect:
		c.Op, addr = sock.OpConnect, netip.AddrPortFrom(choose(peerAddrs, o.Ack), choose(hostPorts, o.Wnd))
	case hostSend:
		c.Op, c.Data, c.Flags = sock.OpSend, make([]byte, min(c.Len, 5000)), []int32{0, sock.MSG_DONTWAIT, sock.MSG_OOB, sock.MSG_MORE | sock.MSG_NOSIGNAL, sock.MSG_EOR}[o.Opts%5]
		if o.Wnd&16 != 0 {
			c.Flags, addr = c.Flags|sock.MSG_FASTOPEN, netip.AddrPortFrom(choose(peerAddrs, o.Ack), choose(hostPorts, o.Wnd))
		}
	case hostRecv:
		c.Op, c.Flags = sock.OpRecv, []int32{0, sock.MSG_DONTWAIT, sock.MSG_PEEK, sock.MSG_WAITALL, sock.MSG_OOB, sock.MSG_TRUNC, sock.MSG_ERRQUEUE}[o.Opts%7]
	case hostClose:
		c.Op = sock.OpClose
	case hostOption:
		option := choose(hostOptions, o.Opts)
		c.Op, c.Level, c.Name = sock.OpSetsockopt, option[0], option[1]
		v := choose([]uint32{0, 1, 2, 5000, 1<<31 - 1, 1 << 31, 100000}, o.Wnd)
		c.Data = []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}[:[]int{4, 8, 16, 1, 0}[o.Ack%5]]
	case hostPoll:
		c.Op = sock.OpPoll
		c.Poll = []sock.PollFD{{FD: c.FD, Events: sock.POLLIN}, {FD: choose(r.fds, o.Ack), Events: sock.POLLOUT | uint32(o.Opts)}}
	default:
		r.otherCall(o, &c)
	}
	family := uint16(sock.AF_INET)
	if c.AddrLen = 16; !addr.IsValid() { // AF_UNSPEC for connect, none for send
		if c.AddrLen = 0; c.Op == sock.OpConnect {
			c.AddrLen = 16
		}
		return c
	}
	if addr.Addr().Is6() {
		family, c.AddrLen = sock.AF_INET6, 28
	}
	c.Addr = sock.Addr{Family: family, AP: addr, Scope: c.Addr.Scope}
	return c
}

// hostOptions are those that change what the machine does.
var hostOptions = [][2]int32{
	{sock.SOL_SOCKET, sock.SO_REUSEADDR}, {sock.SOL_SOCKET, sock.SO_REUSEPORT}, {sock.SOL_SOCKET, sock.SO_LINGER}, {sock.SOL_SOCKET, sock.SO_KEEPALIVE},
	{sock.SOL_SOCKET, sock.SO_RCVBUF}, {sock.SOL_SOCKET, sock.SO_SNDBUF}, {sock.SOL_SOCKET, sock.SO_RCVTIMEO}, {sock.SOL_SOCKET, sock.SO_SNDTIMEO},
	{sock.SOL_SOCKET, sock.SO_OOBINLINE}, {sock.SOL_SOCKET, sock.SO_RCVLOWAT}, {sock.SOL_TCP, sock.TCP_NODELAY}, {sock.SOL_TCP, sock.TCP_CORK},
	{sock.SOL_TCP, sock.TCP_DEFER_ACCEPT}, {sock.SOL_TCP, sock.TCP_LINGER2}, {sock.SOL_TCP, sock.TCP_USER_TIMEOUT}, {sock.SOL_TCP, sock.TCP_QUICKACK},
	{sock.SOL_TCP, sock.TCP_WINDOW_CLAMP}, {sock.SOL_TCP, sock.TCP_MAXSEG}, {sock.SOL_TCP, sock.TCP_KEEPIDLE}, {sock.SOL_TCP, sock.TCP_SYNCNT},
	{sock.SOL_IP, sock.IP_RECVERR}, {sock.SOL_IP, sock.IP_TTL}, {sock.IPPROTO_IPV6, sock.IPV6_V6ONLY}, {sock.SOL_TCP, sock.TCP_NOTSENT_LOWAT},
	{sock.SOL_TCP, sock.TCP_FASTOPEN}, {sock.SOL_TCP, sock.TCP_FASTOPEN_CONNECT}, {sock.SOL_TCP, sock.TCP_FASTOPEN_NO_COOKIE}, {sock.SOL_TCP, sock.TCP_FASTOPEN_KEY},
	{sock.SOL_SOCKET, sock.SO_BUF_LOCK}, {sock.SOL_TCP, sock.TCP_THIN_LINEAR_TIMEOUTS}, {sock.SOL_TCP, sock.TCP_RTO_MAX_MS}, {sock.SOL_TCP, sock.TCP_RTO_MIN_US},
	{sock.SOL_TCP, sock.TCP_DELACK_MAX_US},
}

// segment delivers a segment in or near its place, or one of a flow not seen yet.
func (r *HostRun) segment(o Op, fresh bool) error {
	if len(r.flows) == 0 || fresh {
		i := o.Opts & 1 * 2
		r.flows = append(r.flows[max(len(r.flows)-mostFlows+1, 0):], hostFlow{
			local: netip.AddrPortFrom(hostAddrs[i], choose(hostPorts, o.Len>>6)), remote: netip.AddrPortFrom(peerAddrs[i], choose(peerPorts, o.Wnd)), peer: flowISN,
		})
		o.Kind = OpKind(len(r.flows) - 1)
	}
	f := &r.flows[slices.Index(r.flows, choose(r.flows, byte(o.Kind)))]
	s := tcpstate.Segment{
		Flags: choose(SegmentFlags, o.Seq>>3), Seq: f.peer + tcpstate.Seq(choose(offsets, o.Ack&0xF)), Wnd: choose(windows, o.Wnd>>4), Len: min(choose(lengths, o.Len&0x3F), 5000),
	}
	if fresh && o.Seq>>3 == 0 {
		s.Flags = tcpstate.SYN
	}
	if s.Flags.Has(ack) {
		s.Ack = f.nxt + tcpstate.Seq(choose(offsets, o.Ack>>4))
	}
	e := Endpoint{now: r.now, lastTS: f.lastTS, setup: Setup{ISS: f.nxt}}
	e.segmentOptions(&s, o.Opts)
	return r.Deliver(sock.Packet{
		Src: f.remote.Addr(), SrcPort: f.remote.Port(), Dst: f.local.Addr(), DstPort: f.local.Port(),
		Proto: sock.ProtoTCP, TTL: 64, Seg: s, Payload: make([]byte, s.Len),
	})
}

// icmp delivers an error that quotes a segment of a connection seen.
func (r *HostRun) icmp(o Op) error {
	if len(r.flows) == 0 {
		return nil
	}
	f := choose(r.flows, byte(o.Kind))
	p := sock.Packet{Src: f.remote.Addr(), Dst: f.local.Addr(), Proto: sock.ProtoICMP, TTL: 64}
	p.ICMP.Type, p.ICMP.Code = []uint8{3, 11, 12, 4}[o.Ack&3], o.Ack>>2&15
	if f.local.Addr().Is6() {
		p.Proto, p.ICMP.Type = sock.ProtoICMPv6, []uint8{1, 2, 3, 4}[o.Ack&3]
	}
	p.ICMP.MTU = []uint32{1280, 576, 0, 68}[o.Opts&3]
	p.ICMP.Quote = sock.Quote{Src: f.local.Addr(), Dst: f.remote.Addr(), SrcPort: f.local.Port(), DstPort: f.remote.Port(), Proto: sock.ProtoTCP, Seq: f.nxt - tcpstate.Seq(o.Len)}
	return r.Deliver(p)
}
