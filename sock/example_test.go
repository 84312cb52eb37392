package sock_test

import (
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// A server listens with a backlog of 0 and nobody accepts. One client gets in;
// the SYN of the second is dropped, and the effect says by which rule.
func ExampleHost() {
	h := sock.New(sock.HostConfig{
		Addrs:     []netip.Prefix{netip.MustParsePrefix("192.168.0.1/16")},
		FirstFile: 3,
	})
	show := func(effects []sock.Effect) {
		for _, e := range effects {
			switch e.Kind {
			case sock.Done:
				fmt.Println("returned", e.Return.Value)
			case sock.Transmit:
				fmt.Println("sent", e.Packet.Seg.Flags, "to", e.Packet.DstPort)
			case sock.Dropped:
				fmt.Println("dropped:", e.Why)
			}
		}
	}
	now := sock.Time(tcpstate.Second)
	any := sock.Addr{Family: sock.AF_INET, AP: netip.MustParseAddrPort("0.0.0.0:80")}
	show(h.Call(now, 1, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}, nil))
	show(h.Call(now, 1, sock.Call{Op: sock.OpBind, FD: 3, Addr: any, AddrLen: 16}, nil))
	show(h.Call(now, 1, sock.Call{Op: sock.OpListen, FD: 3, N: 0}, nil))

	segment := func(port uint16, s tcpstate.Segment) *sock.Packet {
		return &sock.Packet{
			Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.168.0.1"),
			SrcPort: port, DstPort: 80, Proto: sock.ProtoTCP, TTL: 64, Seg: s,
		}
	}
	syn := tcpstate.Segment{Flags: tcpstate.SYN, Wnd: 65535}
	answer := h.Deliver(now, segment(4000, syn), nil)
	show(answer)
	ack := tcpstate.Segment{Seq: 1, Flags: tcpstate.ACK, Wnd: 65535}
	for _, e := range answer {
		if e.Kind == sock.Transmit {
			ack.Ack = e.Packet.Seg.End()
		}
	}
	show(h.Deliver(now, segment(4000, ack), nil))
	show(h.Deliver(now, segment(4001, syn), nil))
	// Output:
	// returned 3
	// returned 0
	// returned 0
	// sent S. to 4000
	// dropped: syn-overflow
}
