package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// What IP_MTU_DISCOVER makes of DF on a SYN, and what a router makes of it that asks for less than net.ipv4.route.min_pmtu, was
// asked of the live kernel with a TUN device (ip_dont_fragment, __ip_rt_update_pmtu).
func TestSegmentsHaveDFAsTheSocketAndThePathWantIt(t *testing.T) {
	h := New(HostConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("192.168.0.1/16")}})
	peer := netip.MustParseAddrPort("192.0.2.1:80")
	now := Time(tcpstate.Second)
	find := func(out []Effect) Packet {
		for i := range out {
			if out[i].Kind == Transmit {
				return out[i].Packet
			}
		}
		t.Fatal("nothing left")
		return Packet{}
	}
	syn := func(how int32) Packet {
		r, _ := doneOf(h.Call(now, 1, Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM | SOCK_NONBLOCK}, nil))
		fd := r.Value
		h.Call(now, 1, Call{Op: OpSetsockopt, FD: int32(fd), Level: SOL_IP, Name: IP_MTU_DISCOVER, Data: []byte{byte(how), 0, 0, 0}}, nil)
		return find(h.Call(now, 1, Call{Op: OpConnect, FD: int32(fd), Addr: Addr{Family: AF_INET, AP: peer}, AddrLen: 16}, nil))
	}
	for how, clear := range []bool{IP_PMTUDISC_DONT: true, IP_PMTUDISC_WANT: false, IP_PMTUDISC_DO: false, IP_PMTUDISC_PROBE: true, 4: true, 5: true} {
		require.Equal(t, clear, syn(int32(how)).NoDF, "IP_MTU_DISCOVER %d", how)
	}
	p := syn(IP_PMTUDISC_WANT)
	h.Deliver(now, &Packet{Src: peer.Addr(), Dst: p.Src, Proto: ProtoICMP, TTL: 64, ICMP: ICMP{Type: ICMPDestUnreach, Code: ICMPFragNeeded, MTU: 100,
		Quote: Quote{Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort, Proto: ProtoTCP, Seq: p.Seg.Seq}}}, nil)
	require.True(t, syn(IP_PMTUDISC_WANT).NoDF, "packets may be cut once a router asked for less than the least MTU")
	require.False(t, syn(IP_PMTUDISC_DO).NoDF)
	now = now.Add(10 * tcpstate.Minute)
	require.False(t, syn(IP_PMTUDISC_WANT).NoDF, "the router's word is forgotten")
}

// A SYN,ACK of up to 68 octets has DF whatever its listener says, a longer one, with a cookie, if that wants it
// (ip_build_and_send_pkt). The live kernel was asked (TestWhatWasFoundStaysMended of package campaign).
func TestAShortSynAckIsNeverCut(t *testing.T) {
	for how, cut := range []bool{IP_PMTUDISC_DONT: true, IP_PMTUDISC_WANT: false} {
		b := newBench(t)
		b.set(b.fastListener(5), SOL_IP, IP_MTU_DISCOVER, int32(how))
		p, o := b.fastPeer(4000)
		o.Set |= tcpstate.OptSACKOK | tcpstate.OptTS | tcpstate.OptWScale
		p.fastSyn(o, "hello")
		q := p.see()
		require.Equal(t, 60, q.wireLen())
		require.False(t, q.NoDF, "of a connection that is made by then")
		o.Cookie = tcpstate.FastCookie{}
		for port, length := range []int{72, 68} {
			p, _ = b.fastPeer(5000 + uint16(port))
			p.fastSyn(o, "")
			q = p.see()
			require.Equal(t, length, q.wireLen())
			require.Equal(t, cut && length == 72, q.NoDF, "of a request, IP_MTU_DISCOVER %d", how)
			o.Set &^= tcpstate.OptWScale
		}
	}
}
