package explore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// counter is a world of two counters that go up to 9: a hundred states. It breaks a law when both are what bad says.
type counter struct{ a, b, bad int }

func (c *counter) Clone() World           { d := *c; return &d }
func (c *counter) Moves(to []Move) []Move { return append(to, 0, 1) }
func (c *counter) Key() uint64            { return uint64(c.a*10 + c.b) }
func (c *counter) Begun(*fuzz.Coverage)   {}
func (c *counter) Describe(m Move) string { return fmt.Sprint("up ", m) }

func (c *counter) Do(m Move, cover *fuzz.Coverage) error {
	if m == 0 {
		c.a = min(c.a+1, 9)
	} else {
		c.b = min(c.b+1, 9)
	}
	cover.Rule(rule.ID(c.a))
	if c.bad > 0 && c.a == c.bad && c.b == c.bad {
		return errors.New("a law")
	}
	return nil
}

func (c *counter) Settle() error {
	if c.bad < 0 && c.a == -c.bad {
		return errors.New("never ends")
	}
	return nil
}

func count(bad int) Search {
	return Search{Roots: []Root{{Name: "zero", World: &counter{bad: bad}}}, SettleEach: 1}
}

func TestEveryStateIsVisitedOnce(t *testing.T) {
	s := count(0)
	r := s.Run(context.Background())
	require.Equal(t, 100, r.States)
	require.Equal(t, 200, r.Moves)
	require.Equal(t, 18, r.Depth)
	require.Empty(t, r.Stopped)
	require.NoError(t, r.Broken)
}

func TestALawIsBrokenOnTheShortestWay(t *testing.T) {
	s := count(3)
	r := s.Run(context.Background())
	require.EqualError(t, r.Broken, "a law")
	require.Len(t, r.Way.Moves, 6)
	require.Equal(t, "zero\n  up 0\n  up 0\n  up 0\n  up 1\n  up 1\n  up 1\n  broken: a law", r.Way.String())
	s = count(-4)
	r = s.Run(context.Background())
	require.ErrorContains(t, r.Broken, "never ends")
	require.Len(t, r.Way.Moves, 4)
}

func TestTheFirstWayToARuleIsAShortestOne(t *testing.T) {
	s := count(0)
	r := s.Run(context.Background())
	for n := 1; n <= 9; n++ {
		require.Len(t, r.RuleWay(rule.ID(n)).Moves, n)
	}
	require.Nil(t, r.RuleWay(10))
}

func TestBoundsEndASearchWithWhatItHas(t *testing.T) {
	s := count(0)
	s.States = 40
	r := s.Run(context.Background())
	require.Equal(t, "the bound on states", r.Stopped)
	require.Equal(t, 40, r.States)
	s = count(0)
	s.Depth = 5
	r = s.Run(context.Background())
	require.Equal(t, "the bound on moves", r.Stopped)
	require.Equal(t, 21, r.States)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s = count(0)
	r = s.Run(ctx)
	require.Equal(t, "an interrupt", r.Stopped)
}

// A walk that comes to its end with the last state that it may visit has seen all there are.
func TestABoundThatIsJustEnoughIsNone(t *testing.T) {
	s := count(0)
	s.States = 100
	r := s.Run(context.Background())
	require.Equal(t, 100, r.States)
	require.Empty(t, r.Stopped)
	s.States = 99
	r = s.Run(context.Background())
	require.Equal(t, 99, r.States)
	require.Equal(t, BoundOnStates, r.Stopped)
}

// Each scenario has its part of the bound, however large that is, and a bound of nothing is none: who has no part is not begun.
func TestScenariosShareTheBoundOnStates(t *testing.T) {
	run := func(states int, names ...string) *Report {
		rep, err := Run(context.Background(), Options{States: states, Only: names})
		require.NoError(t, err)
		return rep
	}
	rep := run(math.MaxInt, "limits", "messages")
	require.Equal(t, run(math.MaxInt, "limits").States()+36, rep.States())
	require.Empty(t, rep.Walks[0].Stopped+rep.Walks[1].Stopped)
	require.Empty(t, rep.Left)
	require.Equal(t, math.MaxInt, part(math.MaxInt, 6, 6))
	require.Equal(t, math.MaxInt/2, part(math.MaxInt-1, 3, 6))
	rep = run(1)
	require.Equal(t, 1, rep.States())
	require.Len(t, rep.Walks, 1)
	require.Len(t, rep.Left, len(Scenarios)-1)
	require.Equal(t, 30, run(30).States())
	rep = run(100, "limits", "messages") // what one leaves, the next has
	require.Equal(t, 50+36, rep.States())
}

// What is said to end does.
func TestScenariosThatEndDo(t *testing.T) {
	rep, err := Run(context.Background(), Options{Only: ending})
	require.NoError(t, err)
	require.Len(t, rep.Walks, len(ending))
	for _, w := range rep.Walks {
		require.NoError(t, w.Broken)
		require.Empty(t, w.Stopped, w.Name)
	}
	list, err := Choose([]string{"exits", "rare", "host"})
	require.NoError(t, err)
	require.Equal(t, []string{"rare", "host"}, Endless(list))
}

// fan is a world of 500 states beside its first, each with one more behind it. The way to the last but one of those breaks a law.
type fan struct{ at, depth int }

func (f *fan) Clone() World         { g := *f; return &g }
func (f *fan) Key() uint64          { return uint64(f.depth*1000 + f.at) }
func (f *fan) Describe(Move) string { return "on" }
func (f *fan) Settle() error        { return nil }
func (f *fan) Begun(*fuzz.Coverage) {}

func (f *fan) Moves(to []Move) []Move {
	for m := Move(0); f.depth == 0 && m < 500; m++ {
		to = append(to, m)
	}
	if f.depth == 1 {
		to = append(to, Move(f.at))
	}
	return to
}

func (f *fan) Do(m Move, cover *fuzz.Coverage) error {
	f.at, f.depth = int(m), f.depth+1
	if f.depth == 2 {
		cover.Rule(rule.ID(f.at))
	}
	if f.depth == 2 && f.at == 498 {
		return errors.New("a law")
	}
	return nil
}

// Moves that were made count, even where the states behind them are more than the bound lets in.
func TestABoundOnStatesHidesNothingThatWasFound(t *testing.T) {
	s := Search{Roots: []Root{{Name: "handle", World: &fan{}}}, States: 550}
	r := s.Run(context.Background())
	require.Equal(t, 550, r.States)
	require.Equal(t, BoundOnStates, r.Stopped)
	require.True(t, r.Cover.HasRule(480))
	require.EqualError(t, r.Broken, "a law")
	require.Equal(t, []Move{498, 498}, r.Way.Moves)
}

// The states along a lead count too.
func TestABoundOnStatesBoundsLeads(t *testing.T) {
	s := count(0)
	s.Roots[0].Lead = []Move{0, 0, 1, 1, 0}
	s.States = 3
	r := s.Run(context.Background())
	require.Equal(t, 3, r.States)
	require.Equal(t, BoundOnStates, r.Stopped)
}

// Every state along a lead is a start, and the way to it is none: of the ways to a rule, that by the fewest moves from the root is
// told, whichever was walked first.
func TestTheWayToARuleCountsTheMovesOfItsLead(t *testing.T) {
	s := count(0)
	root := s.Roots[0]
	long, short := root, root
	long.Lead, short.Lead = []Move{1, 1, 1, 0, 0, 0}, []Move{1, 0}
	for _, s.Roots = range [][]Root{{long}, {long, short}} {
		r := s.Run(context.Background())
		require.Equal(t, 100, r.States)
		for n := 1; n <= 9; n++ {
			require.Len(t, r.RuleWay(rule.ID(n)).Moves, n)
		}
	}
}

// Where leads meet, the way on is the shortest along any of them.
func TestLeadsThatMeetShareTheShortestWay(t *testing.T) {
	s := Search{Depth: 1, SettleEach: 1}
	w := &counter{a: 8}
	s.Roots = []Root{{"idle", w, []Move{1, 0, 1}}, {"again", w, []Move{0, 1, 1}}, {"late", &counter{a: 7, b: 1}, []Move{0, 0, 1}}}
	r := s.Run(context.Background())
	require.Len(t, r.RuleWay(9).Moves, 1)
	w = &counter{bad: 2}
	s.Roots = []Root{{"long", w, []Move{0, 0, 0, 1, 1}}, {"short", w, []Move{0, 1, 0, 1}}}
	r = s.Run(context.Background())
	require.EqualError(t, r.Broken, "a law")
	require.Equal(t, []Move{0, 1, 0, 1}, r.Way.Moves)
	w = &counter{bad: -2}
	s.Roots = []Root{{"long", w, []Move{0, 1, 0}}}
	r = s.Run(context.Background())
	require.ErrorContains(t, r.Broken, "once nothing more goes wrong: never ends")
	require.Equal(t, []Move{0, 1, 0}, r.Way.Moves)
}

// What a walk finds, and the way to it, does not depend on how many walk at once.
func TestWorkersFindTheSame(t *testing.T) {
	list, err := Choose([]string{"handshake"})
	require.NoError(t, err)
	roots, err := list[0].roots()
	require.NoError(t, err)
	run := func(workers int) *Result {
		s := Search{Roots: roots, States: 20_000, Workers: workers}
		return s.Run(context.Background())
	}
	one, four := run(1), run(4)
	require.Equal(t, one.States, four.States)
	require.Equal(t, one.Moves, four.Moves)
	require.Equal(t, one.Cover, four.Cover)
	for _, e := range tcpstate.Edges() {
		require.Equal(t, one.EdgeWay(e.From, e.To), four.EdgeWay(e.From, e.To))
	}
	for _, id := range rule.All() {
		require.Equal(t, one.RuleWay(id), four.RuleWay(id))
	}
}

func TestVisitedKeepsEveryKey(t *testing.T) {
	v := newVisited()
	for k := range uint64(20_000) {
		require.True(t, v.add(k*0x10001))
	}
	for k := range uint64(20_000) {
		require.True(t, v.has(k*0x10001))
		require.False(t, v.add(k*0x10001))
	}
	require.False(t, v.has(7))
}
