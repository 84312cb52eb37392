package packetio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

// CaptureError says where a capture stopped making sense. What came before it
// is good.
type CaptureError struct {
	Offset  int64 // octets into the file, of the block or record that is broken
	Packets int   // IP packets read before it
	Err     error // io.ErrUnexpectedEOF when the file is cut short
}

// Error spells all three.
func (e *CaptureError) Error() string {
	what := "is damaged"
	if errors.Is(e.Err, io.ErrUnexpectedEOF) {
		what = "is cut short"
	}
	return fmt.Sprintf("packetio: capture %s at octet %d, after %d packets: %v", what, e.Offset, e.Packets, e.Err)
}

// Unwrap gives the cause.
func (e *CaptureError) Unwrap() error { return e.Err }

// CaptureReader reads pcapng and classic pcap files, in either byte order, of
// raw IP, Ethernet, BSD loopback and Linux cooked link types.
type CaptureReader struct {
	frames  framer
	source  packetSource
	packets int
	skipped int
	err     error
}

// packetSource is what pcapgo's two readers have in common.
type packetSource interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// NewCaptureReader starts to read a capture; the format shows in its first four
// octets. Anything that is no capture is a *CaptureError.
func NewCaptureReader(r io.Reader) (*CaptureReader, error) {
	c := &CaptureReader{}
	src := &counter{r: bufio.NewReader(r)}
	var magic [4]byte
	if err := src.full(magic[:], true); err != nil {
		return nil, c.fail(0, err)
	}
	var err error
	switch {
	case binary.BigEndian.Uint32(magic[:]) == ngSectionHeader:
		f := &ngFramer{src: src, magic: magic}
		c.frames = f
		c.source, err = pcapgo.NewNgReader(f, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	case classicOrder(magic) != nil:
		f := &classicFramer{src: src, order: classicOrder(magic), magic: magic}
		c.frames = f
		c.source, err = pcapgo.NewReader(f)
	default:
		return nil, c.fail(0, fmt.Errorf("neither pcapng nor pcap: it starts with % x", magic))
	}
	if err != nil {
		return nil, c.fail(c.frames.state().start, c.cause(err))
	}
	return c, nil
}

// Next returns the next IP packet, io.EOF after the last one, or a *CaptureError.
// Frames that carry something else (ARP, say) are skipped and counted.
func (c *CaptureReader) Next() (Captured, error) {
	for c.err == nil {
		data, ci, err := c.source.ReadPacketData()
		st := c.frames.state()
		if err != nil {
			if err = c.cause(err); err != io.EOF {
				err = c.fail(st.start, err)
			}
			c.err = err
			break
		}
		m := st.take()
		ip, known := stripLink(m.link, data)
		if !known {
			c.err = c.fail(st.start, fmt.Errorf("link type %d is not understood (raw IP, Ethernet, loopback and Linux cooked are)", m.link))
			break
		}
		if ip == nil {
			c.skipped++
			continue
		}
		c.packets++
		return Captured{Time: ci.Timestamp, Data: ip, Length: max(ci.Length-len(data)+len(ip), len(ip)), Comment: m.comment}, nil
	}
	return Captured{}, c.err
}

// Skipped is the number of frames so far that held no IP packet.
func (c *CaptureReader) Skipped() int { return c.skipped }

// cause prefers what the framer knows to what pcapgo makes of it.
func (c *CaptureReader) cause(err error) error {
	if e := c.frames.state().err; e != nil {
		return e
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF // pcapgo wanted more than a whole block holds
	}
	return err
}

// fail dresses an error with its place.
func (c *CaptureReader) fail(at int64, err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &CaptureError{Offset: at, Packets: c.packets, Err: err}
}

// ReadCapture reads all IP packets of a capture. When the capture is damaged or
// cut short it returns what could be read beside a *CaptureError.
func ReadCapture(r io.Reader) ([]Captured, error) {
	c, err := NewCaptureReader(r)
	if err != nil {
		return nil, err
	}
	var all []Captured
	for {
		p, err := c.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
}
