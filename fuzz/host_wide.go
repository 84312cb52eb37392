package fuzz

import (
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// What ops do beyond those of numDgramOps, in runs whose setup has wideOps: the
// rest of what callers and the link can do to a host.
const (
	hostWire    = iota + numDgramOps // a packet as it is on the wire, whole or in pieces
	hostControl                      // sendmsg with control messages
	hostFilter                       // a program for packets is attached
	hostDevice                       // ioctl about devices
	hostFcntl                        // fcntl
	hostSysctl                       // an administrator writes one
	hostWatch                        // epoll_ctl
	hostReach                        // bind or connect, to an address with a scope
	hostTake                         // recvmsg with some room for control messages
	numWideOps
)

// wideOps is the bit of a run's setup that gives it the ops above.
const wideOps = 128

// wideCall makes o's bytes one of the calls above; c has what all calls share.
func wideCall(what byte, o Op, c *sock.Call) (addr netip.AddrPort) {
	switch what {
	case hostControl:
		c.Op, c.Data, c.Flags, addr = sock.OpSend, message(o, dgramAddr(o).Addr()), 0, dgramAddr(o)
		m := choose(controls, o.Opts)
		m.Data = m.Data[:len(m.Data)-int(o.Wnd>>7)] // bit 7: one octet short
		if c.Control = []sock.Control{m}; o.Ack&64 != 0 {
			c.Control = append(c.Control, choose(controls, o.Opts+o.Len))
		}
		if o.Ack&128 != 0 {
			addr = netip.AddrPort{}
		}
	case hostFilter:
		c.Op, c.Level, c.Name = sock.OpSetsockopt, sock.SOL_SOCKET, choose(filterOptions, o.Ack)
		c.Filter = choose(programs, o.Opts)
		c.Data = make([]byte, 16)
		c.Data[0], c.Data[1], c.Data[8] = byte(len(c.Filter)), byte(len(c.Filter)>>8), 1
	case hostDevice:
		c.Op, c.N, c.Data = sock.OpIoctl, choose(deviceIoctls, o.Opts), make([]byte, 40)
		copy(c.Data, choose([]string{"lo", "tun0", "", "lo:1", "eth9"}, o.Ack))
		c.Data[16] = o.Len & 3
	case hostFcntl:
		c.Op, c.N, c.Arg = sock.OpFcntl, choose(fcntlCommands, o.Opts), choose(fcntlArgs, o.Ack)
		c.Data = []byte{o.Len & 3, 0, 0, 0, byte(c.Arg), 0, 0, 0}
	case hostWatch:
		c.Op, c.N, c.Arg = sock.OpEpollCtl, int64(o.Len&3), int64(o.Wnd&15)+sceneFD
		c.Events = choose([]uint32{sock.POLLIN, sock.POLLOUT, sock.POLLIN | sock.EPOLLET, sock.POLLIN | sock.POLLOUT | sock.EPOLLONESHOT, sock.POLLIN | sock.EPOLLEXCLUSIVE, 0}, o.Opts)
	case hostReach:
		c.Op, addr = choose([]sock.Op{sock.OpConnect, sock.OpBind}, o.Opts), dgramAddr(o)
		c.Addr.Scope = uint32(o.Len & 3)
	case hostTake:
		c.Op, c.Flags = sock.OpRecv, choose([]int32{0, sock.MSG_PEEK, sock.MSG_ERRQUEUE, sock.MSG_TRUNC, sock.MSG_OOB, sock.MSG_WAITALL}, o.Opts)|sock.MSG_DONTWAIT
		c.HasControlRoom, c.ControlLen = true, int32(o.Wnd)
	}
	return addr
}

// sysctl writes one of those that change what the machine does, or something that is none.
func (r *HostRun) sysctl(o Op) error {
	row := choose(allSysctls, o.Opts)
	value := choose(row[1:], o.Ack)
	if r.story != nil {
		r.story.Written(r.now, row[0], value)
	}
	_, err := r.input(func(h *sock.Host) []sock.Effect {
		_ = h.SetSysctl(row[0], value)
		_, _ = h.Sysctl(row[0])
		return nil
	})
	return err
}

var (
	filterOptions = []int32{sock.SO_ATTACH_FILTER, sock.SO_ATTACH_REUSEPORT_CBPF}
	deviceIoctls  = []int64{
		sock.SIOCGIFFLAGS, sock.SIOCGIFMTU, sock.SIOCGIFINDEX, sock.SIOCGIFADDR, sock.SIOCGIFNETMASK, sock.SIOCGIFNAME, sock.SIOCDEVPRIVATE,
		sock.SIOCGSTAMP, sock.SIOCGSTAMPNS, sock.FIONREAD, sock.SIOCOUTQ, sock.SIOCSPGRP, sock.SIOCGPGRP, sock.FIONBIO, 0x5452, 0,
	}
	fcntlCommands = []int64{
		sock.F_GETFL, sock.F_SETFL, sock.F_SETOWN, sock.F_GETOWN, sock.F_SETOWN_EX, sock.F_GETOWN_EX, sock.F_GETOWNER_UIDS, sock.F_SETSIG, sock.F_GETSIG,
		sock.F_GETLEASE, sock.F_NOTIFY, sock.F_DUPFD_QUERY, sock.F_CREATED_QUERY, sock.F_SETPIPE_SZ, sock.F_GETPIPE_SZ, 0, 1, 2, 1030, 99,
	}
	fcntlArgs = []int64{0, 1, -1, 3, sock.O_NONBLOCK, sock.O_ASYNC, sock.O_DIRECT, sock.O_NOATIME, 65, -1 << 31}
)

// hostSysctls are names, each with values.
var hostSysctls = [][]string{
	{"net.ipv4.tcp_syncookies", "2", "0", "1"}, {"net.ipv4.tcp_migrate_req", "1", "0"}, {"net.ipv4.tcp_max_syn_backlog", "1", "128"},
	{"net.ipv4.ip_local_port_range", "32768 32770", "32768 60999", "60999 32768"}, {"net.ipv4.ip_local_reserved_ports", "32768,40000-40002", "", "x"},
	{"net.ipv4.tcp_abort_on_overflow", "1", "0"}, {"net.ipv4.tcp_tw_reuse", "1", "0"}, {"net.ipv4.icmp_ratelimit", "1000", "0"}, {"net.ipv4.icmp_msgs_per_sec", "1", "1000"},
	{"net.ipv6.icmp.ratemask", "0-1,3-127", ""}, {"net.ipv4.tcp_congestion_control", "reno", "cubic", "none"}, {"net.ipv4.tcp_fastopen", "0x603", "-1", "07", "1 2", "many"},
	{"net.ipv4.ip_nonlocal_bind", "1", "0"}, {"net.ipv4.tcp_fastopen_key", "00000001-00000002-00000003-00000004", "short"}, {"net.core.optmem_max", "0", "131072"},
	{"net.ipv4.tcp_rmem", "4096 4096 4096", "4096"}, {"net.ipv4.ipfrag_high_thresh", "0", "4194304"}, {"net.ipv4.ipfrag_max_dist", "1", "64"},
	{"net.ipv4.tcp_challenge_ack_limit", "1", "2147483647"}, {"net.ipv4.ip_no_pmtu_disc", "1", "0"}, {"net.ipv6.bindv6only", "1", "0"}, {"net.nothing", "1"},
}

// connSysctls are those that connections read.
var connSysctls = [][]string{
	{"net.ipv4.tcp_timestamps", "0", "2", "1"}, {"net.ipv4.tcp_sack", "0", "1"}, {"net.ipv4.tcp_window_scaling", "0", "1"}, {"net.ipv4.tcp_dsack", "0", "1"},
	{"net.ipv4.tcp_ecn", "1", "0", "2"}, {"net.ipv4.tcp_retries2", "1", "15"}, {"net.ipv4.tcp_orphan_retries", "1", "0"}, {"net.ipv4.tcp_syn_retries", "1", "6"},
	{"net.ipv4.tcp_synack_retries", "1", "5"}, {"net.ipv4.tcp_fin_timeout", "1", "60"}, {"net.ipv4.tcp_keepalive_time", "1", "7200"}, {"net.ipv4.tcp_notsent_lowat", "1000", "-1"},
	{"net.ipv4.tcp_rto_min_us", "40000", "200000"}, {"net.ipv4.tcp_rto_max_ms", "1000", "120000"}, {"net.ipv4.tcp_reordering", "6", "3"}, {"net.ipv4.tcp_rfc1337", "1", "0"},
	{"net.ipv4.tcp_shrink_window", "1", "0"}, {"net.ipv4.tcp_wmem", "4096 4096 4096", "4096 16384 4194304"}, {"net.ipv4.tcp_min_snd_mss", "500", "48"},
}

var allSysctls = slices.Concat(hostSysctls, connSysctls)

// controls are control messages of a send.
var controls = func() []sock.Control {
	word := func(b byte) []byte { return []byte{b, 0, 0, 0} }
	pktInfo := func(dev byte, a netip.Addr) []byte { return append(append(word(dev), a.AsSlice()...), 0, 0, 0, 0) }
	pktInfo6 := func(dev byte, a netip.Addr) []byte { return append(netip.AddrFrom16(a.As16()).AsSlice(), word(dev)...) }
	return []sock.Control{
		{Level: sock.SOL_IP, Type: sock.IP_PKTINFO, Data: pktInfo(0, hostAddrs[0])}, {Level: sock.SOL_IP, Type: sock.IP_PKTINFO, Data: pktInfo(1, hostAddrs[1])},
		{Level: sock.SOL_IP, Type: sock.IP_TTL, Data: word(7)}, {Level: sock.SOL_IP, Type: sock.IP_TOS, Data: word(16)}, {Level: sock.SOL_IP, Type: sock.IP_TOS, Data: []byte{8}},
		{Level: sock.SOL_IP, Type: sock.IP_PROTOCOL, Data: word(9)}, {Level: sock.SOL_IP, Type: 99, Data: word(1)}, {Level: sock.SOL_IP, Type: sock.IP_TTL, Data: word(0)},
		{Level: sock.SOL_IPV6, Type: sock.IPV6_PKTINFO, Data: pktInfo6(0, hostAddrs[2])}, {Level: sock.SOL_IPV6, Type: sock.IPV6_PKTINFO, Data: pktInfo6(9, hostAddrs[4])},
		{Level: sock.SOL_IPV6, Type: sock.IPV6_PKTINFO, Data: pktInfo6(0, hostAddrs[0])}, {Level: sock.SOL_IPV6, Type: sock.IPV6_PKTINFO, Data: pktInfo6(0, peerAddrs[2])},
		{Level: sock.SOL_IPV6, Type: sock.IPV6_PKTINFO, Data: pktInfo6(2, netip.MustParseAddr("fe80::1"))},
		{Level: sock.SOL_IPV6, Type: sock.IPV6_HOPLIMIT, Data: word(7)}, {Level: sock.SOL_IPV6, Type: sock.IPV6_TCLASS, Data: word(16)}, {Level: sock.SOL_IPV6, Type: sock.IPV6_DONTFRAG, Data: word(1)},
		{Level: sock.SOL_IPV6, Type: sock.IPV6_FLOWINFO, Data: word(1)}, {Level: sock.SOL_IPV6, Type: 99, Data: word(1)}, {Level: sock.SOL_IPV6, Type: sock.IPV6_DONTFRAG, Data: word(2)},
		{Level: sock.SOL_UDP, Type: sock.UDP_SEGMENT, Data: []byte{100, 0}}, {Level: sock.SOL_UDP, Type: 99, Data: word(1)},
		{Level: sock.SOL_SOCKET, Type: sock.SO_MARK, Data: word(5)}, {Level: sock.SOL_SOCKET, Type: sock.SO_PRIORITY, Data: word(6)}, {Level: sock.SOL_SOCKET, Type: sock.SO_PRIORITY, Data: word(9)},
		{Level: sock.SOL_SOCKET, Type: sock.SO_TXTIME, Data: make([]byte, 8)}, {Level: sock.SOL_SOCKET, Type: sock.SO_TIMESTAMPING, Data: word(1)}, {Level: sock.SOL_SOCKET, Type: sock.SO_TIMESTAMPING, Data: word(4)},
		{Level: sock.SOL_SOCKET, Type: sock.SCM_TS_OPT_ID, Data: word(1)}, {Level: sock.SOL_SOCKET, Type: sock.SCM_RIGHTS, Data: word(1)}, {Level: sock.SOL_SOCKET, Type: sock.SCM_DEVMEM_DMABUF, Data: word(1)},
		{Level: sock.SOL_SOCKET, Type: 99, Data: word(1)}, {Level: 99, Type: 1, Data: word(1)},
	}
}()
