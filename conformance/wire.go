package conformance

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// segment is one IP packet taken apart. Scripts name bits that a stack's own codec is free to lose (reserved bits, the order of
// options, options of wrong length), so the engine reads and writes packets itself.
type segment struct {
	at    sock.Time
	began sock.Time // at, or that of the first of several joined
	why   []string
	slot  int // its place in the trace

	src, dst netip.Addr
	tos, ttl uint8
	flow     uint32
	proto    uint8
	sport    uint16
	dport    uint16

	seq, ack uint32
	flags    script.Flags
	reserved uint8
	window   uint16
	urgent   uint16
	options  []byte // as on the wire

	icmpType, icmpCode uint8
	icmpWord           uint32 // the second word of the ICMP header
	payload            []byte // of TCP or UDP, or what follows an ICMP header
	frag               *fragment
}

func (s *segment) v6() bool { return s.src.Is6() }

// tuple names the connection that a packet belongs to, as the stack under test sees it.
type tuple struct{ local, remote netip.AddrPort }

func (s *segment) outTuple() tuple {
	return tuple{netip.AddrPortFrom(s.src, s.sport), netip.AddrPortFrom(s.dst, s.dport)}
}

var errShort = errors.New("cut short")

// parsePacket reads an IP packet that the stack sent. The result shares no memory with b.
func parsePacket(b []byte) (*segment, error) {
	b = append([]byte(nil), b...)
	if len(b) < 1 {
		return nil, errShort
	}
	s := &segment{slot: -1}
	rest, err := []byte(nil), error(nil)
	switch b[0] >> 4 {
	case 4:
		rest, err = s.parseV4(b)
	case 6:
		rest, err = s.parseV6(b)
	default:
		return nil, errors.New("no IP packet")
	}
	if err != nil {
		return nil, err
	}
	if s.frag != nil {
		s.frag.body = rest
		if s.frag.Start != 0 || len(rest) < 8 {
			return s, nil
		}
	}
	switch s.proto {
	case sock.ProtoTCP:
		return s, s.parseTCP(rest)
	case sock.ProtoUDP:
		if len(rest) < 8 {
			return nil, errShort
		}
		s.sport, s.dport, s.payload = be16(rest), be16(rest[2:]), rest[8:]
	case sock.ProtoICMP, sock.ProtoICMPv6:
		if len(rest) < 8 {
			return nil, errShort
		}
		s.icmpType, s.icmpCode, s.icmpWord, s.payload = rest[0], rest[1], binary.BigEndian.Uint32(rest[4:]), rest[8:]
	}
	return s, nil
}

func (s *segment) parseV4(b []byte) ([]byte, error) {
	if len(b) < 20 {
		return nil, errShort
	}
	hl, total := int(b[0]&15)*4, int(be16(b[2:]))
	if hl < 20 || total < hl || len(b) < total {
		return nil, errShort
	}
	if checksum(0, b[:hl]) != 0 {
		return nil, errors.New("bad IPv4 header checksum")
	}
	s.tos, s.ttl, s.proto = b[1], b[8], b[9]
	s.src, s.dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	if bits := be16(b[6:]); bits&0x3fff != 0 {
		s.setFragment(bits<<3, bits&0x2000 != 0, total-hl)
	}
	return b[hl:total], nil
}

func (s *segment) parseV6(b []byte) ([]byte, error) {
	if len(b) < 40 || len(b) < 40+int(be16(b[4:])) {
		return nil, errShort
	}
	word := binary.BigEndian.Uint32(b)
	s.tos, s.flow, s.proto, s.ttl = uint8(word>>20), word&0xfffff, b[6], b[7]
	s.src, s.dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	b = b[40 : 40+int(be16(b[4:]))]
	if s.proto == fragmentHeader && len(b) >= 8 {
		s.proto = b[0]
		s.setFragment(be16(b[2:])&^7, b[3]&1 != 0, len(b)-8)
		b = b[8:]
	}
	return b, nil
}

func (s *segment) parseTCP(b []byte) error {
	if len(b) < 20 {
		return errShort
	}
	hl := int(b[12]>>4) * 4
	if hl < 20 || hl > len(b) {
		return errShort
	}
	s.sport, s.dport = be16(b), be16(b[2:])
	s.seq, s.ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	s.flags = script.Flags(be16(b[12:]) & 0x1ff)
	s.reserved = b[12] >> 1 & 7
	s.window, s.urgent = be16(b[14:]), be16(b[18:])
	s.options, s.payload = b[20:hl], b[hl:]
	return nil
}

// bytes writes the packet with all checksums.
func (s *segment) bytes() []byte {
	var t []byte
	sumAt := 0
	switch s.proto {
	case sock.ProtoTCP:
		t, sumAt = s.tcpBytes(), 16
	case sock.ProtoUDP:
		t = append(put16(nil, s.sport, s.dport, uint16(8+len(s.payload)), 0), s.payload...)
		sumAt = 6
	default:
		t = append([]byte{s.icmpType, s.icmpCode, 0, 0}, binary.BigEndian.AppendUint32(nil, s.icmpWord)...)
		t = append(t, s.payload...)
		sumAt = 2
	}
	var pseudo uint32
	if s.proto != sock.ProtoICMP { // ICMP alone has no pseudo-header (RFC 792)
		pseudo = s.pseudoSum(len(t))
	}
	c := checksum(pseudo, t)
	if c == 0 && s.proto == sock.ProtoUDP {
		c = 0xffff // zero would mean "none" (RFC 768)
	}
	binary.BigEndian.PutUint16(t[sumAt:], c)
	return append(s.ipBytes(len(t)), t...)
}

func (s *segment) tcpBytes() []byte {
	t := put16(make([]byte, 0, 20+len(s.options)+len(s.payload)), s.sport, s.dport)
	t = binary.BigEndian.AppendUint32(t, s.seq)
	t = binary.BigEndian.AppendUint32(t, s.ack)
	t = put16(t, uint16((20+len(s.options))/4)<<12|uint16(s.flags), s.window, 0, s.urgent)
	return append(append(t, s.options...), s.payload...)
}

// ipBytes is the IP header; identification and DF are 0, as Google's runner has them.
func (s *segment) ipBytes(n int) []byte {
	if s.v6() {
		h := binary.BigEndian.AppendUint32(make([]byte, 0, 40+n), 6<<28|uint32(s.tos)<<20|s.flow)
		h = append(put16(h, uint16(n)), s.proto, s.ttl)
		return append(append(h, s.src.AsSlice()...), s.dst.AsSlice()...)
	}
	h := append(make([]byte, 0, 20+n), 0x45, s.tos)
	h = append(put16(h, uint16(20+n), 0, 0), s.ttl, s.proto, 0, 0)
	h = append(append(h, s.src.AsSlice()...), s.dst.AsSlice()...)
	binary.BigEndian.PutUint16(h[10:], checksum(0, h))
	return h
}

func (s *segment) pseudoSum(n int) uint32 {
	sum := uint32(s.proto) + uint32(n)
	for _, a := range [][]byte{s.src.AsSlice(), s.dst.AsSlice()} {
		for i := 0; i < len(a); i += 2 {
			sum += uint32(be16(a[i:]))
		}
	}
	return sum
}

// checksum is RFC 1071's, complemented; over a header that holds a right one it is 0.
func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(be16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func put16(b []byte, vs ...uint16) []byte {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}
