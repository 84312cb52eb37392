package fuzz

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/kernel"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// What a kernel may do to a script's timing: a deed that comes a little late must not come behind a timer, and a timer that fires late, by
// a step of the timer wheel at HZ=250, must not fire behind a deed. What lasts long is left out.
const (
	deedLate, timerLate = 6 * tcpstate.Millisecond, 36 * tcpstate.Millisecond
	longestStory        = 4 * tcpstate.Second
)

// clocked is the model, watched for deeds that come close to its timers.
type clocked struct {
	model.Stack
	close bool
}

// Start implements conformance.Stack.
func (c *clocked) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := c.Stack.Start(s)
	if err != nil {
		return nil, err
	}
	return &clockedInstance{Instance: in.(*model.Instance), of: c}, nil
}

type clockedInstance struct {
	*model.Instance
	of    *clocked
	fired sock.Time // the latest timer
}

// Advance implements conformance.Instance.
func (i *clockedInstance) Advance(until sock.Time) (conformance.Event, bool, error) {
	at, ok := i.Deadline()
	ev, some, err := i.Instance.Advance(until)
	if ok && at <= i.Now() {
		i.fired = max(i.fired, at)
	}
	return ev, some, err
}

// deed notes a call or a packet.
func (i *clockedInstance) deed() {
	at, ok := i.Deadline()
	i.of.close = i.of.close || ok && at.Sub(i.Now()) < deedLate || i.fired != 0 && i.Now().Sub(i.fired) < timerLate
}

// Call implements conformance.Instance.
func (i *clockedInstance) Call(th sock.Thread, c sock.Call) error {
	i.deed()
	return i.Instance.Call(th, c)
}

// Inject implements conformance.Instance.
func (i *clockedInstance) Inject(b []byte) error {
	i.deed()
	return i.Instance.Inject(b)
}

// tellable is the story of random ops of an endpoint as a script that a kernel can be held to; "" for none.
func tellable(t *testing.T, n uint64) (*script.Script, string) {
	list, err := connTarget().stories(randomOps(rand.New(rand.NewPCG(n, 11))))
	require.NoError(t, err)
	s := list[0]
	text, err := s.Script(fmt.Sprintf("// Random ops, number %d", n))
	const leastMTU = 1280 // a device with less has no IPv6
	if err != nil || len(s.Unsaid) > 0 || s.MTU != 0 && s.MTU < leastMTU {
		return nil, ""
	}
	parsed, err := script.Parse(fmt.Sprintf("random-%d.pkt", n), []byte(text))
	require.NoError(t, err, text)
	c := &clocked{}
	r := conformance.Run(context.Background(), parsed, c, conformance.Options{})
	require.Equal(t, conformance.Pass, r.Verdict, text)
	if c.close || r.Elapsed > sock.Time(longestStory) {
		return nil, ""
	}
	return parsed, text
}

// mostTries: what a kernel does now and then only, as the model does, is a matter of microseconds.
const mostTries = 4

// The live kernel does what an endpoint of the model does under random ops, with SACK blocks, time stamps, ECN and ACKs of parts, which
// the campaign's peers do not send.
func TestRandomOpsOfAnEndpointAgreeWithTheLiveKernel(t *testing.T) {
	if err := kernel.Truth(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("it waits")
	}
	most := uint64(600)
	if os.Getenv("SOCKSPEC_FULL") != "" {
		most = 6000
	}
	patient := conformance.Options{Args: []script.Option{{Name: "tolerance_usecs", Value: "100000", HasValue: true}}}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 32)
	played := 0
	for n := range most {
		s, text := tellable(t, n)
		if s == nil {
			continue
		}
		played++
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			var r conformance.Result
			for range mostTries {
				if r = conformance.Run(context.Background(), s, kernel.Stack{}, patient); r.Verdict == conformance.Pass {
					return
				}
			}
			t.Errorf("%s%v\n%s", r.Reason, r.Failure, text)
		})
	}
	wg.Wait()
	t.Logf("%d stories of %d can be told and timed, and pass", played, most)
}
