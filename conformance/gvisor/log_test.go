package gvisor

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// martianEnv makes a second process of this test inject the packet that netstack logs. A process of its own, since what is looked
// at is its standard error, and netstack logs the first such packet only.
const martianEnv = "SOCKSPEC_TEST_MARTIAN"

func TestNothingIsLoggedToStandardError(t *testing.T) {
	if os.Getenv(martianEnv) != "" {
		injectMartian(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), martianEnv+"=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Run())
	require.Empty(t, errs.String())
}

// injectMartian injects a packet that claims to come from the loopback.
func injectMartian(t *testing.T) {
	w := newWorld(t)
	p := make([]byte, header.IPv4MinimumSize)
	header.IPv4(p).Encode(&header.IPv4Fields{TotalLength: header.IPv4MinimumSize, TTL: 64, Protocol: 6,
		SrcAddr: tcpip.AddrFrom4([4]byte{127, 0, 0, 1}), DstAddr: tcpip.AddrFrom4([4]byte{192, 168, 0, 1})})
	header.IPv4(p).SetChecksum(^header.IPv4(p).CalculateChecksum())
	require.NoError(t, w.in.Inject(p))
}
