package gvisor

import (
	"testing"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// The errors that a script is likely to see, by Linux's numbers.
func TestNetstackErrorsBecomeLinuxErrnos(t *testing.T) {
	for _, c := range []struct {
		err  tcpip.Error
		want sock.Errno
	}{
		{nil, 0},
		{&tcpip.ErrWouldBlock{}, 11},
		{&tcpip.ErrInvalidEndpointState{}, 22},
		{&tcpip.ErrClosedForSend{}, 32},
		{&tcpip.ErrUnknownProtocolOption{}, 92},
		{&tcpip.ErrNotSupported{}, 95},
		{&tcpip.ErrPortInUse{}, 98},
		{&tcpip.ErrBadLocalAddress{}, 99},
		{&tcpip.ErrNetworkUnreachable{}, 101},
		{&tcpip.ErrConnectionAborted{}, 103},
		{&tcpip.ErrConnectionReset{}, 104},
		{&tcpip.ErrAlreadyConnected{}, 106},
		{&tcpip.ErrNotConnected{}, 107},
		{&tcpip.ErrTimeout{}, 110},
		{&tcpip.ErrConnectionRefused{}, 111},
		{&tcpip.ErrHostUnreachable{}, 113},
		{&tcpip.ErrAlreadyConnecting{}, 114},
		{&tcpip.ErrConnectStarted{}, 115},
	} {
		require.Equal(t, c.want, errnoOf(c.err), "%T", c.err)
	}
}

// An error that the Sentry cannot translate must not end the run.
func TestUnknownNetstackErrorIsEINVAL(t *testing.T) {
	require.Equal(t, einval, errnoOf(&tcpip.ErrInvalidNICID{}))
}
