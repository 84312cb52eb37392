package campaign

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// What a campaign prints is a script: whatever was drawn, it parses.
func TestHistoriesPrintAsScripts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Campaign{Other: model.Stack{}, Model: model.Stack{}, Kinds: matrix.Kinds, Steps: 40}
		h, d, err := c.Try(t)
		require.NoError(t, err)
		require.Nil(t, d, "a stack differs from itself")
		text := h.Script()
		_, err = script.Parse("history.pkt", []byte(text))
		require.NoError(t, err, text)
	})
}

// A packet that no script can write is told by its ends, its protocol and its octets, of which zeros at the end are counted.
func TestPacketsThatNoScriptCanWriteAreToldByTheirOctets(t *testing.T) {
	peer, here := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.168.0.1")
	udp := sock.Packet{Src: peer, Dst: here, Proto: sock.ProtoUDP, TTL: 64, SrcPort: 1, NoCheck: true, Payload: make([]byte, 1400)}
	require.Equal(t, "192.0.2.1 > 192.168.0.1, protocol 17: 45000594000040004011b2aec0000201c0a80001000100000580 and 1402 zeros", rawText(&udp))
	require.Contains(t, rawText(&sock.Packet{Src: peer, Dst: netip.MustParseAddr("fd00::1"), Proto: sock.ProtoUDP}), "cannot be encoded")
}
