package packetio

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
)

// readSeed reads a capture as FuzzReadCapture does and notes what it is like.
func readSeed(r reach.Set, said *strings.Builder, b []byte) {
	c, err := NewCaptureReader(newReader(b))
	for err == nil {
		var p Captured
		if p, err = c.Next(); err == nil {
			r.See("a packet that the capture cut", p.Length > len(p.Data))
			r.See("a comment", p.Comment != "")
			r.See("a time", p.Time.Unix() > 0)
		}
	}
	r.See("a capture that ends well", err == io.EOF)
	fmt.Fprintln(said, err)
	if c == nil {
		return
	}
	r.See("a frame without IP", c.Skipped() > 0)
	switch f := c.frames.(type) {
	case *classicFramer:
		for _, link := range []uint32{linkNull, linkEthernet, linkRawBSD, linkRawOpen, linkRaw, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2} {
			r.See(fmt.Sprintf("link type %d", link), f.link == link && c.packets > 0)
		}
		r.See(fmt.Sprintf("pcap, %v", f.order), c.packets > 0)
		r.See("pcap in nanoseconds", f.order.Uint32(b) == 0xa1b23c4d)
	case *ngFramer:
		r.See(fmt.Sprintf("pcapng, %v", f.order), c.packets > 0)
		blocks(r, f.order, b)
	}
}

// blocks notes the kinds of blocks in a pcapng file as far as its lengths are sound.
func blocks(r reach.Set, o binary.ByteOrder, b []byte) {
	sections := 0
	for len(b) >= 12 && int64(o.Uint32(b[4:])) <= int64(len(b)) && o.Uint32(b[4:]) >= 12 {
		switch kind := o.Uint32(b); kind {
		case ngInterface, ngOldPacket, ngSimplePacket, ngEnhancedPacket:
			r.See(fmt.Sprintf("block %d", kind), true)
		case ngSectionHeader:
			sections++
		default:
			r.See("a block that nobody knows", true)
		}
		b = b[o.Uint32(b[4:]):]
	}
	r.See("two sections", sections > 1)
}

// The seeds are of every format, byte order and link type, have every kind of
// block, and are refused with every message.
func TestSeedsReachEveryCapture(t *testing.T) {
	r, said := reach.Set{}, strings.Builder{}
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		r.See(fmt.Sprintf("pcap, %v", o), false)
		r.See(fmt.Sprintf("pcapng, %v", o), false)
	}
	for _, kind := range []int{ngInterface, ngOldPacket, ngSimplePacket, ngEnhancedPacket} {
		r.See(fmt.Sprintf("block %d", kind), false)
	}
	for _, b := range captureSeeds(t) {
		readSeed(r, &said, b)
	}
	require.NoError(t, r.Messages(said.String(), "capread.go", "capframe.go", "capframeng.go", "linktype.go"))
	require.Empty(t, r.Missed(nil), "no seed has these")
}

// The seeds lose, double, turn about and overflow, in both directions.
func TestSeedsReachEveryFate(t *testing.T) {
	r := reach.Set{}
	for _, s := range linkSeeds {
		l, imp := s.run(t)
		stats := l.Stats()
		r.Fields(stats)
		r.See("under way at the end", l.UnderWay(A)+l.UnderWay(B) > 0)
		r.See("all there at the end", stats.Delivered > 0 && l.UnderWay(A)+l.UnderWay(B) == 0)
		r.See("jitter", imp.Jitter > 0)
		r.See("no delay", imp.Delay == 0)
		r.See("nothing happens", stats.Sent > 0 && stats.Sent == stats.Delivered && stats.Duplicated+stats.Reordered == 0)
		for to, name := range []string{"A", "B"} {
			r.See("four levels of packets to "+name, len(l.dirs[to].heap) >= 8)
		}
	}
	require.Empty(t, r.Missed(nil))
}
