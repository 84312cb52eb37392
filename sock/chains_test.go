package sock

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A chain has its sockets in the order in which they were put, first or last, and
// gives up any of them, as a plain list does.
func TestChainsAreLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := New(HostConfig{})
		table := newChains[uint16](pingChain)
		want := map[uint16][]sockID{}
		for range 8 {
			h.newSock()
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			s := h.socks[rapid.IntRange(0, 7).Draw(t, "sock")]
			k := uint16(rapid.IntRange(0, 2).Draw(t, "key"))
			switch {
			case table.holds(s):
				table.drop(h, s.num, s)
				want[s.num] = slices.DeleteFunc(want[s.num], func(id sockID) bool { return id == s.id })
			case rapid.Bool().Draw(t, "first"):
				s.num = k
				table.putFirst(h, k, s)
				want[k] = slices.Insert(want[k], 0, s.id)
			default:
				s.num = k
				table.putLast(h, k, s)
				want[k] = append(want[k], s.id)
			}
			require.NoError(t, table.check(h, (*sock).number))
			for k, list := range want {
				var got []sockID
				for s := table.first(h, k); s != nil; s = table.after(h, s) {
					got = append(got, s.id)
				}
				require.True(t, slices.Equal(list, got), "key %d: want %v, got %v", k, list, got)
			}
		}
	})
}

// A socket that its table no longer leads to is noticed.
func TestCheckSeesABrokenChain(t *testing.T) {
	b := newBench(t)
	for range 3 {
		fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
		b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
		b.ok(bindCall(fd, in4(localV4, 53)))
	}
	_, s, _ := b.h.lookup(4)
	for _, spoil := range []func(*sock){
		func(s *sock) { s.links[addrChain].next = noSock },
		func(s *sock) { s.links[portChain].prev = s.id },
		func(s *sock) { s.links[addrChain] = link{} },
		func(s *sock) { s.bound = localV6 },
	} {
		was := *s
		spoil(s)
		require.Error(t, b.h.Check())
		*s = was
	}
	require.NoError(t, b.h.Check())
}
