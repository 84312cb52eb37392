package sock

import (
	"net/netip"
	"slices"
	"sort"

	"github.com/sockspec/sockspec/queue"
)

// bucket is a local port in use (struct inet_bind_bucket). It exists while
// somebody owns it.
type bucket struct {
	port uint16
	// fastReuse and fastReusePort are marks that let a bind skip the search for
	// conflicts; -1 in both means that only connect() took the port, so that
	// others may connect from it too.
	fastReuse, fastReusePort int8
	// fast is the socket that the mark of fastReusePort speaks of (fastuid,
	// fast_rcv_saddr, fast_ipv6_only).
	fast    rcvAddr
	fastUID uint32
	addrs   []addrBucket // bhash2
}

// addrBucket is who owns a port under one address (struct inet_bind2_bucket).
type addrBucket struct {
	addr        netip.Addr // as IPv6; IPv4 is mapped
	connectOnly bool       // fastreuse and fastreuseport are both -1
	owners      []sockID
}

// reusePortStrict is the mark of a port whose owner `fast` shares it by
// SO_REUSEPORT (FASTREUSEPORT_STRICT). FASTREUSEPORT_ANY is for a bucket without
// any bhash2, and inet_csk_get_port makes that before it looks: no port has it.
const reusePortStrict int8 = 2

// connectMark is the mark of a port that only connect() took.
const connectMark int8 = -1

// rcvAddr is what of a socket decides which packets it may get.
type rcvAddr struct {
	v6   bool       // of AF_INET6
	only bool       // out of IPv4's reach (ipv6_only_sock)
	addr netip.Addr // IPv4 also where AF_INET6 has it mapped
}

// rcv is the socket's.
func (s *sock) rcv() rcvAddr { return rcvAddr{s.family == AF_INET6, s.v6only(), s.local} }

// loopback4IPv6 stands for the IPv4 half of a socket with an address of IPv6
// (LOOPBACK4_IPV6): it has none, and 0.0.0.0 would mean all.
var loopback4IPv6 = netip.AddrFrom4([4]byte{127, 0, 0, 6})

// v4 is the IPv4 half (sk_rcv_saddr).
func (a rcvAddr) v4() netip.Addr {
	switch {
	case a.addr.Is4():
		return a.addr
	case a.addr.IsUnspecified():
		return netip.IPv4Unspecified()
	}
	return loopback4IPv6
}

// any6 reports IPv6's any-address.
func (a rcvAddr) any6() bool { return a.addr.Is6() && a.addr.IsUnspecified() }

// key is the address as bhash2 has it.
func (a rcvAddr) key() netip.Addr { return netip.AddrFrom16(a.addr.As16()) }

// overlap reports whether some packet could be for both. wildA and wildB say
// whether that side's any-address means all (ipv6_rcv_saddr_equal,
// ipv4_rcv_saddr_equal; it asks b for v6only where it might ask a).
func overlap(a, b rcvAddr, wildA, wildB bool) bool {
	mappedA, mappedB := a.addr.Is4(), b.addr.Is4()
	switch {
	case !a.v6, mappedA && mappedB:
		x, y := a.v4(), b.v4()
		return !b.only && (x == y || wildA && x.IsUnspecified() || wildB && y.IsUnspecified())
	case a.any6() && b.any6():
		return true
	case b.any6() && wildB && !(b.only && mappedA):
		return true
	case a.any6() && wildA && !(a.only && mappedB):
		return true
	}
	return a.addr == b.addr
}

// findPort finds where the port is, or would be, in the table.
func (h *Host) findPort(port uint16) (int, bool) {
	i := sort.Search(len(h.ports), func(i int) bool { return h.ports[i].port >= port })
	return i, i < len(h.ports) && h.ports[i].port == port
}

// bucketAt is the port's bucket, nil when nobody has the port.
func (h *Host) bucketAt(port uint16) *bucket {
	if i, found := h.findPort(port); found {
		return h.ports[i]
	}
	return nil
}

// makeBucket adds a bucket for a port that has none (inet_bind_bucket_create).
func (h *Host) makeBucket(port uint16) *bucket {
	b := &bucket{}
	if n := len(h.sparePorts); n > 0 {
		b, h.sparePorts = h.sparePorts[n-1], h.sparePorts[:n-1]
	}
	*b = bucket{port: port, addrs: b.addrs[:0]}
	i, _ := h.findPort(port)
	h.ports = slices.Insert(h.ports, i, b)
	return b
}

// at finds the owners under an address, nil when there are none.
func (b *bucket) at(addr netip.Addr) *addrBucket {
	for i := range b.addrs {
		if b.addrs[i].addr == addr {
			return &b.addrs[i]
		}
	}
	return nil
}

// makeAddr adds an address without owners; connectOnly when it is made for a
// connection that took its port itself (inet_bind2_bucket_create).
func (b *bucket) makeAddr(addr netip.Addr, connectOnly bool) *addrBucket {
	n := len(b.addrs)
	if n < cap(b.addrs) {
		b.addrs = b.addrs[:n+1] // with the memory of an earlier one's owners
		b.addrs[n] = addrBucket{addr, connectOnly, b.addrs[n].owners[:0]}
	} else {
		b.addrs = append(b.addrs, addrBucket{addr: addr, connectOnly: connectOnly})
	}
	return &b.addrs[n]
}

// atOrMake is at, with an address made if need be.
func (b *bucket) atOrMake(addr netip.Addr, connectOnly bool) *addrBucket {
	if a := b.at(addr); a != nil {
		return a
	}
	return b.makeAddr(addr, connectOnly)
}

// own makes the socket an owner (inet_bind_hash).
func (h *Host) own(s *sock, b *bucket, a *addrBucket) {
	s.num, s.bound, s.slot = b.port, a.addr, int32(len(a.owners))
	a.owners = append(a.owners, s.id)
}

// disown takes the socket out. What is left may be connections alone that took
// the port themselves: then it is as if connect() had made the bucket
// (inet_bind2_bucket_destroy).
func (h *Host) disown(s *sock, b *bucket) {
	a := b.at(s.bound)
	last := a.owners[len(a.owners)-1]
	a.owners = a.owners[:len(a.owners)-1]
	if last != s.id {
		a.owners[s.slot] = last
		h.socks[last].slot = s.slot
	}
	if len(a.owners) == 0 {
		n := len(b.addrs) - 1
		*a, b.addrs[n] = b.addrs[n], *a // the memory of the owners is kept
		b.addrs = b.addrs[:n]
		return
	}
	for _, id := range a.owners {
		if h.socks[id].locks&connectBind == 0 {
			return
		}
	}
	a.connectOnly = true
}

// putPort gives the port back (inet_put_port); the number that getsockname
// shows stays.
func (h *Host) putPort(s *sock) {
	i, found := h.findPort(s.num)
	if !found || s.num == 0 || !s.bound.IsValid() {
		return // RAW's number is a protocol's
	}
	b := h.ports[i]
	s.locks &^= connectBind
	h.disown(s, b)
	s.num, s.bound, s.slot = 0, netip.Addr{}, 0
	if len(b.addrs) == 0 {
		h.ports = slices.Delete(h.ports, i, i+1)
		h.sparePorts = append(h.sparePorts, b)
		return
	}
	// inet_bind_bucket_destroy
	for i := range b.addrs {
		if !b.addrs[i].connectOnly {
			return
		}
	}
	b.fastReuse, b.fastReusePort = connectMark, connectMark
}

// moveAddr gives the socket another local address and, when it has a port, a
// place under it (__inet_bhash2_update_saddr).
func (h *Host) moveAddr(s *sock, addr, source netip.Addr) {
	if s.num == 0 {
		s.local, s.source = addr, source
		return
	}
	b := h.bucketAt(s.num)
	h.disown(s, b)
	s.local, s.source = addr, source
	h.own(s, b, b.atOrMake(s.rcv().key(), s.locks&connectBind != 0))
}

// inheritPort gives a connection that came out of a listener the listener's
// port (__inet_inherit_port).
func (h *Host) inheritPort(c *sock, port uint16) {
	c.num, c.bound, c.slot, c.group = 0, netip.Addr{}, 0, 0
	c.locks &^= connectBind
	b := h.bucketAt(port)
	h.own(c, b, b.atOrMake(c.rcv().key(), false))
}

// shareBucket makes the timewait bucket tw an owner where s is one
// (inet_twsk_hashdance_schedule).
func (h *Host) shareBucket(tw, s *sock) {
	tw.num, tw.group = 0, 0
	b := h.bucketAt(s.num)
	h.own(tw, b, b.at(s.bound))
}

// clone copies a port's record.
func (b *bucket) clone() *bucket {
	c := *b
	c.addrs = slices.Clone(b.addrs)
	for i := range c.addrs {
		c.addrs[i].owners = slices.Clone(c.addrs[i].owners)
	}
	return &c
}

// fingerprint feeds a port's record.
func (b *bucket) fingerprint(f *queue.Hash) {
	f.U64(uint64(b.port)<<32 | uint64(uint8(b.fastReuse))<<8 | uint64(uint8(b.fastReusePort)))
	if b.fastReusePort > 0 {
		key := b.fast.key().As16()
		f.Bytes(key[:])
		f.Bool(b.fast.v6)
		f.Bool(b.fast.only)
		f.U32(b.fastUID)
	}
	for i := range b.addrs {
		key := b.addrs[i].addr.As16()
		f.Bytes(key[:])
		f.Bool(b.addrs[i].connectOnly)
		for _, o := range b.addrs[i].owners {
			f.U32(uint32(o))
		}
	}
}
