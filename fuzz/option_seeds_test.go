package fuzz

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
)

// optionTries are what a seed sets each option to: ints, a structure with a
// program, names, memberships of both families.
var optionTries = []Op{{}, {Len: 10}, {Ack: 8, Wnd: 0x20}, {Ack: 5, Len: 17}, {Ack: 6, Len: 21}, {Ack: 9, Len: 22}, {Ack: 6}, {Ack: 13}, {Wnd: 0x80}, {Ack: 1},
	{Len: 14}, {Ack: 7, Len: 24}, {Len: 25}, {Ack: 13, Len: 26}, {Ack: 14, Len: 26}, {Ack: 13, Len: 27}, {Ack: 14, Len: 27}, {Ack: 9, Len: 28}, {Ack: 8, Len: 29, Wnd: 0x20}}

// optionSlots are the sockets that a level's options are tried on, of those of optionKinds.
var optionSlots = map[string][]uint8{"SOL_SOCKET": {1, 3}, "IPPROTO_IP": {1, 3, 9}, "IPPROTO_IPV6": {2, 4, 10}, "IPPROTO_TCP": {0, 1, 2}, "IPPROTO_UDP": {3}, "SOL_RAW": {7, 8}, "SOL_ICMPV6": {8}}

// optionLead: a listener, a connection to it, its other end.
var optionLead = []Op{
	{Kind: optionMove, Flags: 0, Seq: 0, Ack: 1, Len: 5}, {Kind: optionMove, Flags: 1, Seq: 1, Ack: 3}, {Kind: optionMove, Flags: 2, Seq: 0},
}

// mostSeedOps keeps seeds short: what a fuzzer makes of a long one takes long, too.
const mostSeedOps = 60

// optionSeeds: every option is set and read on sockets that have it, with a
// listener and the two ends of a connection beside them; then every kind of
// socket is asked for some.
func optionSeeds() (seeds [][]byte) {
	ops := slices.Clone(optionLead)
	flush := func(setup byte) {
		seeds = append(seeds, append([]byte{setup}, Bytes(ops)...))
		ops = slices.Clone(optionLead)
	}
	for i := range optionRows {
		for _, slot := range optionSlots[optionRows[i].Level] {
			for _, o := range append(optionTries, Op{Kind: optionGet, Wnd: uint8(i)}) {
				o.Flags, o.Opts, o.Seq = uint8(i), uint8(i>>8), slot
				ops = append(ops, o)
			}
			if len(ops) > mostSeedOps-len(optionTries)-1 {
				flush(0)
			}
		}
	}
	flush(0)
	for slot := range uint8(len(optionKinds) + 2) {
		for n := range uint8(mostSeedOps) {
			row := 13*int(slot) + 4*int(n)
			ops = append(ops, Op{Kind: optionSet, Flags: uint8(row), Opts: uint8(row >> 8), Seq: slot, Len: n, Ack: n / 4, Wnd: n % 7 / 6 * 0x13})
		}
		flush(slot % 4 / 3 * 2)
	}
	return append(seeds, optionStories()...)
}

// The numbers of optionOctets and of optionInts with optionTexts.
const (
	octets8, octets12, octets16, octets20, octets136, octets264, octets300 = 6, 7, 8, 9, 13, 14, 15

	intTwo, mreq, mreq6, mreqSource, source4, source6 = 3, 21, 22, 24, 26, 27
	msFilter, program, filter4, filter6, anycast      = 28, 29, 30, 31, 32
)

// with is o about an option; a name that there is not is a mistake of the seeds.
func (o Op) with(level, name string) Op {
	row := slices.IndexFunc(optionRows, func(r optionRow) bool { return r.Level == level && r.Name == name })
	if row < 0 {
		panic("no option " + level + " " + name)
	}
	o.Flags, o.Opts = uint8(row), uint8(row>>8)
	return o
}

// optionStories set what needs something else to be set before.
func optionStories() (seeds [][]byte) {
	const sol, ip, ip6, tcp = "SOL_SOCKET", "IPPROTO_IP", "IPPROTO_IPV6", "IPPROTO_TCP"
	const stream6, udp4, udp6, raw6 = 2, 3, 4, 14 // of optionKinds
	tell := func(ops ...Op) { seeds = append(seeds, append([]byte{0}, Bytes(ops)...)) }
	prog := Op{Seq: udp4, Ack: octets16, Len: program, Wnd: 0x20}
	tell(Op{Seq: udp4}.with(sol, "SO_REUSEPORT"), Op{Kind: optionMove, Flags: 3, Seq: udp4, Ack: 0x20}, prog.with(sol, "SO_ATTACH_REUSEPORT_CBPF"),
		Op{Seq: udp4}.with(sol, "SO_DETACH_REUSEPORT_BPF"), prog.with(sol, "SO_ATTACH_FILTER"), Op{Seq: udp4}.with(sol, "SO_DETACH_FILTER"),
		Op{Kind: optionGet, Seq: udp4, Wnd: 7}.with(sol, "SO_NETNS_COOKIE"))
	group, source, filter := Op{Seq: udp4, Ack: octets8, Len: mreq}, Op{Seq: udp4, Ack: octets12, Len: mreqSource}, Op{Seq: udp4, Ack: octets20, Len: msFilter}
	tell(group.with(ip, "IP_ADD_MEMBERSHIP"), source.with(ip, "IP_BLOCK_SOURCE"), source.with(ip, "IP_UNBLOCK_SOURCE"), filter.with(ip, "IP_MSFILTER"), group.with(ip, "IP_DROP_MEMBERSHIP"),
		source.with(ip, "IP_ADD_SOURCE_MEMBERSHIP"), source.with(ip, "IP_DROP_SOURCE_MEMBERSHIP"))
	for _, v := range []struct {
		level                string
		slot, source, filter uint8
	}{{ip, udp4, source4, filter4}, {ip6, udp6, source6, filter6}} {
		group, source, filter := Op{Seq: v.slot, Ack: octets136, Len: v.source}, Op{Seq: v.slot, Ack: octets264, Len: v.source}, Op{Seq: v.slot, Ack: octets300, Len: v.filter}
		tell(group.with(v.level, "MCAST_JOIN_GROUP"), source.with(v.level, "MCAST_BLOCK_SOURCE"), source.with(v.level, "MCAST_UNBLOCK_SOURCE"),
			filter.with(v.level, "MCAST_MSFILTER"), group.with(v.level, "MCAST_LEAVE_GROUP"),
			source.with(v.level, "MCAST_JOIN_SOURCE_GROUP"), source.with(v.level, "MCAST_LEAVE_SOURCE_GROUP"))
	}
	member, any := Op{Seq: udp6, Ack: octets20, Len: mreq6}, Op{Seq: udp6, Ack: octets20, Len: anycast}
	tell(member.with(ip6, "IPV6_ADD_MEMBERSHIP"), member.with(ip6, "IPV6_DROP_MEMBERSHIP"), any.with(ip6, "IPV6_JOIN_ANYCAST"), any.with(ip6, "IPV6_LEAVE_ANYCAST"))
	connected := Op{Kind: optionGet, Seq: udp6, Wnd: 1}
	tell(Op{Kind: optionMove, Flags: 11, Seq: udp6}, connected.with(ip6, "IPV6_MTU"), connected.with(ip6, "IPV6_PATHMTU"), connected.with(ip6, "IPV6_ADDRFORM"), Op{Seq: udp6, Len: intTwo}.with(ip6, "IPV6_ADDRFORM"))
	tell(Op{Seq: raw6}.with(ip6, "IPV6_ROUTER_ALERT"), Op{Seq: stream6}.with(tcp, "TCP_FASTOPEN_CONNECT"))
	return seeds
}

// Every option that can be set is set by a seed, and refused by one; every one
// that can be read is read. Those that no socket of these families may have are
// told by the table.
func TestSeedsReachEveryOption(t *testing.T) {
	s := reach.Set{}
	for i, in := range optionSeeds() {
		r, err := NewOptionRun(in[0])
		require.NoError(t, err)
		require.NoError(t, RunOptions(in[1:], r), "seed %d", i)
		for row, o := range optionRows {
			name := o.Level + " " + o.Name
			s.See(name+" refused", r.refused[row])
			if o.Model == "refused" || strings.HasPrefix(o.On, "none") {
				continue
			}
			if strings.Contains(o.Access, "w") {
				s.See(name+" set", r.set[row])
			}
			if strings.Contains(o.Access, "r") {
				s.See(name+" read", r.got[row])
			}
		}
	}
	require.Empty(t, s.Missed(map[string]string{
		"IPPROTO_TCP TCP_TIMESTAMP set": "under repair only, which no socket is",
		"SOL_SOCKET SO_PEERGROUPS read": "of AF_UNIX: ENODATA", "SOL_SOCKET SO_PEERPIDFD read": "of AF_UNIX: ENODATA",
	}))
}
