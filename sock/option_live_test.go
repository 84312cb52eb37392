//go:build linux && amd64

package sock

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sockspec/sockspec/tcpstate"
)

// optPair sets and reads options on the model and on the live kernel.
type optPair struct {
	*pair
	t     testing.TB
	where string         // kind of socket and state
	full  bool           // all values, and after each option a look at all others
	n     int            // comparisons made
	bad   map[string]int // differences, by what was asked
	buf   [4096]byte
}

// badPointer leads nowhere.
const badPointer = uintptr(1)

// kset is setsockopt on the kernel, kget getsockopt.
func (p *optPair) kset(slot int, level, name int32, data []byte, n int32, fault bool) Errno {
	at := ptr(data)
	if fault {
		at = badPointer
	}
	_, _, e := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(p.fds[0][slot]), uintptr(level), uintptr(name), at, uintptr(n), 0)
	return Errno(e)
}

func (p *optPair) kget(slot int, level, name, room int32) ([]byte, Errno) {
	clear(p.buf[:512])
	n := room
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(p.fds[0][slot]), uintptr(level), uintptr(name), ptr(p.buf[:]), uintptr(unsafe.Pointer(&n)), 0)
	if e != 0 {
		return nil, Errno(e)
	}
	return p.buf[:max(n, 0)], 0
}

// model makes a call on the model.
func (p *optPair) model(slot int, c Call) Return {
	c.FD = p.fds[1][slot]
	r, n := doneOf(p.h.Call(p.now, 1, c, nil))
	if n == 0 {
		return Return{Errno: EBUSY}
	}
	return r
}

// differs notes a difference; the first of each option and state is shown.
func (p *optPair) differs(o *option, format string, a ...any) {
	if p.bad[p.where+o.name]++; p.bad[p.where+o.name] == 1 {
		p.t.Errorf("%s: %s "+format, append([]any{p.where, o.name}, a...)...)
	}
}

// set sets an option on both and reports whether both took it.
func (p *optPair) set(slot int, level int32, o *option, data []byte, n int32, fault bool) bool {
	want := p.kset(slot, level, o.num, data, n, fault)
	c := Call{Op: OpSetsockopt, Level: level, Name: o.num, Data: data}
	if fault || n < 0 {
		c.Data, c.Len, c.Fault = nil, n, FaultData
	}
	got := p.model(slot, c).Errno
	p.n++
	if want != got && !explainedSet(level, o, want, got, n) {
		p.differs(o, "set to %x (%d octets, fault %v): kernel %s, model %s", data, n, fault, ErrnoName(want), ErrnoName(got))
	}
	return want == 0 && got == 0
}

// explainedSet: what the model refuses by design Linux does when the value is
// whole.
func explainedSet(_ int32, o *option, want, got Errno, n int32) bool {
	return o.does == refused && (got == ENOPROTOOPT || got == EPERM || got == EINVAL || got == EOPNOTSUPP || got == ENOENT) && n != 0 && want != EPERM
}

// get reads an option on both.
func (p *optPair) get(slot int, level int32, o *option, room int32) {
	want, err := p.kget(slot, level, o.num, room)
	got := p.model(slot, Call{Op: OpGetsockopt, Level: level, Name: o.num, Len: room})
	p.n++
	switch {
	case err != got.Errno:
		if o.does != refused {
			p.differs(o, "(room %d): kernel %s %x, model %s %x", room, ErrnoName(err), want, ErrnoName(got.Errno), got.Data)
		}
	case lateAck[o.name] && strings.Contains(p.where, "shut down for writing"): // what the FIN's ACK says, which may come late
	case o.name == "TCP_QUICKACK" && strings.Contains(p.where, "closed by the peer"): // the timer of the FIN's delayed ACK turns it on again
	case err == 0 && (o.name == "IP_PKTOPTIONS" || o.name == "IPV6_2292PKTOPTIONS"): // control messages that the model does not make
	case err == 0 && !sameOption(level, o.num, want, got.Data):
		p.differs(o, "(room %d): kernel %x, model %x", room, want, got.Data)
	}
}

// lateAck are options that show what the latest segment said.
var lateAck = map[string]bool{"TCP_MAXSEG": true, "IPV6_MULTICAST_HOPS": true, "IPV6_MULTICAST_IF": true}

// sameOption compares values, but for what must differ: cookies and clocks,
// processors, what lies in buffers.
func sameOption(level, num int32, want, got []byte) bool {
	if len(want) != len(got) {
		return false
	}
	switch {
	case level == SOL_SOCKET && (num == SO_COOKIE || num == SO_NETNS_COOKIE),
		level == SOL_TCP && (num == TCP_INFO || num == TCP_TIMESTAMP):
		return true
	case level == SOL_TCP && num == TCP_SAVED_SYN:
		return sameSyn(want, got)
	case level == SOL_SOCKET && num == SO_INCOMING_CPU && len(want) > 0 && want[0] < 8:
		return got[0] < 8
	case level == SOL_SOCKET && num == SO_MEMINFO:
		return len(want) < 16 || bytes.Equal(want[4:8], got[4:8]) && bytes.Equal(want[12:16], got[12:16])
	}
	return bytes.Equal(want, got)
}

// sameSyn compares a SYN's headers but for what is drawn by chance: the numbers of
// the packet and of the stream, the port, the clock, the checksums.
func sameSyn(want, got []byte) bool {
	chance := [][2]int{{4, 6}, {10, 12}, {20, 28}, {36, 38}, {48, 52}} // IPv4
	if len(want) > 0 && want[0]>>4 == 6 {
		chance = [][2]int{{1, 4}, {40, 48}, {56, 58}, {68, 72}}
	}
	for _, c := range chance {
		if len(want) >= c[1] {
			clear(want[c[0]:c[1]])
			copy(got[c[0]:c[1]], want[c[0]:c[1]])
		}
	}
	return bytes.Equal(want, got)
}

// values are the numbers to try: around the row's bounds, and some that are
// somebody's bounds.
func (p *optPair) values(o *option) []int32 {
	v := []int32{-1, 0, 1, 2, 3, 255, 256, 1152, 65536, maxInt32, -1 << 31}
	if p.full {
		v = append(v, 0, 1, -1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 63, 64, 87, 88, 100, 120, 121, 127, 128, 255, 256, 999, 1000, 1151, 1152, 1279, 1280,
			2303, 4095, 4608, 32767, 32768, 65535, 65536, 120000, 120001, 200000, 200001, 1<<20, 1<<28-1, 1<<28, maxInt32, -2, -1<<31, 16777216)
	}
	if o.lo != o.hi {
		v = append(v, o.lo-1, o.lo, o.lo+1, o.hi-1, o.hi, o.hi+1)
	}
	slices.Sort(v)
	return slices.Compact(v)
}

// optStrings are the values of options that are no numbers.
var optStrings = map[string][]string{
	"TCP_CONGESTION":  {"reno", "cubic", "", "x", "reno\x00zz", "cubicubicubicubic", "reno0000000000000000"},
	"TCP_ULP":         {"", "x", "nonesuch\x00"},
	"SO_BINDTODEVICE": {"", "lo", "lo\x00", "nope", "lo\x00000000000000000", "a-name-that-is-too-long", "\x00lo"},
}

// exercise sets an option in every way and reads it back.
func (p *optPair) exercise(slot int, level int32, o *option) {
	rooms := []int32{0, 1, 2, 3, 5, 7, 8, 11, 12, 16, 17, 20, 22, 24, 28, 32, 36, 40, 48, 56, 60, 63, 64, 300, -1}
	for _, r := range rooms {
		p.get(slot, level, o, r)
	}
	if list, ok := optStrings[o.name]; ok {
		for _, s := range list {
			p.set(slot, level, o, []byte(s), int32(len(s)), false)
			p.get(slot, level, o, 16)
			p.get(slot, level, o, 3)
		}
		return
	}
	for _, n := range []int32{0, 1, 2, 3, 4, 8, 16, 40, -1} {
		p.set(slot, level, o, nil, n, n > 0)
	}
	if strings.HasPrefix(o.name, "SO_ATTACH") {
		return // a descriptor, or a pointer
	}
	for _, v := range p.values(o) {
		raw := make([]byte, 40)
		binary.LittleEndian.PutUint32(raw, uint32(v))
		lengths := []int32{4, 1, 8}
		if v == -1 || v == 1 || v == 256 {
			lengths = []int32{0, 1, 2, 3, 4, 5, 8, 12, 16, 20, 32, 40}
		}
		for _, n := range lengths {
			p.set(slot, level, o, raw[:n], n, false)
			if o.does != refused {
				p.get(slot, level, o, 4)
			}
		}
		if o.does != refused {
			p.get(slot, level, o, 1)
		}
	}
	p.structures(slot, level, o)
}

// structures are values of two words: time-outs, linger, clocks with flags.
func (p *optPair) structures(slot int, level int32, o *option) {
	if o.set == nil || level != SOL_SOCKET || o.does == refused || !p.full {
		return
	}
	words := []uint32{0, 1, 3, 4, 11, 999, 1000000, 1<<32 - 1, 1 << 7, 1<<7 | 1<<16, 1 << 12, 1<<12 | 1<<11, 1 << 15, 1<<19 - 1}
	for _, a := range words {
		for _, b := range words {
			var raw [24]byte
			binary.LittleEndian.PutUint32(raw[:], a)
			binary.LittleEndian.PutUint32(raw[4:], b)
			if p.set(slot, level, o, raw[:8], 8, false) {
				p.get(slot, level, o, 8)
			}
			// The same as longs: a struct timeval. No more seconds than the model's clock holds.
			binary.LittleEndian.PutUint64(raw[:], uint64(int64(int32(a))))
			binary.LittleEndian.PutUint64(raw[8:], uint64(int64(int32(b))))
			if p.set(slot, level, o, raw[:16], 16, false) {
				p.get(slot, level, o, 16)
			}
		}
	}
}

// image reads every option.
func (p *optPair) image(slot int, levels []*optionLevel) {
	for _, l := range levels {
		for i := range l.rows {
			p.get(slot, l.level, &l.rows[i], 100)
		}
	}
}

// optState brings a socket into a state and returns its slot.
type optState struct {
	name  string
	reach func(p *optPair, family int32, at netip.AddrPort) int
}

// addrFor is an address as the family has it.
func addrFor(family int32, ap netip.AddrPort) (Addr, int32) {
	if family == AF_INET {
		return in4(ap.Addr(), ap.Port()), 16
	}
	return in6(ap.Addr(), ap.Port()), 28
}

func (p *optPair) open(family, typ int32) int {
	p.call(p.t, -1, Call{Op: OpSocket, Domain: family, Type: typ | SOCK_NONBLOCK})
	return len(p.fds[0]) - 1
}

// listener is a socket that listens, and where.
func (p *optPair) listener(family int32, at netip.AddrPort) (int, netip.AddrPort) {
	s := p.open(family, SOCK_STREAM)
	a, n := addrFor(family, at)
	p.call(p.t, s, Call{Op: OpBind, Addr: a, AddrLen: n})
	p.call(p.t, s, listenCall(0, 5))
	name := p.call(p.t, s, Call{Op: OpGetsockname})
	return s, name.Addr.AP
}

// connected is a client and the server's end.
func (p *optPair) connected(family int32, at netip.AddrPort) (client, server int) {
	l, ap := p.listener(family, at)
	client = p.open(family, SOCK_STREAM)
	a, n := addrFor(family, ap)
	p.call(p.t, client, Call{Op: OpConnect, Addr: a, AddrLen: n})
	p.call(p.t, l, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
	return client, len(p.fds[0]) - 1
}

var streamStates = []optState{
	{"fresh", func(p *optPair, f int32, _ netip.AddrPort) int { return p.open(f, SOCK_STREAM) }},
	{"bound", func(p *optPair, f int32, at netip.AddrPort) int {
		s := p.open(f, SOCK_STREAM)
		a, n := addrFor(f, at)
		p.call(p.t, s, Call{Op: OpBind, Addr: a, AddrLen: n})
		return s
	}},
	{"listening", func(p *optPair, f int32, at netip.AddrPort) int { s, _ := p.listener(f, at); return s }},
	{"connected", func(p *optPair, f int32, at netip.AddrPort) int { c, _ := p.connected(f, at); return c }},
	{"accepted", func(p *optPair, f int32, at netip.AddrPort) int { _, s := p.connected(f, at); return s }},
	{"shut down for writing", func(p *optPair, f int32, at netip.AddrPort) int {
		c, _ := p.connected(f, at)
		p.call(p.t, c, Call{Op: OpShutdown, N: SHUT_WR})
		return c
	}},
	{"closed by the peer", func(p *optPair, f int32, at netip.AddrPort) int {
		c, s := p.connected(f, at)
		p.close(p.t, s)
		return c
	}},
	{"reset by the peer", func(p *optPair, f int32, at netip.AddrPort) int {
		c, s := p.connected(f, at)
		p.call(p.t, s, setCall(0, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 0, 0, 0, 0}))
		p.close(p.t, s)
		return c
	}},
	{"disconnected", func(p *optPair, f int32, at netip.AddrPort) int {
		c, _ := p.connected(f, at)
		p.call(p.t, c, Call{Op: OpConnect, Addr: Addr{Family: AF_UNSPEC}, AddrLen: 16})
		return c
	}},
}

// dgramStates are those of a datagram socket of the type.
func dgramStates(open func(p *optPair, f int32) int) []optState {
	to := func(p *optPair, s int, op Op, a Addr, n int32) int {
		p.call(p.t, s, Call{Op: op, Addr: a, AddrLen: n})
		return s
	}
	at9 := func(f int32, at netip.AddrPort) (Addr, int32) { return addrFor(f, netip.AddrPortFrom(at.Addr(), 9)) }
	return []optState{
		{"fresh", func(p *optPair, f int32, _ netip.AddrPort) int { return open(p, f) }},
		{"bound", func(p *optPair, f int32, at netip.AddrPort) int {
			a, n := addrFor(f, at)
			return to(p, open(p, f), OpBind, a, n)
		}},
		{"connected", func(p *optPair, f int32, at netip.AddrPort) int {
			a, n := at9(f, at)
			return to(p, open(p, f), OpConnect, a, n)
		}},
		{"shut down", func(p *optPair, f int32, at netip.AddrPort) int {
			a, n := at9(f, at)
			s := to(p, open(p, f), OpConnect, a, n)
			p.call(p.t, s, Call{Op: OpShutdown, N: SHUT_RDWR})
			return s
		}},
		{"disconnected", func(p *optPair, f int32, at netip.AddrPort) int {
			a, n := at9(f, at)
			s := to(p, open(p, f), OpConnect, a, n)
			return to(p, s, OpConnect, Addr{Family: AF_UNSPEC}, 16)
		}},
	}
}

// optKinds are the kinds of socket, their states, and the states that are looked
// at with all values.
type optKind struct {
	name   string
	states []optState
	full   [2]int
}

var optKinds = []optKind{
	{"STREAM", streamStates, [2]int{0, 3}},
	{"DGRAM", append(dgramStates(func(p *optPair, f int32) int { return p.open(f, SOCK_DGRAM) }), corked), [2]int{0, 2}},
}

// drop closes whatever is open.
func (p *optPair) drop() {
	for _, fd := range p.fds[0] {
		unix.SetsockoptLinger(int(fd), SOL_SOCKET, SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Close(int(fd))
	}
	p.fds[0], p.fds[1], p.trace = p.fds[0][:0], p.fds[1][:0], nil
	p.restart(optHost(p.t, p.k))
}

// optHost is a new model, whose tick is the kernel's.
func optHost(t testing.TB, k *live) *Host {
	h := New(HostConfig{FirstFile: 3, Seed: 1})
	require.NoError(t, h.SetSysctl("net.ipv4.tcp_congestion_control", "reno"))
	require.NoError(t, h.SetSysctl("net.ipv4.ping_group_range", "0 0"))
	h.device = "" // there is nothing but loopback
	cfg := *h.tcp
	cfg.Tick = k.tick(t)
	h.tcp = &cfg
	return h
}

// tick asks the kernel for the length of a jiffy: what a time-out of 1 us
// becomes.
func (l *live) tick(t testing.TB) tcpstate.Duration {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.SetsockoptTimeval(fd, SOL_SOCKET, SO_RCVTIMEO, &unix.Timeval{Usec: 1}))
	r := l.call(Call{Op: OpGetsockopt, FD: int32(fd), Level: SOL_SOCKET, Name: SO_RCVTIMEO, Len: 16})
	return rd64(r.Data[8:])
}

// dropCaps takes the capabilities that options ask for from the kernel's thread
// and from the model's process; the result gives the thread's back.
func (p *optPair) dropCaps() func() {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all [2]unix.CapUserData
	require.NoError(p.t, unix.Capget(&hdr, &all[0]))
	less := all
	less[0].Effective &^= 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
	require.NoError(p.t, unix.Capset(&hdr, &less[0]))
	p.h.proc.cred.Effective &^= CapNetAdmin | CapNetRaw
	return func() { require.NoError(p.t, unix.Capset(&hdr, &all[0])) }
}

var optFamilies = []struct {
	name   string
	family int32
	at     netip.AddrPort
}{
	{"AF_INET", AF_INET, netip.MustParseAddrPort("127.0.0.1:0")},
	{"AF_INET6", AF_INET6, netip.MustParseAddrPort("[::1]:0")},
	{"AF_INET6 over IPv4", AF_INET6, netip.MustParseAddrPort("[::ffff:127.0.0.1]:0")},
}

// Every option of every level, in every state of every kind of socket, with values
// around its bounds, lengths that are too short and too long, pointers that lead
// nowhere, with capabilities and without: set and read, the model answers as the
// kernel does. After each option all others are read: none has moved unless the
// kernel's has. A run takes a sample of a sixth of the options in each state,
// and all of them with SOCKSPEC_FULL.
func TestOptionsAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	total, drawn, step := 0, 0, optStep(6)
	for _, kind := range optKinds {
		for _, f := range optFamilies {
			for i, st := range kind.states {
				for _, caps := range []bool{true, false} {
					p := &optPair{pair: &pair{k: k, now: Time(tcpstate.Second)}, t: t, bad: map[string]int{}}
					p.fresh()
					p.where = fmt.Sprintf("%s %s, %s, capabilities %v", kind.name, f.name, st.name, caps)
					if !caps && i > 1 {
						continue // capabilities are asked for in every state alike
					}
					p.full = caps && (i == kind.full[0] || i == kind.full[1])
					p.everyOption(f.family, f.at, &st, caps, &drawn, step)
					total += p.n
				}
			}
		}
	}
	t.Logf("%d comparisons", total)
}

// optStep is n, or 1 when all is to be looked at.
func optStep(n int) int {
	if os.Getenv("SOCKSPEC_FULL") != "" {
		return 1
	}
	return n
}

// everyOption exercises each option on a socket of its own.
func (p *optPair) everyOption(family int32, at netip.AddrPort, st *optState, caps bool, drawn *int, step int) {
	known := []*optionLevel{&socketOptions, &ipOptions, &ipv6Options, &tcpOptions, &udpOptions, &rawOptions, &raw6Options, &raw6OptionsOfIPv6, &icmp6Options}
	levels := append(slices.Clone(known), []*optionLevel{
		{level: SOL_SOCKET, rows: []option{{num: 9999, name: "SOL_SOCKET 9999"}}}, {level: IPPROTO_UDP, rows: []option{{num: 99, name: "UDP 99"}}},
		{level: IPPROTO_IP, rows: []option{{num: 9999, name: "IP 9999"}}}, {level: IPPROTO_IPV6, rows: []option{{num: 9999, name: "IPV6 9999"}}},
		{level: IPPROTO_TCP, rows: []option{{num: 9999, name: "TCP 9999"}}}, {level: 77, rows: []option{{num: 1, name: "level 77"}}},
		{level: SOL_RAW, rows: []option{{num: 99, name: "RAW 99"}}}, {level: SOL_ICMPV6, rows: []option{{num: 99, name: "ICMPV6 99"}}}}...)
	for _, l := range levels {
		for i := range l.rows {
			if *drawn++; *drawn%step != 0 {
				continue
			}
			slot := st.reach(p, family, at)
			restore := func() {}
			if !caps {
				restore = p.dropCaps()
			}
			p.exercise(slot, l.level, &l.rows[i])
			if p.full && l.rows[i].does != refused {
				p.where += " after " + l.rows[i].name
				p.image(slot, known)
				p.where = strings.TrimSuffix(p.where, " after "+l.rows[i].name)
			}
			restore()
			p.drop()
		}
	}
}
