package packetio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Captured is one packet of a capture.
type Captured struct {
	Time    time.Time // to the nanosecond, as far as the file has it; 1970 where it has none
	Data    []byte    // an IP packet, without link headers, perhaps with a link's padding
	Length  int       // octets that the packet had; more than len(Data) when the capture cut it
	Comment string    // pcapng only
}

// CaptureWriter writes a pcapng file of bare IP packets (LINKTYPE_RAW), which
// Wireshark opens as it is.
type CaptureWriter struct {
	w     io.Writer
	block bytes.Buffer
	ng    *pcapgo.NgWriter
}

// NewCaptureWriter starts a capture on w; the comment, if any, describes the
// whole file. Every Write goes to w in one piece, so a capture that is never
// finished is whole up to its last packet; wrap w in a bufio.Writer for speed.
func NewCaptureWriter(w io.Writer, comment string) (*CaptureWriter, error) {
	c := &CaptureWriter{w: w}
	intf := pcapgo.NgInterface{Name: "link", LinkType: layers.LinkTypeRaw}
	section := pcapgo.NgSectionInfo{Application: "sockspec", Comment: cutComment(comment)}
	var err error
	c.ng, err = pcapgo.NewNgWriterInterface(&c.block, intf, pcapgo.NgWriterOptions{SectionInfo: section})
	if err != nil {
		return nil, fmt.Errorf("packetio: capture header: %w", err)
	}
	return c, c.flush("")
}

// Write adds an IP packet, with a comment unless that is empty. Times before
// 1970, the zero Time among them, are written as 1970.
func (c *CaptureWriter) Write(at time.Time, packet []byte, comment string) error {
	if at.Unix() < 0 {
		at = time.Unix(0, 0)
	}
	ci := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(packet), Length: len(packet)}
	if err := c.ng.WritePacket(ci, packet); err != nil {
		return fmt.Errorf("packetio: capture: %w", err)
	}
	return c.flush(comment)
}

// flush moves a finished block to the file.
func (c *CaptureWriter) flush(comment string) error {
	if err := c.ng.Flush(); err != nil {
		return fmt.Errorf("packetio: capture: %w", err)
	}
	b := c.block.Bytes()
	if comment != "" {
		b = withComment(b, cutComment(comment))
	}
	c.block.Reset()
	if _, err := c.w.Write(b); err != nil {
		return fmt.Errorf("packetio: capture: %w", err)
	}
	return nil
}

// pcapng's options that this package writes or reads (draft-ietf-opsawg-pcapng section 3.5).
const (
	ngOptEnd      = 0
	ngOptComment  = 1
	ngOptTSResol  = 9
	ngOptTSOffset = 14
)

// withComment adds a comment to an enhanced packet block, which pcapgo cannot:
// options stand between the packet and the second copy of the block's length.
func withComment(block []byte, comment string) []byte {
	le := binary.LittleEndian
	b := block[:len(block)-4]
	b = le.AppendUint16(b, ngOptComment)
	b = le.AppendUint16(b, uint16(len(comment)))
	b = append(b, comment...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = le.AppendUint32(b, ngOptEnd)
	le.PutUint32(b[4:], uint32(len(b)+4))
	return le.AppendUint32(b, uint32(len(b)+4))
}

// cutComment keeps a comment within an option's 16-bit length.
func cutComment(s string) string { return s[:min(len(s), 65535)] }
