//go:build linux && amd64

package sock

import (
	mrand "math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// clientPort is where the datagrams of the table come from.
const clientPort = 19

// hears opens a UDP socket, connected to the table's sender or not.
func (d *duo) hears(s *lookupSpec, port uint16, peer bool) int {
	slot := d.open(&bindSpec{place: s.place, dev: s.dev, reusePort: int32(flag(s.share == 1 || s.share == 2)), reuseAddr: int32(flag(s.share == 3)), typ: SOCK_DGRAM})
	if d.call(slot, addrCall(OpBind, s.addr, port, 0)).Errno == 0 {
		if s.share == 2 {
			d.set(slot, SOL_SOCKET, SO_REUSEPORT, 0)
		}
		if peer {
			d.call(slot, addrCall(OpConnect, s.to, clientPort, 0))
		}
	}
	return slot
}

// getters tells which slot has a datagram, on the kernel and on the model.
func (d *duo) getters(slots []int) (got [2]int) {
	got = [2]int{-1, -1}
	for _, slot := range slots {
		for side, call := range []func(Call) Return{d.k.call, d.modelCall} {
			if call(Call{Op: OpRecv, FD: d.fds[side][slot], Len: 9, Flags: MSG_DONTWAIT}).Errno == 0 {
				got[side] = slot
			}
		}
	}
	return got
}

// datagrams sends one to each address and compares who gets it.
func (d *duo) datagrams(slots []int, port uint16) int {
	for _, to := range lookupTargets {
		d.datagram(slots, to, port)
	}
	return len(lookupTargets)
}

// datagram sends one, and compares who gets it.
func (d *duo) datagram(slots []int, to netip.Addr, port uint16) {
	client, any := d.clientOf(to, SOCK_DGRAM), mustAddr("::")
	if to.Is4() {
		any = any4
	}
	d.call(client, addrCall(OpBind, any, clientPort, 0))
	d.call(client, addrCall(OpConnect, to, port, 2))
	d.call(client, Call{Op: OpSend, Data: []byte("x")})
	d.sameTaker("a datagram", to, d.getters(slots))
	d.close(client)
}

// Which of two to five UDP sockets with different addresses, devices, families,
// options and peers gets a datagram to each address (compute_score of UDP).
// 1,000 sets of sockets, 40,000 with SOCKSPEC_FULL.
func TestDatagramLookupAgreesWithTheLiveKernel(t *testing.T) {
	r := mrand.New(mrand.NewPCG(5, 6))
	lookupSets(t, r, func(d *duo, list []lookupSpec, port uint16) int {
		var slots []int
		for i := range list {
			slots = append(slots, d.hears(&list[i], port, r.IntN(3) == 0))
		}
		defer d.end()
		return d.datagrams(slots, port)
	})
}

// 127.0.0.6 stands for the IPv4 half of a socket with an address of IPv6. A
// datagram to it finds a socket that connect gave the address, though it is hashed
// by that of IPv6, and none that bind did: that one is out of IPv4's reach.
func TestTheIPv4HalfOfAnIPv6AddressAgreesWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	for i, at := range []string{"::", "::1"} {
		d.again(k)
		slot := d.socket(AF_INET6, SOCK_DGRAM, 0)
		d.call(slot, addrCall(OpBind, mustAddr(at), uint16(7001+i), 0))
		d.call(slot, addrCall(OpConnect, mustAddr("::1"), clientPort, 0))
		client := d.socket(AF_INET, SOCK_DGRAM, 0)
		d.call(client, addrCall(OpBind, any4, clientPort, 0))
		d.call(client, addrCall(OpConnect, loopback4IPv6, uint16(7001+i), 0))
		d.call(client, Call{Op: OpSend, Data: []byte("x")})
		want := [][2]int{{slot, slot}, {-1, -1}}[i]
		require.Equal(t, want, d.getters([]int{slot}), "who has it, bound to %s", at)
		d.end()
		require.Empty(t, d.off, "%s", &d)
	}
}
