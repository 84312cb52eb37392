package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// Control messages whose data is not an int, by level and type.
const (
	ipTOS       = 1
	ipPktInfo   = 8
	ipOrigDst   = 20
	ipv6PktInfo = 50
	oldPktInfo6 = 2 // IPV6_2292PKTINFO
	ipv6OrigDst = 74
	udpSegment  = 103
)

// fromAddr compares the address that a datagram came from, where a script states one; `...` and NULL state nothing.
func (a *args) fromAddr(p *plan, x *script.Expr) {
	if x == nil || x.Kind != script.ExprBraces || p.want < 0 {
		return
	}
	want, before := a.sockaddr(x), p.check
	p.check = func(r *sock.Return) (string, string) {
		if r.Addr.Family != want.Family || r.Addr.AP != want.AP || r.Addr.Scope != want.Scope {
			return "from " + addrString(want), "from " + addrString(r.Addr)
		}
		if before == nil {
			return "", ""
		}
		return before(r)
	}
}

func addrString(a sock.Addr) string {
	if a.Scope != 0 {
		return fmt.Sprintf("%d %s scope %d", a.Family, a.AP, a.Scope)
	}
	return fmt.Sprintf("%d %s", a.Family, a.AP)
}

// narrow cuts a control message's int to what the kernel has there: an octet or a short.
func narrow(c *sock.Control, b []byte) []byte {
	switch {
	case c.Level == solIP && c.Type == ipTOS:
		return b[:1]
	case c.Level == solUDP && c.Type == udpSegment:
		return b[:2]
	}
	return b
}

// structControl lays out struct in_pktinfo, in6_pktinfo or a socket address; false for other messages.
func (a *args) structControl(c *sock.Control, x *script.Expr) ([]byte, bool) {
	switch {
	case c.Level == solIP && c.Type == ipPktInfo:
		b := make([]byte, 12)
		a.members(x, map[string][]byte{"ipi_ifindex": b[:4], "ipi_spec_dst": b[4:8], "ipi_addr": b[8:]})
		return b, true
	case c.Level == solIPv6 && (c.Type == ipv6PktInfo || c.Type == oldPktInfo6):
		b := make([]byte, 20)
		a.members(x, map[string][]byte{"ipi6_addr": b[:16], "ipi6_ifindex": b[16:]})
		return b, true
	case c.Level == solIP && c.Type == ipOrigDst:
		s := a.sockaddr(x)
		b := binary.LittleEndian.AppendUint16(nil, s.Family)
		b = append(binary.BigEndian.AppendUint16(b, s.AP.Port()), s.AP.Addr().AsSlice()...)
		return append(b, make([]byte, 16-len(b))...), true
	case c.Level == solIPv6 && c.Type == ipv6OrigDst:
		s := a.sockaddr(x)
		b := binary.LittleEndian.AppendUint16(nil, s.Family)
		b = append(put16(b, s.AP.Port(), 0, 0), s.AP.Addr().AsSlice()...)
		return binary.LittleEndian.AppendUint32(b, s.Scope), true
	}
	return nil, false
}

// members fills in the members of a structure: addresses as inet_addr and its like have them, the rest as ints.
func (a *args) members(x *script.Expr, at map[string][]byte) {
	for i := range x.Elems {
		m := &x.Elems[i]
		room, ok := at[m.Text]
		if m.Kind != script.ExprAssign || !ok {
			a.failf("%s in control data", m)
			return
		}
		v := &m.Elems[0]
		if len(room) != 4 || v.Kind == script.ExprCall {
			ip := a.address(v)
			if len(room) == 16 && ip.IsValid() {
				ip = netip.AddrFrom16(ip.As16())
			}
			copy(room, ip.AsSlice())
			continue
		}
		binary.LittleEndian.PutUint32(room, uint32(a.value(v)))
	}
}
