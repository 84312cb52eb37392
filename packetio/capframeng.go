package packetio

import (
	"encoding/binary"
	"fmt"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng section 4).
const (
	ngSectionHeader  = 0x0a0d0d0a
	ngInterface      = 1
	ngOldPacket      = 2
	ngSimplePacket   = 3
	ngEnhancedPacket = 6
)

// ngMagic shows a section's byte order.
const ngMagic = 0x1a2b3c4d

// ngFramer reads pcapng. It hands on section headers, interfaces and packets,
// stripped of the options that pcapgo has no need of.
type ngFramer struct {
	frameState
	src   *counter
	order binary.ByteOrder
	magic [4]byte // the first block's type, read already
	begun bool
	links []uint32 // of the section's interfaces
}

func (f *ngFramer) Read(p []byte) (int, error) { return f.read(p, f.next) }

// next reads one block: type, length, body, and the length again.
func (f *ngFramer) next() error {
	f.start = f.src.at
	var h [12]byte
	if f.begun {
		if err := f.src.full(h[:4], true); err != nil {
			return err
		}
	} else {
		copy(h[:], f.magic[:])
		f.begun, f.start = true, 0
	}
	if err := f.src.full(h[4:], false); err != nil {
		return err
	}
	section := binary.BigEndian.Uint32(h[:]) == ngSectionHeader
	if section {
		if err := f.byteOrder(h[8:]); err != nil {
			return err
		}
	}
	n := f.order.Uint32(h[4:])
	if n < 12 || n > maxBlock || n%4 != 0 {
		return fmt.Errorf("a block of %d octets", n)
	}
	block := append(make([]byte, 0, n), h[:]...)[:n]
	if err := f.src.full(block[12:], false); err != nil {
		return err
	}
	if trailer := f.order.Uint32(block[n-4:]); trailer != n {
		return fmt.Errorf("a block whose length is %d at its start and %d at its end", n, trailer)
	}
	if section {
		return f.section(block)
	}
	return f.block(f.order.Uint32(block), block[8:n-4])
}

// byteOrder finds a section's byte order by its magic.
func (f *ngFramer) byteOrder(magic []byte) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == ngMagic:
		f.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == ngMagic:
		f.order = binary.BigEndian
	default:
		return fmt.Errorf("a section with byte order % x", magic)
	}
	return nil
}

// section hands on a section header without its options. Interfaces start anew.
func (f *ngFramer) section(block []byte) error {
	if len(block) < 28 {
		return fmt.Errorf("a section header of %d octets", len(block))
	}
	f.links = f.links[:0]
	f.emit(ngSectionHeader, block[8:24])
	return nil
}

// block hands on what matters of the other blocks; the rest (names, statistics,
// secrets) is passed over.
func (f *ngFramer) block(kind uint32, body []byte) error {
	switch kind {
	case ngInterface:
		return f.iface(body)
	case ngEnhancedPacket:
		return f.packet(kind, body, 20, 12, func() uint32 { return f.order.Uint32(body) })
	case ngOldPacket:
		return f.packet(kind, body, 20, 12, func() uint32 { return uint32(f.order.Uint16(body)) })
	case ngSimplePacket:
		return f.simple(body)
	}
	return nil
}

// packet hands on a packet block: a head with the captured length at lenAt, the
// packet, and options, of which the comment is kept.
func (f *ngFramer) packet(kind uint32, body []byte, head, lenAt int, iface func() uint32) error {
	if len(body) < head {
		return fmt.Errorf("a packet block with %d octets inside", len(body))
	}
	caplen, id := f.order.Uint32(body[lenAt:]), iface()
	if uint64(caplen) > uint64(len(body)-head) {
		return fmt.Errorf("a block of %d octets that claims a packet of %d", len(body)+12, caplen)
	}
	if uint64(id) >= uint64(len(f.links)) {
		return fmt.Errorf("a packet of interface %d, the section has %d", id, len(f.links))
	}
	end := min(head+int(caplen+3)&^3, len(body))
	m := meta{link: f.links[id]}
	f.options(body[end:], func(code uint16, value []byte) {
		if code == ngOptComment && m.comment == "" {
			m.comment = string(value)
		}
	})
	f.metas = append(f.metas, m)
	f.emit(kind, body[:end])
	return nil
}

// simple hands on a simple packet block as an enhanced one without a time: its
// length is that of the packet, or what the block has room for.
func (f *ngFramer) simple(body []byte) error {
	if len(body) < 4 || len(f.links) == 0 {
		return fmt.Errorf("a simple packet block with %d octets inside, in a section of %d interfaces", len(body), len(f.links))
	}
	length := f.order.Uint32(body)
	b := make([]byte, 20, 20+len(body))
	f.order.PutUint32(b[12:], min(length, uint32(len(body)-4)))
	f.order.PutUint32(b[16:], length)
	f.metas = append(f.metas, meta{link: f.links[0]})
	f.emit(ngEnhancedPacket, append(b, body[4:]...))
	return nil
}

// iface hands on an interface description with the two options that say how to
// read its times.
func (f *ngFramer) iface(body []byte) error {
	if len(body) < 8 {
		return fmt.Errorf("an interface block with %d octets inside", len(body))
	}
	out := append(make([]byte, 0, 64), body[:8]...)
	f.order.PutUint32(out[4:], 0) // the snapshot length: packet blocks have their own
	bad := false
	f.options(body[8:], func(code uint16, value []byte) {
		switch {
		case code == ngOptTSResol && len(value) == 1:
			// Ten to the minus 18 or two to the minus 62 is as fine as 64 bits go.
			bad = bad || value[0]&0x7f > 62 || value[0] > 18 && value[0] < 0x80
			out = f.option(out, code, value)
		case code == ngOptTSOffset && len(value) == 8:
			out = f.option(out, code, value)
		}
	})
	if bad {
		return fmt.Errorf("an interface with times finer than 64 bits can hold")
	}
	f.links = append(f.links, uint32(f.order.Uint16(body)))
	f.emit(ngInterface, f.option(out, ngOptEnd, nil))
	return nil
}

// option appends one option, padded.
func (f *ngFramer) option(b []byte, code uint16, value []byte) []byte {
	var h [4]byte
	f.order.PutUint16(h[:], code)
	f.order.PutUint16(h[2:], uint16(len(value)))
	b = append(append(b, h[:]...), value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// options calls visit for each option until the list ends or breaks off.
func (f *ngFramer) options(b []byte, visit func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
		if code == ngOptEnd || n > len(b)-4 {
			return
		}
		visit(code, b[4:4+n])
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}

// emit wraps a body into a block for pcapgo.
func (f *ngFramer) emit(kind uint32, body []byte) {
	n := (len(body) + 3) &^ 3
	out := make([]byte, 12+n)
	f.order.PutUint32(out, kind)
	f.order.PutUint32(out[4:], uint32(len(out)))
	copy(out[8:], body)
	f.order.PutUint32(out[8+n:], uint32(len(out)))
	f.buf = out
}
