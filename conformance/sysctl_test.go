package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance"
)

// What the engine writes, a stack reads: name and value come through.
func TestSysctlCommandsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9_]+(\.[a-z0-9_]+){0,4}`).Draw(t, "name")
		value := rapid.StringMatching(`[a-z0-9,=-]*( [a-z0-9]+){0,3}`).Draw(t, "value")
		gotName, gotValue, ok := conformance.ParseSysctl(conformance.SysctlCommand(name, value))
		require.True(t, ok)
		require.Equal(t, name, gotName)
		require.Equal(t, strings.TrimSpace(value), strings.TrimSpace(gotValue))
	})
}

func TestOtherCommandsAreNoSysctl(t *testing.T) {
	for _, cmd := range []string{
		"", "sysctl", "sysctl net.ipv4.tcp_sack=0", "sysctl -q net.ipv4.tcp_sack", "sysctl -q =1", "sysctl -q a=1 b=2",
		"sysctl -q a=1; reboot", `sysctl -q a="1`, `sysctl -q a="1" b`, "sysctl -q a b=1", "sysctl -q a=1\nb", "ip link",
	} {
		_, _, ok := conformance.ParseSysctl(cmd)
		require.False(t, ok, "%q", cmd)
	}
}
