package matrix

import (
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Step is one thing that happens to a stack: a call, a packet from the link, a signal, a sysctl, or time that passes. Exactly one
// of Call, Packet, Whole, Signal, Sysctl and Wait is set.
type Step struct {
	// Name is what results call the step when it ends a wait.
	Name   string
	Thread sock.Thread // of Call and Signal; 0 stands for the first
	// Call has slots in place of descriptors, in FD, in Poll and as the target of epoll_ctl: a slot is the number of the call
	// that made the descriptor among all that made one.
	Call   *sock.Call
	Packet *Packet
	// Whole is a packet with all that one can have. Its numbers count from the first of either side too, the echo of its time stamp from
	// the one that the stack sent last to that port; a port of the stack's that is 0 is the one that it chose last for that port.
	Whole *sock.Packet
	// Signal is for Thread: it ends those calls that are not made again after one.
	Signal bool
	// Sysctl is a name and a value that an administrator writes. What the stack refuses changes nothing.
	Sysctl *[2]string
	Wait   tcpstate.Duration
}

// Deed reports whether somebody does something in the step, rather than that time passes.
func (s *Step) Deed() bool {
	return s.Call != nil || s.Arrives() || s.Signal || s.Sysctl != nil
}

// Arrives reports whether the step is a packet from the link.
func (s *Step) Arrives() bool { return s.Packet != nil || s.Whole != nil }

// Packet is a packet from the link. Its numbers count from the first of either side, as in scripts, so that it suits every stack.
type Packet struct {
	Proto uint8 // sock.ProtoTCP and so on
	// Src and Dst are the peer and the stack.
	Src, Dst netip.Addr
	// Remote is the peer's port, Local the stack's; -n is the n-th ephemeral port that has shown up.
	Remote uint16
	Local  int
	// Flags to MSS are TCP's. Window is as on the wire; MSS 0 means that a SYN carries no options.
	Flags    tcpstate.Flags
	Seq, Ack uint32
	Len      int // octets of payload
	Window   uint16
	Urgent   uint16
	MSS      uint16
	// Type and Code are ICMP's. An error quotes a packet of QuoteProto that the stack sent from Local to Remote; an echo
	// reply has Local as its identifier.
	Type, Code uint8
	MTU        uint32
	QuoteProto uint8
	// Echo: the quoted packet is an echo request whose identifier is Local.
	Echo bool
}

// peerISS is the peer's initial sequence number, so that the first octets cross the wrap.
const peerISS tcpstate.Seq = 1<<32 - 3

// octets is the payload between two places of a stream: each place has its letter, so that what is sent twice is the same.
func octets(from uint32, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte((from+uint32(i))%26)
	}
	return b
}
