package gvisor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// knob applies a sysctl's value, given as fields.
type knob func(s *stack.Stack, fields []string) error

// knobs are the sysctls that netstack has an option for.
var knobs = map[string]knob{
	"net.ipv4.tcp_sack": number(0, 255, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPSACKEnabled(v != 0)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	// The bits have Linux's meaning: RACK, static reordering window, no dupthresh.
	"net.ipv4.tcp_recovery": number(0, 7, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPRecovery(v)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_moderate_rcvbuf": number(0, 1, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPModerateReceiveBufferOption(v != 0)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_syn_retries": number(1, 127, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPSynRetriesOption(v)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_retries2": number(0, 255, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPMaxRetriesOption(v)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_fin_timeout": number(0, 1<<31-1, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPLingerTimeoutOption(time.Duration(v) * time.Second)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_tw_reuse": number(0, 2, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPTimeWaitReuseOption(v)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_rto_min_us": number(1, 1<<31-1, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPMinRTOOption(time.Duration(v) * time.Microsecond)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_rto_max_ms": number(1000, 120000, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPMaxRTOOption(time.Duration(v) * time.Millisecond)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	// Netstack sends cookies when its SYN queue is full; 2 means always.
	"net.ipv4.tcp_syncookies": number(1, 2, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.TCPAlwaysUseSynCookies(v == 2)
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_invalid_ratelimit": number(0, 1<<31-1, func(s *stack.Stack, v int64) tcpip.Error {
		return s.SetOption(stack.TCPInvalidRateLimitOption(time.Duration(v) * time.Millisecond))
	}),
	"net.ipv4.ip_default_ttl": number(1, 255, func(s *stack.Stack, v int64) tcpip.Error {
		o := tcpip.DefaultTTLOption(v)
		return s.SetNetworkProtocolOption(ipv4.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_congestion_control": congestion,
	"net.ipv4.tcp_rmem": numbers(3, func(s *stack.Stack, v []int64) tcpip.Error {
		o := tcpip.TCPReceiveBufferSizeRangeOption{Min: int(v[0]), Default: int(v[1]), Max: int(v[2])}
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.tcp_wmem": numbers(3, func(s *stack.Stack, v []int64) tcpip.Error {
		o := tcpip.TCPSendBufferSizeRangeOption{Min: int(v[0]), Default: int(v[1]), Max: int(v[2])}
		return s.SetTransportProtocolOption(tcp.ProtocolNumber, &o)
	}),
	"net.ipv4.ip_local_port_range": numbers(2, func(s *stack.Stack, v []int64) tcpip.Error {
		if v[0] < 1 || v[0] > v[1] || v[1] > 65535 {
			return &tcpip.ErrInvalidPortRange{}
		}
		return s.SetPortRange(uint16(v[0]), uint16(v[1]))
	}),
}

// fixed are sysctls for what netstack does in one way only, with the values
// that ask for no more than that. They are netstack's own value and the one
// that a new network namespace of Linux has anyway: where netstack differs from
// it is what a comparison is there to show, and no reason to skip.
var fixed = map[string][]string{
	"net.core.somaxconn":             {"1024", "4096"},
	"net.ipv4.tcp_abort_on_overflow": {"0"},
	"net.ipv4.tcp_dsack":             {"0", "1"}, // netstack understands and never sends them
	"net.ipv4.tcp_early_retrans":     {"3", "4"}, // tail loss probes
	"net.ipv4.tcp_ecn":               {"0", "2"},
	"net.ipv4.tcp_frto":              {"0", "2"}, // by timestamps alone (Eifel)
	"net.ipv4.tcp_keepalive_intvl":   {"75"},
	"net.ipv4.tcp_keepalive_probes":  {"9"},
	"net.ipv4.tcp_keepalive_time":    {"7200"},
	"net.ipv4.tcp_mtu_probing":       {"0"},
	"net.ipv4.tcp_notsent_lowat":     {"4294967295", "-1"},
	"net.ipv4.tcp_reordering":        {"3"},
	"net.ipv4.tcp_retries1":          {"3"},
	"net.ipv4.tcp_shrink_window":     {"0"},
	// Netstack always starts again from the initial window after an idle RTO.
	// 0 is let pass all the same, because Google's suite sets it for each script
	// and few have a window that grew and then lay idle.
	"net.ipv4.tcp_slow_start_after_idle": {"1", "0"},
	"net.ipv4.tcp_stdurg":                {"0"},
	"net.ipv4.tcp_synack_retries":        {"5"},
}

// inert are sysctls that tune something that netstack has not at all (offload,
// pacing, a metrics cache, Fast Open, which its sockets refuse) or that do
// nothing on Linux either (tcp_fack). Any value is accepted.
var inert = []string{
	"net.ipv4.tcp_autocorking", "net.ipv4.tcp_ecn_option", "net.ipv4.tcp_fack",
	"net.ipv4.tcp_fastopen", "net.ipv4.tcp_fastopen_key", "net.ipv4.tcp_limit_output_bytes",
	"net.ipv4.tcp_min_tso_segs", "net.ipv4.tcp_no_metrics_save",
	"net.ipv4.tcp_no_ssthresh_metrics_save", "net.ipv4.tcp_pacing_ca_ratio",
	"net.ipv4.tcp_pacing_ss_ratio", "net.ipv4.tcp_tso_rtt_log", "net.ipv4.tcp_tso_win_divisor",
}

// switches are the sysctls that turn an option of the SYN off and on.
func (in *Instance) switches() map[string]*bool {
	return map[string]*bool{
		"net.ipv4.tcp_timestamps":     &in.declined.timestamps,
		"net.ipv4.tcp_window_scaling": &in.declined.scaling,
	}
}

// sysctl sets one variable. Names may be separated by dots or by slashes.
func (in *Instance) sysctl(name, text string) error {
	fields := strings.Fields(text)
	if slices.Contains(inert, name) {
		return nil
	}
	if off, ok := in.switches()[name]; ok && len(fields) == 1 && (fields[0] == "0" || fields[0] == "1") {
		*off = fields[0] == "0"
		return nil
	}
	if set, ok := knobs[name]; ok {
		if err := set(in.stack, fields); err != nil {
			return fmt.Errorf("gvisor: sysctl %s=%q: %w", name, text, err)
		}
		return nil
	}
	values, ok := fixed[name]
	switch {
	case !ok:
		return unsupported("sysctl %s: netstack has no such setting", name)
	case !slices.Contains(values, strings.Join(fields, " ")):
		return unsupported("sysctl %s=%s: netstack has it fixed (%s)", name, text, strings.Join(values, " or "))
	}
	return nil
}

// numbers is a knob of n integers.
func numbers(n int, set func(*stack.Stack, []int64) tcpip.Error) knob {
	return func(s *stack.Stack, fields []string) error {
		if len(fields) != n {
			return fmt.Errorf("%d numbers are needed, not %d", n, len(fields))
		}
		v := make([]int64, n)
		for i, f := range fields {
			var err error
			// Linux reads 0x70403 too.
			if v[i], err = strconv.ParseInt(f, 0, 64); err != nil || v[i] < 0 || v[i] > 1<<31-1 {
				return fmt.Errorf("%q: a number between 0 and %d is needed", f, 1<<31-1)
			}
		}
		if err := set(s, v); err != nil {
			return unsupported("netstack refuses the values: %v", err)
		}
		return nil
	}
}

// number is a knob of one integer within bounds. Outside of them Linux may have
// a meaning that netstack has not.
func number(least, most int64, set func(*stack.Stack, int64) tcpip.Error) knob {
	return numbers(1, func(s *stack.Stack, v []int64) tcpip.Error {
		if v[0] < least || v[0] > most {
			return &tcpip.ErrInvalidOptionValue{}
		}
		return set(s, v[0])
	})
}

// congestion sets the algorithm of new sockets: reno or cubic.
func congestion(s *stack.Stack, fields []string) error {
	o := tcpip.CongestionControlOption(strings.Join(fields, " "))
	if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, &o); err != nil {
		return unsupported("netstack has reno and cubic")
	}
	return nil
}
