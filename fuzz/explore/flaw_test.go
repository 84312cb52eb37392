package explore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
)

// A walk tells of a deadlock, and of a close that never completes: each is planted, and found on a shortest way.
func TestWhatNeverEndsIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		flaw    fuzz.Flaw
		octets  uint32
		trouble fuzz.Trouble
		broken  string
		moves   int // to where it shows
	}{
		"a FIN that is never sent again":  {fuzz.FinOnce, 100, fuzz.Trouble{Lose: 1}, "end 0 has ended, and end 1 will never know", 5},
		"data without a timer":            {fuzz.DeadData, 100, fuzz.Trouble{Lose: 1}, "deadlock: nothing will ever deliver all octets: ESTABLISHED", 5},
		"a close without a timer":         {fuzz.DeadClose, 100, fuzz.Trouble{Lose: 1}, "deadlock: nothing will ever deliver all octets: FIN-WAIT-1", 5},
		"a TIME-WAIT that lasts for ever": {fuzz.DeadWait, 100, fuzz.Trouble{}, "deadlock: nothing will ever close: TIME-WAIT", 1},
		"a lost wake-up":                  {fuzz.Untold, 100, fuzz.Trouble{}, "end 0 wrote 100 octets, and 0 arrived", 4},
		"a lost wake-up of a writer":      {fuzz.UntoldRoom, 100_000, fuzz.Trouble{}, "end 0 waits for room that is there", 4},
		"a deaf TIME-WAIT":                {fuzz.DeafWait, 100, fuzz.Trouble{Lose: 1}, "sends again and again in CLOSING, and gets no answer", 8},
		"a close that resets":             {fuzz.Brusque, 100, fuzz.Trouble{Lose: 1}, "end 0 wrote 100 octets, and 0 arrived", 6},
		"nothing":                         {fuzz.NoFlaw, 100, fuzz.Trouble{Lose: 1}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := smallWorld{name, fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, passive(plain)}, Writes: [2]uint8{1, 0}, Octets: c.octets, Channel: 6,
				Trouble: c.trouble, Ends: fuzz.EndShutdown | fuzz.EndClose, Flaw: c.flaw}}
			r, err := w.walkAll(1)
			require.NoError(t, err)
			if c.flaw == fuzz.NoFlaw {
				require.NoError(t, r.Broken)
				require.Empty(t, r.Stopped)
				return
			}
			require.ErrorContains(t, r.Broken, "once nothing more goes wrong: ")
			require.ErrorContains(t, r.Broken, c.broken)
			require.Len(t, r.Way.Moves, c.moves, "%v", r.Way)
		})
	}
}
