package sock

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// flood is a listener with a backlog of n-1, whose SYN queue n SYNs have filled.
type flood struct {
	h   *Host
	now Time
	out []Effect
	syn Packet
	n   uint32 // SYNs sent
}

func newFlood(tb testing.TB, n int, cookies string) *flood {
	h := New(testConfig())
	require.NoError(tb, h.SetSysctl("net.ipv4.tcp_syncookies", cookies))
	require.NoError(tb, h.SetSysctl("net.ipv4.tcp_max_syn_backlog", "65536"))
	f := &flood{h: h, now: Time(tcpstate.Second)}
	for _, c := range []Call{socketCall(), bindCall(3, in4(any4, testPort)), listenCall(3, int64(n-1))} {
		f.out = h.Call(f.now, 1, c, f.out[:0])
	}
	f.syn = Packet{Dst: localV4, DstPort: testPort, Proto: ProtoTCP, Seg: tcpstate.Segment{
		Flags: tcpstate.SYN, Wnd: 65535, Opts: tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1460},
	}}
	for range n {
		f.next()
	}
	syn, _, err := h.Queues(3)
	require.Zero(tb, err)
	require.Equal(tb, n, syn)
	return f
}

// next sends a SYN from an address that none came from before.
func (f *flood) next() {
	f.n++
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 1<<24+f.n)
	f.syn.Src, f.syn.SrcPort = netip.AddrFrom4(a), 1024
	f.out = f.h.Deliver(f.now, &f.syn, f.out[:0])
}

const floodQueue = 4096

func benchFlood(b *testing.B, cookies string, step func(*flood)) {
	f := newFlood(b, floodQueue, cookies)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		step(f)
	}
}

// A flood meets a full SYN queue: dropped, or answered with a cookie.
func BenchmarkFloodDropped(b *testing.B)  { benchFlood(b, "0", (*flood).next) }
func BenchmarkFloodCookies(b *testing.B)  { benchFlood(b, "1", (*flood).next) }
func BenchmarkFloodTimeouts(b *testing.B) { benchFlood(b, "0", (*flood).churn) }

// churn lets the next SYN-ACK time out, and fills the place of each request
// that was given up.
func (f *flood) churn() {
	at, _ := f.h.Deadline()
	f.now = at
	f.out = f.h.Tick(f.now, f.out[:0])
	for syn, _, _ := f.h.Queues(3); syn < floodQueue; syn++ {
		f.now = f.now.Add(10)
		f.next()
	}
}

// A SYN costs the same however many wait, and no memory.
func TestFloodAllocatesNothing(t *testing.T) {
	for _, cookies := range []string{"0", "1"} {
		f := newFlood(t, 256, cookies)
		require.Zero(t, testing.AllocsPerRun(1000, f.next), "cookies %s", cookies)
	}
}
