package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// The vectors of the SipHash paper's reference code: key and data count up from 0.
func TestSipHashVectors(t *testing.T) {
	key := sipKey{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	var data [64]byte
	for i := range data {
		data[i] = byte(i)
	}
	for n, want := range map[int]uint64{
		0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5,
	} {
		require.Equal(t, want, sipHash(data[:n], key), "%d octets", n)
	}
}

func TestFastKeysReadAsTheSysctlShowsThem(t *testing.T) {
	h := New(testConfig())
	show := func() string {
		v, ok := h.Sysctl(ctlFastOpenKeyName)
		require.True(t, ok)
		return v
	}
	require.Equal(t, "00000000-00000000-00000000-00000000", show(), "none yet")
	one := "00112233-44556677-8899aabb-ccddeeff"
	for _, v := range []string{one, one + ",a1a1a1a1-b2b2b2b2-c3c3c3c3-0000000f"} {
		require.NoError(t, h.SetSysctl(ctlFastOpenKeyName, v))
		require.Equal(t, v, show())
	}
	for _, v := range []string{"", "1-2-3", one + ",", "x-2-3-4", "1-2 -3-4"} {
		require.Error(t, h.SetSysctl(ctlFastOpenKeyName, v), v)
	}
	for v, want := range map[string]string{
		one + "-5": one, one + "," + one + ",x": one + "," + one, "0x-2-3-4": "00000000-00000002-00000003-00000004", "112233445-0x2- 3-4": "12233445-00000002-00000003-00000004",
	} {
		require.NoError(t, h.SetSysctl(ctlFastOpenKeyName, v), v)
		require.Equal(t, want, show())
	}
	require.Contains(t, h.Sysctls(), ctlFastOpenKeyName)
}

// fastPeer is a peer with the cookie that the host would give it.
func (b *bench) fastPeer(port uint16) (*peer, tcpstate.Options) {
	p := b.newPeer(port)
	o := tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptFastOpen, MSS: 1000}
	o.Cookie = fastCookie(b.h.fast.keys.key[0], p.rem.Addr(), p.local.Addr())
	return p, o
}

// fastSyn sends a SYN with options and data.
func (p *peer) fastSyn(o tcpstate.Options, data string) {
	p.b.Helper()
	q := p.packet(tcpstate.SYN, data)
	q.Seg.Opts = o
	p.b.deliver(q)
	p.seq = p.seq.Add(1 + uint32(len(data)))
}

// fastListener is a listener that takes n connections by their SYN.
func (b *bench) fastListener(n int32) int32 {
	b.Helper()
	require.NoError(b, b.h.SetSysctl("net.ipv4.tcp_fastopen", "0x3"))
	fd := b.listener(5)
	b.set(fd, SOL_TCP, TCP_FASTOPEN, n)
	return fd
}

// AC-10: with Fast Open the accepted sock is in SYN-RECEIVED; its socket is
// connected, and can be read and written.
func TestAConnectionMadeByItsSynIsAcceptedInSynReceived(t *testing.T) {
	b := newBench(t)
	l := b.fastListener(5)
	b.parked(2, acceptCall(l))
	p, o := b.fastPeer(4000)
	p.fastSyn(o, "hello")
	require.Len(t, b.done, 1, "accept returns before the ACK")
	fd := int32(b.returned(2).Value)
	q := p.see()
	require.Equal(t, tcpstate.SYN|tcpstate.ACK, q.Seg.Flags)
	require.Equal(t, p.seq, q.Seg.Ack, "the data is acknowledged")
	c := b.h.socks[b.h.files[b.h.fileAt(fd)].sock]
	require.Equal(t, tcpstate.SynReceived, c.state())
	require.Equal(t, ssConnected, c.ss)
	require.Equal(t, "hello", string(b.call(recvCall(fd, 10, 0)).Data))
	require.EqualValues(t, 5, b.ok(sendCall(fd, "world")))
	require.Equal(t, "world", string(p.see().Payload))
	clone := b.h.Clone()
	require.Equal(t, b.h.Fingerprint(), clone.Fingerprint())
	p.send(tcpstate.ACK, "")
	require.Equal(t, tcpstate.Established, c.state())
	require.NotEqual(t, b.h.Fingerprint(), clone.Fingerprint())
	require.EqualValues(t, 1, b.h.count[MibTCPFastOpenPassive])
}

// TCP_FASTOPEN counts connections until their ACK, wherever they are; a listener
// that is gone counts no more.
func TestTheFastQueueCountsUntilTheAck(t *testing.T) {
	b := newBench(t)
	l := b.fastListener(1)
	s := b.h.socks[b.h.files[b.h.fileAt(l)].sock]
	p, o := b.fastPeer(4000)
	p.fastSyn(o, "a")
	p.see()
	require.EqualValues(t, 1, s.fq.qlen)
	p2, _ := b.fastPeer(4001)
	p2.fastSyn(o, "b")
	p2.see()
	require.EqualValues(t, 1, b.h.count[MibTCPFastOpenListenOverflow])
	fd := b.ok(acceptCall(l))
	require.EqualValues(t, 1, s.fq.qlen)
	b.ok(closeCall(l))
	p.send(tcpstate.ACK, "")
	require.Equal(t, "a", string(b.call(recvCall(fd, 10, 0)).Data))
}

// A RST ends a connection that was accepted and is held against the peer for a
// minute, to the microsecond.
func TestARstIsHeldAgainstThePeerForAMinute(t *testing.T) {
	b := newBench(t)
	l := b.fastListener(1)
	s := b.h.socks[b.h.files[b.h.fileAt(l)].sock]
	p, o := b.fastPeer(4000)
	p.fastSyn(o, "a")
	p.see()
	b.ok(acceptCall(l))
	p.send(tcpstate.RST, "")
	require.EqualValues(t, 1, s.fq.qlen)
	require.Len(t, s.fq.resets, 1)
	b.now = b.now.Add(tcpstate.Minute - 1)
	b.h.enter(b.now, nil)
	require.False(t, s.fq.room(b.h))
	b.h.enter(b.now+1, nil)
	require.True(t, s.fq.room(b.h))
	require.EqualValues(t, 0, s.fq.qlen)
	b.ok(Call{Op: OpShutdown, FD: l, N: SHUT_RD})
	require.Empty(t, s.fq.resets, "the end of listening forgets them")
}

// fastSend is sendto with MSG_FASTOPEN.
func fastSend(fd int32, data string, to netip.Addr) Call {
	c := sendtoCall(fd, data, in4(to, testPort))
	c.Flags = MSG_FASTOPEN
	return c
}

// Both ends on one host, over loopback: the cookie that one gives is the one that
// the other sends, and the data comes with the SYN.
func TestFastOpenOverLoopback(t *testing.T) {
	b := newBench(t)
	l := b.fastListener(5)
	for range 2 {
		b.parked(2, acceptCall(l))
		c := b.ok(socketCall())
		b.start(1, fastSend(c, "request", localV4))
		require.EqualValues(t, 7, b.returned(1).Value)
		s := int32(b.returned(2).Value)
		require.Equal(t, "request", string(b.call(recvCall(s, 20, 0)).Data))
		b.ok(closeCall(s))
		require.EqualValues(t, 0, b.ok(recvCall(c, 20, 0)))
		b.ok(closeCall(c))
	}
	n := b.h.Counters()
	require.EqualValues(t, 1, n[MibTCPFastOpenCookieReqd])
	require.EqualValues(t, 1, n[MibTCPFastOpenActive])
	require.EqualValues(t, 1, n[MibTCPFastOpenPassive])
	b.h.FlushMetrics()
	require.Nil(t, b.h.fastPeer(localV4, localV4))
}

// What is remembered of peers is bounded, and the oldest goes first.
func TestRememberedPeersAreBounded(t *testing.T) {
	b := newBench(t)
	s := &sock{source: localV4}
	o := tcpstate.Output{Seg: tcpstate.Segment{Opts: tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1000}}}
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	for i := range maxFastPeers + 10 {
		s.remote = netip.AddrPortFrom(at(i), 80)
		b.h.fastLearn(s, &o)
	}
	require.Len(t, b.h.fast.peers, maxFastPeers)
	require.Nil(t, b.h.fastPeer(localV4, at(9)))
	require.NotNil(t, b.h.fastPeer(localV4, at(10)))
}

// The time without Fast Open doubles with each blackhole, up to 64-fold, and one
// good connection ends the count.
func TestBlackholesDoubleTheTimeWithout(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.h.SetSysctl("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "10"))
	s := &sock{}
	b.h.enter(b.now, nil)
	for i, want := range []int64{10, 20, 40, 80, 160, 320, 640, 640} {
		b.h.fastDisable()
		b.h.enter(b.now.Add(want*tcpstate.Second-1), nil)
		require.True(t, b.h.fastDisabled(s), "time %d", i)
		require.False(t, s.fastWatched)
		b.h.enter(b.now.Add(want*tcpstate.Second), nil)
		require.False(t, b.h.fastDisabled(s), "time %d", i)
		require.True(t, s.fastWatched)
		b.now, s.fastWatched = b.h.now, false
	}
	require.EqualValues(t, 8, b.h.count[MibTCPFastOpenBlackhole])
	require.NoError(t, b.h.SetSysctl("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "10"))
	require.Zero(t, b.h.fast.disabled, "a write to the sysctl begins anew")
}

// A connect that was put off is as good as new after connect(AF_UNSPEC).
func TestADeferredConnectCanBeTakenBack(t *testing.T) {
	b := newBench(t)
	s := &sock{source: localV4, remote: netip.AddrPortFrom(remoteV4, 80)}
	o := tcpstate.Output{Seg: tcpstate.Segment{Opts: tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptFastOpen, MSS: 1000, Cookie: tcpstate.FastCookie{Len: 4}}}}
	b.h.fastLearn(s, &o)
	fd := b.ok(socketCall(SOCK_NONBLOCK))
	b.set(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
	b.ok(connectCall(fd, in4(remoteV4, testPort)))
	b.quiet()
	require.EqualValues(t, 1, b.ok(pollCall(0, PollFD{FD: fd, Events: POLLOUT})))
	b.ok(connectCall(fd, Addr{}))
	b.fails(ECONNRESET, sendCall(fd, "x")) // as from a SYN that was sent (tcp_disconnect)
	b.fails(EPIPE, sendCall(fd, "x"))
	b.fails(EINPROGRESS, fastSend(fd, "", remoteV4))
	syn := b.sent()
	require.True(t, syn.Seg.Opts.Has(tcpstate.OptFastOpen))
}
