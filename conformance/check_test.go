package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/stretchr/testify/require"
)

// check parses a script and returns what Check makes of it, "" for nothing. A | stands for a line end.
func check(t *testing.T, text string) string {
	t.Helper()
	src := []byte(strings.ReplaceAll(text, "|", "\n"))
	s, err := script.Parse("x.pkt", src)
	require.NoError(t, err)
	err = Check(s, src)
	if err == nil {
		return ""
	}
	var e *script.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Source)
	return e.Error()
}

const call = "|0 socket(..., SOCK_STREAM, 0) = 3"

// Mistakes are in the script, with their place; none is blamed on a stack.
func TestCheckRefusesOptionsThatMakeNoSense(t *testing.T) {
	for option, says := range map[string]string{
		"--tolerance_usecs=abc":      "a whole number from 0 to ",
		"--tolerance_usecs=-5":       "a whole number from 0 to ",
		"--tolerance_usecs":          "a whole number from 0 to ",
		"--tolerance_percent=NaN":    "a percentage from 0 to 100000",
		"--tolerance_percent=-1":     "a percentage from 0 to 100000",
		"--tolerance_percent=inf":    "a percentage from 0 to 100000",
		"--tcp_ts_tick_usecs=-1":     "a whole number from 0 to 1000000000",
		"--ip_version=ipv9":          "ipv4, ipv4-mapped-ipv6 or ipv6",
		"--bind_port=99999":          "a whole number from 0 to 65535",
		"--connect_port=-1":          "a whole number from 0 to 65535",
		"--local_ip=\"300.1.1.1\"":   "an IPv4 address",
		"--remote_ip=fd00::1":        "an IPv4 address",
		"--gateway_ip=\"one.there\"": "an IPv4 address",
		"--mtu=67":                   "a whole number from 68 to 65535",
		"--mtu=65536":                "a whole number from 68 to 65535",
		"--mtu=-1500":                "a whole number from 68 to 65535",
	} {
		t.Run(option, func(t *testing.T) {
			got := check(t, "// A title|"+option+call)
			require.Contains(t, got, "x.pkt:2:1: found "+strings.ReplaceAll(option, `"`, "")+", expected "+says)
		})
	}
}

func TestCheckAcceptsTheLimitsOfOptions(t *testing.T) {
	for _, option := range []string{
		"--mtu=68", "--mtu=65535", "--bind_port=0", "--tolerance_usecs=0", "--tolerance_percent=0", "--tolerance_percent=12.5",
		"--tcp_ts_tick_usecs=0", "--strict_segments", "--ip_version=ipv6|--mtu=1280", "--ip_version=ipv4-mapped-ipv6|--mtu=1279", "--ip_version=ipv6|--local_ip=fd00::1", "--local_ip=192.168.0.1/16",
	} {
		if option == "--local_ip=192.168.0.1/16" {
			option = `--local_ip="192.168.0.1/16"`
		}
		require.Empty(t, check(t, option+call), option)
	}
}

func TestCheckRefusesAFirstEventAfterTimeZero(t *testing.T) {
	require.Contains(t, check(t, "1 socket(..., SOCK_STREAM, 0) = 3"), "x.pkt:1:1: found time 1, expected the first event at time 0")
	require.Contains(t, check(t, "+.1 socket(..., SOCK_STREAM, 0) = 3"), "x.pkt:1:1: found time ")
}

func TestCheckRefusesALinkTooNarrowForIPv6(t *testing.T) {
	require.Contains(t, check(t, "--mtu=1279|--ip_version=ipv6"+call), "x.pkt:1:1: found --mtu=1279, expected a whole number from 1280 to 65535")
}

// A run without a check before it blames the option's line all the same.
func TestARunWithABadOptionFailsAtTheOption(t *testing.T) {
	s, err := script.Parse("x.pkt", []byte("\n--mtu=1"+strings.ReplaceAll(call, "|", "\n")))
	require.NoError(t, err)
	requireFail(t, Run(t.Context(), s, &fake{}, Options{}), 2, "option")
}

// A suite full of slips must not be green: what nobody knows is a mistake, what Google's runner knows is a skip.
func TestCheckRefusesNamesThatNobodyKnows(t *testing.T) {
	for text, says := range map[string]string{
		"--foo=1" + call:                   "x.pkt:1:1: found --foo=1, expected an option that packetdrill or this engine knows",
		"--tolerence_usecs=1" + call:       "did you mean --tolerance_usecs?",
		"--mtuu=1500" + call:               "did you mean --mtu?",
		"0 frobnicate(3) = 0":              "x.pkt:1:3: found call frobnicate, expected a system call that packetdrill or this engine knows",
		"0 sockt(..., SOCK_STREAM, 0) = 3": "did you mean socket?",
		call[1:] + "|+0 clos(3) = 0":       "x.pkt:2:4: found call clos",
	} {
		require.Contains(t, check(t, text), says)
	}
	require.NotContains(t, check(t, "0 frobnicate(3) = 0"), "did you mean")
	for _, name := range append(knownCalls(), "psp_rx_assoc", "splice") {
		require.Empty(t, check(t, "0 "+name+"(3) = 0"))
	}
	for _, name := range foreignOptions {
		require.Empty(t, check(t, "--"+name+"=1"+call))
		r := play0(t, "--"+name+"=1"+call)
		require.Equal(t, Skip, r.Verdict)
		require.Contains(t, r.Reason, "option --"+name)
	}
}

func play0(t *testing.T, text string) Result {
	t.Helper()
	s, err := script.Parse("x.pkt", []byte(strings.ReplaceAll(text, "|", "\n")))
	require.NoError(t, err)
	return Run(t.Context(), s, &fake{}, Options{})
}

// A run without a check before it is no skip either.
func TestARunWithAnUnknownNameFails(t *testing.T) {
	requireFail(t, play0(t, call[1:]+"|+0 frobnicate(3) = 0"), 2, "call")
	requireFail(t, play0(t, "--foo=1"+call), 1, "option")
}

// Every name has a meaning, and none has two.
func TestOptionNamesAreAllTold(t *testing.T) {
	for _, name := range ownOptions {
		c := config{}
		var w wanted
		err := c.set(script.Option{Name: name, Value: "?"})
		if name != "strict_segments" && name != "tcp_ts_ecr_scaled" {
			require.ErrorAs(t, err, &w, name)
		}
	}
	known := knownOptions()
	slices.Sort(known)
	require.Equal(t, slices.Compact(slices.Clone(known)), known)
}
