//go:build linux

package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/sockspec/sockspec/conformance"
	"golang.org/x/sys/unix"
)

// Constants of linux/if_packet.h that x/sys/unix spells differently or lacks.
const (
	packetOutgoing  = 4
	skfAdPktType    = -0x1000 + 4 // SKF_AD_OFF + SKF_AD_PKTTYPE
	statusCsumUnset = 1 << 3      // TP_STATUS_CSUMNOTREADY
)

// sent takes what the host sends alone. What comes in must not reach the packet socket: while a copy waits there, TCP can't
// append the next segment to the same buffer (skb_cloned in skb_try_coalesce).
var sent = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 1<<32 + skfAdPktType},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: packetOutgoing},
	{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
	{Code: unix.BPF_RET | unix.BPF_K},
}

// openPacketSocket listens to what leaves by one device, with the time at which it passed.
func openPacketSocket(index int) (int, error) {
	proto := uint16(unix.ETH_P_ALL)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("packet socket: %w", err)
	}
	err = errors.Join(
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(sent)), Filter: &sent[0]}),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: proto<<8 | proto>>8, Ifindex: index}))
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("packet socket: %w", err)
	}
	// Room for bursts of 64 KiB packets; refused without privilege over the first namespace, and then rarely missed.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20)
	return fd, nil
}

// sniff appends what the kernel has sent since the last time.
func (in *instance) sniff(evs []conformance.Event) ([]conformance.Event, error) {
	var oob [256]byte
	for {
		n, oobn, _, _, err := unix.Recvmsg(in.packet, in.buf, oob[:], 0)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return evs, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENETDOWN):
			continue
		case err != nil:
			return evs, fmt.Errorf("packet socket: %w", err)
		}
		p := append([]byte(nil), in.buf[:n]...)
		at, unset := parseAncillary(oob[:oobn])
		if unset {
			finishChecksum(p)
		}
		evs = append(evs, conformance.Event{Kind: conformance.PacketOut, At: in.micros(at), Packet: p})
	}
}

// parseAncillary reads the time stamp, and whether the transport checksum was left to the device.
func parseAncillary(b []byte) (at int64, unset bool) {
	msgs, err := unix.ParseSocketControlMessage(b)
	if err != nil {
		return 0, false
	}
	for _, m := range msgs {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})):
			ts := (*unix.Timespec)(unsafe.Pointer(&m.Data[0]))
			at = ts.Nano()
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 4:
			unset = binary.NativeEndian.Uint32(m.Data)&statusCsumUnset != 0
		}
	}
	return at, unset
}

// finishChecksum does what the device would: the field holds the pseudo-header's sum.
func finishChecksum(p []byte) {
	start, proto := 40, uint8(0)
	if len(p) >= 20 && p[0]>>4 == 4 {
		start, proto = int(p[0]&15)*4, p[9]
	} else if len(p) >= 40 {
		proto = p[6]
	}
	at := start + 16 // TCP
	if proto == unix.IPPROTO_UDP {
		at = start + 6
	}
	if proto != unix.IPPROTO_TCP && proto != unix.IPPROTO_UDP || at+2 > len(p) {
		return
	}
	var sum uint32
	for b := p[start:]; len(b) > 0; b = b[min(2, len(b)):] {
		if len(b) == 1 {
			sum += uint32(b[0]) << 8
		} else {
			sum += uint32(b[0])<<8 | uint32(b[1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(p[at:], ^uint16(sum))
}
