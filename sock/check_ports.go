package sock

import "fmt"

// checkPorts: a socket owns the port it has, under the address it has, and no
// other.
func checkPorts(h *Host) error {
	owned := 0
	for i, b := range h.ports {
		if i > 0 && h.ports[i-1].port >= b.port {
			return fmt.Errorf("port %d: the table is out of order", b.port)
		}
		if len(b.addrs) == 0 {
			return fmt.Errorf("port %d: is in the table and nobody has it", b.port)
		}
		for j := range b.addrs {
			n, err := b.addrs[j].check(h, b.port)
			if err != nil {
				return err
			}
			owned += n
		}
	}
	for _, s := range h.socks {
		if s != nil && s.num != 0 && s.ownsPort() {
			owned--
		}
	}
	if owned != 0 {
		return fmt.Errorf("host: %+d owners of ports too many", owned)
	}
	return nil
}

// ownsPort: only streams have their numbers in this table; a RAW socket may be of
// TCP, too.
func (s *sock) ownsPort() bool { return s.typ == SOCK_STREAM }

// check tests the owners under one address and counts them.
func (a *addrBucket) check(h *Host, port uint16) (int, error) {
	if len(a.owners) == 0 {
		return 0, fmt.Errorf("port %d: is bound to %v and nobody has it there", port, a.addr)
	}
	for at, o := range a.owners {
		s := h.sockAt(o)
		if s == nil || s.num != port || s.bound != a.addr || int(s.slot) != at {
			return 0, fmt.Errorf("port %d: its owner at %v, socket %d, does not know", port, a.addr, o)
		}
		if s.rcv().key() != a.addr {
			return 0, fmt.Errorf("port %d: socket %d is at %v and entered at %v", port, o, s.local, a.addr)
		}
	}
	return len(a.owners), nil
}

// checkChains: the tables that lookups go through hold each socket under its key.
func checkChains(h *Host) error {
	for _, err := range [...]error{
		h.listens.check(h, (*sock).listenKey), h.raws.check(h, (*sock).number), h.pings.check(h, (*sock).number),
		h.udp.byPort.check(h, (*sock).number), h.udp.byAddr.check(h, (*sock).udpAddr), h.udp.byPeer.check(h, (*sock).udpPeer),
	} {
		if err != nil {
			return err
		}
	}
	for i, s := range h.socks {
		if s == nil || s.prot != &udpProt {
			continue
		}
		if in := s.num != 0; h.udp.byPort.holds(s) != in || h.udp.byAddr.holds(s) != in {
			return fmt.Errorf("socket %d: has UDP port %d, and a lookup by it comes to something else", i, s.num)
		}
	}
	return nil
}

// checkGroups: a socket is in the group that it names, once, and in no other.
func checkGroups(h *Host) error {
	in := 0
	for i := range h.groups {
		if g := &h.groups[i]; g.prog != nil && len(g.socks)+len(g.closed) == 0 {
			return fmt.Errorf("reuseport group %d: has a program and no members", i+1)
		}
		for _, list := range [...][]sockID{h.groups[i].socks, h.groups[i].closed} {
			for _, id := range list {
				in++
				if s := h.sockAt(id); s == nil || s.group != int32(i)+1 {
					return fmt.Errorf("reuseport group %d: its member, socket %d, does not know", i+1, id)
				}
			}
		}
	}
	for i, s := range h.socks {
		if s != nil && s.group != 0 {
			if in--; int(s.group) > len(h.groups) {
				return fmt.Errorf("socket %d: is in reuseport group %d of %d", i, s.group, len(h.groups))
			}
		}
	}
	if in != 0 {
		return fmt.Errorf("host: %+d members of reuseport groups too many", in)
	}
	return nil
}
