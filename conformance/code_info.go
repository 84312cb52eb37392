package conformance

import "encoding/binary"

// field is one member of struct tcp_info (include/uapi/linux/tcp.h).
type field struct {
	name  string
	size  int
	shift uint8 // of a bit-field
	bits  uint8 // of a bit-field, 0 for a whole member
}

// infoFields are the members in order; the layout has no padding. Members of newer kernels than the stack imitates read as 0.
var infoFields = []field{
	{"state", 1, 0, 0}, {"ca_state", 1, 0, 0}, {"retransmits", 1, 0, 0}, {"probes", 1, 0, 0}, {"backoff", 1, 0, 0},
	{"options", 1, 0, 0}, {"snd_wscale", 0, 0, 4}, {"rcv_wscale", 1, 4, 4},
	{"delivery_rate_app_limited", 0, 0, 1}, {"fastopen_client_fail", 1, 1, 2},
	{"rto", 4, 0, 0}, {"ato", 4, 0, 0}, {"snd_mss", 4, 0, 0}, {"rcv_mss", 4, 0, 0}, {"unacked", 4, 0, 0}, {"sacked", 4, 0, 0},
	{"lost", 4, 0, 0}, {"retrans", 4, 0, 0}, {"fackets", 4, 0, 0}, {"last_data_sent", 4, 0, 0}, {"last_ack_sent", 4, 0, 0},
	{"last_data_recv", 4, 0, 0}, {"last_ack_recv", 4, 0, 0}, {"pmtu", 4, 0, 0}, {"rcv_ssthresh", 4, 0, 0}, {"rtt", 4, 0, 0},
	{"rttvar", 4, 0, 0}, {"snd_ssthresh", 4, 0, 0}, {"snd_cwnd", 4, 0, 0}, {"advmss", 4, 0, 0}, {"reordering", 4, 0, 0},
	{"rcv_rtt", 4, 0, 0}, {"rcv_space", 4, 0, 0}, {"total_retrans", 4, 0, 0},
	{"pacing_rate", 8, 0, 0}, {"max_pacing_rate", 8, 0, 0}, {"bytes_acked", 8, 0, 0}, {"bytes_received", 8, 0, 0},
	{"segs_out", 4, 0, 0}, {"segs_in", 4, 0, 0}, {"notsent_bytes", 4, 0, 0}, {"min_rtt", 4, 0, 0},
	{"data_segs_in", 4, 0, 0}, {"data_segs_out", 4, 0, 0}, {"delivery_rate", 8, 0, 0}, {"busy_time", 8, 0, 0},
	{"rwnd_limited", 8, 0, 0}, {"sndbuf_limited", 8, 0, 0}, {"delivered", 4, 0, 0}, {"delivered_ce", 4, 0, 0},
	{"bytes_sent", 8, 0, 0}, {"bytes_retrans", 8, 0, 0}, {"dsack_dups", 4, 0, 0}, {"reord_seen", 4, 0, 0},
	{"rcv_ooopack", 4, 0, 0}, {"snd_wnd", 4, 0, 0}, {"rcv_wnd", 4, 0, 0}, {"rehash", 4, 0, 0},
	{"total_rto", 2, 0, 0}, {"total_rto_recoveries", 2, 0, 0}, {"total_rto_time", 4, 0, 0},
	{"received_ce", 4, 0, 0}, {"delivered_e1_bytes", 4, 0, 0}, {"delivered_e0_bytes", 4, 0, 0}, {"delivered_ce_bytes", 4, 0, 0},
	{"received_e1_bytes", 4, 0, 0}, {"received_e0_bytes", 4, 0, 0}, {"received_ce_bytes", 4, 0, 0},
	{"accecn_fail_mode", 2, 0, 0}, {"accecn_opt_seen", 2, 0, 0},
}

// tcpInfoLen is room for all of them; a kernel that knows fewer returns fewer.
const tcpInfoLen = 280

// decodeTCPInfo names the members of a struct tcp_info as scripts do, tcpi_NAME. A member before a bit-field's last has size 0,
// since they share an octet.
func decodeTCPInfo(b []byte) map[string]uint64 {
	m := make(map[string]uint64, len(infoFields))
	b = append(append([]byte(nil), b...), make([]byte, max(0, tcpInfoLen-len(b)))...)
	at := 0
	for _, f := range infoFields {
		var v uint64
		switch f.size {
		case 0, 1:
			v = uint64(b[at])
		case 2:
			v = uint64(binary.LittleEndian.Uint16(b[at:]))
		case 4:
			v = uint64(binary.LittleEndian.Uint32(b[at:]))
		case 8:
			v = binary.LittleEndian.Uint64(b[at:])
		}
		if f.bits > 0 {
			v = v >> f.shift & (1<<f.bits - 1)
		}
		m["tcpi_"+f.name] = v
		at += f.size
	}
	return m
}

// codeSymbols are the names that blocks may compare with (net/tcp_states.h, linux/tcp.h), and the value that scripts give to an
// ssthresh that was never set.
var codeSymbols = map[string]int64{
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5, "TCP_TIME_WAIT": 6,
	"TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11, "TCP_NEW_SYN_RECV": 12,
	"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
	"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8, "TCPI_OPT_ECN_SEEN": 16,
	"TCPI_OPT_SYN_DATA": 32, "TCPI_OPT_USEC_TS": 64, "TCPI_OPT_TFO_CHILD": 128,
	"TCP_INFINITE_SSTHRESH": 0x7fffffff,
}

// memNames are the ints of SO_MEMINFO in order (linux/sock_diag.h).
var memNames = []string{"SK_MEMINFO_RMEM_ALLOC", "SK_MEMINFO_RCVBUF", "SK_MEMINFO_WMEM_ALLOC", "SK_MEMINFO_SNDBUF",
	"SK_MEMINFO_FWD_ALLOC", "SK_MEMINFO_WMEM_QUEUED", "SK_MEMINFO_OPTMEM", "SK_MEMINFO_BACKLOG", "SK_MEMINFO_DROPS"}
