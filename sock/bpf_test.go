package sock

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// filterCall is setsockopt with a program.
func filterCall(fd, name int32, prog ...SockFilter) Call {
	c := setCall(fd, SOL_SOCKET, name, make([]byte, 16))
	binary.LittleEndian.PutUint16(c.Data, uint16(len(prog)))
	c.Data[8], c.Filter = 1, prog
	return c
}

// Instructions, short.
func op(code uint16, k uint32) SockFilter { return SockFilter{Code: code, K: k} }
func retK(k uint32) SockFilter            { return op(bpfRET|bpfK, k) }

var retA = op(bpfRET|bpfA, 0)

// A program is attached, read back, replaced and taken off; a lock ends that, and
// the children of a listener have both.
func TestFilterIsAttachedReadAndLocked(t *testing.T) {
	b := newBench(t)
	fd := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	get := Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_ATTACH_FILTER, Len: 9}
	detach := setCall(fd, SOL_SOCKET, SO_DETACH_FILTER, cint(0))
	require.Empty(t, b.call(get).Data)
	b.fails(ENOENT, detach)
	prog := []SockFilter{op(bpfLD|bpfW|bpfLEN, 0), {Code: bpfJMP | bpfJGT, JT: 1, K: 99}, retA, retK(0)}
	b.ok(filterCall(fd, SO_ATTACH_FILTER, prog...))
	r := b.call(get)
	require.Equal(t, prog, r.Filter)
	require.Equal(t, []byte{0x80, 0, 0, 0}, r.Data, "as many octets as there are instructions")
	get.Len = 3
	b.fails(EINVAL, get)
	get.Len = 0
	require.Len(t, b.call(get).Data, 4)
	b.ok(filterCall(fd, SO_ATTACH_FILTER, retK(1)))
	b.ok(detach)
	b.fails(ENOENT, detach)

	b.ok(filterCall(fd, SO_ATTACH_FILTER, retK(1)))
	b.set(fd, SOL_SOCKET, SO_LOCK_FILTER, 1)
	b.fails(EPERM, detach)
	b.fails(EPERM, filterCall(fd, SO_ATTACH_FILTER, retK(1)))
	b.fails(EPERM, filterCall(fd, SO_ATTACH_REUSEPORT_CBPF, retK(1)))
	b.fails(EPERM, setCall(fd, SOL_SOCKET, SO_LOCK_FILTER, cint(0)))
}

// What a listener lets through its children let through, and with the same lock.
func TestFilterGoesToTheChildren(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	b.ok(filterCall(l, SO_ATTACH_FILTER, retK(64)))
	b.set(l, SOL_SOCKET, SO_LOCK_FILTER, 1)
	p := b.newPeer(4000)
	p.shake()
	fd := b.ok(acceptCall(l))
	require.Equal(t, []SockFilter{retK(64)}, b.call(Call{Op: OpGetsockopt, FD: fd, Level: SOL_SOCKET, Name: SO_ATTACH_FILTER, Len: 9}).Filter)
	require.EqualValues(t, 1, b.get(fd, SOL_SOCKET, SO_LOCK_FILTER))
	b.fails(EPERM, filterCall(fd, SO_ATTACH_FILTER, retK(1)))
}

// The program trims a segment's payload but not its header; what it cuts off has
// not arrived, and is acknowledged no further. What it drops is gone without a
// word.
func TestFilterTrimsAndDropsSegments(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.ok(filterCall(fd, SO_ATTACH_FILTER, retK(23)))
	p.send(tcpstate.ACK|tcpstate.PSH, "abcdef")
	require.Equal(t, "abc", string(b.call(recvCall(fd, 9, 0)).Data))
	b.ok(filterCall(fd, SO_ATTACH_FILTER, retK(0)))
	b.whys = nil
	p.send(tcpstate.ACK, "def")
	require.Equal(t, rule.SocketFilter, b.why())
}

// What a program cuts off the sum of a segment lacks that was too long for it to be looked at when it came, unless that is zeros. Nobody
// asks for the sum of a predicted header with nothing behind it.
func TestWhatAFilterCutsOffASegmentItsSumLacks(t *testing.T) {
	long, zeros := strings.Repeat("a", 57), strings.Repeat("a", 40)+strings.Repeat("\x00", 60)
	for _, c := range []struct {
		data   string
		keep   uint32
		window uint16
		read   int
		why    rule.ID
	}{
		{long[1:], 60, 0, 40, 0}, {long, 60, 0, 0, rule.BadTransport}, {zeros, 60, 0, 40, 0}, {long, 20, 0, 0, 0}, {long, 20, 9, 0, rule.BadTransport},
	} {
		b := newBench(t)
		fd, p := b.accepted()
		b.nonblock(fd)
		p.send(tcpstate.ACK, "b") // from then on headers are predicted, and there is memory for data
		b.ok(filterCall(fd, SO_ATTACH_FILTER, retK(c.keep)))
		b.whys = nil
		q := p.packet(tcpstate.ACK, c.data)
		q.Seg.Wnd -= c.window
		b.deliver(q)
		require.Equal(t, c.why == rule.BadTransport, slices.Contains(b.whys, rule.BadTransport), "%+v", c)
		require.Len(t, b.call(recvCall(fd, 99, 0)).Data, 1+c.read, "%+v", c)
	}
	b := newBench(t)
	b.ok(filterCall(b.listener(5), SO_ATTACH_FILTER, retK(20)))
	p := b.newPeer(4001)
	b.deliver(p.packet(tcpstate.ACK, long))
	require.Equal(t, rule.BadTransport, b.why())
	b.quiet()
	b.deliver(p.packet(tcpstate.ACK, long[1:]))
	require.True(t, b.sent().Seg.Flags.Has(tcpstate.RST))
}

// A listener's program decides about SYNs, and about what belongs to its requests.
func TestFilterOfAListenerSeesSynsAndRequests(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	flags := op(bpfLD|bpfB|bpfABS, 13)
	b.ok(filterCall(l, SO_ATTACH_FILTER, flags, SockFilter{Code: bpfJMP | bpfJSET, K: 2, JF: 1}, retK(0), retK(1<<20)))
	b.newPeer(4001).syn()
	require.Contains(t, b.whys, rule.SocketFilter)
	b.ok(setCall(l, SOL_SOCKET, SO_DETACH_FILTER, cint(0)))
	p := b.newPeer(4002)
	p.syn()
	b.ok(filterCall(l, SO_ATTACH_FILTER, retK(0)))
	b.whys = nil
	p.send(tcpstate.ACK, "")
	require.Contains(t, b.whys, rule.SocketFilter)
	require.Zero(t, b.call(Call{Op: OpPoll, Poll: []PollFD{{FD: l, Events: POLLIN}}}).Value)
}

// A program of 4096 instructions is run to its end without allocating, and so is
// the packet that it sees.
func TestFilterRunsWithoutAllocating(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	prog := make([]SockFilter, maxInsns)
	for i := range prog {
		prog[i] = op(bpfALU|bpfADD|bpfK, 3)
	}
	prog[maxInsns-1] = retK(0)
	b.ok(filterCall(fd, SO_ATTACH_FILTER, prog...))
	pkt := p.packet(tcpstate.ACK, "x")
	var out []Effect
	require.Zero(t, testing.AllocsPerRun(20, func() {
		pkt.Wire = nil
		out = b.h.Deliver(b.now, &pkt, out[:0])
	}))
	require.Equal(t, rule.SocketFilter, out[0].Why)
}
