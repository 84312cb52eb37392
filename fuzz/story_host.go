package fuzz

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// Tell makes the walk add to a story from now on; it has made its socket and nothing else.
func (w *HostWalk) Tell(_ int, s *Story) {
	s.Sysctls = append(s.Sysctls, w.Sysctls...)
	for _, c := range w.opening {
		s.call(w.run.now, 0, c)
	}
	w.run.tell(w.Setup, s)
}

// Views is 1: there is one host.
func (w *HostWalk) Views() int { return 1 }

// Tell makes the host add to a story from now on.
func (w *HostSolo) Tell(_ int, s *Story) { w.run.tell(w.setup, s) }

// Views is 1: there is one host.
func (w *HostSolo) Views() int { return 1 }

// tell says what a run's setup is in a script.
func (r *HostRun) tell(setup byte, s *Story) {
	r.story = s
	switch {
	case setup&1 != 0:
		s.unsaid("a process with few descriptors")
	case setup&2 != 0:
		s.unsaid("a process without capabilities")
	case setup&4 != 0:
		s.unsaid("a kernel that is not this one")
	}
	if setup&8 != 0 {
		s.MTU = 576
	}
	if setup&datagramOps != 0 {
		s.Sysctls = append(s.Sysctls, [2]string{"net.ipv4.ping_group_range", "0 0"})
	}
	if setup&16 != 0 {
		s.Sysctls = append(s.Sysctls, [2]string{"net.ipv4.tcp_fastopen", fastSysctl(setup)},
			[2]string{"net.ipv4.tcp_fastopen_blackhole_timeout_sec", "5"})
	}
}

// fastSysctl: Fast Open with cookies, or without.
func fastSysctl(setup byte) string { return []string{"0x403", "0x607"}[setup>>5&1] }

// flowOf is the connection that a packet arrives on, as far as it is known.
func (r *HostRun) flowOf(p *sock.Packet) hostFlow {
	local, remote := netip.AddrPortFrom(p.Dst, p.DstPort), netip.AddrPortFrom(p.Src, p.SrcPort)
	if i := slices.IndexFunc(r.flows, func(f hostFlow) bool { return f.local == local && f.remote == remote }); i >= 0 {
		return r.flows[i]
	}
	return hostFlow{}
}

// interrupt sends a signal to a thread.
func (r *HostRun) interrupt(th sock.Thread) error {
	if r.story != nil {
		r.story.Deeds = append(r.story.Deeds, Deed{At: r.now, Thread: th, Signal: true})
	}
	_, err := r.input(func(h *sock.Host) []sock.Effect { return h.Interrupt(r.now, th, nil) })
	return err
}
