package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Only a kernel that is surely older is let off; the one that the rules are of, and any after it, must do as they say.
func TestOlderLinuxIsLetOff(t *testing.T) {
	for _, r := range []string{"6.17.9", "6.8.0-1021-azure", "5.19", "2.6.78-fc"} {
		require.Equal(t, "on Linux "+r+", and the rules are those of Linux 6.18: what differs is no failure", OlderLinux(r))
	}
	for _, r := range []string{"6.18.44-fc-v669", "6.18", "6.18-rc1", "6.19.0", "6.100", "7.0.1", "", "6", "six.eight", "6.x"} {
		require.Empty(t, OlderLinux(r), r)
	}
}
