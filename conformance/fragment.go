package conformance

import (
	"bytes"
	"encoding/binary"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// fragmentHeader is IPv6's (RFC 8200 section 4.5).
const fragmentHeader = 44

// fragment says that a packet is one, and of what part.
type fragment struct {
	script.FragSpec
	body []byte
}

func (s *segment) setFragment(start uint16, more bool, n int) {
	s.frag = &fragment{FragSpec: script.FragSpec{Start: start, End: start + uint16(n), More: more}}
}

// part is what a datagram has from octet Start to End; zeros stand where it has ended.
func part(body []byte, f *script.FragSpec) []byte {
	b := make([]byte, f.End)
	copy(b, body)
	return b[f.Start:]
}

// cutFragment is a fragment of a whole packet.
func cutFragment(b []byte, f *script.FragSpec) []byte {
	if b[0]>>4 == 6 {
		more := uint16(0)
		if f.More {
			more = 1
		}
		h := append(bytes.Clone(b[:40]), b[6], 0)
		h = binary.BigEndian.AppendUint32(put16(h, f.Start|more), f.ID)
		h[6] = fragmentHeader
		binary.BigEndian.PutUint16(h[4:], 8+f.End-f.Start)
		return append(h, part(b[40:], f)...)
	}
	h := bytes.Clone(b[:20])
	bits := f.Start / 8
	if f.More {
		bits |= 0x2000
	}
	binary.BigEndian.PutUint16(h[2:], 20+f.End-f.Start)
	binary.BigEndian.PutUint16(h[4:], uint16(f.ID))
	binary.BigEndian.PutUint16(h[6:], bits)
	binary.BigEndian.PutUint16(h[10:], 0)
	binary.BigEndian.PutUint16(h[10:], checksum(0, h))
	return append(h, part(b[20:], f)...)
}

// compareFragment names the first thing in which a fragment is not the one expected. Its octets are those of the datagram
// that the script writes, between the addresses and ports in use; of ICMP's header checksum and identifier are left out.
func (c *conn) compareFragment(p *script.Packet, want, got *segment) string {
	w, f := *want, p.IP.Frag
	w.src, w.dst = got.src, got.dst
	w.sport, w.dport = c.live.local.Port(), c.live.remote.Port()
	if p.Ports != nil {
		w.sport, w.dport = p.Ports.Src, p.Ports.Dst
	}
	hl := 20
	if w.v6() {
		hl = 40
	}
	body, have := part(w.bytes()[hl:], &f), got.frag.body
	if w.proto != sock.ProtoUDP && w.proto != sock.ProtoTCP && f.Start == 0 && len(have) >= 8 && len(body) >= 8 {
		body, have = body[8:], have[8:]
	}
	switch {
	case got.frag.Start != f.Start:
		return "place of the fragment"
	case got.frag.End != f.End:
		return "end of the fragment"
	case got.frag.More != f.More:
		return "whether more fragments follow"
	case !bytes.Equal(have, body):
		return "octets of the fragment"
	}
	return ""
}
