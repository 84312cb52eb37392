//go:build linux

package kernel

import (
	"fmt"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"pgregory.net/rapid"
)

// loadOp is one step of a round: a segment of a client's, a call on the listener, a sysctl.
type loadOp struct {
	Kind string
	C    int // the client, or the number of a choice
	V    int // which variant
}

func (o loadOp) String() string { return fmt.Sprintf("%s(%d, %d)", o.Kind, o.C, o.V) }

// loadSysctls are those that handshake queues depend on: default first.
var loadSysctls = []struct {
	name   string
	values []int
}{
	{"net.ipv4.tcp_syncookies", []int{1, 0, 2}},
	{"net.ipv4.tcp_max_syn_backlog", []int{2048, 1, 2, 3, 4, 8}},
	{"net.ipv4.tcp_abort_on_overflow", []int{0, 1}},
	{"net.ipv4.tcp_synack_retries", []int{5, 0, 1, 2}},
	{"net.core.somaxconn", []int{4096, 0, 1, 3}},
	{"net.ipv4.tcp_timestamps", []int{1, 0}},
	{"net.ipv4.tcp_sack", []int{1, 0}},
	{"net.ipv4.tcp_window_scaling", []int{1, 0}},
}

// loadKinds are the steps by how often they are drawn, with the number of their variants.
var loadKinds = []struct {
	kind     string
	weight   int
	choices  int
	variants int
}{
	{"syn", 10, loadClients, 8}, {"ack", 10, loadClients, 14}, {"rst", 3, loadClients, 7}, {"icmp", 1, loadClients, 4},
	{"shake", 5, loadClients, 8}, {"accept", 5, 1, 1}, {"close-child", 1, 8, 1}, {"listen", 2, 1, 5}, {"shutdown", 1, 1, 1}, {"close", 1, 1, 1}, {"open", 1, 1, 5},
	{"defer", 1, 1, 4}, {"syncnt", 1, 1, 3}, {"newer", 1, loadClients, 1}, {"sysctl", 3, 8, 6},
}

// drawLoadOp draws a step. Variant 0, the plain one, is as likely as all others together.
func drawLoadOp() *rapid.Generator[loadOp] {
	var kinds []int
	for i, k := range loadKinds {
		for range k.weight {
			kinds = append(kinds, i)
		}
	}
	return rapid.Custom(func(t *rapid.T) loadOp {
		k := loadKinds[rapid.SampledFrom(kinds).Draw(t, "kind")]
		o := loadOp{Kind: k.kind, C: rapid.IntRange(0, k.choices-1).Draw(t, "choice")}
		if rapid.Bool().Draw(t, "odd") || k.kind == "sysctl" {
			o.V = rapid.IntRange(0, k.variants-1).Draw(t, "variant")
		}
		return o
	})
}

var backlogs = []int64{1, 0, 2, 3, 5, -1}

// loadIRS is client c's initial number; a newer SYN has a higher one.
func loadIRS(c, newer int) tcpstate.Seq {
	return tcpstate.Seq(4294967290 + uint32(c)*1000 + uint32(newer)*100000)
}

// do makes the step on one side. It returns what a program sees of it.
func (o loadOp) do(s *loadSide, n int, newer *[loadClients]int) (string, error) {
	switch o.Kind {
	case "syn":
		return "", s.inject(o.C, o.syn(n, loadIRS(o.C, newer[o.C])))
	case "shake":
		if err := s.inject(o.C, o.syn(n, loadIRS(o.C, newer[o.C]))); err != nil {
			return "", err
		}
		return "", s.inject(o.C, loadOp{C: o.C}.ack(s, n, loadIRS(o.C, newer[o.C])))
	case "ack":
		return "", s.inject(o.C, o.ack(s, n, loadIRS(o.C, newer[o.C])))
	case "rst":
		return "", s.inject(o.C, o.rst(s, loadIRS(o.C, newer[o.C])))
	case "icmp":
		code := []uint8{3, 1, 3, 2}[o.V]
		if s.over6(o.C) {
			code = []uint8{4, 0, 4, 1}[o.V]
		}
		return "", s.unreachable(o.C, code, uint32(o.V/2))
	case "close-child":
		if len(s.children) == 0 {
			return "", nil
		}
		fd := s.children[o.C%len(s.children)]
		s.children = append(s.children[:o.C%len(s.children)], s.children[o.C%len(s.children)+1:]...)
		return "", s.reset(fd)
	case "open":
		if s.listener >= 0 {
			return "", nil
		}
		return "", s.open(backlogs[o.V])
	case "sysctl":
		c := loadSysctls[o.C]
		return "", s.in.Command(fmt.Sprintf("sysctl -q %s=%d", c.name, c.values[o.V%len(c.values)]))
	}
	return o.call(s)
}

// call makes a step that is a call on the listener.
func (o loadOp) call(s *loadSide) (string, error) {
	if s.listener < 0 {
		return "", nil
	}
	var r sock.Return
	var err error
	switch o.Kind {
	case "accept":
		r, err = s.call(sock.Call{Op: sock.OpAccept, FD: s.listener, Flags: sock.SOCK_NONBLOCK})
		if err == nil && r.Errno == 0 {
			s.children = append(s.children, int32(r.Value))
			info, err := s.info(int32(r.Value), childInfo)
			return fmt.Sprint("accepted ", r.Addr.AP, info), err
		}
	case "listen":
		r, err = s.call(sock.Call{Op: sock.OpListen, FD: s.listener, N: backlogs[o.V]})
	case "shutdown":
		r, err = s.call(sock.Call{Op: sock.OpShutdown, FD: s.listener, N: sock.SHUT_RD})
	case "close":
		r, err = s.call(sock.Call{Op: sock.OpClose, FD: s.listener})
		s.listener = -1
	case "defer":
		r, err = s.set(s.listener, sock.SOL_TCP, sock.TCP_DEFER_ACCEPT, []int32{1, 0, 3, 8}[o.V])
	case "syncnt":
		r, err = s.set(s.listener, sock.SOL_TCP, sock.TCP_SYNCNT, []int32{1, 2, 3}[o.V])
	}
	return sock.ErrnoName(r.Errno), err
}

func stamp(seg *tcpstate.Segment, val, ecr uint32) {
	seg.Opts.Set |= tcpstate.OptTS
	seg.Opts.TSVal, seg.Opts.TSEcr = val, ecr
}

// syn is a SYN, with more and less usual company.
func (o loadOp) syn(n int, irs tcpstate.Seq) tcpstate.Segment {
	g := tcpstate.Segment{Seq: irs, Flags: tcpstate.SYN, Wnd: 65535, Opts: tcpstate.Options{Set: tcpstate.OptMSS, MSS: 1000}}
	switch o.V {
	case 1:
		stamp(&g, uint32(100000+n), 0)
	case 2, 3:
		g.Opts.Set |= tcpstate.OptWScale | tcpstate.OptSACKOK
		g.Opts.WScale = 7
		if o.V == 3 {
			stamp(&g, uint32(100000+n), 0)
		}
	case 4:
		g.Len = 10
	case 5:
		g.Flags |= tcpstate.FIN
	case 6:
		g.Flags |= tcpstate.ECE | tcpstate.CWR
		stamp(&g, uint32(100000+n), 0)
	case 7:
		g.Opts = tcpstate.Options{}
	}
	return g
}

// ack is the ACK that completes a handshake, or nearly.
func (o loadOp) ack(s *loadSide, n int, irs tcpstate.Seq) tcpstate.Segment {
	g := tcpstate.Segment{Seq: irs.Add(1), Ack: s.iss[o.C].Add(1), Flags: tcpstate.ACK, Wnd: 65535}
	if s.tsval[o.C] != 0 {
		stamp(&g, uint32(100000+n), s.tsval[o.C])
	}
	switch o.V {
	case 1:
		g.Len, g.Flags = 10, g.Flags|tcpstate.PSH
	case 2:
		g.Flags |= tcpstate.FIN
	case 3:
		g.Ack = g.Ack.Add(1)
	case 4:
		g.Ack = g.Ack.Sub(1)
	case 5:
		g.Seq = g.Seq.Add(70000)
	case 6:
		g.Seq = g.Seq.Sub(1)
	case 7:
		g.Opts = tcpstate.Options{}
	case 8:
		// An echo of nothing that was sent would be read, after a cookie, with the kernel's secret offset.
		if s.tsval[o.C] != 0 {
			stamp(&g, uint32(100000+n), s.tsval[o.C]-100000)
		}
	case 9:
		stamp(&g, 1000, s.tsval[o.C])
	case 10:
		g.Flags |= tcpstate.SYN
	case 11:
		g.Flags = 0
	case 12:
		g.Seq = g.Seq.Add(100)
		g.Len = 5
	case 13:
		g.Seq = g.Seq.Sub(1)
		g.Flags |= tcpstate.SYN
	}
	return g
}

// rst is a RST, or a SYN where none belongs.
func (o loadOp) rst(s *loadSide, irs tcpstate.Seq) tcpstate.Segment {
	g := tcpstate.Segment{Seq: irs.Add(1), Flags: tcpstate.RST, Wnd: 65535}
	switch o.V {
	case 1:
		g.Seq = g.Seq.Add(1)
	case 2:
		g.Seq = g.Seq.Add(70000)
	case 3:
		g.Flags |= tcpstate.ACK
		g.Ack = s.iss[o.C].Add(1)
	case 4:
		g.Flags |= tcpstate.ACK
		g.Ack = s.iss[o.C].Add(2)
	case 5:
		g.Flags = tcpstate.SYN
	case 6:
		g.Seq = g.Seq.Sub(1)
	}
	return g
}
