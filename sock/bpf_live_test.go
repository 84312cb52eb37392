//go:build linux && amd64

package sock

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// anyCode is an instruction's code: most of classic BPF's, some of nobody's.
var anyCode = rapid.Custom(func(t *rapid.T) uint16 {
	if rapid.IntRange(0, 60).Draw(t, "strange") == 0 {
		return rapid.Uint16Range(0, 0x1ff).Draw(t, "code")
	}
	return rapid.SampledFrom(legalCodes).Draw(t, "code")
})

var legalCodes = func() (list []uint16) {
	for c := range uint16(0x200) {
		if legal(c) {
			list = append(list, c)
		}
	}
	return list
}()

// operand is the number that goes with a code, near the bounds of what may.
func operand(t *rapid.T, code uint16, left int, quiet bool) uint32 {
	small := rapid.Uint32Range(0, 40)
	any := rapid.OneOf(small, rapid.Uint32(), rapid.SampledFrom([]uint32{1 << 31, 1<<32 - 1, 1<<15 - 1, 1 << 15, adOff - 1, adOff + 64, adOff + 2}))
	wild := rapid.IntRange(0, 20).Draw(t, "wild") == 0
	switch code & bpfClass {
	case bpfST, bpfSTX:
		return rapid.Uint32Range(0, 16-uint32(flag(!wild))).Draw(t, "word")
	case bpfALU:
		switch code & bpfOp {
		case bpfLSH, bpfRSH:
			return rapid.Uint32Range(0, 31+uint32(flag(wild))).Draw(t, "shift")
		case bpfDIV, bpfMOD:
			return rapid.OneOf(rapid.Uint32Range(1-uint32(flag(wild)), 9), rapid.Uint32Min(1)).Draw(t, "divisor")
		}
	case bpfJMP:
		if code&bpfOp == bpfJA {
			return rapid.Uint32Range(0, uint32(max(left-1, 0))+uint32(flag(wild))).Draw(t, "skip")
		}
	case bpfLD, bpfLDX:
		return loadOperand(t, code, quiet, wild, any)
	}
	return any.Draw(t, "k")
}

// loadOperand is a load's. A quiet program asks for nothing that is drawn by chance.
func loadOperand(t *rapid.T, code uint16, quiet, wild bool, any *rapid.Generator[uint32]) uint32 {
	switch mode := code & bpfMode; {
	case mode == bpfMEM:
		return rapid.Uint32Range(0, 16-uint32(flag(!wild))).Draw(t, "word")
	case wild:
		return any.Filter(func(k uint32) bool { return !quiet || k < adOff }).Draw(t, "k")
	case mode == bpfABS && rapid.IntRange(0, 3).Draw(t, "ancillary") == 0:
		k := rapid.Uint32Range(0, 15).Filter(func(k uint32) bool {
			return !quiet || k != adRxHash && k != adCPU && k != adRandom
		}).Draw(t, "which")
		return adOff + 4*k
	}
	near := rapid.Uint32Range(0, 40)
	return rapid.OneOf(near,
		rapid.Map(near, func(k uint32) uint32 { return 0x100000000 + netOff + k }),
		rapid.Map(near, func(k uint32) uint32 { return 0x100000000 + linkOff + k }),
		rapid.Uint32Range(0, 1600)).Draw(t, "at")
}

// anyProgram is a program. With quiet it is one that Linux takes, whose result is
// a number that a length of 2047 octets shows.
func anyProgram(t *rapid.T, quiet bool) []SockFilter {
	n := rapid.IntRange(1, 24).Draw(t, "length")
	var prog []SockFilter
	if quiet {
		for w := range uint32(memWords) { // so that all may be loaded
			prog = append(prog, op(bpfLD|bpfIMM, w*w), op(bpfST, w))
		}
	}
	for i := range n {
		code := anyCode.Draw(t, "code")
		left := n - 1 - i + 4*int(flag(quiet))
		in := SockFilter{Code: code, K: operand(t, code, left, quiet)}
		if code&bpfClass == bpfJMP {
			in.JT, in.JF = rapid.Uint8Range(0, uint8(left)).Draw(t, "jt"), rapid.Uint8Range(0, uint8(left)).Draw(t, "jf")
		}
		prog = append(prog, in)
	}
	if quiet {
		shift := rapid.Uint32Range(0, 21).Draw(t, "shift")
		prog = append(prog, op(bpfMISC|bpfTXA, 0))
		if rapid.Bool().Draw(t, "a") {
			prog[len(prog)-1] = op(bpfALU|bpfXOR|bpfX, 0)
		}
		prog = append(prog, op(bpfALU|bpfRSH|bpfK, shift), op(bpfALU|bpfAND|bpfK, 2047), retA)
	} else if rapid.IntRange(0, 9).Draw(t, "ends") > 0 {
		prog[n-1] = rapid.SampledFrom([]SockFilter{retA, retK(7)}).Draw(t, "ret")
	}
	return prog
}

// Linux takes the same programs, and reads back what it took; it refuses the rest
// with the same words, and those that are too much for a limit.
func TestProgramsAreTakenAndRefusedAsOnTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	taken, calls := 0, 0
	var d duo
	rapid.Check(t, func(t *rapid.T) {
		d.again(k)
		defer d.end()
		limit := rapid.SampledFrom([]int{131072, 131072, 400, 300, 200}).Draw(t, "optmem_max")
		require.NoError(t, os.WriteFile("/proc/sys/net/core/optmem_max", []byte(strconv.Itoa(limit)), 0))
		require.NoError(t, d.h.SetSysctl("net.core.optmem_max", strconv.Itoa(limit)))
		s := d.socket(AF_INET, SOCK_DGRAM, 0)
		d.set(s, SOL_SOCKET, SO_REUSEPORT, rapid.Int32Range(0, 1).Draw(t, "reuseport"))
		for range 5 {
			name := rapid.SampledFrom([]int32{SO_ATTACH_FILTER, SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF}).Draw(t, "option")
			r := d.call(s, filterCall(0, name, anyProgram(t, false)...))
			taken, calls = taken+int(flag(r.Errno == 0)), calls+1
			d.call(s, Call{Op: OpGetsockopt, Level: SOL_SOCKET, Name: SO_ATTACH_FILTER, Len: rapid.Int32Range(0, 30).Draw(t, "room")})
			if name := rapid.SampledFrom([]int32{0, 0, SO_DETACH_FILTER, SO_DETACH_REUSEPORT_BPF}).Draw(t, "detach"); name != 0 {
				d.call(s, setCall(0, SOL_SOCKET, name, cint(0)))
			}
		}
		require.Empty(t, d.off, "%s", &d)
	})
	t.Logf("%d programs, of which %d were taken", calls, taken)
}

// Long programs are charged for by Linux's translation of them, and refused where
// its jumps would be too long.
func TestLongProgramsAreLimitedAsOnTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	d.again(k)
	require.NoError(t, os.WriteFile("/proc/sys/net/core/optmem_max", []byte("2000000"), 0))
	require.NoError(t, d.h.SetSysctl("net.core.optmem_max", "2000000"))
	s := d.socket(AF_INET, SOCK_DGRAM, 0)
	long := func(n int, in SockFilter, then ...SockFilter) {
		prog := make([]SockFilter, n)
		for i := range prog {
			prog[i] = in
		}
		d.call(s, filterCall(0, SO_ATTACH_FILTER, append(prog, then...)...))
	}
	load := op(bpfLD|bpfH|bpfABS, 1) // 14 of Linux's
	jump := SockFilter{Code: bpfJMP | bpfJEQ, JT: 1, JF: 2}
	for _, n := range []int{0, 1, 2000, 2338, 2339, 2340, 2341, 4094, 4095, 4096, 5000} {
		long(n, load, retA)
		long(n, load, jump, retA, retA, retA)
		long(n, load, op(bpfJMP|bpfJA, 0), retA)
		d.call(s, filterCall(0, SO_ATTACH_FILTER, append(append([]SockFilter{op(bpfJMP|bpfJA, uint32(n))}, make([]SockFilter, n)...), retA)...))
	}
	for _, n := range []uint32{2330, 2338, 2339, 2340, 2341, 2345} { // over so many loads
		prog := make([]SockFilter, n)
		for i := range prog {
			prog[i] = load
		}
		d.call(s, filterCall(0, SO_ATTACH_FILTER, append(append([]SockFilter{op(bpfJMP|bpfJA, n)}, prog...), retA)...))
	}
	d.end()
	require.Empty(t, d.off, "%s", &d)
}

// reads has both read a datagram, and notes where they differ. It reports whether
// there were octets.
func (d *duo) reads(slot int) bool {
	c := Call{Op: OpRecv, FD: d.fds[0][slot], Len: 4000}
	want := d.k.dgram(c)
	c.FD = d.fds[1][slot]
	var got Return
	for _, e := range d.h.Call(d.now, 1, c, nil) {
		if e.Kind == Done {
			got = e.Return
		}
	}
	d.trace = append(d.trace, fmt.Sprintf("slot %d: reads %d %s", slot, want.Value, ErrnoName(want.Errno)))
	if d.off == "" && (want.Errno != got.Errno || want.Value != got.Value || string(want.Data) != string(got.Data)) {
		d.off = fmt.Sprintf("read: kernel %d %s, model %d %s", want.Value, ErrnoName(want.Errno), got.Value, ErrnoName(got.Errno))
	}
	return want.Value > 0
}

// A program that Linux runs gives the same number here, for the same datagram:
// over loopback, where the packet has a link's header and no checksum.
func TestVerdictsOverLoopbackAreTheLiveKernels(t *testing.T) {
	k := newDuoKernel(t)
	kept, n := 0, 0
	var d duo
	rapid.Check(t, func(t *rapid.T) {
		d.again(k)
		defer d.end()
		domain, a := AF_INET, rapid.SampledFrom([]string{"127.0.0.1", "192.168.0.1"}).Draw(t, "to")
		if rapid.Bool().Draw(t, "ipv6") {
			domain, a = AF_INET6, rapid.SampledFrom([]string{"::1", "fd3d:fa7b:d17d::1"}).Draw(t, "to6")
		}
		to := netip.MustParseAddr(a)
		recv, send := d.socket(int32(domain), SOCK_DGRAM, 0), d.socket(int32(domain), SOCK_DGRAM, 0)
		d.call(recv, addrCall(OpBind, to, 5000, 0))
		d.call(send, addrCall(OpBind, to, 5001, 0))
		d.set(send, SOL_SOCKET, SO_MARK, 1234)
		d.set(send, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO) // no identification, which is drawn by chance
		if domain == AF_INET6 {
			d.set(send, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0) // nor a flow label
		}
		for range 4 {
			if d.call(recv, filterCall(0, SO_ATTACH_FILTER, anyProgram(t, true)...)).Errno != 0 {
				d.call(recv, setCall(0, SOL_SOCKET, SO_DETACH_FILTER, cint(0)))
			}
			data := make([]byte, 2100)
			copy(data, rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "data"))
			c := addrCall(OpSend, to, 5000, 0)
			c.Data = data[:2100-2100*rapid.IntRange(0, 1).Draw(t, "short")/3]
			d.call(send, c)
			kept, n = kept+int(flag(d.reads(recv))), n+1
		}
		require.Empty(t, d.off, "%s", &d)
	})
	t.Logf("%d verdicts, of which %d kept something", n, kept)
}

// The same for what comes by the link: datagrams to a UDP socket and a RAW one.
func TestVerdictsOnTheLinkAreTheLiveKernels(t *testing.T) {
	k := newDuoKernel(t)
	kept, n := 0, 0
	var d duo
	rapid.Check(t, func(t *rapid.T) {
		d.again(k)
		defer d.end()
		domain, at, from := AF_INET, duoAddrs[0].Addr(), netip.MustParseAddr("192.168.0.9")
		if rapid.Bool().Draw(t, "ipv6") {
			domain, at, from = AF_INET6, duoAddrs[1].Addr(), netip.MustParseAddr("fd3d:fa7b:d17d::9")
		}
		udp := d.socket(int32(domain), SOCK_DGRAM, 0)
		d.call(udp, addrCall(OpBind, at, 5000, 0))
		d.call(-1, Call{Op: OpSocket, Domain: int32(domain), Type: SOCK_RAW | SOCK_NONBLOCK, Proto: int32(ProtoUDP)})
		p := Packet{Src: from, Dst: at, SrcPort: 9, DstPort: 5000, Proto: ProtoUDP, TTL: 9, TOS: 8, ID: 77, Payload: make([]byte, 1400)}
		for range 4 {
			for s := range 2 {
				d.call(udp+s, filterCall(0, SO_ATTACH_FILTER, anyProgram(t, true)...))
			}
			copy(p.Payload, rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "data"))
			d.arrives(t, p)
			for s := range 2 {
				kept, n = kept+int(flag(d.reads(udp+s))), n+1
			}
		}
		require.Empty(t, d.off, "%s", &d)
	})
	t.Logf("%d verdicts, of which %d kept something", n, kept)
}

// arrives lets a packet come by the link.
func (d *duo) arrives(t require.TestingT, p Packet) {
	wire := appendWire(nil, &p)
	_, err := unix.Write(d.k.tun, wire)
	require.NoError(t, err)
	p.Wire = wire
	d.now = d.now.Add(20)
	d.h.Deliver(d.now, &p, nil)
}
