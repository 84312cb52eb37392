package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// labelHost is a host with an address of IPv6 on its link.
func labelHost(seed uint64, p *Profile) *Host {
	return New(HostConfig{Seed: seed, Profile: p, Addrs: []netip.Prefix{netip.MustParsePrefix("fd00::1/64")}})
}

// labels are those of what leaves when a call is made.
func labels(h *Host, c Call) (all []uint32) {
	for _, e := range h.Call(h.Now()+1, 0, c, nil) {
		if e.Kind == Transmit {
			all = append(all, e.Packet.Flow)
		}
	}
	return all
}

var labelPeer = Addr{Family: AF_INET6, AP: netip.MustParseAddrPort("[fd00::2]:9")}

// synLabel is the label of a SYN.
func synLabel(t *testing.T, h *Host) uint32 {
	h.Call(h.Now()+1, 0, Call{Op: OpSocket, Domain: AF_INET6, Type: SOCK_STREAM}, nil)
	l := labels(h, Call{Op: OpConnect, FD: 0, Addr: labelPeer, AddrLen: sizeofIn6})
	require.Len(t, l, 1)
	return l[0]
}

func TestFlowLabelsFollowTheSysctlAndTheProfile(t *testing.T) {
	require.NotZero(t, synLabel(t, labelHost(1, nil))&flowLabelStateless)
	require.Equal(t, synLabel(t, labelHost(1, nil)), synLabel(t, labelHost(1, nil)), "one seed, one label")
	require.NotEqual(t, synLabel(t, labelHost(1, nil)), synLabel(t, labelHost(2, nil)))
	require.Zero(t, synLabel(t, labelHost(1, &Linux24)), "labels came with Linux 3.17")
	for mode, label := range []bool{false, true, false, true} {
		h := labelHost(1, nil)
		require.NoError(t, h.SetSysctl("net.ipv6.auto_flowlabels", string(rune('0'+mode))))
		require.Equal(t, label, synLabel(t, h) != 0, "auto_flowlabels %d", mode)
	}
}

func TestFlowLabelsTellNoFingerprintsApart(t *testing.T) {
	h := labelHost(1, nil)
	synLabel(t, h)
	was := h.Fingerprint()
	h.setTxHash(h.socks[0])
	require.Equal(t, was, h.Fingerprint())
}

func TestAnEchoReplyReflectsItsRequestsFlowLabel(t *testing.T) {
	for _, reflect := range []string{"0", "4"} {
		h := labelHost(1, nil)
		require.NoError(t, h.SetSysctl("net.ipv6.flowlabel_reflect", reflect))
		p := Packet{
			Src: labelPeer.AP.Addr(), Dst: netip.MustParseAddr("fd00::1"), Proto: ProtoICMPv6, TTL: 64, Flow: 0x12345,
			ICMP: ICMP{Type: icmp6Echo},
		}
		out := h.Deliver(Time(tcpstate.Second), &p, nil)
		require.Equal(t, Transmit, out[len(out)-1].Kind)
		require.NotZero(t, out[len(out)-1].Packet.Flow)
		require.Equal(t, reflect == "4", out[len(out)-1].Packet.Flow == p.Flow)
	}
}
