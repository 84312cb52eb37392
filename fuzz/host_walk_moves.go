package fuzz

import (
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// WalkSegment is what a peer may send on a connection.
type WalkSegment uint8

// The segments. All but the last two are in their place.
const (
	SegAck WalkSegment = iota
	SegData
	SegFin
	SegRst
	SegSynAck
	SegSynAgain // the SYN once more
	SegAhead    // an octet with a hole before it
	SegWrongAck // an ACK of what was never sent
	SegShut     // an ACK that closes the window
	SegSynNew   // the SYN of another connection
	numSegments
)

// WalkCall is a call that a thread may make on a descriptor.
type WalkCall uint8

// The calls. Those on a listener are not made on a connection, and the other way round.
const (
	CallAccept WalkCall = iota
	CallConnect
	CallRecv
	CallRecvAll // MSG_WAITALL, for more than comes at once
	CallSend
	CallSendMuch
	CallShutdown
	CallClose
	CallAbort // SO_LINGER with no time, and close
	CallPoll  // without end
	CallNoBlock
	CallBacklog // listen with room for one more
	CallDisconnect
	numCalls
)

var (
	segmentNames = [numSegments]string{"ACK", "data", "FIN", "RST", "SYN,ACK", "SYN again", "an octet ahead", "a wrong ACK", "ACK, window 0", "a new SYN"}
	callNames    = [numCalls]string{"accept", "connect", "recv", "recv MSG_WAITALL", "send", "send much", "shutdown", "close", "close, linger 0", "poll", "O_NONBLOCK", "listen", "connect AF_UNSPEC"}
	onListener   = [numCalls]bool{CallAccept: true, CallClose: true, CallPoll: true, CallNoBlock: true, CallBacklog: true, CallShutdown: true}
	onConnection = [numCalls]bool{CallConnect: true, CallRecv: true, CallRecvAll: true, CallSend: true, CallSendMuch: true, CallShutdown: true, CallClose: true, CallAbort: true, CallPoll: true, CallNoBlock: true, CallDisconnect: true}
)

var (
	walkLocal = netip.MustParseAddrPort("192.168.0.1:8080")
	walkPeer  = netip.MustParseAddrPort("192.0.2.1:8080") // the peers' first port; those that are connected to are at it as well
)

// The kinds of move. A move is a kind, who makes it, on what, and which.
const (
	walkCome uint8 = iota
	walkSegment
	walkCall
	walkTick
	walkSignal
)

func walkMove(kind uint8, who, on int, which uint8) uint32 {
	return uint32(kind)<<24 | uint32(who)<<16 | uint32(on)<<8 | uint32(which)
}

// Moves lists what can happen now. Peers and threads that are alike come in one order.
func (w *HostWalk) Moves(to []uint32) []uint32 {
	r := w.run
	if len(r.flows) < w.Peers {
		to = append(to, walkMove(walkCome, len(r.flows), 0, 0))
	}
	for i := range r.flows {
		for _, s := range w.Segments {
			to = append(to, walkMove(walkSegment, i, 0, uint8(s)))
		}
	}
	for th := 1; th <= min(w.used+1, w.Threads); th++ {
		if _, waits := r.parked[sock.Thread(th)]; waits {
			if w.Signals {
				to = append(to, walkMove(walkSignal, th, 0, 0))
			}
			continue
		}
		for i, s := range w.sockets {
			for _, c := range w.Calls {
				if s.open && (s.listen && onListener[c] || !s.listen && onConnection[c]) {
					to = append(to, walkMove(walkCall, th, i, uint8(c)))
				}
			}
		}
	}
	if w.due() {
		to = append(to, walkMove(walkTick, 0, 0, 0))
	}
	return to
}

// Do makes a move happen.
func (w *HostWalk) Do(n uint32, cover *Coverage) (err error) {
	kind, who, on, which := uint8(n>>24), int(n>>16&0xFF), int(n>>8&0xFF), uint8(n)
	w.run.Cover = cover
	switch kind {
	case walkCome:
		err = w.come(who)
	case walkSegment:
		if who < len(w.run.flows) {
			err = w.run.Deliver(w.run.flows[who].packet(WalkSegment(which)))
		}
	case walkCall:
		if on < len(w.sockets) {
			w.used = max(w.used, who)
			err = w.calls(sock.Thread(who), on, WalkCall(which))
		}
	case walkTick:
		err = w.expire()
	case walkSignal:
		err = w.run.interrupt(sock.Thread(who))
	}
	w.learn()
	return err
}

// come is the SYN of the next peer.
func (w *HostWalk) come(who int) error {
	r := w.run
	remote := netip.AddrPortFrom(walkPeer.Addr(), walkPeer.Port()+uint16(who))
	r.flows = append(r.flows, hostFlow{local: walkLocal, remote: remote, peer: flowISN})
	return r.Deliver(r.flows[len(r.flows)-1].packet(SegSynAgain))
}

// walkOctets is what a peer's segment with data, and a small send, carry.
const walkOctets = 1000

// packet is a segment of the flow. The peer asks for no options but an MSS.
func (f *hostFlow) packet(kind WalkSegment) sock.Packet {
	s := tcpstate.Segment{Flags: ack, Seq: f.peer, Ack: f.nxt, Wnd: 20_000}
	switch kind {
	case SegData:
		s.Flags, s.Len = ack|tcpstate.PSH, walkOctets
	case SegFin:
		s.Flags = ack | tcpstate.FIN
	case SegRst:
		s.Flags = tcpstate.RST | ack
	case SegSynAck:
		s.Flags = tcpstate.SYN | ack
	case SegSynAgain:
		s.Flags, s.Seq, s.Ack = tcpstate.SYN, flowISN, 0
	case SegSynNew:
		s.Flags, s.Seq, s.Ack = tcpstate.SYN, s.Seq.Add(1000), 0
	case SegAhead:
		s.Seq, s.Len = s.Seq.Add(100), 1
	case SegWrongAck:
		s.Ack = s.Ack.Add(5000)
	case SegShut:
		s.Wnd = 0
	}
	if s.Flags.Has(tcpstate.SYN) {
		s.Opts.Set, s.Opts.MSS = tcpstate.OptMSS, 1460
	}
	return sock.Packet{
		Src: f.remote.Addr(), SrcPort: f.remote.Port(), Dst: f.local.Addr(), DstPort: f.local.Port(),
		Proto: sock.ProtoTCP, TTL: 64, Seg: s, Payload: make([]byte, s.Len),
	}
}

// calls makes the calls that a WalkCall stands for.
func (w *HostWalk) calls(th sock.Thread, on int, kind WalkCall) error {
	s := &w.sockets[on]
	c := sock.Call{FD: s.fd}
	switch kind {
	case CallAccept:
		c.Op = sock.OpAccept
	case CallConnect:
		c.Op, c.Addr, c.AddrLen = sock.OpConnect, sock.Addr{Family: sock.AF_INET, AP: walkPeer}, 16
	case CallDisconnect:
		c.Op, c.Addr, c.AddrLen = sock.OpConnect, sock.Addr{Family: sock.AF_UNSPEC}, 16
	case CallRecv:
		c.Op, c.Len = sock.OpRecv, 500
	case CallRecvAll:
		c.Op, c.Len, c.Flags = sock.OpRecv, 1500, sock.MSG_WAITALL
	case CallSend:
		c.Op, c.Data = sock.OpSend, make([]byte, walkOctets)
	case CallSendMuch:
		c.Op, c.Data = sock.OpSend, make([]byte, 20*walkOctets)
	case CallShutdown:
		c.Op, c.N = sock.OpShutdown, sock.SHUT_WR
	case CallPoll:
		c.Op, c.Timeout, c.Poll = sock.OpPoll, -1, []sock.PollFD{{FD: s.fd, Events: sock.POLLIN | sock.POLLRDHUP}}
	case CallNoBlock:
		c.Op, c.N, c.Arg = sock.OpFcntl, sock.F_SETFL, sock.O_NONBLOCK
	case CallBacklog:
		c.Op, c.N = sock.OpListen, w.Backlog+1
	case CallAbort:
		linger := sock.Call{Op: sock.OpSetsockopt, FD: s.fd, Level: sock.SOL_SOCKET, Name: sock.SO_LINGER, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}}
		if _, err := w.run.Call(th, linger); err != nil {
			return err
		}
		fallthrough
	case CallClose:
		c.Op, s.open = sock.OpClose, false
	}
	_, err := w.run.Call(th, c)
	return err
}

// Describe says what a move is.
func (w *HostWalk) Describe(n uint32) string {
	kind, who, on, which := uint8(n>>24), int(n>>16&0xFF), int(n>>8&0xFF), uint8(n)
	switch kind {
	case walkCome:
		return fmt.Sprintf("peer %d: SYN", who)
	case walkSegment:
		return fmt.Sprintf("peer %d: %s", who, segmentNames[which%uint8(numSegments)])
	case walkCall:
		return fmt.Sprintf("thread %d, socket %d: %s", who, on, callNames[which%uint8(numCalls)])
	case walkTick:
		return "time passes until a timer fires"
	}
	return fmt.Sprintf("a signal to thread %d", who)
}
