package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// tcpProt is TCP's table (tcp_prot, tcpv6_prot: the family is in afOps).
var tcpProt = protoOps{
	name: "TCP", number: ProtoTCP, noAutobind: true,
	init: tcpInit, preConnect: inetPreConnect, connect: tcpConnect, disconnect: tcpDisconnect, accept: tcpAccept, acceptAgain: tcpAcceptAgain,
	shutdown: tcpShutdown, close: tcpClose, closeAgain: tcpCloseAgain, destroy: tcpDestroy,
	getPort: tcpGetPort, ioctl: tcpIoctl, options: &tcpOptions,
	sendmsg: tcpSendmsg, sendAgain: tcpSendAgain, recvmsg: tcpRecvmsg, recvAgain: tcpRecvWoken, writeSpace: tcpWriteSpace,
	deliver: tcpDeliver, icmpError: tcpICMPError, seen: tcpSeen,
}

// tcpSeen: a program can cut a segment's payload, and not its header (tcp_filter).
func tcpSeen(v *filterView) int { return int(v.wire[v.head+12]>>4) * 4 }

// tcpInit readies a socket that is not connected (tcp_init_sock).
func tcpInit(h *Host, s *sock) Errno {
	h.tcpCount++
	s.opt.rcvbuf, s.opt.sndbuf = h.tcp.Rmem[1], h.tcp.Wmem[1]
	s.opt.congestion, s.left.tcp.Reordering = h.tcp.Congestion, h.tcp.Reordering
	return 0
}

// tcpDestroy undoes tcpInit (tcp_v4_destroy_sock).
func tcpDestroy(h *Host, s *sock) { h.tcpCount-- }

// tcpShutdown shuts directions (tcp_shutdown); a socket that never had a
// connection only remembers.
func tcpShutdown(h *Host, s *sock, bits uint8) {
	if s.state() == tcpstate.Closed {
		s.shut |= bits
	}
	h.step(s, tcpstate.Input{Kind: tcpstate.Shutdown, How: bits})
}

// params are what a connection of this socket starts from.
func (h *Host) params(s *sock, mtu uint32, ipv6 bool) tcpstate.Params {
	o := &s.opt
	return tcpstate.Params{
		Cfg: h.tcp, MTU: mtu, IPv6: ipv6, UserMSS: o.userMSS, RcvBuf: o.rcvbuf, SndBuf: o.sndbuf,
		Locks: o.bufLocks, Clamp: o.windowClamp, Shut: s.shut, Left: s.left.tcp,
		Congestion: o.congestion, Marked: o.latestECN() == tcpstate.ECT0,
	}
}

// startConn makes the control block of a connection that this socket opens.
func (h *Host) startConn(s *sock, mtu uint32) {
	p := h.params(s, mtu, s.af.ipv6)
	if w := &h.heir; w.TSRecentAt != 0 {
		p.ISS, p.TSOffset, p.TSRecent, p.TSRecentAt = w.ISS, w.TSOffset, w.TSRecent, w.TSRecentAt
		*w = tcpstate.Heir{}
	} else {
		p.ISS, p.TSOffset = h.issOf(s), h.drawTSOffset()
	}
	h.setTxHash(s)
	s.err = 0 // shutdown stays, though: only disconnect clears it
	h.attach(s, tcpstate.New(p), p.ISS)
}

// attach gives the socket its connection, empty buffers and the options that
// were set before there was one.
func (h *Host) attach(s *sock, c *tcpstate.Conn, iss tcpstate.Seq) {
	s.conn, s.txHead = c, iss.Add(1)
	s.tx, s.rx = queue.NewBytes(queue.MaxBytes), queue.NewBytes(queue.MaxBytes)
	if s.opt.deferAccept > 0 {
		h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.DeferAck, N: 1})
	}
	for o := range s.opt.tcp {
		if v, set := s.opt.tcp[o], s.opt.set>>o&1 != 0; set {
			h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.Option(o), N: v})
		}
	}
}
