package sock

import "net/netip"

// family is a registered family of addresses (struct net_proto_family).
type family struct {
	number int32
	create func(h *Host, s *sock, typ, proto int32) Errno
}

// families is where socket() looks; one row a family.
var families = [...]family{
	{AF_INET, inetCreate},
	{AF_INET6, inet6Create},
}

// protosw ties a type and a protocol to their tables (struct inet_protosw).
type protosw struct {
	typ, proto int32 // IPPROTO_IP is any
	ops        *sockOps
	prot       *protoOps
	reuse      bool // SO_REUSEADDR is on (INET_PROTOSW_REUSE)
}

// inetsw are the kinds of socket of AF_INET, inetsw6 those of AF_INET6, in the
// order of search.
var (
	inetsw = [...]protosw{
		{SOCK_STREAM, IPPROTO_TCP, &inetStreamOps, &tcpProt, false},
		{SOCK_DGRAM, IPPROTO_UDP, &inetDgramOps, &udpProt, false},
		{SOCK_DGRAM, IPPROTO_ICMP, &inetRawOps, &pingProt, true},
		{SOCK_RAW, IPPROTO_IP, &inetRawOps, &rawProt, true},
	}
	inetsw6 = [...]protosw{
		{SOCK_STREAM, IPPROTO_TCP, &inetStreamOps, &tcpProt, false},
		{SOCK_DGRAM, IPPROTO_UDP, &inetDgramOps, &udpProt, false},
		{SOCK_DGRAM, IPPROTO_ICMPV6, &inetRawOps, &pingProt, true},
		{SOCK_RAW, IPPROTO_IP, &inetRawOps, &raw6Prot, true},
	}
)

// sysSocket is socket(2).
func sysSocket(h *Host, t *thread) outcome {
	c := &t.call
	typ, flags := c.Type&sockTypeMask, c.Type&^sockTypeMask
	if h.callRules().NoFlags {
		typ, flags = c.Type, 0
	}
	if flags&^(SOCK_CLOEXEC|SOCK_NONBLOCK) != 0 {
		return fail(EINVAL)
	}
	s, err := h.createSock(c.Domain, typ, c.Proto, false)
	if err != 0 {
		return fail(err)
	}
	// The descriptor comes last: without one, the socket is let go of again.
	fd, err := h.proc.lowest(0)
	if err == 0 {
		err = h.mayOpen()
	}
	if err != 0 {
		s.ops.release(h, s, nil)
		return fail(err)
	}
	t.sock = s.id
	h.openSock(fd, s, flags)
	return done(int64(fd))
}

// createSock makes a socket without descriptor; kern says that the kernel wants
// it (__sock_create).
func (h *Host) createSock(domain, typ, proto int32, kern bool) (*sock, Errno) {
	if domain < 0 || domain >= afMax {
		return nil, EAFNOSUPPORT
	}
	if typ < 0 || typ >= sockMax {
		return nil, EINVAL
	}
	if domain == AF_INET && typ == SOCK_PACKET {
		domain = afPacket // which is no family of this host's
	}
	if err := h.askCreate(domain, typ, proto, kern); err != 0 {
		return nil, err
	}
	if !h.allocates(AllocSocket) {
		return nil, ENFILE // the closest there is
	}
	for i := range families {
		if families[i].number != domain {
			continue
		}
		s := h.newSock()
		s.ss, s.family, s.typ, s.kern = ssUnconnected, uint16(domain), uint8(typ), kern
		if !kern {
			s.uid = h.proc.cred.EUID
		}
		if err := families[i].create(h, s, typ, proto); err != 0 {
			h.discard(s)
			return nil, err
		}
		if err := h.ask(SocketPostCreate, s); err != 0 {
			s.ops.release(h, s, nil)
			return nil, err
		}
		return s, 0
	}
	return nil, EAFNOSUPPORT
}

// discard undoes a creation that failed half-way (sk_common_release).
func (h *Host) discard(s *sock) {
	if s.prot == nil {
		h.dropSock(s) // it never came to a protocol
		return
	}
	if s.prot.unhash != nil {
		s.prot.unhash(h, s) // RAW is in its table from the start (CR-17)
	}
	h.free(s)
}

// inetCreate makes a socket of AF_INET (inet_create).
func inetCreate(h *Host, s *sock, typ, proto int32) Errno {
	s.local, s.source, s.af = netip.IPv4Unspecified(), netip.IPv4Unspecified(), &ipv4Specific
	return h.inetCreate(s, inetsw[:], typ, proto, h.callRules().noSockMemory())
}

// inet6Create makes a socket of AF_INET6 (inet6_create).
func inet6Create(h *Host, s *sock, typ, proto int32) Errno {
	s.local, s.source, s.af = netip.IPv6Unspecified(), netip.IPv6Unspecified(), &ipv6Specific
	s.opt.v6only = h.sysctl.get(ctlBindV6Only) != 0
	s.repFlow = h.sysctl.get(ctlFlowlabelReflect)&reflectEstablished != 0
	return h.inetCreate(s, inetsw6[:], typ, proto, ENOBUFS)
}

// inetCreate is what both families share but for the error of a sock without
// memory.
func (h *Host) inetCreate(s *sock, list []protosw, typ, proto int32, noMemory Errno) Errno {
	if proto < 0 || proto >= ipprotoMax {
		return EINVAL
	}
	sw, err := lookupProtocol(list, typ, proto)
	switch {
	case err != 0:
		return err
	case typ == SOCK_RAW && !s.kern && !h.capable(CapNetRaw):
		return EPERM
	}
	if !h.callRules().hasProtocol(typ, sw.proto) {
		return EPROTONOSUPPORT
	}
	if !h.allocates(AllocSock) {
		return noMemory
	}
	if proto == IPPROTO_IP {
		proto = sw.proto
	}
	s.ops, s.prot, s.proto = sw.ops, sw.prot, uint16(proto)
	s.opt.init(h)
	s.opt.reuseAddr = sw.reuse
	if typ == SOCK_RAW {
		// The protocol is its number, and shows as its port.
		s.num, s.sport = s.proto, s.proto
		s.opt.hdrIncl = proto == IPPROTO_RAW
	}
	s.opt.mcAll = s.family == AF_INET // inet6_create leaves it off
	if s.prot.init != nil {
		if err := s.prot.init(h, s); err != 0 {
			return err
		}
	}
	if s.kern {
		return 0
	}
	return h.askCgroup(CgroupSockCreate, s)
}

// lookupProtocol searches a family's kinds: the type must be known, and the
// protocol that of a row; 0 takes the type's first. A row for any protocol wants
// to be told which.
func lookupProtocol(list []protosw, typ, proto int32) (*protosw, Errno) {
	err := ESOCKTNOSUPPORT
	for i := range list {
		sw := &list[i]
		switch {
		case sw.typ != typ:
			continue
		case proto == sw.proto && proto != IPPROTO_IP, proto != sw.proto && (proto == IPPROTO_IP || sw.proto == IPPROTO_IP):
			return sw, 0
		}
		err = EPROTONOSUPPORT
	}
	return nil, err
}
