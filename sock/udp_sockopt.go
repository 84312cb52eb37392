package sock

// udpOptions is IPPROTO_UDP (udp_lib_setsockopt, udp_lib_getsockopt). Every
// value is an int.
var udpOptions = optionLevel{
	level: IPPROTO_UDP, name: "IPPROTO_UDP", read: readWhole, give: (*thread).giveInt,
	rows: []option{
		{num: UDP_CORK, name: "UDP_CORK", set: setUDPCork, get: getUDPCork, note: "letting go sends what is corked"},
		{num: UDP_ENCAP, name: "UDP_ENCAP", does: refused, readOnly: true, note: "reads as 0"},
		{num: UDPLITE_SEND_CSCOV, name: "UDPLITE_SEND_CSCOV", does: refused, readOnly: true, note: "UDP-Lite's; reads as 0"},
		{num: UDPLITE_RECV_CSCOV, name: "UDPLITE_RECV_CSCOV", does: refused, readOnly: true, note: "UDP-Lite's; reads as 0"},
		{num: UDP_NO_CHECK6_TX, name: "UDP_NO_CHECK6_TX", flag: func(o *options) *bool { return &o.noCheck6Tx }},
		{num: UDP_NO_CHECK6_RX, name: "UDP_NO_CHECK6_RX", flag: func(o *options) *bool { return &o.noCheck6Rx }},
		{num: UDP_SEGMENT, name: "UDP_SEGMENT", lo: 0, hi: 0xffff, cell: func(o *options) *int32 { return &o.gsoSize }},
		{num: UDP_GRO, name: "UDP_GRO", flag: func(o *options) *bool { return &o.gro }},
	},
}

func setUDPCork(h *Host, s *sock, v *value) Errno {
	s.dg.cork.on = v.int != 0
	if !s.dg.cork.on && s.dg.cork.pending != 0 {
		h.udpUncork(s) // what becomes of it nobody hears
	}
	return 0
}

func getUDPCork(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(flag(s.dg.cork.on)), 0 }
