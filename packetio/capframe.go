package packetio

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxBlock bounds the blocks and records of a capture, in octets: libpcap never
// captures more than 256 KiB of a packet.
const maxBlock = 1 << 20

// framer cuts a capture into blocks and hands pcapgo only whole ones whose
// lengths are sound: pcapgo trusts every length it reads.
type framer interface {
	io.Reader
	state() *frameState
}

// frameState is what both framers keep.
type frameState struct {
	start int64  // offset of the block being handed on
	buf   []byte // what pcapgo has not taken yet
	err   error  // why there is no next block; io.EOF after a clean end
	metas []meta // of packets handed on, pcapgo's answer still to come
}

// meta is what pcapgo does not tell of a packet.
type meta struct {
	link    uint32
	comment string
}

func (s *frameState) state() *frameState { return s }

// take removes the oldest packet's meta.
func (s *frameState) take() meta {
	if len(s.metas) == 0 {
		return meta{}
	}
	m := s.metas[0]
	s.metas = s.metas[:copy(s.metas, s.metas[1:])]
	return m
}

// read hands on what is there, or calls next for more.
func (s *frameState) read(p []byte, next func() error) (int, error) {
	for len(s.buf) == 0 {
		if s.err == nil {
			s.err = next()
		}
		if s.err != nil {
			return 0, s.err
		}
	}
	n := copy(p, s.buf)
	s.buf = s.buf[n:]
	return n, nil
}

// counter reads and knows where it is.
type counter struct {
	r  io.Reader
	at int64
}

// full fills b. At a boundary the end of the file is io.EOF, anywhere else it is
// io.ErrUnexpectedEOF.
func (c *counter) full(b []byte, boundary bool) error {
	n, err := io.ReadFull(c.r, b)
	c.at += int64(n)
	if err == io.EOF && !(boundary && n == 0) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// classicFramer reads classic pcap: a file header, then records.
type classicFramer struct {
	frameState
	src   *counter
	order binary.ByteOrder
	magic [4]byte // read already
	link  uint32
	begun bool
}

// classicOrder is the byte order that a pcap file's first four octets show, nil
// for none: microseconds and nanoseconds have a magic each.
func classicOrder(magic [4]byte) binary.ByteOrder {
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if m := o.Uint32(magic[:]); m == 0xa1b2c3d4 || m == 0xa1b23c4d {
			return o
		}
	}
	return nil
}

func (f *classicFramer) Read(p []byte) (int, error) { return f.read(p, f.next) }

// next reads the file header, and then a record each time.
func (f *classicFramer) next() error {
	if !f.begun {
		return f.header()
	}
	f.start = f.src.at
	var h [16]byte
	if err := f.src.full(h[:], true); err != nil {
		return err
	}
	length := f.order.Uint32(h[8:])
	if length > maxBlock {
		return fmt.Errorf("a record of %d octets", length)
	}
	// Some writers leave the original length 0, which pcapgo refuses.
	f.order.PutUint32(h[12:], max(f.order.Uint32(h[12:]), length))
	f.buf = append(make([]byte, 0, 16+length), h[:]...)[:16+length]
	if err := f.src.full(f.buf[16:], false); err != nil {
		f.buf = nil
		return err
	}
	f.metas = append(f.metas, meta{link: f.link})
	return nil
}

// header reads the rest of the file header.
func (f *classicFramer) header() error {
	f.begun = true
	b := make([]byte, 24)
	copy(b, f.magic[:])
	if err := f.src.full(b[4:], false); err != nil {
		return err
	}
	f.link = f.order.Uint32(b[20:]) & 0xffff // above it: length of a frame check sequence
	// The records' lengths are checked here, whatever snapshot length was claimed.
	f.order.PutUint32(b[16:], maxBlock)
	f.buf = b
	return nil
}
