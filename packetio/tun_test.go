//go:build linux

package packetio

import (
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inTestNetNS runs f in a namespace with a TUN interface, and skips where that is not allowed.
func inTestNetNS(t *testing.T, offload bool, f func(tun *TUN)) {
	t.Helper()
	err := InNetNS(func() error {
		tun, err := OpenTUN("tun0", offload)
		if err != nil {
			return err
		}
		defer tun.Close()
		err = ConfigureLink("tun0", LinkConfig{
			MTU: 1500,
			Addrs: []netip.Prefix{
				netip.MustParsePrefix("192.168.0.1/16"),
				netip.MustParsePrefix("fd3d:fa7b:d17d::1/48"),
			},
			Routes: []Route{
				{Dst: netip.MustParsePrefix("192.0.2.0/24"), Via: netip.MustParseAddr("192.168.0.2")},
				{Dst: netip.MustParsePrefix("2001:db8::/32"), Via: netip.MustParseAddr("fd3d:fa7b:d17d:8888::2")},
				{Dst: netip.MustParsePrefix("198.51.100.0/24")},
				{Dst: netip.MustParsePrefix("::/0"), Via: netip.MustParseAddr("fd3d:fa7b:d17d::2")},
			},
		})
		if err != nil {
			return err
		}
		f(tun)
		return nil
	})
	var te *TUNError
	if errors.As(err, &te) && te.Hint != "" && (errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOENT)) {
		t.Skip(err)
	}
	require.NoError(t, err)
}

func TestTUNStaysSilentUntilSpokenTo(t *testing.T) {
	inTestNetNS(t, false, func(tun *TUN) {
		require.Equal(t, "tun0", tun.Name())
		require.Positive(t, tun.Index())
		require.NoError(t, tun.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
		n, err := tun.Read(make([]byte, MaxPacket))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded, "%d octets came", n)
	})
}

func TestTUNErrorsNameTheStepAndTheMend(t *testing.T) {
	inTestNetNS(t, false, func(tun *TUN) {
		_, err := OpenTUN("tun0", false)
		var te *TUNError
		require.ErrorAs(t, err, &te)
		require.Equal(t, "create", te.Op)
		require.Contains(t, te.Hint, "name")
		_, err = OpenTUN("a-name-of-sixteen", false)
		require.ErrorIs(t, err, unix.ENAMETOOLONG)
		require.ErrorIs(t, ConfigureLink("nosuch", LinkConfig{}), unix.ENODEV)
		err = ConfigureLink("tun0", LinkConfig{Routes: []Route{{
			Dst: netip.MustParsePrefix("203.0.113.0/24"), Via: netip.MustParseAddr("203.0.113.1")}}})
		require.ErrorIs(t, err, unix.ENETUNREACH)
		require.ErrorContains(t, err, "invalid gateway", "the kernel's own words")
		require.ErrorIs(t, ConfigureLink("tun0", LinkConfig{Addrs: []netip.Prefix{{}}}), unix.EINVAL)
		require.NoError(t, tun.Close())
		_, err = tun.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrClosed)
	})
}
