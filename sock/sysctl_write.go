package sock

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sockspec/sockspec/tcpstate"
)

// SetSysctl writes a sysctl as /proc/sys would take it: numbers in decimal, octal
// or hexadecimal, several apart by blanks; fewer than it holds leave the rest, and
// more are not looked at. Connections follow it from then on, but for what a socket
// keeps from when it was made (tcp_init_sock): tcp_rto_min_us, tcp_rto_max_ms,
// tcp_reordering, the algorithm, the sizes of buffers. The error says what was wrong
// and what is allowed; numbers before a wrong one have then been written, unless
// they must fit each other.
func (h *Host) SetSysctl(name, value string) error {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/proc/sys/"), "/", ".")
	switch name {
	case ctlCongestionName:
		return h.setCongestion(value)
	case ctlReservedPortsName:
		return h.sysctl.setReserved(value)
	case ctlFastOpenKeyName:
		return h.fast.keys.parse(value)
	case ctlICMP6RatemaskName:
		return h.sysctl.setICMP6Mask(value)
	}
	row := findControl(name)
	if row == nil {
		return fmt.Errorf("%s: no such sysctl here: Host.Sysctls lists those there are", name)
	}
	v, err := row.parse(h.sysctl.val[row.id], value)
	for i := range sysctlFits {
		fit := &sysctlFits[i]
		if fit.id != row.id {
			continue
		}
		if err == nil && !fit.fits(&h.sysctl, &v) {
			err = fmt.Errorf("%s: %q: want %s", name, value, fit.want)
		}
		if err != nil {
			return err
		}
	}
	h.sysctl.val[row.id] = v
	if row.id == ctlTCPFastopenBlackhole && err == nil {
		h.fast.disabled = 0
	}
	h.reconfigure()
	return err
}

func (h *Host) setCongestion(value string) error {
	c, ok := findCongestion(strings.TrimSpace(value))
	if !ok {
		return fmt.Errorf("%s: no congestion control %q here: use one of %s", ctlCongestionName, value, strings.Join(congestionNames[tcpstate.Cubic:], ", "))
	}
	h.sysctl.congestion = c
	h.reconfigure()
	return nil
}

// parse reads as many numbers as there are and fit, over those that are there
// (do_proc_dointvec).
func (row *control) parse(v [3]int64, value string) ([3]int64, error) {
	words := strings.Fields(value)
	if len(words) == 0 {
		return v, fmt.Errorf("%s: %q: want 1 to %d numbers", row.name, value, row.width)
	}
	for i, w := range words[:min(len(words), int(row.width))] {
		n, ok := parseLong(w)
		if !ok {
			return v, fmt.Errorf("%s: %q is no number", row.name, w)
		}
		if slices.Contains(sysctlMillis[:], row.id) {
			n = int64(int32(n))
		}
		if n < row.lo || n > row.hi {
			return v, fmt.Errorf("%s: %s is out of range: want %d to %d", row.name, w, row.lo, row.hi)
		}
		v[i] = n
	}
	return v, nil
}

// parseLong reads a number as the kernel does (proc_get_long): a sign is a minus,
// a leading 0x or 0 the base.
func parseLong(w string) (int64, bool) {
	const most = 21 // TMPBUFLEN - 1: what is longer is cut, and refused
	digits, negative := strings.CutPrefix(w, "-")
	base := 10
	switch {
	case len(w) >= most:
		return 0, false
	case strings.HasPrefix(digits, "0x"), strings.HasPrefix(digits, "0X"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		base = 8
	}
	u, err := strconv.ParseUint(digits, base, 63)
	if err != nil {
		return 0, false
	}
	if negative {
		return -int64(u), true
	}
	return int64(u), true
}

// sysctlMillis are counted in milliseconds, of which the kernel looks at 32 bits
// only (proc_dointvec_ms_jiffies).
var sysctlMillis = [...]ctl{ctlTCPInvalidRatelimit, ctlICMPRatelimit, ctlICMP6Ratelimit}

// sysctlFit is a sysctl that must fit others, or its numbers each other.
type sysctlFit struct {
	id   ctl
	want string
	fits func(c *sysctls, v *[3]int64) bool
}

// sysctlFits are written whole or not at all (ipv4_local_port_range,
// ipv4_privileged_ports, ip4_frags_ns_ctl_table, ip6_frags_ns_ctl_table). A range of groups
// that ends before it begins is none, and always the same one (ipv4_ping_group_range).
var sysctlFits = [...]sysctlFit{
	{ctlPortRange, "the first port not above the last, nor below net.ipv4.ip_unprivileged_port_start", func(c *sysctls, v *[3]int64) bool {
		return v[0] <= v[1] && v[0] >= c.get(ctlUnprivPortStart)
	}},
	{ctlUnprivPortStart, "at most the first port of net.ipv4.ip_local_port_range", func(c *sysctls, v *[3]int64) bool { return v[0] <= c.get(ctlPortRange) }},
	{ctlPingGroupRange, "two groups", func(_ *sysctls, v *[3]int64) bool {
		if v[1] < v[0] {
			v[0], v[1] = 1, 0
		}
		return true
	}},
	{ctlTCPReordering, "at most net.ipv4.tcp_max_reordering", func(c *sysctls, v *[3]int64) bool { return v[0] <= c.get(ctlTCPMaxReordering) }},
	{ctlFragHigh, "at least net.ipv4.ipfrag_low_thresh", func(c *sysctls, v *[3]int64) bool { return v[0] >= c.get(ctlFragLow) }},
	{ctlFragLow, "at most net.ipv4.ipfrag_high_thresh", func(c *sysctls, v *[3]int64) bool { return v[0] <= c.get(ctlFragHigh) }},
	{ctlFragHigh6, "at least net.ipv6.ip6frag_low_thresh", func(c *sysctls, v *[3]int64) bool { return v[0] >= c.get(ctlFragLow6) }},
	{ctlFragLow6, "at most net.ipv6.ip6frag_high_thresh", func(c *sysctls, v *[3]int64) bool { return v[0] <= c.get(ctlFragHigh6) }},
}

// maxJiffySecs is the most of a time that the kernel keeps in jiffies, of which the
// model has 1000 to the second (proc_dointvec_jiffies).
const maxJiffySecs = maxInt32 / 1000

// reconfigure lets all connections follow the sysctls, and sockets keep what they
// were made with.
func (h *Host) reconfigure() {
	old := h.tcp
	h.tcp = h.sysctl.config(nil)
	for _, s := range h.socks {
		if s == nil || s.prot != &tcpProt {
			continue
		}
		if o := &s.opt; old.RTOMin != h.tcp.RTOMin && o.get(tcpstate.RTOMinUs) == 0 {
			o.own(tcpstate.RTOMinUs, uint32(old.RTOMin), false)
		}
		if o := &s.opt; old.RTOMax != h.tcp.RTOMax && o.get(tcpstate.RTOMaxMs) == 0 {
			o.own(tcpstate.RTOMaxMs, uint32(old.RTOMax/tcpstate.Millisecond), false)
		}
		if s.conn != nil {
			s.conn.SetConfig(h.tcp)
		}
	}
}
