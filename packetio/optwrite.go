package packetio

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/tcpstate"
)

// AppendOptions writes options in the layout of tcp_options_write
// (net/ipv4/tcp_output.c): MSS; SACK-permitted in the padding of the timestamps;
// window scale and SACK blocks each behind NOPs; the fast open request last.
// Every group fills whole words, so the result needs no padding.
//
// OptMalformed appends an option of impossible length, so that what was decoded
// can be sent on as it was understood.
func AppendOptions(b []byte, o *tcpstate.Options) ([]byte, error) {
	start := len(b)
	if o.NSACK > tcpstate.MaxSACK {
		return b, fmt.Errorf("packetio: %d SACK blocks, a TCP header has room for %d", o.NSACK, tcpstate.MaxSACK)
	}
	if o.Has(tcpstate.OptMSS) {
		b = append(b, KindMSS, 4, uint8(o.MSS>>8), uint8(o.MSS))
	}
	if o.Has(tcpstate.OptTS) {
		if o.Has(tcpstate.OptSACKOK) {
			b = append(b, KindSACKOK, 2, KindTS, 10)
		} else {
			b = append(b, KindNOP, KindNOP, KindTS, 10)
		}
		b = binary.BigEndian.AppendUint32(b, o.TSVal)
		b = binary.BigEndian.AppendUint32(b, o.TSEcr)
	} else if o.Has(tcpstate.OptSACKOK) {
		b = append(b, KindNOP, KindNOP, KindSACKOK, 2)
	}
	if o.Has(tcpstate.OptWScale) {
		b = append(b, KindNOP, KindWScale, 3, o.WScale)
	}
	b = appendSACK(b, o)
	if o.Has(tcpstate.OptFastOpen) {
		b = append(b, KindFastOpen, 2, KindNOP, KindNOP)
	}
	if o.Has(tcpstate.OptMalformed) {
		b = append(b, KindNOP, KindNOP, KindExp, 1)
	}
	if n := len(b) - start; n > maxOptions {
		return b[:start], fmt.Errorf("packetio: %d octets of TCP options, a header has room for %d", n, maxOptions)
	}
	return b, nil
}

// appendSACK writes the SACK blocks, if there are any.
func appendSACK(b []byte, o *tcpstate.Options) []byte {
	if o.NSACK == 0 {
		return b
	}
	b = append(b, KindNOP, KindNOP, KindSACK, 2+8*o.NSACK)
	for _, r := range o.SACK[:o.NSACK] {
		b = binary.BigEndian.AppendUint32(b, uint32(r.Start))
		b = binary.BigEndian.AppendUint32(b, uint32(r.End))
	}
	return b
}
