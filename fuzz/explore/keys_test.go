package explore

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
)

// twinStates is how many different states a scenario's keys are tried on: with SOCKSPEC_FULL set, more.
func twinStates() int {
	if os.Getenv("SOCKSPEC_FULL") != "" {
		return 20_000
	}
	return 500
}

// visit is a state of a walk, and the moves that led there.
type visit struct {
	world World
	way   []string
}

// follow is each move that is possible in a world, by the key of the state that it leads to, and the states themselves.
func (v *visit) follow(t *testing.T) (keys []uint64, next []*visit) {
	for _, m := range v.world.Moves(nil) {
		to := v.world.Clone()
		var cover fuzz.Coverage
		require.NoError(t, to.Do(m, &cover), "%v", v.way)
		keys = append(keys, to.Key())
		next = append(next, &visit{to, append(slices.Clip(v.way), v.world.Describe(m))})
	}
	return keys, next
}

// beside are the moves of a state that lead to none of the keys that another has: moves may have another order in a mirror image.
func (v *visit) beside(keys, other []uint64) (list []string) {
	for i, m := range v.world.Moves(nil) {
		if !slices.Contains(other, keys[i]) {
			list = append(list, v.world.Describe(m))
		}
	}
	return list
}

// States with one key are visited once: whatever may follow one of them must be what may follow the other. Tried on each
// state that comes up twice, one step far.
func TestStatesWithOneKeyHaveTheSameSuccessors(t *testing.T) {
	for _, s := range Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			roots, err := s.roots()
			require.NoError(t, err)
			var list []*visit
			for _, r := range roots {
				v := &visit{world: r.World.Clone(), way: []string{r.Name}}
				list = append(list, v)
				for _, m := range r.Lead {
					v = &visit{v.world.Clone(), append(slices.Clip(v.way), v.world.Describe(m))}
					require.NoError(t, v.world.Do(m, &fuzz.Coverage{}))
					list = append(list, v)
				}
			}
			known, first, twins := map[uint64][]uint64{}, map[uint64]*visit{}, 0
			for len(list) > 0 && len(known) < twinStates() {
				v := list[0]
				list = list[1:]
				key := v.world.Key()
				keys, next := v.follow(t)
				was, twice := known[key]
				if !twice {
					known[key], first[key] = keys, v
					list = append(list, next...)
					continue
				}
				twins++
				one, other := first[key].beside(was, keys), v.beside(keys, was)
				require.Empty(t, append(one, other...), "one key for two states, after which not the same follows:\n%q, then %q\n%q, then %q",
					first[key].way, one, v.way, other)
			}
			require.Greater(t, twins, 10)
			t.Logf("%d states came up again, of %d", twins, len(known))
		})
	}
}
