package story

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// The world of stories is that of scripts (Google's run_all.py) in IPv4; IPv6's addresses are those of package fuzz, which a script
// that is of IPv4 does not have: it has its own.
var (
	scriptLocal, scriptPeer   = netip.MustParseAddrPort("192.168.0.1:8080"), netip.MustParseAddrPort("192.0.2.1:8080")
	storyLocal6, storyPeer6   = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	scriptLocal6, scriptPeer6 = netip.MustParseAddr("fd3d:fa7b:d17d:6::6"), netip.MustParseAddr("2001:db8::1")
)

// meet learns from a story who its threads are, and whose addresses its packets have: the peer is whoever sends first. If nobody
// does, it is IPv6's when the stack speaks to none but that.
func (p *player) meet(s *Story) {
	var four, six bool
	for i := range s.Deeds {
		d := &s.Deeds[i]
		if d.Call != nil {
			p.calls[d.Thread+p.shift] = true
			to := d.Call.Addr.AP.Addr()
			four, six = four || to == scriptPeer.Addr(), six || to == storyPeer6
		}
	}
	if six && !four {
		p.peer = storyPeer6
	}
	for i := range s.Deeds {
		if q := s.Deeds[i].Packet; q != nil {
			p.peer = q.Src
			break
		}
	}
	if p.peer.Is6() {
		p.local = storyLocal6
	}
}

// onlyThread is the one that makes all calls, if there are no signals; 0 for a story of several.
func (s *Story) onlyThread() sock.Thread {
	var only []sock.Thread
	for i := range s.Deeds {
		d := &s.Deeds[i]
		if d.Signal {
			return 0
		}
		if d.Call != nil && !slices.Contains(only, d.Thread) {
			only = append(only, d.Thread)
		}
	}
	if len(only) != 1 {
		return 0
	}
	return only[0]
}

// here6 is an address of IPv6 as the script has it.
func (p *player) here6(a netip.Addr) netip.Addr {
	switch {
	case p.local == storyLocal6:
	case a == storyLocal6:
		return scriptLocal6
	case a == storyPeer6:
		return scriptPeer6
	}
	return a
}

// here is a socket's address as the script has it.
func (p *player) here(a sock.Addr) sock.Addr {
	a.AP = netip.AddrPortFrom(p.here6(a.AP.Addr()), a.AP.Port())
	return a
}

// shorter are what the script writes for its own addresses and families.
func (p *player) shorter() [][2]string {
	if p.local == storyLocal6 {
		return shorter6
	}
	return shorter4
}
