package fuzz

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/sock"
)

// Tell makes the walk add to a story from now on; it has made its socket and nothing else.
func (w *HostWalk) Tell(_ int, s *story.Story) {
	s.Sysctls = append(s.Sysctls, w.Sysctls...)
	for _, c := range w.opening {
		s.Call(w.run.now, 0, c)
	}
	w.run.tell(w.Setup, s)
}

// Views is 1: there is one host.
func (w *HostWalk) Views() int { return 1 }

// Tell makes the host add to a story from now on.
func (w *HostSolo) Tell(_ int, s *story.Story) { w.run.tell(w.setup, s) }

// Views is 1: there is one host.
func (w *HostSolo) Views() int { return 1 }

// tell says what a run's setup is in a script.
func (r *HostRun) tell(setup byte, s *story.Story) {
	r.story = &teller{Story: s}
	for bit, what := range []string{"a process with few descriptors", "a process without capabilities", "a kernel that is not this one"} {
		if setup>>bit&1 != 0 {
			s.CannotSay(what)
		}
	}
	if setup&8 != 0 {
		s.MTU = 576
	}
	if setup&datagramOps != 0 {
		s.Set("net.ipv4.ping_group_range", "0 0")
	}
	if setup&16 != 0 {
		s.Set("net.ipv4.tcp_fastopen", fastSysctl(setup))
		s.Set("net.ipv4.tcp_fastopen_blackhole_timeout_sec", "5")
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
		r.story.Signal(r.now, th)
	}
	_, err := r.input(func(h *sock.Host) []sock.Effect { return h.Interrupt(r.now, th, nil) })
	return err
}

// tellOptions makes a run add to a story from now on; it has made its sockets and nothing else.
func (r *OptionRun) tellOptions(setup byte, s *story.Story) {
	for _, c := range optionSockets() {
		s.Call(r.now, 1, c)
	}
	r.tell(setup|datagramOps, s)
}
