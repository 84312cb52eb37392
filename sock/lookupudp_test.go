//go:build linux && amd64

package sock

import (
	mrand "math/rand/v2"
	"testing"
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
func (d *duo) datagrams(slots []int, port uint16) (n int) {
	for _, to := range lookupTargets {
		client, any := d.clientOf(to, SOCK_DGRAM), mustAddr("::")
		if to.Is4() {
			any = any4
		}
		d.call(client, addrCall(OpBind, any, clientPort, 0))
		d.call(client, addrCall(OpConnect, to, port, 2))
		d.call(client, Call{Op: OpSend, Data: []byte("x")})
		n++
		d.sameTaker("a datagram", to, d.getters(slots))
		d.close(client)
	}
	return n
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
