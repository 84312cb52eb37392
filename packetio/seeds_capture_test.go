package packetio

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/gopacket/layers"
)

// captureSeeds are captures of every form, whole and damaged in every way:
// TestSeedsReachEveryCapture holds them to it.
func captureSeeds(t testing.TB) (all [][]byte) {
	samples := sampleCaptures(t)
	for _, name := range []string{"raw", "ethernet", "vlan", "sll", "sll2", "null", "pcapng", "big"} {
		all = append(all, samples[name])
	}
	packet := encode(t, tcpPacket(false, ""))
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, magic := range []uint32{0xa1b2c3d4, 0xa1b23c4d} { // microseconds and nanoseconds
			for _, link := range []uint32{linkRaw, linkRawBSD, linkRawOpen, linkIPv4, linkIPv6, linkLoop, 147} {
				all = append(all, pcap(order, magic, link, packet, len(packet), len(packet)+9))
			}
		}
		all = append(all, pcap(order, 0xa1b2c3d4, linkRaw, packet, maxBlock+1, 0), pcap(order, 0xa1b2c3d4, linkEthernet, packet, len(packet), 0))
	}
	all = append(all, nil, []byte("#!/bin/sh\n"), samples["pcapng"][:300], samples["raw"][:30], samples["raw"][:70])
	for _, order := range []order{binary.LittleEndian, binary.BigEndian} {
		all = append(all, ngSeeds(order, packet)...)
	}
	return all
}

// pcap is a classic file of one record that claims these lengths.
func pcap(o binary.AppendByteOrder, magic, link uint32, packet []byte, captured, length int) []byte {
	b := o.AppendUint16(o.AppendUint16(o.AppendUint32(nil, magic), 2), 4)
	b = o.AppendUint32(o.AppendUint32(append(b, make([]byte, 8)...), 65535), link)
	b = o.AppendUint32(o.AppendUint32(b, 1), 7)
	b = o.AppendUint32(o.AppendUint32(b, uint32(captured)), uint32(length))
	if link == linkLoop {
		packet = append([]byte{0, 0, 0, 2}, packet[:len(packet)-4]...)
	}
	return append(b, packet...)
}

type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// ngSeeds are pcapng files with a block of each kind, good ones and broken ones.
func ngSeeds(o order, packet []byte) (all [][]byte) {
	f := &ngFramer{order: o}
	block := func(kind uint32, body []byte) []byte {
		f.emit(kind, body)
		return f.buf
	}
	section := block(ngSectionHeader, append(o.AppendUint16(o.AppendUint32(nil, ngMagic), 1), 0, 0, 255, 255, 255, 255, 255, 255, 255, 255))
	file := func(blocks ...[]byte) { all = append(all, slices.Concat(append([][]byte{section}, blocks...)...)) }
	device := func(resol ...byte) []byte {
		body := o.AppendUint16(nil, uint16(layers.LinkTypeRaw))
		body = f.option(append(body, make([]byte, 6)...), ngOptTSOffset, make([]byte, 8))
		for _, r := range resol {
			body = f.option(body, ngOptTSResol, []byte{r})
		}
		return block(ngInterface, body)
	}
	// data is a packet block's body: the interface, the time, the lengths.
	data := func(captured int) []byte {
		body := o.AppendUint32(append(make([]byte, 8), 0, 0, 0, 9), uint32(captured))
		return f.option(append(o.AppendUint32(body, uint32(captured)+5), packet...), ngOptComment, []byte("why"))
	}
	simple := append(o.AppendUint32(nil, uint32(len(packet))), packet...)
	file(device(6), block(ngEnhancedPacket, data(len(packet))), block(ngOldPacket, data(len(packet))), block(ngSimplePacket, simple))
	file(device(0x80|10), block(0xbad, []byte("what")), section, device(), block(ngSimplePacket, simple)) // interfaces begin anew
	file(block(ngEnhancedPacket, data(len(packet))))
	file(device(), block(ngEnhancedPacket, data(len(packet)+100)))
	file(device(), block(ngEnhancedPacket, []byte("short")))
	file(block(ngSimplePacket, simple))
	file(device(19))
	file(block(ngInterface, nil))
	file([]byte{1, 0, 0, 1, 13, 0, 0, 13, 0, 0, 0, 0})
	bad := device()
	bad[len(bad)-1] ^= 4
	file(bad)
	short := block(ngSectionHeader, o.AppendUint32(nil, ngMagic))
	return append(all, short, patch(section, 8, 9, 9))
}
