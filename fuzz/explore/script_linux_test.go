package explore

import (
	"context"
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

// longest is how much of real time a script may take in a test.
const longest = sock.Time(10 * tcpstate.Second)

// patient keeps the test about what happens, not about how busy the machine is.
var patient = conformance.Options{Args: []script.Option{{Name: "tolerance_usecs", Value: "100000", HasValue: true}}}

// The live kernel does what the scripts of the walk say.
func TestWaysPassOnTheLiveKernel(t *testing.T) {
	if err := kernel.Truth(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("it waits")
	}
	scripts, _ := told()
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, 16)
	passed, long := 0, 0
	for c, text := range scripts {
		s, err := script.Parse(c.File(), []byte(text))
		require.NoError(t, err)
		if conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{}).Elapsed > longest {
			long++
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			r := conformance.Run(context.Background(), s, kernel.Stack{}, patient)
			<-slots
			mu.Lock()
			defer mu.Unlock()
			if passed++; r.Verdict != conformance.Pass {
				passed--
				t.Errorf("%v: %s%v\n%s", c, r.Reason, r.Failure, text)
			}
		})
	}
	wg.Wait()
	t.Logf("%d scripts pass, %d last longer than %d s", passed, long, longest/sock.Time(tcpstate.Second))
}
