package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
)

// What a campaign prints is a script: whatever was drawn, it parses.
func TestHistoriesPrintAsScripts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Campaign{Other: model.Stack{}, Model: model.Stack{}, Kinds: matrix.Kinds, Steps: 40}
		h, d, err := c.Try(t)
		require.NoError(t, err)
		require.Nil(t, d, "a stack differs from itself")
		text := h.Script()
		_, err = script.Parse("history.pkt", []byte(text))
		require.NoError(t, err, text)
	})
}
