package tcpstate

import (
	"encoding/binary"
	"math/bits"
)

// Sum adds b to a one's-complement sum (RFC 1071) in big-endian words. It eats
// eight octets at a time, as the sum does not care where the carries go: a
// packet of 64 KiB is as long as the kernel hands over.
func Sum(acc uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 8 {
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	if len(b) > 0 {
		// The rest, as if zeros followed: padding does not change the sum.
		var tail [8]byte
		copy(tail[:], b)
		acc, carry = bits.Add64(acc, binary.BigEndian.Uint64(tail[:]), carry)
	}
	return acc + carry // two words that carry leave no more than all ones but one
}

// Fold brings a sum down to the 16 bits that the wire has.
func Fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	return uint16(acc)
}

// Pseudo starts the sum of a transport checksum with the pseudo-header
// (RFC 9293 section 3.1, RFC 8200 section 8.1): both addresses of an IP header,
// the protocol and the transport's length.
func Pseudo(addrs []byte, proto uint8, length int) uint64 {
	return Sum(uint64(length)+uint64(proto), addrs)
}
