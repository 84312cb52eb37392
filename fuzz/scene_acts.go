package fuzz

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// The ends of what scenes send over IPv6.
var (
	sceneLocal6 = netip.AddrPortFrom(hostAddrs[2], walkLocal.Port())
	scenePeer6  = netip.AddrPortFrom(peerAddrs[2], walkPeer.Port())
)

// sceneFD is the first descriptor that a scene's calls give out; the next are behind it.
const sceneFD = 3

// Calls that scenes make.

func openCall(domain, typ, proto int32) sock.Call {
	return sock.Call{Op: sock.OpSocket, Domain: domain, Type: typ, Proto: proto}
}

func streamCall() sock.Call { return openCall(sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_TCP) }
func dgramCall4() sock.Call { return openCall(sock.AF_INET, sock.SOCK_DGRAM, sock.IPPROTO_UDP) }

// addressed is a call with an address: bind, connect.
func addressed(op sock.Op, fd int32, a netip.AddrPort) sock.Call {
	c := sock.Call{Op: op, FD: fd, Addr: sock.Addr{Family: sock.AF_INET, AP: a}, AddrLen: 16}
	if a.Addr().Is6() {
		c.Addr.Family, c.AddrLen = sock.AF_INET6, 28
	}
	return c
}

func bindCall(fd int32) sock.Call    { return addressed(sock.OpBind, fd, walkLocal) }
func connectCall(fd int32) sock.Call { return addressed(sock.OpConnect, fd, walkPeer) }

func optionCall(fd, level, name int32, v uint32) sock.Call {
	return sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: level, Name: name, Data: binary.LittleEndian.AppendUint32(nil, v)}
}

// filterCall attaches a program of these instructions.
func filterCall(fd int32, prog ...sock.SockFilter) sock.Call {
	b := make([]byte, 16) // struct sock_fprog, its pointer anything but null
	b[0], b[8] = byte(len(prog)), 1
	return sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_ATTACH_FILTER, Data: b, Filter: prog}
}

func listenCalls(fd int32) []sock.Call {
	return []sock.Call{bindCall(fd), {Op: sock.OpListen, FD: fd, N: 1}}
}

func recvCall(fd int32) sock.Call {
	return sock.Call{Op: sock.OpRecv, FD: fd, Len: 1000, Flags: sock.MSG_DONTWAIT}
}

// Acts.

// calls is a call of a thread.
func calls(th sock.Thread, name string, c sock.Call) Act {
	return Act{name: name, most: 1, thread: th, calls: true, do: func(r *HostRun) error { _, err := r.Call(th, c); return err }}
}

// ticks lets time pass until a timer fires.
func ticks(most uint8) Act {
	return Act{name: "time passes until a timer fires", most: most, do: func(r *HostRun) error {
		if at, ok := r.Host.Deadline(); ok {
			return r.Wait(max(at.Sub(r.now), 0), false)
		}
		return nil
	}}
}

// arrives is a packet that is always the same.
func arrives(name string, most uint8, p sock.Packet) Act {
	return Act{name: name, most: most, do: func(r *HostRun) error { return r.Deliver(p) }}
}

// comes is the SYN of a peer at a port.
func comes(port uint16, change ...func(*sock.Packet)) Act {
	return comesTo(walkLocal, netip.AddrPortFrom(walkPeer.Addr(), port), change...)
}

func comesTo(local, remote netip.AddrPort, change ...func(*sock.Packet)) Act {
	return Act{name: "SYN", most: 1, do: func(r *HostRun) error {
		r.flows = append(r.flows, hostFlow{local: local, remote: remote, peer: flowISN})
		return r.Deliver(changed(r.flows[len(r.flows)-1].packet(SegSynAgain), change))
	}}
}

// onFlow is a segment on the first connection seen.
func onFlow(name string, most uint8, kind WalkSegment, change ...func(*sock.Packet)) Act {
	return Act{name: name, most: most, flow: 1, do: func(r *HostRun) error {
		f := &r.flows[0]
		p := f.packet(kind)
		if f.lastTS != 0 { // the connection has time stamps if the host asked for them
			p.Seg.Opts.Set |= tcpstate.OptTS
			p.Seg.Opts.TSVal, p.Seg.Opts.TSEcr = uint32(int64(r.now)/tcpstate.Millisecond), f.lastTS
		}
		return r.Deliver(changed(p, change))
	}}
}

func changed(p sock.Packet, change []func(*sock.Packet)) sock.Packet {
	for _, f := range change {
		f(&p)
	}
	return p
}

// far is a packet that many routers have seen.
func far(p *sock.Packet) { p.TTL = story.FarTTL }

// inWindow moves a segment away from RCV.NXT.
func inWindow(p *sock.Packet) { p.Seg.Seq, p.Seg.Flags = p.Seg.Seq.Add(100), tcpstate.RST }

// elsewhere is an octet that went before and comes again by another path.
func elsewhere(p *sock.Packet) {
	p.Seg.Seq, p.Seg.Len, p.Payload, p.Flow = p.Seg.Seq.Sub(1), 1, p.Payload[:1], 1
}

// datagramTo is a UDP datagram for a port.
func datagramTo(port uint16, octets int) sock.Packet {
	return sock.Packet{Src: walkPeer.Addr(), SrcPort: walkPeer.Port(), Dst: walkLocal.Addr(), DstPort: port, Proto: sock.ProtoUDP, TTL: 64, Payload: make([]byte, octets)}
}

// messageOf is an ICMP message that quotes nothing.
func messageOf(typ uint8, octets int) sock.Packet {
	return sock.Packet{Src: walkPeer.Addr(), Dst: walkLocal.Addr(), Proto: sock.ProtoICMP, TTL: 64, ICMP: sock.ICMP{Type: typ}, Payload: make([]byte, octets)}
}

// narrower is a router's word that the way to the peer has an MTU, about a datagram that went there.
func narrower(mtu uint32) sock.Packet {
	p := messageOf(sock.ICMPDestUnreach, 0)
	p.ICMP.Code, p.ICMP.MTU = sock.ICMPFragNeeded, mtu
	p.ICMP.Quote = sock.Quote{Src: walkLocal.Addr(), Dst: walkPeer.Addr(), SrcPort: walkLocal.Port(), DstPort: walkPeer.Port(), Proto: sock.ProtoUDP}
	return p
}

// onWire is a packet as the codec reads it.
func onWire(b []byte) (p sock.Packet) {
	var d *packetio.DropError
	if err := packetio.Decode(b, &p); err != nil && !errors.As(err, &d) {
		panic("a scene's packet: " + err.Error())
	}
	p.Payload, p.Wire = append([]byte(nil), p.Payload...), append([]byte(nil), p.Wire...)
	return p
}
