package packetio

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// FuzzDecode: nothing panics, every refusal has a name, and what decodes means
// the same after it was encoded again.
func FuzzDecode(f *testing.F) {
	for _, b := range decodeSeeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { decodeTarget.Check(t, b) })
}

func checkDecode(t require.TestingT, b []byte) {
	var p, q sock.Packet
	var r Raw
	if err := DecodeRaw(b, &p, &r); err != nil {
		require.NotEmpty(t, Reason(err), "%v", err)
		return
	}
	require.NoError(t, Decode(b, &q))
	require.Equal(t, p, q)
	if _, err := Options(b); p.Proto == sock.ProtoTCP && !p.Opaque {
		require.Equal(t, err != nil, p.Seg.Opts.Set&64 != 0)
	}
	again, err := Encode(nil, &p)
	if err != nil {
		// Linux pads more than others; a full header may not fit its layout.
		require.ErrorContains(t, err, "octets of TCP options")
	} else {
		require.NoError(t, Decode(again, &q))
		same(t, p, q)
	}
	again, err = EncodeRaw(nil, &p, &r)
	require.NoError(t, err)
	var s Raw
	require.NoError(t, DecodeRaw(again, &q, &s))
	r.Options, s.Options = nil, nil // those of p, and perhaps padding
	require.Equal(t, r, s)
	malformed := p.Seg.Opts.Set & 64
	q.Seg.Opts.Set |= malformed // a list cannot say how it broke off
	same(t, p, q)
}

// repair fixes the lengths and checksums of a copy as far as there is something to fix.
func repair(b []byte) []byte {
	b = append([]byte{}, b...)
	d := new(decoder)
	if len(b) >= 20 && b[0]>>4 == 4 && int(b[0]&15)*4 <= len(b) && b[0]&15 >= 5 {
		b[2], b[3] = uint8(len(b)>>8), uint8(len(b))
		b = resum(b)
	} else if len(b) >= 40 && b[0]>>4 == 6 {
		b[4], b[5] = uint8((len(b)-40)>>8), uint8(len(b)-40)
	}
	h, err := d.splitIP(b)
	if err != nil {
		return b
	}
	at, acc := 0, tcpstate.Pseudo(h.addrs, h.proto, len(h.body))
	switch h.proto {
	case sock.ProtoTCP:
		at = 16
	case sock.ProtoUDP:
		at = 6
	case sock.ProtoICMP:
		at, acc = 2, 0
	case sock.ProtoICMPv6:
		at = 2
	}
	if at == 0 || len(h.body) < at+2 {
		return b
	}
	h.body[at], h.body[at+1] = 0, 0
	c := ^tcpstate.Fold(tcpstate.Sum(acc, h.body))
	h.body[at], h.body[at+1] = uint8(c>>8), uint8(c)
	return b
}

// FuzzReadCapture: nothing panics or grows beyond the file, and every error has its place.
func FuzzReadCapture(f *testing.F) {
	for _, b := range captureSeeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { captureTarget.Check(t, b) })
}

func checkCapture(t require.TestingT, b []byte) {
	all, err := ReadCapture(newReader(b))
	var ce *CaptureError
	if err != nil {
		require.True(t, errors.As(err, &ce))
		require.LessOrEqual(t, ce.Offset, int64(len(b)))
		require.Equal(t, len(all), ce.Packets)
	}
	for _, p := range all {
		require.LessOrEqual(t, len(p.Data), len(b))
		require.GreaterOrEqual(t, p.Length, len(p.Data))
	}
}
