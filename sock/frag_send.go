package sock

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// wireLen is how long the packet is on the wire, octets.
func (p *Packet) wireLen() int {
	header := udpHdrLen // ICMP's is as long
	switch {
	case p.Opaque:
		return len(p.Wire)
	case p.Proto == ProtoTCP:
		header = int(p.Seg.HeaderLen())
	}
	if p.IPv6() {
		return ip6HdrLen + header + len(p.Payload)
	}
	return ip4HdrLen + header + len(p.Payload)
}

// cutSize is how long a packet of the socket's may be on its way, and how long its
// fragments, if it is longer (ip_skb_dst_mtu, ip6_skb_dst_mtu; ip6_fragment).
func (h *Host) cutSize(s *sock, r *outRoute) (whole, piece int) {
	mtu := r.mtu
	if r.dev == DevLoopback {
		mtu = loMTU(r.dst)
	}
	if s.pmtudiscFor(r.dst) < IP_PMTUDISC_PROBE {
		mtu = min(mtu, h.wayMTU(r))
	}
	whole, piece = int(mtu), int(mtu)
	if own := int(s.opt.fragSize); own != 0 && r.dst.Is6() {
		piece = min(piece, own) // IPV6_MTU
	}
	return whole, piece
}

// wayMTU is the path's MTU for a datagram (dst_mtu of the route that it keeps). A
// narrower one that was known when it was begun is kept up to date, of IPv6 as long as it
// is the same memory (update_or_create_fnhe, rt6_do_update_pmtu); one that is new is for
// new routes.
func (h *Host) wayMTU(r *outRoute) uint32 {
	if r.path != 0 && (r.path == r.mtu || r.dst.Is6() && (r.pathGen == 0 || r.pathGen != h.pathGenOf(r.dst))) {
		return r.path
	}
	return h.pathMTU(r.dst, r.mtu)
}

// cut is the packet as it leaves: whole, or in fragments of at most piece octets if
// it is longer than whole (ip_finish_output, ip6_finish_output). The result lives
// until the next cut.
func (h *Host) cut(p *Packet, whole, piece int) []Packet {
	h.cuts = h.cuts[:0]
	if p.gso != 0 || p.wireLen() <= whole {
		h.cuts = append(h.cuts, *p)
		return h.cuts
	}
	if !p.Opaque && !p.IPv6() && p.ID == 0 {
		p.ID = h.nextID()
	}
	b := h.wire(p)
	if p.IPv6() {
		h.cut6(p, b, piece)
	} else {
		h.cut4(p, b, piece)
	}
	h.countFrag(p.Src, MibIPFragOKs)
	return h.cuts
}

// cut4 cuts a packet of IPv4 (ip_do_fragment): each fragment has the header, and
// all but the last as many eights of octets as fit.
func (h *Host) cut4(p *Packet, b []byte, mtu int) {
	n := int(b[0]&15) * 4
	body := b[n:]
	for at := 0; at < len(body); {
		k, more := len(body)-at, byte(0)
		if n+k > mtu {
			k, more = (mtu-n)&^7, fragMore4>>8
		}
		w := h.grab(n + k)
		copy(w[copy(w, b[:n]):], body[at:at+k])
		binary.BigEndian.PutUint16(w[6:], uint16(at/8))
		w[6] |= more
		finishIP(w)
		h.addCut(p, w, p.Proto, n)
		at += k
	}
}

// cut6 cuts a packet of IPv6 (ip6_fragment, as __ip6_append_data has laid it out):
// the last fragment, too, is no longer than the eights of octets that fit.
func (h *Host) cut6(p *Packet, b []byte, mtu int) {
	body, room := b[ip6HdrLen:], (mtu-ip6HdrLen-fragHdrLen)&^7
	id := h.fragID()
	for at := 0; at < len(body); {
		k, more := len(body)-at, 0
		if k > room {
			k, more = room, 1
		}
		w := h.grab(ip6HdrLen + fragHdrLen + k)
		copy(w, b[:ip6HdrLen])
		w[6] = extFragment
		f := w[ip6HdrLen:]
		f[0], f[1] = b[6], 0
		binary.BigEndian.PutUint16(f[2:], uint16(at|more))
		binary.BigEndian.PutUint32(f[4:], id)
		copy(f[fragHdrLen:], body[at:at+k])
		finishIP(w)
		n := ip6HdrLen + fragHdrLen
		if at == 0 && p.Proto != ProtoTCP {
			n += udpHdrLen // and ICMP's is as long
		}
		h.addCut(p, w, extFragment, n)
		at += k
	}
}

// addCut notes a fragment of p with so many octets of headers.
func (h *Host) addCut(p *Packet, w []byte, proto uint8, headers int) {
	h.countFrag(p.Src, MibIPFragCreates)
	h.cuts = append(h.cuts, Packet{
		Src: p.Src, Dst: p.Dst, Proto: proto, TTL: p.TTL, TOS: p.TOS, Seg: p.Seg, ID: p.ID, NoDF: p.NoDF, Flow: p.Flow,
		Dev: p.Dev, Opaque: true, Wire: w, truesize: sentTruesize(headers, len(w)-headers), toMany: p.toMany,
	})
}

// fragID is an identification of IPv6, any number but 0 (ipv6_select_ident).
func (h *Host) fragID() uint32 {
	if id := uint32(h.rand.next()); id != 0 {
		return id
	}
	return 1
}

// cutRule is why a packet or its fragments leave.
func cutRule(cuts []Packet, why rule.ID) rule.ID {
	if len(cuts) > 1 {
		return rule.FragSent
	}
	return why
}
