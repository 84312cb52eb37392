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

// mine is the model, but that listen panics.
type mine struct{ model.Stack }

type mineInstance struct{ *model.Instance }

func (m mine) Start(s conformance.Setup) (conformance.Instance, error) {
	i, err := m.Stack.Start(s)
	if err != nil {
		return nil, err
	}
	return mineInstance{i.(*model.Instance)}, nil
}

func (m mineInstance) Call(t sock.Thread, c sock.Call) error {
	if c.Op == sock.OpListen {
		panic("boom")
	}
	return m.Instance.Call(t, c)
}

// TestAPanicIsADifferenceLikeAnyOther: on either side, told with its place, and made as short as it goes.
func TestAPanicIsADifferenceLikeAnyOther(t *testing.T) {
	for name, c := range map[string]*Campaign{
		"other": {Other: mine{}, Model: model.Stack{}, Kinds: matrix.Kinds[:1], Steps: 20},
		"model": {Other: model.Stack{}, Model: mine{}, Kinds: matrix.Kinds[:1], Steps: 20},
	} {
		var f *Finding
		require.NoError(t, c.Run(t.Context(), 1, 50, 1, func(found *Finding) bool { f = found; return false }), name)
		require.NotNil(t, f, name)
		require.Regexp(t, `panics: boom at campaign/program_test.go:\d+`, f.Difference.String(), name)
		require.True(t, f.Real(), name)
		calls := 0
		for _, s := range f.History.Steps {
			if s.Call != nil {
				calls++
			}
		}
		require.LessOrEqual(t, calls, 3, "%s: a socket, and what makes it listen\n%s", name, f)
		require.Contains(t, f.History.Script(), "listen(", name)
	}
}
