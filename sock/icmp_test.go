package sock

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Scripts have no names for these codes (icmp_unreach, icmpv6_err_convert).
func TestMeaningOfICMPCodesWithoutAName(t *testing.T) {
	require.True(t, meaning4(&ICMP{Type: ICMPTimeExceeded}).known)
	require.False(t, meaning4(&ICMP{Type: ICMPDestUnreach, Code: 16}).known)
	require.Equal(t, icmpMeaning{err: EPROTO, fatal: true, known: true}, meaning6(&ICMP{Type: ICMPv6DestUnreach, Code: 7}))
	require.Equal(t, icmpMeaning{err: EACCES, fatal: true, known: true}, meaning6(&ICMP{Type: ICMPv6DestUnreach, Code: 6}))
}
