package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

var (
	localV4  = netip.MustParseAddr("192.168.0.1")
	remoteV4 = netip.MustParseAddr("192.0.2.1")
	localV6  = netip.MustParseAddr("fd3d:fa7b:d17d::1")
	remoteV6 = netip.MustParseAddr("fd3d:fa7b:d17d:8888::1")
)

// testConfig is a host with one address of each family, as packetdrill's has.
func testConfig() HostConfig {
	return HostConfig{
		Addrs:     []netip.Prefix{netip.PrefixFrom(localV4, 16), netip.PrefixFrom(localV6, 48)},
		FirstFile: 3, Seed: 1,
	}
}

// bench drives a host and checks its invariants after every input.
type bench struct {
	*testing.T
	h    *Host
	now  Time
	wire []Packet        // sent and not looked at yet
	done []Return        // returned and not looked at yet
	whys []rule.ID       // of drops, not looked at yet
	born map[Thread]bool // parked
	woke []Thread        // by the latest input
}

func newBench(t *testing.T, mod ...func(*HostConfig)) *bench {
	cfg := testConfig()
	for _, m := range mod {
		m(&cfg)
	}
	return &bench{T: t, h: New(cfg), now: Time(tcpstate.Second), born: map[Thread]bool{}}
}

// take sorts the effects of one input.
func (b *bench) take(out []Effect) {
	b.Helper()
	b.woke = b.woke[:0]
	for i := range out {
		e := &out[i]
		require.NotZero(b, e.Why, "effect %+v names no rule", e)
		switch e.Kind {
		case Transmit:
			p := e.Packet
			p.Payload = append([]byte(nil), p.Payload...)
			p.Wire = append([]byte(nil), p.Wire...)
			if p.Proto == ProtoTCP {
				require.EqualValues(b, p.Seg.Len, len(p.Payload))
			}
			b.wire = append(b.wire, p)
		case Done:
			r := e.Return
			r.Data = append([]byte(nil), r.Data...)
			r.Poll = append([]PollFD(nil), r.Poll...)
			b.done = append(b.done, r)
		case Parked:
			b.born[e.Return.Thread] = true
		case Woken:
			b.woke = append(b.woke, e.Return.Thread)
		case Dropped:
			b.whys = append(b.whys, e.Why)
		}
	}
	require.NoError(b, b.h.Check())
}

// start makes a call; its return, if any, is left in done.
func (b *bench) start(th Thread, c Call) {
	b.Helper()
	b.take(b.h.Call(b.now, th, c, nil))
}

// call makes a call that must return at once.
func (b *bench) call(c Call) Return {
	b.Helper()
	b.start(1, c)
	require.Len(b, b.done, 1, "the call has to return at once")
	return b.returned(1)
}

// returned is the return of a call that a thread made earlier.
func (b *bench) returned(th Thread) Return {
	b.Helper()
	for i, r := range b.done {
		if r.Thread == th {
			b.done = append(b.done[:i], b.done[i+1:]...)
			delete(b.born, th)
			return r
		}
	}
	require.Fail(b, "the call has not returned")
	return Return{}
}

// ok makes a call that must succeed and gives its value.
func (b *bench) ok(c Call) int32 {
	b.Helper()
	r := b.call(c)
	require.Equal(b, "", ErrnoName(r.Errno), "%v", c.Op)
	return int32(r.Value)
}

// fails makes a call that must fail.
func (b *bench) fails(e Errno, c Call) Return {
	b.Helper()
	r := b.call(c)
	require.Equal(b, ErrnoName(e), ErrnoName(r.Errno), "%v", c.Op)
	require.EqualValues(b, -1, r.Value)
	return r
}

// parked makes a call that must wait.
func (b *bench) parked(th Thread, c Call) {
	b.Helper()
	b.start(th, c)
	require.Empty(b, b.done)
	require.True(b, b.born[th], "the call has to wait")
}

// deliver hands the host a packet.
func (b *bench) deliver(p Packet) {
	b.Helper()
	b.take(b.h.Deliver(b.now, &p, nil))
}

// run lets time pass, timer by timer.
func (b *bench) run(d tcpstate.Duration) {
	b.Helper()
	end := b.now.Add(d)
	for {
		at, ok := b.h.Deadline()
		if !ok || at > end {
			break
		}
		b.now = max(b.now, at)
		b.take(b.h.Tick(b.now, nil))
	}
	b.now = end
}

// sent is the one packet that was sent since the last look.
func (b *bench) sent() Packet {
	b.Helper()
	require.Len(b, b.wire, 1)
	p := b.wire[0]
	b.wire = b.wire[:0]
	return p
}

// quiet asserts that nothing was sent.
func (b *bench) quiet() {
	b.Helper()
	require.Empty(b, b.wire)
}

// why is the rule of the one drop since the last look.
func (b *bench) why() rule.ID {
	b.Helper()
	require.Len(b, b.whys, 1)
	w := b.whys[0]
	b.whys = nil
	return w
}

// in4 and in6 are addresses as calls pass them.
func in4(a netip.Addr, port uint16) Addr {
	return Addr{Family: AF_INET, AP: netip.AddrPortFrom(a, port)}
}
func in6(a netip.Addr, port uint16) Addr {
	return Addr{Family: AF_INET6, AP: netip.AddrPortFrom(a, port)}
}

var any4 = netip.IPv4Unspecified()

// Calls, short.
func socketCall(flags ...int32) Call {
	c := Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM}
	for _, f := range flags {
		c.Type |= f
	}
	return c
}
func bindCall(fd int32, a Addr) Call {
	n := int32(16)
	if a.Family == AF_INET6 {
		n = 28
	}
	return Call{Op: OpBind, FD: fd, Addr: a, AddrLen: n}
}
func connectCall(fd int32, a Addr) Call {
	c := bindCall(fd, a)
	c.Op = OpConnect
	return c
}
func listenCall(fd int32, n int64) Call { return Call{Op: OpListen, FD: fd, N: n} }
func acceptCall(fd int32) Call          { return Call{Op: OpAccept, FD: fd} }
func closeCall(fd int32) Call           { return Call{Op: OpClose, FD: fd} }
func sendCall(fd int32, data string) Call {
	return Call{Op: OpSend, FD: fd, Data: []byte(data)}
}
func recvCall(fd, n, flags int32) Call {
	return Call{Op: OpRecv, FD: fd, Len: n, Flags: flags}
}
func pollCall(timeout int64, fds ...PollFD) Call {
	return Call{Op: OpPoll, Poll: fds, Timeout: timeout}
}

// cint is a C int in memory.
func cint(v int32) []byte { return le32(make([]byte, 4), uint32(v)) }

func setCall(fd, level, name int32, v []byte) Call {
	return Call{Op: OpSetsockopt, FD: fd, Level: level, Name: name, Data: v}
}

func (b *bench) set(fd, level, name, v int32) {
	b.Helper()
	b.ok(setCall(fd, level, name, cint(v)))
}

func (b *bench) get(fd, level, name int32) int32 {
	b.Helper()
	r := b.call(Call{Op: OpGetsockopt, FD: fd, Level: level, Name: name, Len: 4})
	require.Zero(b, r.Errno)
	require.Len(b, r.Data, 4)
	return rd32(r.Data)
}

func (b *bench) nonblock(fd int32) { b.ok(Call{Op: OpFcntl, FD: fd, N: F_SETFL, Arg: O_NONBLOCK}) }

// listener is a socket that listens on port 8080.
func (b *bench) listener(backlog int64) int32 {
	b.Helper()
	fd := b.ok(socketCall())
	b.ok(bindCall(fd, in4(any4, 8080)))
	b.ok(listenCall(fd, backlog))
	return fd
}

const testPort = 8080

// peer is the other end of one connection, as a script writes it: it sends what
// it is told to.
type peer struct {
	b          *bench
	local, rem netip.AddrPort // as the host sees them
	seq, ack   tcpstate.Seq   // what to send next
}

// newPeer is the peer of a connection from that port to the listener.
func (b *bench) newPeer(port uint16) *peer {
	return &peer{b: b, local: netip.AddrPortFrom(localV4, testPort), rem: netip.AddrPortFrom(remoteV4, port), seq: 1<<32 - 5}
}

// packet is a segment from the peer.
func (p *peer) packet(f tcpstate.Flags, data string) Packet {
	return Packet{
		Src: p.rem.Addr(), Dst: p.local.Addr(), SrcPort: p.rem.Port(), DstPort: p.local.Port(),
		Proto: ProtoTCP, TTL: 64, Payload: []byte(data),
		Seg: tcpstate.Segment{Seq: p.seq, Ack: p.ack, Flags: f, Wnd: 65535, Len: uint32(len(data))},
	}
}

// send sends a segment and moves on.
func (p *peer) send(f tcpstate.Flags, data string) {
	p.b.Helper()
	q := p.packet(f, data)
	p.seq = p.seq.Add(q.Seg.SeqLen())
	p.b.deliver(q)
}

// syn sends a SYN with an MSS.
func (p *peer) syn() {
	p.b.Helper()
	p.synWith(tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1000})
}

// synWith sends a SYN with options.
func (p *peer) synWith(o tcpstate.Options) {
	p.b.Helper()
	q := p.packet(tcpstate.SYN, "")
	q.Seg.Opts = o
	p.b.deliver(q)
	p.seq = p.seq.Add(1)
}

// see takes a packet from the wire and moves the acknowledgment on.
func (p *peer) see() Packet {
	p.b.Helper()
	q := p.b.sent()
	require.Equal(p.b, p.rem.Port(), q.DstPort)
	p.ack = q.Seg.End()
	return q
}

// shake makes the handshake with the listener.
func (p *peer) shake() {
	p.b.Helper()
	p.syn()
	q := p.see()
	require.Equal(p.b, tcpstate.SYN|tcpstate.ACK, q.Seg.Flags)
	p.send(tcpstate.ACK, "")
}

// accepted is a connection taken by accept: its descriptor and its peer.
func (b *bench) accepted() (fd int32, p *peer) {
	b.Helper()
	l := b.listener(5)
	p = b.newPeer(4000)
	p.shake()
	b.quiet()
	return b.ok(acceptCall(l)), p
}

// connected is a connection made by connect.
func (b *bench) connected() (fd int32, p *peer) {
	b.Helper()
	fd = b.ok(socketCall(SOCK_NONBLOCK))
	b.fails(EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
	p = b.answer()
	p.send(tcpstate.SYN|tcpstate.ACK, "")
	require.Equal(b, tcpstate.ACK, p.see().Seg.Flags)
	return fd, p
}

// answer makes the peer that the SYN on the wire is for.
func (b *bench) answer() *peer {
	b.Helper()
	q := b.sent()
	require.Equal(b, tcpstate.SYN, q.Seg.Flags)
	return &peer{
		b: b, local: netip.AddrPortFrom(q.Src, q.SrcPort), rem: netip.AddrPortFrom(q.Dst, q.DstPort),
		seq: 1<<32 - 5, ack: q.Seg.Seq.Add(1),
	}
}
