package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAConnectionKeepsTheTimeOutsOfWhenItWasMade: whatever the sysctls say since, and
// its own options before either; of all else it follows the new ones (tcp_init_sock).
func TestAConnectionKeepsTheTimeOutsOfWhenItWasMade(t *testing.T) {
	later := func(least, most Duration) *Config {
		cfg := testConfig()
		cfg.RTOMin, cfg.RTOMax, cfg.FinTimeout = least, most, 7*Second
		return cfg
	}
	for _, own := range []bool{false, true} {
		w := established(t, plainOpts)
		least, most := Duration(200*Millisecond), Duration(120*Second)
		if own {
			least, most = 44*Millisecond, 1004*Millisecond
			w.do(Input{Kind: Set, Opt: RTOMinUs, N: 44_000})
			w.do(Input{Kind: Set, Opt: RTOMaxMs, N: 1004})
		}
		for _, cfg := range []*Config{later(100*Millisecond, 5*Second), later(500*Millisecond, 2*Second), later(500*Millisecond, 2*Second)} {
			w.c.SetConfig(cfg)
			require.Equal(t, least, w.c.rtoMin(), "with its own: %v", own)
			require.Equal(t, most, w.c.rtoMax(), "with its own: %v", own)
			require.Equal(t, Duration(7*Second), w.c.cfg.FinTimeout)
		}
	}
}

// TestAConnectionWhoseTimeOutsAreTheSystemsHasNoneOfItsOwn: sysctls about other things
// give it none, so that a step compares equal to one before.
func TestAConnectionWhoseTimeOutsAreTheSystemsHasNoneOfItsOwn(t *testing.T) {
	w := established(t, plainOpts)
	cfg := testConfig()
	cfg.FinTimeout = 7 * Second
	w.c.SetConfig(cfg)
	require.Zero(t, w.c.user.rtoMin)
	require.Zero(t, w.c.rtoMs)
}
