package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
)

// FuzzOptions sets and reads the options of sockets of every kind in every state:
// nothing panics, the host's invariants hold, a clone answers the same, what is
// refused changes nothing, and what is taken is within the table's range.
func FuzzOptions(f *testing.F) {
	for _, s := range optionSeeds() {
		f.Add(s[0], s[1:])
	}
	f.Fuzz(func(t *testing.T, setup byte, in []byte) {
		in = append([]byte{setup}, in...)
		if err := optionsFail(in, nil); err != nil {
			failure{"FuzzOptions", 1, opSize, optionsFail, split}.tell(t, in, err)
		}
	})
}

func optionsFail(in []byte, trace Trace) error {
	r, err := NewOptionRun(in[0])
	if err != nil {
		return err
	}
	r.Trace = trace
	return RunOptions(in[1:], r)
}

// optionTries are what a seed sets each option to: ints, a structure with a
// program, names, memberships of both families.
var optionTries = []Op{{}, {Len: 10}, {Ack: 8, Wnd: 0x20}, {Ack: 5, Len: 17}, {Ack: 6, Len: 21}, {Ack: 9, Len: 22}, {Ack: 6}, {Ack: 13}, {Wnd: 0x80}, {Ack: 1},
	{Len: 14}, {Ack: 7, Len: 24}, {Len: 25}, {Ack: 13, Len: 26}, {Ack: 14, Len: 26}, {Ack: 13, Len: 27}, {Ack: 14, Len: 27}, {Ack: 9, Len: 28}, {Ack: 8, Len: 29, Wnd: 0x20}}

// optionSlots are the sockets that a level's options are tried on, of those of optionKinds.
var optionSlots = map[string][]uint8{"SOL_SOCKET": {1, 3}, "IPPROTO_IP": {1, 3, 9}, "IPPROTO_IPV6": {2, 4, 10}, "IPPROTO_TCP": {0, 1}, "IPPROTO_UDP": {3}, "SOL_RAW": {7, 8}, "SOL_ICMPV6": {8}}

// optionSeeds: every option is set and read on sockets that have it, with a
// listener and the two ends of a connection beside them; then every kind of
// socket is asked for some.
func optionSeeds() (seeds [][]byte) {
	lead := []Op{ // a listener, a connection to it, its other end
		{Kind: optionMove, Flags: 0, Seq: 0, Ack: 1, Len: 5}, {Kind: optionMove, Flags: 1, Seq: 1, Ack: 3}, {Kind: optionMove, Flags: 2, Seq: 0},
	}
	ops := append([]Op(nil), lead...)
	flush := func(setup byte) {
		seeds = append(seeds, append([]byte{setup}, Bytes(ops)...))
		ops = append([]Op(nil), lead...)
	}
	for i := range optionRows {
		for _, slot := range optionSlots[optionRows[i].Level] {
			for _, o := range append(optionTries, Op{Kind: optionGet, Wnd: uint8(i)}) {
				o.Flags, o.Opts, o.Seq = uint8(i), uint8(i>>8), slot
				ops = append(ops, o)
			}
			if len(ops) > mostHostOps-len(optionTries)-1 {
				flush(0)
			}
		}
	}
	flush(0)
	for slot := range uint8(len(optionKinds) + 2) {
		for n := range uint8(60) {
			row := 13*int(slot) + 4*int(n)
			ops = append(ops, Op{Kind: optionSet, Flags: uint8(row), Opts: uint8(row >> 8), Seq: slot, Len: n, Ack: n / 4, Wnd: n % 7 / 6 * 0x13})
		}
		flush(slot % 4 / 3 * 2)
	}
	return seeds
}

// Every option that can be set is set by a seed, and refused by one where it can
// be; every one that can be read is read.
func TestSeedsReachEveryOption(t *testing.T) {
	all := &OptionRun{set: make([]bool, len(optionRows)), refused: make([]bool, len(optionRows)), got: make([]bool, len(optionRows))}
	for i, s := range optionSeeds() {
		r, err := NewOptionRun(s[0])
		require.NoError(t, err)
		r.Cover = &Coverage{}
		require.NoError(t, RunOptions(s[1:], r), "seed %d", i)
		for row := range optionRows {
			all.set[row] = all.set[row] || r.set[row]
			all.refused[row] = all.refused[row] || r.refused[row]
			all.got[row] = all.got[row] || r.got[row]
		}
	}
	var unset, unread, unrefused []string
	for i, row := range optionRows {
		name := row.Level + " " + row.Name
		if !all.set[i] && (row.Access == "w" || row.Access == "rw") && row.Model != "refused" {
			unset = append(unset, name)
		}
		if !all.got[i] && (row.Access == "r" || row.Access == "rw") {
			unread = append(unread, name)
		}
		if !all.refused[i] {
			unrefused = append(unrefused, name)
		}
	}
	t.Logf("%d options; never set: %v; never read: %v; never refused: %v", len(optionRows), unset, unread, unrefused)
	require.LessOrEqual(t, len(unset), mostUnset)
	require.LessOrEqual(t, len(unread), mostUnread)
}

// What the seeds do not reach needs another op before it (a member to drop, a
// program to detach, a socket without a peer), or is AF_UNIX's.
const mostUnset, mostUnread = 26, 17

func TestOptionsKeepTheirLawsUnderRandomOps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	seeds := optionSeeds()
	for range 25 {
		in := append([]byte(nil), seeds[rnd.IntN(len(seeds))]...)
		for range 200 {
			in[rnd.IntN(len(in))] = byte(rnd.Uint32())
		}
		r, err := NewOptionRun(in[0])
		require.NoError(t, err)
		require.NoError(t, RunOptions(in[1:], r), "setup %d, %x", in[0], in[1:])
	}
}

// Each law on options fails when it is broken.
func TestLawsOnOptionsTell(t *testing.T) {
	for _, row := range optionRows {
		if row.Name == "TCP_KEEPIDLE" {
			require.NoError(t, row.holds([]byte{5, 0, 0, 0}, sock.Return{Data: []byte{5, 0, 0, 0}}))
			require.Error(t, row.holds([]byte{0, 0, 0, 0}, sock.Return{Data: []byte{5, 0, 0, 0}}))
			require.Error(t, row.holds([]byte{5, 0, 0, 0}, sock.Return{Data: []byte{0, 0, 1, 0}}))
		}
		if row.Name == "TCP_INFO" {
			require.Error(t, row.holds(nil, sock.Return{}))
		}
	}
}
