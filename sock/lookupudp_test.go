//go:build linux && amd64

package sock

import (
	"fmt"
	mrand "math/rand/v2"
	"os"
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
func (d *duo) datagrams(slots []int, port uint16) (n int) {
	for _, to := range lookupTargets {
		domain, any := int32(AF_INET6), mustAddr("::")
		if to.Is4() {
			domain, any = AF_INET, any4
		}
		client := d.socket(domain, SOCK_DGRAM, 0)
		d.call(client, addrCall(OpBind, any, clientPort, 0))
		d.call(client, addrCall(OpConnect, to, port, 2))
		d.call(client, Call{Op: OpSend, Data: []byte("x")})
		got := d.getters(slots)
		n++
		if got[0] != got[1] && !d.sameGroup(got[0], got[1]) && d.off == "" {
			d.off = fmt.Sprintf("a datagram to %v goes to slot %d on the kernel, %d on the model", to, got[0], got[1])
		}
		d.close(client)
	}
	return n
}

// Which of two to five UDP sockets with different addresses, devices, families,
// options and peers gets a datagram to each address (compute_score of UDP).
// 1,000 sets of sockets, 40,000 with SOCKSPEC_FULL.
func TestDatagramLookupAgreesWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	sets := 1000
	if os.Getenv("SOCKSPEC_FULL") != "" {
		sets = 40000
	}
	var d duo
	r := mrand.New(mrand.NewPCG(5, 6))
	port, sent, off := uint16(1024), 0, 0
	for range sets {
		if port++; port == 32768 {
			port = 1024
		}
		d.again(k)
		var slots []int
		list := make([]lookupSpec, 2+r.IntN(4))
		for i := range list {
			list[i] = drawLookup(r)
			slots = append(slots, d.hears(&list[i], port, r.IntN(3) == 0))
		}
		sent += d.datagrams(slots, port)
		d.end()
		if d.off != "" {
			if off++; off <= 3 {
				t.Errorf("%v:\n  %s", list, d.String())
			}
		}
	}
	t.Logf("%d sets of sockets, %d datagrams; %d sets differ", sets, sent, off)
	require.Zero(t, off)
}
