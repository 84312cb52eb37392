//go:build linux && amd64

package sock

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
	_   uint32
}

// mmsg is sendmmsg(2) and recvmmsg(2).
func (l *live) mmsg(c Call) Return {
	hdrs := make([]mmsghdr, len(c.Msgs)+1)
	keep := make([][3][]byte, len(c.Msgs)) // names, octets, control messages
	iovs := make([]unix.Iovec, len(c.Msgs))
	for i, m := range c.Msgs {
		k := &keep[i]
		k[0], k[1], k[2] = fullAddr(m.Addr), m.Data, rawControl(m.Control)
		h := &hdrs[i].hdr
		h.Namelen = uint32(m.AddrLen)
		if c.Op == OpRecvmmsg {
			k[0], k[1], k[2] = make([]byte, 128), make([]byte, m.Len+1), make([]byte, 1024)
			iovs[i].SetLen(int(m.Len))
			h.Namelen = 128
		} else {
			iovs[i].SetLen(len(m.Data))
		}
		if len(k[1]) > 0 {
			iovs[i].Base = &k[1][0]
		}
		if h.Namelen > 0 {
			h.Name = &k[0][0]
		}
		if len(k[2]) > 0 {
			h.Control = &k[2][0]
			h.SetControllen(len(k[2]))
		}
		h.Iov = &iovs[i]
		h.SetIovlen(1)
	}
	nr := uintptr(unix.SYS_SENDMMSG)
	timeout := append([]byte(nil), c.Data...)
	if c.Op == OpRecvmmsg {
		nr = unix.SYS_RECVMMSG
	} else {
		c.Flags |= MSG_NOSIGNAL
	}
	v, _, e := unix.Syscall6(nr, uintptr(c.FD), uintptr(unsafe.Pointer(&hdrs[0])), uintptr(len(c.Msgs)), uintptr(c.Flags), ptr(timeout), 0)
	runtime.KeepAlive(keep)
	r := returned(int64(v), Errno(e))
	for i := range int(max(r.Value, 0)) {
		m := Msg{Len: int32(hdrs[i].n)}
		if c.Op == OpRecvmmsg {
			h := &hdrs[i].hdr
			m.Data, m.Flags = keep[i][1][:min(m.Len, c.Msgs[i].Len)], h.Flags
			if m.AddrLen = int32(h.Namelen); m.AddrLen > 0 {
				m.Addr = addrOfRaw(keep[i][0])
			}
			m.Control = readControl(keep[i][2][:h.Controllen])
		}
		r.Msgs = append(r.Msgs, m)
	}
	return r
}

// showMsgs is what a program sees of the messages.
func showMsgs(list []Msg) (s []string) {
	for _, m := range list {
		sameIDs(m.Data)
		s = append(s, fmt.Sprintf("%d octets %x from %v (%d) flags %#x %v", m.Len, m.Data, m.Addr, m.AddrLen, m.Flags, showControl(m.Control)))
	}
	return s
}

// drawBatch draws a sendmmsg or recvmmsg.
func drawBatch(t *rapid.T, family uint16) Call {
	c := Call{Op: OpRecvmmsg, Flags: rapid.SampledFrom([]int32{0, 0, MSG_WAITFORONE, MSG_PEEK, MSG_TRUNC, MSG_ERRQUEUE, MSG_OOB}).Draw(t, "flags")}
	switch {
	case rapid.Bool().Draw(t, "send"):
		c.Op, c.Flags = OpSendmmsg, rapid.SampledFrom([]int32{0, 0, 0, MSG_MORE, MSG_OOB, MSG_PROBE}).Draw(t, "flags")
	case rapid.IntRange(0, 3).Draw(t, "timeout") == 0:
		c.Data = make([]byte, 16)
		le64(c.Data, rapid.SampledFrom([]uint64{0, 0, 1 << 63, 1000000}).Draw(t, "seconds"))
		le64(c.Data[8:], rapid.SampledFrom([]uint64{0, 0, 1000000000, 1 << 63}).Draw(t, "nanoseconds"))
	}
	for range rapid.IntRange(0, 4).Draw(t, "messages") {
		m := Msg{Len: rapid.SampledFrom([]int32{0, 1, 3, 100}).Draw(t, "room")}
		if c.Op == OpSendmmsg {
			m = Msg{Data: make([]byte, rapid.SampledFrom([]int{0, 1, 5, 70000}[:rapid.SampledFrom([]int{3, 3, 4}).Draw(t, "sizes")]).Draw(t, "n")), Control: drawControl(t)}
			if rapid.IntRange(0, 4).Draw(t, "to") > 0 {
				m.Addr, m.AddrLen = drawUDPAddr(t, family)
			}
		}
		c.Msgs = append(c.Msgs, m)
	}
	return c
}

// Random batches of messages, between other calls on sockets of datagrams over
// loopback: how many go, what each has, which error is told and when, and what
// SO_ERROR says then, are the kernel's.
func TestBatchesAgreeWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	total := 0
	rapid.Check(t, func(rt *rapid.T) {
		p := dgramPair{newPair(rt, k)}
		defer p.end()
		families := []uint16{AF_INET, AF_INET6, AF_INET}
		for i, f := range families {
			p.call(rt, -1, Call{Op: OpSocket, Domain: int32(f), Type: SOCK_DGRAM | SOCK_NONBLOCK})
			p.call(rt, i, setCall(0, SOL_IP, IP_RECVERR, cint(rapid.Int32Range(0, 1).Draw(rt, "recverr"))))
		}
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			slot := rapid.IntRange(0, len(families)-1).Draw(rt, "slot")
			c := drawUDPCall(rt, families[slot])
			if rapid.IntRange(0, 2).Draw(rt, "batch") > 0 {
				c = drawBatch(rt, families[slot])
			}
			if !p.overlaid(slot, c) {
				p.call(rt, slot, c)
				total++
			}
		}
	})
	require.NotZero(t, total)
	t.Logf("%d calls", total)
}
