package fuzz

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/tcpstate"
)

// TestPairStateMachine lets two endpoints and their users do anything, in any
// order, over a channel that loses, doubles and reorders: RFC 9293's figure is
// refined by each step, nobody reads more than was written, and once the channel
// is good again all octets arrive and both ends become CLOSED.
func TestPairStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := NewDuo(DuoConfig{
			Setup:  [2]Setup{{MTU: 1500}, {Passive: rapid.Bool().Draw(t, "passive"), MTU: 1500}},
			Writes: [2]uint8{4, 4}, Octets: rapid.Uint32Range(1, 9000).Draw(t, "octets"), Channel: 12,
			Trouble: Trouble{Lose: 3, Twice: 3, Overtake: 3, Timeouts: 8},
			Ends:    EndShutdown | EndClose,
		})
		var cover Coverage
		rapidStep := func(ok func(DuoMove) bool) func(*rapid.T) {
			return func(t *rapid.T) {
				var fit []uint32
				for _, n := range d.Moves(nil) {
					if ok(unpackDuo(n)) {
						fit = append(fit, n)
					}
				}
				if len(fit) == 0 {
					return // rapid gives up where nearly all actions are skipped
				}
				n := rapid.SampledFrom(fit).Draw(t, "move")
				t.Log(d.Describe(n))
				require.NoError(t, d.Do(n, &cover))
			}
		}
		is := func(kinds ...uint8) func(*rapid.T) {
			return rapidStep(func(m DuoMove) bool {
				for _, k := range kinds {
					if m.Kind == k {
						return true
					}
				}
				return false
			})
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				for i := range d.user {
					require.LessOrEqual(t, d.user[i].read, d.user[1-i].written, "nobody reads what was not written")
				}
			},
			"deliver": is(duoDeliver), "deliver more": is(duoDeliver), "lose": is(duoLose), "double": is(duoTwice), "time": is(duoExpire),
			"connect": is(duoOpen), "write": is(duoWrite), "read": is(duoRead), "shutdown": is(duoShutdown), "close": is(duoClose),
		})
		require.NoError(t, d.Settle())
		require.Equal(t, [2]tcpstate.State{tcpstate.Closed, tcpstate.Closed}, d.States())
	})
}
