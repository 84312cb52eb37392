package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// A descriptor whose close lingers is used no more: its number is free at once, and may be another instance's.
func TestNobodyUsesADescriptorWhoseCloseLingers(t *testing.T) {
	p := program{slots: []slot{{kind: matrix.Kinds[0], open: true}}, waits: map[sock.Thread]bool{}}
	p.note(&matrix.Step{Thread: 1, Call: &sock.Call{Op: sock.OpClose}}, &matrix.Outcome{}, matrix.Kinds)
	require.Empty(t, p.live())
	require.True(t, p.waiting())
}
