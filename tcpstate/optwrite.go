package tcpstate

import (
	"encoding/binary"
	"fmt"
)

// AppendOptions writes options in the layout of tcp_options_write
// (net/ipv4/tcp_output.c): MSS; SACK-permitted in the padding of the timestamps;
// window scale and SACK blocks each behind NOPs; the fast open option last.
// Every group fills whole words, so the result needs no padding.
//
// OptMalformed appends an option of impossible length, so that what was decoded
// can be sent on as it was understood.
func AppendOptions(b []byte, o *Options) ([]byte, error) {
	start := len(b)
	if o.NSACK > MaxSACK {
		return b, fmt.Errorf("tcpstate: %d SACK blocks, a TCP header has room for %d", o.NSACK, MaxSACK)
	}
	if o.Has(OptMSS) {
		b = append(b, KindMSS, 4, uint8(o.MSS>>8), uint8(o.MSS))
	}
	if o.Has(OptTS) {
		if o.Has(OptSACKOK) {
			b = append(b, KindSACKOK, 2, KindTS, 10)
		} else {
			b = append(b, KindNOP, KindNOP, KindTS, 10)
		}
		b = binary.BigEndian.AppendUint32(b, o.TSVal)
		b = binary.BigEndian.AppendUint32(b, o.TSEcr)
	} else if o.Has(OptSACKOK) {
		b = append(b, KindNOP, KindNOP, KindSACKOK, 2)
	}
	if o.Has(OptWScale) {
		b = append(b, KindNOP, KindWScale, 3, o.WScale)
	}
	b = appendSACK(b, o)
	if o.Has(OptFastOpen) {
		b = appendCookie(b, &o.Cookie)
	}
	if o.Has(OptMalformed) {
		b = append(b, KindNOP, KindNOP, KindExp, 1)
	}
	if n := len(b) - start; n > MaxOptionOctets {
		return b[:start], fmt.Errorf("tcpstate: %d octets of TCP options, a header has room for %d", n, MaxOptionOctets)
	}
	return b, nil
}

// appendSACK writes the SACK blocks, if there are any.
func appendSACK(b []byte, o *Options) []byte {
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

// appendCookie writes a fast open option, and NOPs behind it where it ends
// within a word.
func appendCookie(b []byte, k *FastCookie) []byte {
	n := uint8(len(k.Bytes()))
	if k.Exp {
		b = append(b, KindExp, 4+n, fastOpenMagic>>8, fastOpenMagic&0xFF)
		n += 2
	} else {
		b = append(b, KindFastOpen, 2+n)
	}
	b = append(b, k.Bytes()...)
	for n += 2; n%4 != 0; n++ {
		b = append(b, KindNOP)
	}
	return b
}
