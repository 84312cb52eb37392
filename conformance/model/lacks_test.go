package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
)

// Whatever asks for a part that the model lacks skips the script, by the older
// number of an option and by the newer.
func TestWhatTheModelLacksIsUnsupported(t *testing.T) {
	for _, o := range [][2]int32{
		{sock.SOL_SOCKET, sock.SO_TIMESTAMPING}, {sock.SOL_SOCKET, sock.SO_TIMESTAMPING_NEW}, {sock.SOL_SOCKET, sock.SO_ZEROCOPY},
		{sock.SOL_TCP, sock.TCP_MD5SIG}, {sock.SOL_TCP, sock.TCP_MD5SIG_EXT},
	} {
		require.ErrorIs(t, lacks(&sock.Call{Op: sock.OpSetsockopt, Level: o[0], Name: o[1]}), conformance.ErrUnsupported, o)
		require.NoError(t, lacks(&sock.Call{Op: sock.OpGetsockopt, Level: o[0], Name: o[1]}), o)
	}
	require.ErrorIs(t, lacks(&sock.Call{Op: sock.OpSend, Flags: sock.MSG_ZEROCOPY}), conformance.ErrUnsupported)
	require.NoError(t, lacks(&sock.Call{Op: sock.OpSetsockopt, Level: sock.SOL_SOCKET, Name: sock.SO_REUSEADDR}))
}

// No sysctl is taken unread: what the machine refuses, the stack refuses.
func TestEverySysctlIsTheMachines(t *testing.T) {
	in := &Instance{host: sock.New(sock.HostConfig{})}
	for _, name := range in.host.Sysctls() {
		require.Error(t, in.Command(conformance.SysctlCommand(name, "1x")), name)
	}
	require.NoError(t, in.Command(conformance.SysctlCommand("net.ipv4.tcp_ecn_option", "0")))
	require.ErrorIs(t, in.Command(conformance.SysctlCommand("net.ipv4.nonesuch", "0")), conformance.ErrUnsupported)
}
