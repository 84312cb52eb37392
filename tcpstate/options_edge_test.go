package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOptionsLockTheBuffersTheySet: SO_RCVBUF and SO_SNDBUF each its own, and
// SO_BUF_LOCK any of the two.
func TestOptionsLockTheBuffersTheySet(t *testing.T) {
	for _, had := range []uint8{0, LockRcvBuf, LockSndBuf} {
		w := established(t, plainOpts)
		w.c.locks = had
		w.set(RcvBuf, 50_000)
		require.Equal(t, had|LockRcvBuf, w.c.locks)
		require.EqualValues(t, 50_000, w.c.RcvBuf())
		w.c.locks = had
		w.set(SndBuf, 60_000)
		require.Equal(t, had|LockSndBuf, w.c.locks)
		require.EqualValues(t, 60_000, w.c.SndBuf())
	}
	for n := range uint32(8) {
		w := established(t, plainOpts)
		w.set(BufLocks, n)
		require.EqualValues(t, n&3, w.c.locks) // SOCK_BUF_LOCK_MASK
	}
}

// TestNoClampIsNone: TCP_WINDOW_CLAMP 0, where the option allows it; any other is
// 1152 at least (tcp_set_window_clamp).
func TestNoClampIsNone(t *testing.T) {
	w := newWorld(t)
	for _, c := range [][2]uint32{{5000, 5000}, {0, 0}, {1151, 1152}, {1153, 1153}, {1, 1152}} {
		w.set(WindowClamp, c[0])
		require.Equal(t, c[1], w.c.WindowClamp())
	}
}

// TestSpansOfOptionsAreWholeTicks: rounded up, as far as 16 bits go.
func TestSpansOfOptionsAreWholeTicks(t *testing.T) {
	w := established(t, plainOpts)
	for us, want := range map[uint32]uint16{0: 0, 1: 1, 1000: 1, 1001: 2, 65_535_000: 65535, 65_535_001: 65535, 1 << 31: 65535} {
		require.Equal(t, want, w.c.ticks(us), "%d µs", us)
	}
}

// TestReasonsToHoldTheLastAckAddUp: each comes and goes by itself.
func TestReasonsToHoldTheLastAckAddUp(t *testing.T) {
	var u settings
	for _, c := range []struct {
		why  uint8
		on   bool
		want uint8
	}{
		{ackForWrite, true, ackForWrite}, {ackDeferred, true, ackForWrite | ackDeferred}, {ackForWrite, true, ackForWrite | ackDeferred},
		{ackForWrite, false, ackDeferred}, {ackDeferred, false, 0}, {ackDeferred, false, 0},
	} {
		u.setAckLater(c.why, c.on)
		require.Equal(t, c.want, u.ackLater)
	}
}

// TestNagleIsSetBitByBit: TCP_NODELAY and TCP_CORK leave each other alone; an end of
// the cork pushes as TCP_NODELAY does, where that is on (__tcp_sock_set_cork,
// __tcp_sock_set_nodelay).
func TestNagleIsSetBitByBit(t *testing.T) {
	const off, cork, push = nagleOff, nagleCork, naglePush
	for _, c := range []struct {
		opt       Option
		on        uint32
		was, want uint8
	}{
		{NoDelay, 1, 0, off | push}, {NoDelay, 1, cork, off | cork | push}, {NoDelay, 0, off | cork, cork}, {NoDelay, 0, off | push, push},
		{Cork, 1, 0, cork}, {Cork, 1, off, off | cork}, {Cork, 1, off | push, off | cork | push},
		{Cork, 0, cork, 0}, {Cork, 0, off | cork, off | push}, {Cork, 0, off, off | push}, {Cork, 0, 0, 0},
	} {
		w := established(t, plainOpts)
		w.c.user.nonagle = c.was
		w.set(c.opt, c.on)
		require.Equal(t, c.want, w.c.user.nonagle, "%+v", c)
	}
}

// TestQuickAckSendsWhatIsOwed: in the states that receive, and an even value acts
// once (__tcp_sock_set_quickack).
func TestQuickAckSendsWhatIsOwed(t *testing.T) {
	for _, c := range []struct {
		name     string
		state    State
		owed     bool
		n        uint32
		sent     bool
		pingpong bool
	}{
		{"on", Established, true, 1, true, false}, {"for once", Established, true, 2, true, true}, {"on, odd", Established, true, 3, true, false},
		{"off", Established, true, 0, false, true}, {"nothing owed", Established, false, 1, false, false},
		{"nothing owed, for once", Established, false, 2, false, false}, {"CLOSE-WAIT", CloseWait, true, 1, true, false},
		{"CLOSE-WAIT, nothing owed", CloseWait, false, 1, false, false},
		{"FIN-WAIT-2", FinWait2, true, 1, false, false}, {"FIN-WAIT-2, for once", FinWait2, true, 2, false, false},
	} {
		w := established(t, plainOpts)
		w.lax = true
		w.c.enterPingpong()
		w.c.state = c.state
		if c.owed {
			w.c.ack.pending, w.c.timers.delack = ackSched|ackTimer, w.now.Add(Second)
		}
		s := w.c.Step(Input{Kind: Set, Now: w.now, Opt: QuickAck, N: c.n}, nil)
		require.Equal(t, c.sent, len(s) == 1, c.name)
		require.Equal(t, c.pingpong, w.c.pingpong(), c.name)
	}
}

// TestALowWaterMarkMakesRoomForItself: unless the user has set the buffer
// (tcp_set_rcvlowat). At a scaling of one half, a mark of n takes 2n.
func TestALowWaterMarkMakesRoomForItself(t *testing.T) {
	for _, c := range []struct {
		locks    uint8
		n        uint32
		buf      int32
		clampFor uint32
	}{
		{0, 50_000, 131_072, 0}, {0, 65_536, 131_072, 0}, {0, 65_537, 131_074, 65_537}, {0, 200_000, 400_000, 200_000},
		{LockRcvBuf, 200_000, 131_072, 0}, {LockSndBuf, 200_000, 400_000, 200_000}, {0, 16 << 20, 32 << 20, 16 << 20},
	} {
		w := established(t, plainOpts)
		w.c.locks, w.c.rcv.clamp = c.locks, 1000
		w.set(RcvLowat, c.n)
		require.Equal(t, c.buf, w.c.RcvBuf(), "%+v", c)
		require.Equal(t, max(1000, c.clampFor), w.c.rcv.clamp, "%+v", c)
	}
}

// TestOptionListsAreReadAsLinuxReadsThem: tcp_parse_options by octets.
func TestOptionListsAreReadAsLinuxReadsThem(t *testing.T) {
	mss := []byte{2, 4, 5, 180}
	join := func(l ...[]byte) (b []byte) {
		for _, x := range l {
			b = append(b, x...)
		}
		return b
	}
	ts := []byte{8, 10, 0, 0, 0, 7, 0, 0, 0, 9}
	block := []byte{0, 0, 0, 1, 0, 0, 0, 2}
	sack := func(n int, more ...byte) []byte {
		b := []byte{5, byte(2 + 8*n + len(more))}
		for range n {
			b = append(b, block...)
		}
		return append(b, more...)
	}
	for _, c := range []struct {
		name string
		list []byte
		syn  OptionSet // on a SYN
		data OptionSet // on another segment
	}{
		{"nothing", nil, 0, 0},
		{"NOPs", []byte{1, 1, 1}, 0, 0},
		{"the end, and behind it more", join([]byte{0}, mss), 0, 0},
		{"MSS", mss, OptMSS, 0},
		{"MSS 0", []byte{2, 4, 0, 0}, 0, 0},
		{"MSS of three octets", []byte{2, 5, 5, 180, 0}, 0, 0},
		{"MSS of one", []byte{2, 3, 5}, 0, 0},
		{"scale", []byte{3, 3, 7}, OptWScale, 0},
		{"scale of two octets", []byte{3, 4, 7, 7}, 0, 0},
		{"SACK-permitted", []byte{4, 2}, OptSACKOK, 0},
		{"SACK-permitted with an octet", []byte{4, 3, 0}, 0, 0},
		{"timestamps", ts, OptTS, OptTS},
		{"timestamps, short", []byte{8, 9, 0, 0, 0, 7, 0, 0, 0}, 0, 0},
		{"SACK", sack(1), OptSACK, OptSACK},
		{"SACK of nothing", []byte{5, 2}, 0, 0},
		{"SACK of half a block", []byte{5, 6, 0, 0, 0, 1}, 0, 0},
		{"SACK of a block and an octet", sack(1, 0), 0, 0},
		{"SACK of seven octets", []byte{5, 9, 0, 0, 0, 1, 0, 0, 0}, 0, 0},
		{"a kind and no length", []byte{8}, OptMalformed, OptMalformed},
		{"behind others, a kind and no length", join(mss, ts, []byte{3}), OptMSS | OptTS | OptMalformed, OptTS | OptMalformed},
		{"a length of 0", []byte{3, 0, 7}, OptMalformed, OptMalformed},
		{"a length of 1", []byte{3, 1, 7}, OptMalformed, OptMalformed},
		{"a length beyond the list", []byte{3, 4, 7}, OptMalformed, OptMalformed},
		{"two, MSS last", join([]byte{4, 2}, mss), OptMSS | OptSACKOK, 0},
		{"an unknown one", join([]byte{77, 3, 1}, ts), OptTS, OptTS},
		{"a request for a cookie", []byte{34, 2}, OptFastOpen, 0},
		{"a cookie of 4", []byte{34, 6, 1, 2, 3, 4}, OptFastOpen, 0},
		{"a cookie of 16", append([]byte{34, 18}, make([]byte, 16)...), OptFastOpen, 0},
		{"a cookie of 18", append([]byte{34, 20}, make([]byte, 18)...), 0, 0},
		{"a cookie of 2", []byte{34, 4, 1, 2}, 0, 0},
		{"a cookie of 3", []byte{34, 5, 1, 2, 3}, 0, 0},
		{"a cookie, then one of an odd length", []byte{34, 6, 1, 2, 3, 4, 34, 7, 1, 2, 3, 4, 5}, OptFastOpen, 0},
		{"a cookie, then one too short", []byte{34, 6, 1, 2, 3, 4, 34, 4, 1, 2}, 0, 0},
		{"the experimental form", []byte{254, 8, 0xf9, 0x89, 1, 2, 3, 4}, OptFastOpen, 0},
		{"its request", []byte{254, 4, 0xf9, 0x89}, OptFastOpen, 0},
		{"another experiment", []byte{254, 8, 0xf9, 0x88, 1, 2, 3, 4}, 0, 0},
		{"an experiment without a name", []byte{254, 3, 0xf9}, 0, 0},
	} {
		var o Options
		DecodeOptions(c.list, true, &o)
		require.Equal(t, c.syn, o.Set, "%s, SYN", c.name)
		DecodeOptions(c.list, false, &o)
		require.Equal(t, c.data, o.Set, c.name)
	}
}

// TestOptionValuesAreReadInTheirOrder: high octets first, the last of equal options
// counts, and of SACK blocks the first four.
func TestOptionValuesAreReadInTheirOrder(t *testing.T) {
	var o Options
	DecodeOptions([]byte{2, 4, 1, 2, 2, 4, 3, 4, 3, 3, 200, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 254, 10, 0xf9, 0x89, 1, 2, 3, 4, 5, 6}, true, &o)
	require.Equal(t, Options{Set: OptMSS | OptWScale | OptTS | OptFastOpen, MSS: 0x304, WScale: 200, TSVal: 0x1020304, TSEcr: 0x5060708,
		Cookie: FastCookie{Len: 6, Exp: true, Val: [MaxFastCookie]byte{1, 2, 3, 4, 5, 6}}}, o)
	b := []byte{5, 2 + 5*8}
	for i := range byte(40) {
		b = append(b, i)
	}
	DecodeOptions(b, false, &o)
	want := Options{Set: OptSACK, NSACK: 4}
	for i := range Seq(4) {
		want.SACK[i] = Range{0x00010203 + i*0x08080808, 0x04050607 + i*0x08080808}
	}
	require.Equal(t, want, o)
	DecodeOptions(append([]byte{5, 10}, b[2:10]...), false, &o)
	require.EqualValues(t, 1, o.NSACK)
	require.Equal(t, [MaxSACK]Range{want.SACK[0]}, o.SACK)
}

// TestACookieIsPaddedToWholeWords: by as few NOPs as do, in both forms
// (tcp_options_write).
func TestACookieIsPaddedToWholeWords(t *testing.T) {
	for n := range uint8(MaxFastCookie + 1) {
		for _, exp := range []bool{false, true} {
			cookie := FastCookie{Len: n, Exp: exp}
			want := []byte{34, 2 + n}
			if exp {
				want = []byte{254, 4 + n, 0xf9, 0x89}
			}
			for i := range n {
				cookie.Val[i] = 100 + i
				want = append(want, 100+i)
			}
			for len(want)%4 != 0 {
				want = append(want, 1)
			}
			b, err := AppendOptions(nil, &Options{Set: OptFastOpen, Cookie: cookie})
			require.NoError(t, err)
			require.Equal(t, want, b, "%d octets, experimental %v", n, exp)
		}
	}
}
