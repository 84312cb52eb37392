//go:build linux

package kernel

import (
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// loadGrid is how far apart the bursts of a timed round are, in microseconds. SYN-ACKs come again 1 and 3 seconds after the first,
// and up to 70 ms later where the kernel ticks at 250 Hz: in no burst's way.
const loadGrid = 800_000

// wait lets time pass until the round's next burst.
func (p *loadPair) wait() error {
	now := p.side[0].in.Now()
	until := p.began + ((now-p.began)/loadGrid+1)*loadGrid
	return p.each("wait", func(s *loadSide) (string, error) {
		_, err := s.settle(until)
		return "", err
	})
}

// drawBurst draws what happens between two waits.
func drawBursts(t *rapid.T) []loadOp {
	var ops []loadOp
	for range rapid.IntRange(1, 7).Draw(t, "bursts") {
		ops = append(ops, rapid.SliceOfN(drawLoadOp(), 0, 10).Draw(t, "burst")...)
		ops = append(ops, loadOp{Kind: "wait"})
	}
	return ops
}

// lessOf tries to play a round that differs without each of its steps, while it still differs.
func (p *loadPair) lessOf(t testing.TB, backlog int64, ops []loadOp, err error) ([]loadOp, error) {
	for i := len(ops) - 1; i >= 0; i-- {
		less := append(append([]loadOp(nil), ops[:i]...), ops[i+1:]...)
		if e := p.play(t, false, backlog, less); e != nil {
			ops, err = less, e
		}
	}
	return ops, err
}

// Load with time passing: SYN-ACKs that are sent again, requests that are given up, pruned or deferred. SOCKSPEC_LOAD_ROUNDS is how many
// rounds each of the pairs plays, SOCKSPEC_LOAD_SEED which.
func TestHandshakeQueuesUnderLoadTimeOutAsTheKernels(t *testing.T) {
	needKernel(t)
	rounds, _ := strconv.Atoi(os.Getenv("SOCKSPEC_LOAD_ROUNDS"))
	seed, _ := strconv.Atoi(os.Getenv("SOCKSPEC_LOAD_SEED"))
	rounds = min(max(rounds, 1), 1000)
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range 12 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p, err := makeLoadPair()
			if err != nil {
				t.Error(err)
				return
			}
			defer p.close()
			for r := range rounds {
				ops := rapid.Custom(drawBursts).Example(seed + 1000*i + r)
				backlog := backlogs[(i+r)%5]
				if err := p.play(t, false, backlog, ops); err != nil {
					ops, err = p.lessOf(t, backlog, ops, err)
					t.Errorf("pair %d, round %d, backlog %d: %v\n%v", i, r, backlog, ops, err)
					return
				}
			}
		}()
	}
}

// What a listener forgets when it stops it remembers when it listens again soon.
func TestRequestsOutliveAListenerThatListensAgain(t *testing.T) {
	needKernel(t)
	p := newLoadPair(t)
	require.NoError(t, p.play(t, false, 1, []loadOp{
		{"syn", 0, 0}, {"syn", 1, 0}, {"shutdown", 0, 0}, {"syn", 1, 0}, {"listen", 0, 0}, {"ack", 0, 0}, {"accept", 0, 0}, {"ack", 1, 0},
		{"syn", 2, 0}, {"shutdown", 0, 0}, {"wait", 0, 0}, {"wait", 0, 0}, {"listen", 0, 0}, {"ack", 2, 0},
	}))
}
