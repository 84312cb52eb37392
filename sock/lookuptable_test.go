//go:build linux && amd64

package sock

import (
	"fmt"
	mrand "math/rand/v2"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookup is a listener of the table of lookups. share says whether it shares
// its port: never, always, until it listens, or since.
type lookupSpec struct {
	place
	dev   int32
	share int
}

func (s lookupSpec) String() string { return fmt.Sprintf("%s dev %d share %d", s.name, s.dev, s.share) }

// shares of lookupSpec.share, and how often each is drawn.
var lookupShares = []int{0, 1, 1, 1, 2, 2, 3}

func drawLookup(r *mrand.Rand) lookupSpec {
	return lookupSpec{places[r.IntN(len(places))], int32(r.IntN(3)), lookupShares[r.IntN(len(lookupShares))]}
}

// listens opens a listener, as far as it gets.
func (d *duo) listens(s *lookupSpec, port uint16) int {
	slot := d.open(&bindSpec{place: s.place, dev: s.dev, reusePort: int32(flag(s.share == 1 || s.share == 2)), typ: SOCK_STREAM})
	if d.call(slot, addrCall(OpBind, s.addr, port, 0)).Errno == 0 {
		d.call(slot, listenCall(0, 5))
		if s.share >= 2 {
			d.set(slot, SOL_SOCKET, SO_REUSEPORT, int32(s.share-2))
		}
	}
	return slot
}

// taker tells which slots' accept gives a connection now, on the kernel and on
// the model; -1 when none does.
func (d *duo) taker(slots []int) (got [2]int) {
	got = [2]int{-1, -1}
	for _, slot := range slots {
		for side, call := range []func(Call) Return{d.k.call, d.modelCall} {
			if r := call(Call{Op: OpAccept, FD: d.fds[side][slot], Flags: SOCK_NONBLOCK}); r.Errno == 0 {
				got[side] = slot
				call(Call{Op: OpClose, FD: int32(r.Value)})
			}
		}
	}
	return got
}

// modelCall makes a call on the model alone.
func (d *duo) modelCall(c Call) Return {
	r, _ := doneOf(d.h.Call(d.now, 1, c, nil))
	return r
}

// sameGroup reports whether two slots share one group: which member gets a
// connection is the kernel's secret.
func (d *duo) sameGroup(a, b int) bool {
	if a < 0 || b < 0 {
		return false
	}
	_, s, _ := d.h.lookup(d.fds[1][a])
	_, o, _ := d.h.lookup(d.fds[1][b])
	return s.group != 0 && s.group == o.group
}

var lookupTargets = []netip.Addr{
	mustAddr("127.0.0.1"), mustAddr("127.0.0.2"), mustAddr("192.168.0.1"), mustAddr("::1"), mustAddr("fd3d:fa7b:d17d::1"), mustAddr("fe80::1"),
}

// clientOf opens a socket of the address's family.
func (d *duo) clientOf(to netip.Addr, typ int32) int {
	if to.Is4() {
		return d.socket(AF_INET, typ, 0)
	}
	return d.socket(AF_INET6, typ, 0)
}

// sameTaker notes who got what on the kernel and on the model, if that differs.
func (d *duo) sameTaker(what string, to netip.Addr, got [2]int) {
	if got[0] != got[1] && !d.sameGroup(got[0], got[1]) && d.off == "" {
		d.off = fmt.Sprintf("%s to %v goes to slot %d on the kernel, %d on the model", what, to, got[0], got[1])
	}
}

// lookups lets a client connect to each address and compares who is asked.
func (d *duo) lookups(specs []lookupSpec, port uint16) (n int) {
	var slots []int
	for i := range specs {
		slots = append(slots, d.listens(&specs[i], port))
	}
	for _, to := range lookupTargets {
		client := d.clientOf(to, SOCK_STREAM)
		d.call(client, addrCall(OpConnect, to, port, 2))
		d.call(client, Call{Op: OpGetsockopt, Level: SOL_SOCKET, Name: SO_ERROR, Len: 4})
		got := d.taker(slots)
		n++
		d.sameTaker("a SYN", to, got)
		d.close(client)
	}
	d.end()
	return n
}

// LI-08, and the order in which listeners are asked: which of two to five with
// different addresses, devices, families and options accepts a SYN to each
// address (compute_score). 1,000 sets of listeners, 40,000 with SOCKSPEC_FULL.
func TestListenerLookupAgreesWithTheLiveKernel(t *testing.T) {
	lookupSets(t, mrand.New(mrand.NewPCG(1, 2)), func(d *duo, list []lookupSpec, port uint16) int { return d.lookups(list, port) })
}

// lookupSets compares who is found in random sets of two to five sockets, each
// at a port of its own. look gives how often it looked.
func lookupSets(t *testing.T, r *mrand.Rand, look func(d *duo, list []lookupSpec, port uint16) int) {
	k := newDuoKernel(t)
	sets := 1000
	if os.Getenv("SOCKSPEC_FULL") != "" {
		sets = 40000
	}
	var d duo
	port, looks, off := uint16(1024), 0, 0
	for range sets {
		if port++; port == 32768 {
			port = 1024
			require.NoError(t, k.freshTun())
		}
		list := make([]lookupSpec, 2+r.IntN(4))
		for i := range list {
			list[i] = drawLookup(r)
		}
		d.again(k)
		looks += look(&d, list, port)
		if d.off != "" {
			if off++; off <= 3 {
				t.Errorf("%v:\n  %s", list, d.String())
			}
		}
	}
	t.Logf("%d sets of sockets, %d lookups; %d sets differ", sets, looks, off)
	require.Zero(t, off)
}

// takers counts which slot gets each of n connections to an address.
func (d *duo) takers(slots []int, to netip.Addr, port uint16, n int) (got [2]map[int]int) {
	got = [2]map[int]int{{}, {}}
	for range n {
		client := d.clientOf(to, SOCK_STREAM)
		d.call(client, addrCall(OpConnect, to, port, 2))
		for side, slot := range d.taker(slots) {
			got[side][slot]++
		}
		d.close(client)
		d.fds[0], d.fds[1] = d.fds[0][:client], d.fds[1][:client]
	}
	return got
}

// SO_REUSEPORT spreads connections over a group, and over its members only: of
// listeners with different addresses, devices, users and options, some closed
// again, the same ones get any of 120 connections on the kernel and on the
// model, and each of a group its share.
func TestReusePortGroupsAgreeWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	r := mrand.New(mrand.NewPCG(3, 4))
	members := 0
	for round := range 60 {
		port := uint16(2000 + round)
		d.again(k)
		at, slots := []place{places[0], places[4], places[6]}[r.IntN(3)], []int(nil)
		for range 2 + r.IntN(4) {
			s := bindSpec{place: at, dev: []int32{0, 0, 0, 1}[r.IntN(4)], reusePort: 1, uid: []uint32{0, 0, 0, 77}[r.IntN(4)], typ: SOCK_STREAM}
			slot := d.open(&s)
			if d.call(slot, addrCall(OpBind, s.addr, port, 0)).Errno == 0 {
				d.call(slot, listenCall(0, 5))
				slots = append(slots, slot)
			}
		}
		if len(slots) > 2 && r.IntN(2) == 0 {
			d.close(slots[0])
			slots = slots[1:]
		}
		got := d.takers(slots, at.to, port, 120)
		require.Empty(t, d.off, "%s", &d)
		for _, slot := range slots {
			members++
			a, b := got[0][slot], got[1][slot]
			require.Equal(t, a > 0, b > 0, "slot %d got %d of 120 on the kernel, %d on the model, of %v\n%s", slot, a, b, slots, &d)
			if a > 0 {
				require.GreaterOrEqual(t, min(a, b)*8*len(slots), 120, "each gets its share: %v", got)
			}
		}
		d.end()
	}
	t.Logf("%d listeners", members)
}
