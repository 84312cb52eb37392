package sock

import (
	"strconv"
	"strings"

	"github.com/sockspec/sockspec/tcpstate"
)

// ctl names a sysctl that the model reads.
type ctl uint8

// control is one row of the registry: a sysctl by its real name, with its range
// (net/ipv4/sysctl_net_ipv4.c, net/core/sysctl_net_core.c).
type control struct {
	id     ctl
	name   string
	width  uint8 // how many numbers it holds
	lo, hi int64
	def    [3]int64
	kept   bool // set and shown, but nothing reads it
}

// sysctls are the values of all sysctls of a namespace, by ctl.
type sysctls struct {
	val        [numCtl][3]int64
	congestion tcpstate.Congestion
	profile    *Profile // what is no sysctl; never written
	icmp6Mask  icmp6Mask
	reserved   []portSpan // ip_local_reserved_ports; never written, replaced on change
}

// init takes the defaults, then what the profile has otherwise.
func (c *sysctls) init(p *Profile) {
	for i := range controls {
		c.val[controls[i].id] = controls[i].def
	}
	c.congestion = tcpstate.Cubic
	c.icmp6Mask = icmp6Limited
	for i := range p.Sysctls {
		for j := range controls {
			if controls[j].name == p.Sysctls[i].Name {
				c.val[controls[j].id] = p.Sysctls[i].Values
			}
		}
	}
}

// get is a sysctl's first number, get2 its second.
func (c *sysctls) get(id ctl) int64  { return c.val[id][0] }
func (c *sysctls) get2(id ctl) int64 { return c.val[id][1] }

// on reports a boolean.
func (c *sysctls) on(id ctl) bool { return c.val[id][0] != 0 }

// findControl finds a row by name; a path below /proc/sys and slashes for dots
// are understood.
func findControl(name string) *control {
	name = strings.ReplaceAll(strings.TrimPrefix(name, "/proc/sys/"), "/", ".")
	for i := range controls {
		if controls[i].name == name {
			return &controls[i]
		}
	}
	return nil
}

const ctlCongestionName = "net.ipv4.tcp_congestion_control"

// congestionNames are the algorithms the machine has, by tcpstate.Congestion.
var congestionNames = [...]string{tcpstate.Cubic: "cubic", tcpstate.Reno: "reno"}

// findCongestion finds an algorithm by name.
func findCongestion(name string) (tcpstate.Congestion, bool) {
	for i, n := range congestionNames {
		if n == name && n != "" {
			return tcpstate.Congestion(i), true
		}
	}
	return 0, false
}

// Sysctl reads a sysctl as /proc/sys would show it; false when there is none.
func (h *Host) Sysctl(name string) (string, bool) {
	if strings.ReplaceAll(name, "/", ".") == ctlCongestionName {
		return congestionNames[h.sysctl.congestion], true
	}
	if strings.ReplaceAll(name, "/", ".") == ctlReservedPortsName {
		return showRanges(h.sysctl.reserved), true
	}
	if strings.ReplaceAll(name, "/", ".") == ctlFastOpenKeyName {
		return h.fast.keys.String(), true
	}
	if strings.ReplaceAll(name, "/", ".") == ctlICMP6RatemaskName {
		return h.sysctl.showICMP6Mask(), true
	}
	row := findControl(name)
	if row == nil {
		return "", false
	}
	var b strings.Builder
	for i := range row.width {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(strconv.FormatInt(h.sysctl.val[row.id][i], 10))
	}
	return b.String(), true
}

// Sysctls lists the names that SetSysctl understands.
func (h *Host) Sysctls() []string {
	names := []string{ctlCongestionName, ctlReservedPortsName, ctlFastOpenKeyName}
	for i := range controls {
		names = append(names, controls[i].name)
	}
	return names
}
