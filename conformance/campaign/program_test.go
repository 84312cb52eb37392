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
