package conformance

import (
	"fmt"
	"strings"
)

// sysctlPrefix begins the one form in which a setting reaches Instance.Command.
const sysctlPrefix = "sysctl -q "

// SysctlCommand is the command that sets a sysctl, in the form that every stack understands: one name with dots, one value,
// in double quotes where it holds several numbers.
func SysctlCommand(name, value string) string {
	if strings.ContainsAny(value, " \t") {
		value = `"` + strings.Join(strings.Fields(value), " ") + `"`
	}
	return sysctlPrefix + name + "=" + value
}

// ParseSysctl reads what SysctlCommand wrote; ok is false for every other command.
func ParseSysctl(cmd string) (name, value string, ok bool) {
	rest, ok := strings.CutPrefix(cmd, sysctlPrefix)
	if !ok {
		return "", "", false
	}
	name, value, ok = strings.Cut(rest, "=")
	if !ok || name == "" || strings.ContainsAny(name, " \t\n\"'") {
		return "", "", false
	}
	if bare, quoted := strings.CutPrefix(value, `"`); quoted {
		value, ok = strings.CutSuffix(bare, `"`)
	} else {
		ok = !strings.ContainsAny(value, " \t\n;")
	}
	return name, value, ok && !strings.ContainsAny(value, "\"\n")
}

// sysctl hands each setting to the stack in its one canonical form.
func (e *engine) sysctl(words []string) error {
	for _, w := range words {
		if strings.HasPrefix(w, "-") {
			continue // -q, -w, -e: how to report
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return fmt.Errorf("sysctl %s: only settings of the form name=value: %w", w, ErrUnsupported)
		}
		if rest, ok := strings.CutPrefix(name, "/proc/sys/"); ok {
			name = strings.ReplaceAll(rest, "/", ".")
		}
		if obsolete[name] {
			continue
		}
		if err := e.inst.Command(SysctlCommand(name, value)); err != nil {
			return err
		}
	}
	return nil
}

// obsolete sysctls are set by the suite and gone from Linux; its shell scripts do not mind the error either.
var obsolete = map[string]bool{"net.ipv4.tcp_fack": true}
