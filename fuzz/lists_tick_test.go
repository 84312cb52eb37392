package fuzz

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// ticking is the model with the timers of a kernel: each fires at a tick, and later by as much as is said.
type ticking struct {
	model.Stack
	late tcpstate.Duration
}

const tickLength = 4 * tcpstate.Millisecond

// Name implements conformance.Stack.
func (ticking) Name() string { return "ticking" }

// Start implements conformance.Stack.
func (s ticking) Start(setup conformance.Setup) (conformance.Instance, error) {
	in, err := s.Stack.Start(setup)
	if err != nil {
		return nil, err
	}
	return &tickingInstance{in.(*model.Instance), s.late}, nil
}

type tickingInstance struct {
	*model.Instance
	late tcpstate.Duration
}

// Tick is the resolution of its timers.
func (*tickingInstance) Tick() tcpstate.Duration { return tickLength }

// Advance implements conformance.Instance.
func (i *tickingInstance) Advance(until sock.Time) (conformance.Event, bool, error) {
	at, ok := i.Deadline()
	if !ok || at > until {
		return i.Instance.Advance(until)
	}
	if ev, some, err := i.Instance.Advance(min(at-1, until)); some || err != nil {
		return ev, some, err // of what came before
	}
	tick := (int64(at) + tickLength - 1) / tickLength * tickLength
	fires := sock.Time(tick + i.late)
	if fires > until {
		i.Lag(until)
		return conformance.Event{}, false, nil
	}
	i.Lag(fires)
	return i.Instance.Advance(fires)
}

// realOnes are the differences that a campaign with lists finds between the model and itself with such timers.
func realOnes(t *testing.T, late tcpstate.Duration, n int) (found []*campaign.Finding) {
	c := &campaign.Campaign{Other: ticking{late: late}, Model: model.Stack{}, Lists: Lists()}
	require.NoError(t, c.Run(context.Background(), 1, n, 2, func(f *campaign.Finding) bool {
		if f.Real() {
			found = append(found, f)
		}
		return len(found) < 3
	}))
	return found
}

// A stack whose timers fire at ticks does what the model does, whose timers fire at their microsecond.
func TestTicksAreNoDifference(t *testing.T) {
	require.Empty(t, realOnes(t, 0, 400))
	require.Empty(t, realOnes(t, 2*tickLength, 200))
}

// One whose timers fire much too late does not.
func TestTimersThatAreLateAreADifference(t *testing.T) {
	require.NotEmpty(t, realOnes(t, 200*tcpstate.Millisecond, 100))
}
