package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
)

// A descriptor whose close lingers is used no more: its number is free at once, and may be another instance's.
func TestNobodyUsesADescriptorWhoseCloseLingers(t *testing.T) {
	p := program{slots: []slot{{kind: matrix.Kinds[0], open: true}}, waits: map[sock.Thread]bool{}}
	p.note(&matrix.Step{Thread: 1, Call: &sock.Call{Op: sock.OpClose}}, &matrix.Outcome{}, matrix.Kinds)
	require.Empty(t, p.live())
	require.True(t, p.waiting())
}

// bomb is a stack that panics when it is booted.
type bomb struct{ conformance.Stack }

func (bomb) Start(conformance.Setup) (conformance.Instance, error) { panic("boom") }

// TestAStackThatPanicsEndsTheCampaign: with the seed, and where it happened.
func TestAStackThatPanicsEndsTheCampaign(t *testing.T) {
	c := &Campaign{Other: model.Stack{}, Model: bomb{model.Stack{}}, Kinds: matrix.Kinds, Steps: 3}
	err := c.Run(t.Context(), 7, 2, 1, func(*Finding) bool { return true })
	require.ErrorContains(t, err, "seed 7: a stack panics: boom")
	require.ErrorContains(t, err, "Start")
}

// mine is the model, but that listen panics; or what comes after it: a look at the queues, or time that passes, or the question what
// comes next, which only the model is asked.
type mine struct {
	model.Stack
	at string
}

type mineInstance struct {
	*model.Instance
	at     string
	primed *bool
}

func (m mine) Start(s conformance.Setup) (conformance.Instance, error) {
	i, err := m.Stack.Start(s)
	if err != nil {
		return nil, err
	}
	return mineInstance{i.(*model.Instance), m.at, new(bool)}, nil
}

func (m mineInstance) Call(t sock.Thread, c sock.Call) error {
	if c.Op == sock.OpListen {
		*m.primed = true
		m.panics("call")
	}
	return m.Instance.Call(t, c)
}

func (m mineInstance) panics(at string) {
	if *m.primed && m.at == at {
		panic("boom")
	}
}

func (m mineInstance) Queues(fd int32) (syn, accept int, err error) {
	m.panics("queues")
	return m.Instance.Queues(fd)
}

func (m mineInstance) Advance(until sock.Time) (conformance.Event, bool, error) {
	if until > m.Now() {
		m.panics("time")
	}
	return m.Instance.Advance(until)
}

func (m mineInstance) Deadline() (sock.Time, bool) {
	m.panics("deadline")
	return m.Instance.Deadline()
}

// TestAPanicIsADifferenceLikeAnyOther: on either side, wherever it is asked for something, told with its place, and made as short as it
// goes.
func TestAPanicIsADifferenceLikeAnyOther(t *testing.T) {
	for _, at := range []string{"call", "queues", "time", "deadline"} {
		for side := range 2 {
			if at == "deadline" && side == 0 {
				continue
			}
			stacks := [2]conformance.Stack{model.Stack{}, model.Stack{}}
			stacks[side] = mine{at: at}
			c := &Campaign{Other: stacks[0], Model: stacks[1], Kinds: matrix.Kinds[:1], Steps: 20, Pauses: 5}
			var f *Finding
			require.NoError(t, c.Run(t.Context(), 1, 200, 1, func(found *Finding) bool { f = found; return false }), "%s %d", at, side)
			require.NotNil(t, f, "%s %d", at, side)
			did := [2]string{f.Difference.Other, f.Difference.Model}
			require.Regexp(t, `panics: boom at campaign/program_test.go:\d+`, did[side], "%s %d", at, side)
			require.NotContains(t, did[1-side], "panics", "%s %d", at, side)
			require.True(t, f.Real(), "%s %d", at, side)
			calls := 0
			for _, s := range f.History.Steps {
				if s.Call != nil {
					calls++
				}
			}
			require.LessOrEqual(t, calls, 3, "%s %d: a socket, and what makes it listen\n%s", at, side, f)
			require.Contains(t, f.History.Script(), "listen(", "%s %d", at, side)
		}
	}
}
