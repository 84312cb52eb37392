package packetio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

// sample is a small conversation with comments.
func sample(t testing.TB) []Captured {
	var all []Captured
	for i, v6 := range []bool{false, true, false} {
		b := encode(t, tcpPacket(v6, strings.Repeat("x", i)))
		all = append(all, Captured{Time: time.Unix(1, int64(i)*1000+7).UTC(), Data: b, Length: len(b), Comment: strings.Repeat("why ", i)})
	}
	return all
}

func writeSample(t testing.TB, comment string) []byte {
	var buf bytes.Buffer
	w, err := NewCaptureWriter(&buf, comment)
	require.NoError(t, err)
	for _, p := range sample(t) {
		require.NoError(t, w.Write(p.Time, p.Data, p.Comment))
	}
	return buf.Bytes()
}

// classic is the sample as pcap in microseconds, behind a link header.
func classic(t testing.TB, link layers.LinkType, header func(b []byte) []byte) []byte {
	var buf bytes.Buffer
	w := pcapgo.NewWriter(&buf)
	require.NoError(t, w.WriteFileHeader(65535, link))
	for _, p := range sample(t) {
		b := append(header(p.Data), p.Data...)
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(b), Length: len(b)}, b))
	}
	return buf.Bytes()
}

// etherType is the packet's, as two octets.
func etherType(b []byte) []byte {
	if b[0]>>4 == 6 {
		return []byte{0x86, 0xdd}
	}
	return []byte{8, 0}
}

func sampleCaptures(t testing.TB) map[string][]byte {
	sll2 := classic(t, 20, func(b []byte) []byte { return append(etherType(b), make([]byte, 18)...) })
	binary.LittleEndian.PutUint32(sll2[20:], linkSLL2) // gopacket's link type has eight bits
	return map[string][]byte{
		"raw":      classic(t, layers.LinkTypeRaw, func([]byte) []byte { return nil }),
		"ethernet": classic(t, layers.LinkTypeEthernet, func(b []byte) []byte { return append(make([]byte, 12), etherType(b)...) }),
		"vlan": classic(t, layers.LinkTypeEthernet, func(b []byte) []byte {
			return append(append(make([]byte, 12), 0x88, 0xa8, 0, 1, 0x81, 0, 0, 2), etherType(b)...)
		}),
		"sll":    classic(t, layers.LinkTypeLinuxSLL, func(b []byte) []byte { return append(make([]byte, 14), etherType(b)...) }),
		"sll2":   sll2,
		"null":   classic(t, layers.LinkTypeNull, func([]byte) []byte { return []byte{2, 0, 0, 0} }),
		"pcapng": writeSample(t, "a file"),
		"big":    bigEndian(t),
	}
}

// bigEndian is a pcapng as another machine writes it: big-endian, microseconds,
// with a block that nobody knows and a simple packet at the end.
func bigEndian(t testing.TB) []byte {
	f := &ngFramer{order: binary.BigEndian}
	var out []byte
	block := func(kind uint32, body []byte) {
		f.emit(kind, body)
		out = append(out, f.buf...)
	}
	be := binary.BigEndian
	block(ngSectionHeader, append(be.AppendUint32(nil, ngMagic), 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255))
	block(ngInterface, []byte{0, linkRaw, 0, 0, 0, 0, 0, 0})
	block(0x0bad, []byte("whatever"))
	for i, p := range sample(t) {
		if i == 2 {
			block(ngSimplePacket, append(be.AppendUint32(nil, uint32(len(p.Data))), p.Data...))
			continue
		}
		us := uint64(p.Time.UnixMicro())
		b := be.AppendUint32(be.AppendUint32(be.AppendUint32(nil, 0), uint32(us>>32)), uint32(us))
		b = be.AppendUint32(be.AppendUint32(b, uint32(len(p.Data))), uint32(len(p.Data)))
		b = append(b, p.Data...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		if p.Comment != "" {
			b = f.option(b, ngOptComment, []byte(p.Comment))
		}
		block(ngEnhancedPacket, b)
	}
	return out
}

func TestCapturesComeBackWithTimesAndComments(t *testing.T) {
	got, err := ReadCapture(newReader(writeSample(t, "a file")))
	require.NoError(t, err)
	require.Equal(t, sample(t), got)
}

func TestEveryLinkTypeYieldsItsIPPackets(t *testing.T) {
	for name, b := range sampleCaptures(t) {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCapture(newReader(b))
			require.NoError(t, err)
			require.Len(t, got, 3)
			for i, want := range sample(t) {
				require.Equal(t, want.Data, got[i].Data)
				require.Equal(t, want.Length, got[i].Length)
				if name != "pcapng" && got[i].Time.Unix() != 0 {
					require.Equal(t, want.Time.UnixMicro(), got[i].Time.UnixMicro())
				}
			}
		})
	}
}

func TestACaptureCutShortYieldsWhatIsThere(t *testing.T) {
	want := sample(t)
	for name, whole := range sampleCaptures(t) {
		t.Run(name, func(t *testing.T) {
			clean, last := 0, 0
			for n := range len(whole) {
				got, err := ReadCapture(newReader(whole[:n]))
				if err == nil {
					clean++
				} else {
					var ce *CaptureError
					require.ErrorAs(t, err, &ce)
					require.ErrorIs(t, err, io.ErrUnexpectedEOF)
					require.Equal(t, len(got), ce.Packets)
					require.LessOrEqual(t, ce.Offset, int64(n))
					require.ErrorContains(t, err, "cut short")
				}
				require.GreaterOrEqual(t, len(got), last)
				last = len(got)
				for i := range got {
					require.Equal(t, want[i].Data, got[i].Data)
				}
			}
			require.Equal(t, 2, last)
			require.LessOrEqual(t, clean, 6, "only between blocks does a cut go unseen")
		})
	}
}

func TestFramesWithoutIPAreSkippedAndCounted(t *testing.T) {
	b := classic(t, layers.LinkTypeEthernet, func(b []byte) []byte {
		if b[0]>>4 == 6 {
			return append(make([]byte, 12), 8, 6) // ARP
		}
		return append(make([]byte, 12), 8, 0)
	})
	r, err := NewCaptureReader(newReader(b))
	require.NoError(t, err)
	for range 2 {
		_, err = r.Next()
		require.NoError(t, err)
	}
	_, err = r.Next()
	require.Equal(t, io.EOF, err)
	require.Equal(t, 1, r.Skipped())
}

func TestDamagedCapturesSayWhere(t *testing.T) {
	good := writeSample(t, "")
	first := int64(bytes.Index(good, []byte{6, 0, 0, 0}))
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":         {nil, "cut short at octet 0, after 0 packets"},
		"text":          {[]byte("#!/bin/sh\n"), "neither pcapng nor pcap: it starts with 23 21 2f 62"},
		"huge block":    {patch(good, first+4, 0xf0, 0xff, 0xff, 0xff), "a block of 4294967280 octets"},
		"odd block":     {patch(good, first+4, 13, 0, 0, 0), "a block of 13 octets"},
		"trailer":       {patch(good, int64(len(good))-4, 9), "at its start and 9 at its end"},
		"no interface":  {patch(good, first+8, 7), "a packet of interface 7, the section has 1"},
		"packet length": {patch(good, first+20, 0xff, 0xff), "claims a packet of 65535"},
		"link type":     {classic(t, 147, func([]byte) []byte { return nil }), "link type 147 is not understood"},
		"record length": {patch(classic(t, 101, func([]byte) []byte { return nil }), 35, 0x7f), "at octet 24, after 0 packets: a record of 2130706472 octets"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadCapture(newReader(c.b))
			var ce *CaptureError
			require.ErrorAs(t, err, &ce)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func patch(b []byte, at int64, with ...byte) []byte {
	b = append([]byte{}, b...)
	copy(b[at:], with)
	return b
}

func TestTimesTooFineToHoldAreRefused(t *testing.T) {
	f := &ngFramer{order: binary.LittleEndian}
	for _, resol := range []byte{19, 127, 0x80 | 63, 255} {
		require.Error(t, f.iface(f.option(make([]byte, 8), ngOptTSResol, []byte{resol})))
	}
	for _, resol := range []byte{0, 6, 9, 18, 0x80 | 10} {
		require.NoError(t, f.iface(f.option(make([]byte, 8), ngOptTSResol, []byte{resol})))
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAFullDiskIsAnError(t *testing.T) {
	_, err := NewCaptureWriter(failing{}, "")
	require.ErrorIs(t, err, os.ErrClosed)
}

// tshark runs tshark on a capture, or skips.
func tshark(t *testing.T, capture []byte, args ...string) []string {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: ", err)
	}
	file := filepath.Join(t.TempDir(), "a.pcapng")
	require.NoError(t, os.WriteFile(file, capture, 0o644))
	var stderr bytes.Buffer
	cmd := exec.Command(path, append([]string{"-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
		"-o", "udp.check_checksum:TRUE", "-o", "tcp.relative_sequence_numbers:FALSE"}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.String())
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestTSharkReadsTheCapture(t *testing.T) {
	got := tshark(t, writeSample(t, "a file"), "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch", "-e", "frame.comment", "-e", "tcp.len")
	require.Equal(t, []string{"1.000000007||0", "1.000001007|why |1", "1.000002007|why why |2"}, got)
}

// TestTSharkAgreesWithTheCodec has an independent reader judge checksums and layout.
func TestTSharkAgreesWithTheCodec(t *testing.T) {
	var buf bytes.Buffer
	w, err := NewCaptureWriter(&buf, "")
	require.NoError(t, err)
	for _, v6 := range []bool{false, true} {
		p := tcpPacket(v6, "hi")
		p.Seg.Flags = tcpstate.SYN | tcpstate.ECE | tcpstate.CWR | tcpstate.AE
		p.Seg.ECN = tcpstate.CE
		p.Seg.Opts = tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptTS | tcpstate.OptWScale, MSS: 1460, WScale: 7, TSVal: 3, TSEcr: 4}
		require.NoError(t, w.Write(time.Time{}, encode(t, p), ""))
		p.Proto, p.Seg = sock.ProtoUDP, tcpstate.Segment{}
		require.NoError(t, w.Write(time.Time{}, encode(t, p), ""))
		p.Proto, p.ICMP = sock.ProtoICMP, sock.ICMP{Type: sock.ICMPDestUnreach, Code: sock.ICMPFragNeeded, MTU: 1400}
		if v6 {
			p.Proto, p.ICMP.Type, p.ICMP.Code = sock.ProtoICMPv6, sock.ICMPv6PacketTooBig, 0
		}
		p.ICMP.Quote = sock.Quote{Src: p.Dst, Dst: p.Src, SrcPort: 80, DstPort: 40000, Proto: sock.ProtoTCP, Seq: 9}
		require.NoError(t, w.Write(time.Time{}, encode(t, p), ""))
	}
	got := tshark(t, buf.Bytes(), "-T", "fields", "-E", "separator=|", "-E", "occurrence=f",
		"-e", "ip.checksum.status", "-e", "tcp.checksum.status", "-e", "udp.checksum.status", "-e", "icmp.checksum.status", "-e", "icmpv6.checksum.status",
		"-e", "tcp.options", "-e", "tcp.flags", "-e", "ip.dsfield.ecn", "-e", "icmp.mtu", "-e", "icmpv6.mtu", "-e", "tcp.seq_raw", "-e", "ip.flags.df")
	const opts = "020405b40402080a000000030000000401030307|0x01c2"
	require.Equal(t, []string{
		"1|1||||" + opts + "|3|||4294967040|1",
		"1||1|||||0||||1",
		"1|||1||||0|1400|||1",
		"|1||||" + opts + "||||4294967040|",
		"||1|||||||||",
		"||||1|||||1400||",
	}, got)
}

func TestErrorsOfTheReaderAreKept(t *testing.T) {
	boom := errors.New("boom")
	_, err := ReadCapture(io.MultiReader(newReader(writeSample(t, "")[:300]), brokenReader{boom}))
	require.ErrorIs(t, err, boom)
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }
