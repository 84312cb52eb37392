package rule

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryRuleHasANameASourceAndAText(t *testing.T) {
	name := regexp.MustCompile(`^([a-z0-9]+(-[a-z0-9]+)*|[A-Z0-9]+(_[A-Z0-9]+)*)$`) // ours, or Linux's drop reason
	rfc := regexp.MustCompile(`^RFC \d{3,4}( \d+(\.\d+)*)?( figure \d+)?$`)
	seen := map[string]ID{}
	for _, id := range All() {
		r, ok := Get(id)
		require.True(t, ok)
		require.Regexp(t, name, r.Name)
		require.NotEmpty(t, r.Text, r.Name)
		if r.RFC != "" {
			require.Regexp(t, rfc, r.RFC, r.Name)
		}
		if r.Name != "thread-busy" { // the model's own
			require.NotEmpty(t, r.Linux, r.Name)
		}
		require.Zero(t, seen[r.Name], "%s names two rules", r.Name)
		seen[r.Name] = id
	}
}

func TestParseUndoesString(t *testing.T) {
	for _, id := range All() {
		got, ok := Parse(id.String())
		require.True(t, ok, id)
		require.Equal(t, id, got)
	}
	_, ok := Parse("no-such-rule")
	require.False(t, ok)
}

func TestZeroAndNumbersBeyondTheTableAreNoRule(t *testing.T) {
	for _, id := range []ID{0, ID(len(tcpRules)), sockBase - 1, sockBase + ID(len(sockRules)), dgramBase + ID(len(dgramRules)), icmpBase + ID(len(icmpRules)), fragBase + ID(len(fragRules)), 1<<16 - 1} {
		_, ok := Get(id)
		require.False(t, ok, uint16(id))
		require.Equal(t, "no-rule", id.String())
	}
	_, ok := Parse("no-rule")
	require.False(t, ok)
}

func TestTheListsAreDenseAndApart(t *testing.T) {
	require.Less(t, len(tcpRules), int(sockBase))
	require.EqualValues(t, len(tcpRules), RehashDuplicate+1, "the names and the rows of TCP's list have the same number")
	require.EqualValues(t, len(sockRules), Woken-sockBase+1, "so have the socket layer's")
	require.EqualValues(t, len(dgramRules), PortUnreachable-dgramBase+1, "and that of datagrams")
	require.EqualValues(t, len(icmpRules), RawError-icmpBase+1, "and that of ICMP")
	require.EqualValues(t, len(fragRules), FragBadExtension-fragBase+1, "and that of fragments")
	require.Less(t, int(icmpBase)+len(icmpRules), int(fragBase))
	require.Less(t, int(sockBase)+len(sockRules), int(dgramBase))
	require.Less(t, int(dgramBase)+len(dgramRules), int(icmpBase))
	require.Len(t, All(), len(tcpRules)-1+len(sockRules)+len(dgramRules)+len(icmpRules)+len(fragRules))
}
