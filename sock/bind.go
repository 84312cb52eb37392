package sock

import (
	"net/netip"
	"sort"

	"github.com/sockspec/sockspec/tcpstate"
)

// bucket is a local port in use and who shares it (struct inet_bind_bucket).
type bucket struct {
	port uint16
	// fastReuse is 1 while all who bound it may share by SO_REUSEADDR, 0 when
	// one may not, -1 when only connect() has taken it. fastReusePort likewise.
	fastReuse, fastReusePort int8
	owners                   []sockID
}

// Values of bucket.fastReusePort.
const (
	reusePortAny    int8 = 1 // FASTREUSEPORT_ANY
	reusePortStrict int8 = 2 // FASTREUSEPORT_STRICT
)

// bucketAt finds where the port is, or would be, in the table.
func (h *Host) bucketAt(port uint16) (int, bool) {
	i := sort.Search(len(h.ports), func(i int) bool { return h.ports[i].port >= port })
	return i, i < len(h.ports) && h.ports[i].port == port
}

// takePort adds the socket to the port's owners, once.
func (h *Host) takePort(s *sock, port uint16, byConnect bool) *bucket {
	i, found := h.bucketAt(port)
	if !found {
		h.ports = append(h.ports, bucket{})
		copy(h.ports[i+1:], h.ports[i:])
		h.ports[i] = bucket{port: port}
		if byConnect {
			h.ports[i].fastReuse, h.ports[i].fastReusePort = -1, -1
		}
	}
	b := &h.ports[i]
	if s.num != port || !b.owns(s.id) {
		b.owners = append(b.owners, s.id)
	}
	s.num = port
	return b
}

func (b *bucket) owns(id sockID) bool {
	for _, o := range b.owners {
		if o == id {
			return true
		}
	}
	return false
}

// putPort gives the port back (inet_put_port); the number that getsockname
// shows stays.
func (h *Host) putPort(s *sock) {
	i, found := h.bucketAt(s.num)
	if !found || s.num == 0 {
		return
	}
	b := &h.ports[i]
	for k, o := range b.owners {
		if o == s.id {
			b.owners = append(b.owners[:k], b.owners[k+1:]...)
			break
		}
	}
	if len(b.owners) == 0 {
		h.ports = append(h.ports[:i], h.ports[i+1:]...)
	}
	s.num = 0
	s.locks &^= connectBind
}

// tcpGetPort binds the socket to port, or to a free ephemeral one when it is 0
// (inet_csk_get_port).
func tcpGetPort(h *Host, s *sock, port uint16) bool {
	if port == 0 {
		if port = h.findOpenPort(s); port == 0 {
			return false
		}
	} else if i, found := h.bucketAt(port); found {
		b := &h.ports[i]
		shared := b.fastReuse > 0 && s.opt.reuseAddr && s.state() != tcpstate.Listen ||
			h.reusePortMatch(b, s)
		if !shared && h.bindConflict(b, s, true, true) {
			return false
		}
	}
	h.updateReuse(s, port)
	return true
}

// updateReuse adds the socket and keeps the bucket's marks
// (inet_csk_update_fastreuse).
func (h *Host) updateReuse(s *sock, port uint16) {
	i, found := h.bucketAt(port)
	fresh := !found || len(h.ports[i].owners) == 0
	match := found && h.reusePortMatch(&h.ports[i], s)
	b := h.takePort(s, port, false)
	reuse := s.opt.reuseAddr && s.state() != tcpstate.Listen
	switch {
	case fresh:
		b.fastReuse, b.fastReusePort = int8(flag(reuse)), 0
		if s.opt.reusePort {
			b.fastReusePort = reusePortAny
		}
		return
	case !reuse:
		b.fastReuse = 0
	}
	switch {
	case !s.opt.reusePort:
		b.fastReusePort = 0
	case !match:
		b.fastReusePort = reusePortStrict
	}
}

// reusePortMatch is sk_reuseport_match's short cut for a port that only sockets
// with SO_REUSEPORT have. After a mixed history it says nothing, and the
// conflict is looked for owner by owner, which comes to the same.
func (h *Host) reusePortMatch(b *bucket, s *sock) bool {
	return b.fastReusePort == reusePortAny && s.opt.reusePort
}

// flag is 1 for true.
func flag(v bool) int32 {
	if v {
		return 1
	}
	return 0
}

// bindConflict reports whether an owner of the port stands in the way
// (inet_csk_bind_conflict).
func (h *Host) bindConflict(b *bucket, s *sock, relax, reusePortOK bool) bool {
	for _, id := range b.owners {
		o := h.socks[id]
		if o != s && inetBindConflict(s, o, relax, reusePortOK) && addrOverlap(s, o) {
			return true
		}
	}
	return false
}

// inetBindConflict leaves the addresses aside. All sockets have one owner here,
// so Linux's comparison of user ids always finds them equal.
func inetBindConflict(s, o *sock, relax, reusePortOK bool) bool {
	if d, e := s.opt.boundDev, o.opt.boundDev; d != 0 && e != 0 && d != e {
		return false
	}
	if s.opt.reuseAddr && o.opt.reuseAddr && o.state() != tcpstate.Listen {
		return !relax || !reusePortOK && s.opt.reusePort && o.opt.reusePort
	}
	return !reusePortOK || !s.opt.reusePort || !o.opt.reusePort
}

// addrOverlap reports whether some packet could be for both
// (inet_rcv_saddr_equal with wildcards).
func addrOverlap(s, o *sock) bool {
	a, b := s.local, o.local
	any4 := func(x netip.Addr) bool { return x.Is4() && x.IsUnspecified() }
	any6 := func(x netip.Addr) bool { return x.Is6() && x.IsUnspecified() }
	switch {
	case a == b:
		return true
	case a.Is4() && b.Is4():
		return any4(a) || any4(b)
	case s.family == AF_INET && any4(a) && b.Is6():
		return !o.v6only() // whatever address of IPv6 it has: only its IPv4 half is compared
	case any6(a):
		return b.Is6() || !s.v6only()
	case any6(b):
		return a.Is6() || !o.v6only()
	}
	return false
}

// portRange is the range of ephemeral ports, both ends included
// (inet_sk_get_local_port_range).
func (h *Host) portRange(s *sock) (low, high int64, own bool) {
	low, high = h.sysctl.get(ctlPortRange), h.sysctl.get2(ctlPortRange)
	if r := s.opt.portRange; r != 0 {
		if l := int64(r & 0xffff); low <= l && l <= high {
			low = l
		}
		if u := int64(r >> 16); low <= u && u <= high {
			high = u
		}
		own = true
	}
	return low, high, own
}

// findOpenPort looks for a port that bind may have, from a place drawn at
// random, odd distances first so as to leave the even ones to connect
// (inet_csk_find_open_port). It returns 0 when there is none.
func (h *Host) findOpenPort(s *sock) uint16 {
	if p, ok := shift(&h.fixed.port); ok && p != 0 && h.openPort(s, p, false) {
		return p
	}
	low, high, _ := h.portRange(s)
	high++
	halves := [][2]int64{{low, high}}
	if s.opt.reuseAddr && high-low >= 4 {
		half := low + (high-low)>>2<<1
		halves = [][2]int64{{low, half}, {half, high}}
	}
	for _, relax := range [...]bool{false, true} {
		if relax && h.sysctl.get(ctlAutobindReuse) == 0 {
			break
		}
		for _, r := range halves {
			if p := h.scanPorts(s, r[0], r[1], relax); p != 0 {
				return p
			}
		}
	}
	return 0
}

// scanPorts looks at every port of [low, high), from a random odd one on.
func (h *Host) scanPorts(s *sock, low, high int64, relax bool) uint16 {
	remaining := high - low
	if remaining > 1 {
		remaining &^= 1
	}
	offset := int64(h.rand.below(uint32(remaining))) | 1
	for range 2 {
		port := low + offset
		for i := int64(0); i < remaining; i, port = i+2, port+2 {
			if port >= high {
				port -= remaining
			}
			if h.openPort(s, uint16(port), relax) {
				return uint16(port)
			}
		}
		offset--
	}
	return 0
}

// openPort reports whether bind may take the port without asking for it.
func (h *Host) openPort(s *sock, port uint16, relax bool) bool {
	i, found := h.bucketAt(port)
	return !found || !h.bindConflict(&h.ports[i], s, relax, false)
}
