//go:build linux

package packetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// The addresses of the kernel and of its peer, see inTestNetNS.
var (
	kernel4, peer4 = netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.7")
	kernel6, peer6 = netip.MustParseAddr("fd3d:fa7b:d17d::1"), netip.MustParseAddr("2001:db8::7")
)

// toKernel is a segment from the peer to a port where nobody listens: the answer is RST.
func toKernel(v6 bool) sock.Packet {
	p := tcpPacket(v6, "")
	p.Src, p.Dst = peer4, kernel4
	if v6 {
		p.Src, p.Dst = peer6, kernel6
	}
	return p
}

// next reads one packet from the kernel, false when none is there.
func next(t *testing.T, tun *TUN, wait time.Duration) (p sock.Packet, r Raw, b []byte, ok bool) {
	t.Helper()
	b = make([]byte, MaxPacket)
	require.NoError(t, tun.SetReadDeadline(time.Now().Add(wait)))
	n, err := tun.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return p, r, nil, false
	}
	require.NoError(t, err)
	require.NoError(t, DecodeRaw(b[:n], &p, &r), "% x", b[:n])
	return p, r, b[:n], true
}

func TestLiveKernelAnswersWhatWeEncode(t *testing.T) {
	for _, offload := range []bool{false, true} {
		inTestNetNS(t, offload, func(tun *TUN) {
			for _, v6 := range []bool{false, true} {
				p := toKernel(v6)
				_, err := tun.Write(encode(t, p))
				require.NoError(t, err)
				got, raw, b, ok := next(t, tun, time.Second)
				require.True(t, ok)
				require.Equal(t, tcpstate.RST, got.Seg.Flags)
				require.Equal(t, p.Seg.Ack, got.Seg.Seq)
				require.EqualValues(t, 64, got.TTL)
				require.Equal(t, Raw{Options: []Option{}, FlowLabel: raw.FlowLabel}, raw, "DF, and identification 0")
				again, err := EncodeRaw(nil, &got, &raw)
				require.NoError(t, err)
				require.Equal(t, b, again, "octet by octet")
			}
		})
	}
}

// listen opens a listener by bare system calls, so that it belongs to this thread's namespace.
func listen(t *testing.T, v6 bool) (fd int) {
	family, addr := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: 80})
	if v6 {
		family, addr = unix.AF_INET6, &unix.SockaddrInet6{Port: 80}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, addr))
	require.NoError(t, unix.Listen(fd, 5))
	return fd
}

// TestLiveKernelSpeaksOurLayout takes a connection up and lets the kernel send
// 20,000 octets: what it sends, encoded from its meaning alone, must be what it sent.
func TestLiveKernelSpeaksOurLayout(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		for _, offload := range []bool{false, true} {
			t.Run(fmt.Sprintf("v6=%v offload=%v", v6, offload), func(t *testing.T) {
				inTestNetNS(t, offload, func(tun *TUN) { conversation(t, tun, v6, offload) })
			})
		}
	}
}

func conversation(t *testing.T, tun *TUN, v6, offload bool) {
	listener := listen(t, v6)
	defer unix.Close(listener)
	p := toKernel(v6)
	p.Seg.Flags, p.Seg.Ack = tcpstate.SYN, 0
	p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptTS | tcpstate.OptWScale, MSS: 1000, WScale: 7, TSVal: 100}
	_, err := tun.Write(encode(t, p))
	require.NoError(t, err)
	synack := meant(t, tun, true)
	require.Equal(t, p.Seg.Opts.Set, synack.Seg.Opts.Set)
	require.EqualValues(t, 100, synack.Seg.Opts.TSEcr)

	p.Seg.Seq = p.Seg.Seq.Add(1)
	p.Seg.Flags, p.Seg.Ack = tcpstate.ACK, synack.Seg.Seq.Add(1)
	p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptTS, TSVal: 101, TSEcr: synack.Seg.Opts.TSVal}
	_, err = tun.Write(encode(t, p))
	require.NoError(t, err)
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	require.NoError(t, err)
	defer unix.Close(fd)

	// A hole makes it send a SACK block.
	q := p
	q.Seg.Seq, q.Payload, q.Seg.Len = p.Seg.Seq.Add(10), []byte("later"), 5
	_, err = tun.Write(encode(t, q))
	require.NoError(t, err)
	sack := meant(t, tun, false)
	require.Equal(t, tcpstate.Range{Start: q.Seg.Seq, End: q.Seg.Seq.Add(5)}, sack.Seg.Opts.SACK[0])

	_, err = unix.Write(fd, make([]byte, 20000))
	require.NoError(t, err)
	longest := uint32(0)
	for got := uint32(0); got < 9000; { // the initial window holds ten segments of 988
		d := meant(t, tun, false)
		longest = max(longest, d.Seg.Len)
		got += d.Seg.Len
	}
	if offload {
		require.Greater(t, longest, uint32(1500), "before segmentation")
	} else {
		require.LessOrEqual(t, longest, uint32(1000))
	}
}

// meant reads a packet and has it encoded from its meaning: but for the
// identification, which is the socket's counter, and the flow label, nothing may differ.
func meant(t *testing.T, tun *TUN, zeroID bool) sock.Packet {
	t.Helper()
	p, r, b, ok := next(t, tun, time.Second)
	require.True(t, ok)
	if zeroID {
		require.Zero(t, r.ID)
	}
	own, err := EncodeRaw(nil, &p, &Raw{ID: r.ID, FlowLabel: r.FlowLabel})
	require.NoError(t, err)
	require.Equal(t, b, own)
	p.Payload = nil
	return p
}

// TestLiveKernelDropsWhatWeDrop spoils good packets in thousands of ways. A segment for which
// nobody listens draws RST when it gets past the checks, so the answer shows what the kernel
// thinks of a packet, and Decode must think the same.
func TestLiveKernelDropsWhatWeDrop(t *testing.T) {
	const rounds, seed = 20000, 1
	rnd := rand.New(rand.NewSource(seed))
	accepted, dropped := 0, 0
	inTestNetNS(t, false, func(tun *TUN) {
		for i := range rounds {
			b := spoil(rnd, encode(t, toKernel(i%2 == 1)))
			ours, wanted := expectsReset(b)
			if !wanted {
				continue
			}
			theirs := drawsReset(t, tun, b)
			require.Equal(t, theirs, ours == nil, "seed %d, round %d: we say %v, the kernel answers: %v\n% x", seed, i, ours, theirs, b)
			if theirs {
				accepted++
			} else {
				dropped++
			}
		}
	})
	if accepted+dropped > 0 {
		require.Greater(t, accepted, rounds/20)
		require.Greater(t, dropped, rounds/20)
	}
}

// spoil changes a packet: perhaps an extension header or IP options, perhaps
// some octets that are no address, perhaps with checksums made right again.
func spoil(rnd *rand.Rand, b []byte) []byte {
	v6 := b[0]>>4 == 6
	addrs := [2]int{12, 20}
	if v6 {
		addrs = [2]int{8, 40}
		for range rnd.Intn(3) {
			h := [16]byte{1: byte(rnd.Intn(2)), 2: 1, 3: 4}
			if h[1] == 1 {
				h[3] = 6
				h[10], h[11] = 0x1e, 4
			}
			kind := []byte{extHopByHop, extDstOpts, extRouting, extFragment}[rnd.Intn(4)]
			if kind == extRouting || kind == extFragment {
				h = [16]byte{}
			}
			b = ext(b, kind, h[:8*(int(h[1])+1)]...)
		}
	} else if rnd.Intn(2) == 0 {
		options := [][]byte{{1, 148, 4, 0, 0, 0, 0, 0}, {7, 7, 4, 0, 0, 0, 0, 0}, {68, 8, 5, 0, 0, 0, 0, 0},
			{68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0}, {68, 12, 13, 0xf3, 0, 0, 0, 0, 0, 0, 0, 0}, {131, 7, 4, 1, 1, 1, 1, 0}, {130, 3, 0, 0}}
		o := options[rnd.Intn(len(options))]
		b = append(append(append([]byte{}, b[:20]...), o...), b[20:]...)
		b[0] = 0x45 + uint8(len(o)/4)
	}
	fix := rnd.Intn(4) > 0
	for range rnd.Intn(3) {
		if i := rnd.Intn(len(b)); i < addrs[0] || i >= addrs[1] {
			b[i] = []byte{0, 1, 2, 3, 4, 6, 7, 8, 20, 40, 64, 255, byte(rnd.Intn(256))}[rnd.Intn(13)]
		}
	}
	if rnd.Intn(8) == 0 {
		b = b[:rnd.Intn(len(b)+1)]
	}
	if fix {
		b = repair(b)
	}
	return b
}

// expectsReset is Decode's opinion; not wanted are packets whose fate says nothing: a RST draws no
// RST, other protocols answer otherwise, and a TUN device refuses other versions outright.
func expectsReset(b []byte) (err error, wanted bool) {
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return nil, false
	}
	var p sock.Packet
	err = Decode(b, &p)
	if err != nil {
		return err, true
	}
	if b[0]>>4 == 4 && !echoes(b[20:int(b[0]&15)*4]) {
		return nil, false
	}
	if p.Opaque && b[0]>>4 == 4 {
		return nil, false // a fragment: the kernel keeps it and waits for more
	}
	ours := p.Proto == sock.ProtoTCP && !p.Seg.Flags.Has(tcpstate.RST) && (p.Dst == kernel4 || p.Dst == kernel6)
	return nil, ours
}

// echoes tells whether ip_options_echo can answer a list: it refuses a record whose
// next entry ends beyond the option, which on input is refused only for the first.
func echoes(list []byte) bool {
	for len(list) > 0 {
		o, rest, ok := tcpstate.NextOption(list)
		if !ok || o.Kind == KindEOL {
			return true
		}
		n := wireLen(&o)
		switch {
		case o.Kind == 7 && (n%4 != 3 || list[2]%4 != 0),
			o.Kind == 68 && (n%4 != 0 || list[2]%4 != 1 || list[3]&15 != 0 && n%8 != 4):
			return false
		}
		list = rest
	}
	return true
}

// drawsReset injects b and then a good segment; whatever comes before the answer to that answers b.
func drawsReset(t *testing.T, tun *TUN, b []byte) bool {
	if _, err := tun.Write(b); err != nil {
		require.ErrorIs(t, err, unix.EINVAL)
		return false
	}
	const port = 65000
	sentinel := toKernel(false)
	sentinel.SrcPort = port
	_, err := tun.Write(encode(t, sentinel))
	require.NoError(t, err)
	reset := false
	for buf := make([]byte, MaxPacket); ; {
		require.NoError(t, tun.SetReadDeadline(time.Now().Add(time.Second)))
		n, err := tun.Read(buf)
		require.NoError(t, err, "the good segment draws RST")
		// By hand: the answer echoes IP options, and the kernel's echo of a record
		// route is none that it would take itself.
		off, proto := ip6HdrLen, buf[6]
		if buf[0]>>4 == 4 {
			off, proto = int(buf[0]&15)*4, buf[9]
		}
		if proto != sock.ProtoTCP || n < off+tcpHdrLen {
			continue
		}
		if binary.BigEndian.Uint16(buf[off+2:]) == port {
			return reset
		}
		reset = true
	}
}

func TestLiveKernelReadsOurICMPErrors(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		inTestNetNS(t, false, func(tun *TUN) {
			family, addr := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: 9, Addr: peer4.As4()})
			if v6 {
				family, addr = unix.AF_INET6, &unix.SockaddrInet6{Port: 9, Addr: peer6.As16()}
			}
			fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			require.NoError(t, err)
			defer unix.Close(fd)
			require.ErrorIs(t, unix.Connect(fd, addr), unix.EINPROGRESS)
			syn, _, _, ok := next(t, tun, time.Second)
			require.True(t, ok)
			e := sock.Packet{Src: syn.Dst, Dst: syn.Src, Proto: sock.ProtoICMP, TTL: 64,
				ICMP: sock.ICMP{Type: sock.ICMPDestUnreach, Code: sock.ICMPPortUnreach, Quote: sock.Quote{
					Src: syn.Src, Dst: syn.Dst, SrcPort: syn.SrcPort, DstPort: syn.DstPort, Proto: sock.ProtoTCP, Seq: syn.Seg.Seq}}}
			if v6 {
				e.Proto, e.ICMP.Type, e.ICMP.Code = sock.ProtoICMPv6, sock.ICMPv6DestUnreach, sock.ICMPv6PortUnreach
			}
			_, err = tun.Write(encode(t, e))
			require.NoError(t, err)
			got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			require.NoError(t, err)
			require.Equal(t, unix.ECONNREFUSED, unix.Errno(got))
		})
	}
}

func TestLiveKernelsUDPAndItsPortUnreachableDecode(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		inTestNetNS(t, true, func(tun *TUN) {
			p := toKernel(v6)
			p.Proto, p.Seg, p.Payload = sock.ProtoUDP, tcpstate.Segment{}, []byte(strings.Repeat("u", 33))
			_, err := tun.Write(encode(t, p))
			require.NoError(t, err)
			e, raw, _, ok := next(t, tun, time.Second)
			require.True(t, ok, "v6 %v", v6)
			require.Equal(t, sock.Quote{Src: p.Src, Dst: p.Dst, SrcPort: p.SrcPort, DstPort: p.DstPort, Proto: sock.ProtoUDP}, e.ICMP.Quote)
			sent := encode(t, p)
			require.Len(t, raw.Quoted, len(sent), "the kernel quotes more than RFC 792 asks for")
			require.Equal(t, !v6, raw.NoDF)
			require.Equal(t, binary.BigEndian.Uint16(sent[len(sent)-41:]), binary.BigEndian.Uint16(raw.Quoted[len(sent)-41:]))
		})
	}
}
