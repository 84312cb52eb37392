//go:build linux

package kernel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
)

// loadPair is the kernel and the model under the same load. The model's clock follows the kernel's.
type loadPair struct {
	side  [2]*loadSide // kernel, model
	known map[string]uint64
	round uint16
	newer [loadClients]int
	trace []string
	began sock.Time // of the round, by the kernel's clock
}

func newLoadPair(t testing.TB) *loadPair {
	p, err := makeLoadPair()
	require.NoError(t, err)
	t.Cleanup(p.close)
	return p
}

func (p *loadPair) close() { _ = p.side[0].in.Close() }

// makeLoadPair is for the goroutine that will drive the pair, and close it.
func makeLoadPair() (*loadPair, error) {
	k, err := Stack{}.Start(loadSetup)
	if err != nil {
		return nil, err
	}
	m, err := model.Stack{}.Start(loadSetup)
	if err != nil {
		return nil, err
	}
	p := &loadPair{side: [2]*loadSide{{in: k}, {in: m}}, known: map[string]uint64{}}
	counters := sock.Counters{}
	for name, n := range counters.All() {
		p.known[name] = n
	}
	return p, nil
}

// each does something on the kernel and then, at the same time, on the model; what is seen must be the same.
func (p *loadPair) each(name string, f func(*loadSide) (string, error)) error {
	p.trace = append(p.trace, name)
	var saw [2]string
	at, err := p.calm()
	if err != nil {
		return err
	}
	for i, s := range p.side {
		if _, err := s.settle(at); err != nil {
			return err
		}
		s.forget()
		r, err := f(s)
		if err != nil {
			return fmt.Errorf("%s on the %s: %w", name, []string{"kernel", "model"}[i], err)
		}
		saw[i] = r
	}
	return p.compare(saw)
}

// calm is a time at which nothing is about to happen by itself: it waits over the model's timers that are near until the kernel's
// must have fired, too, whose tick may be up to 10 ms away. In between the one has sent already what the other has yet to send.
func (p *loadPair) calm() (sock.Time, error) {
	const near, late = 2000, 20_000
	at := p.side[0].in.Now()
	for range 10 {
		next, ok := p.side[1].in.(*model.Instance).Deadline()
		if !ok || next > at+near {
			break
		}
		at = max(at, next+late)
		for _, s := range p.side {
			if _, err := s.settle(at); err != nil {
				return at, err
			}
		}
	}
	return at, nil
}

// compare looks at both sides. What differs is looked at again a little later: the kernel's delayed ACKs wait for its next tick.
func (p *loadPair) compare(said [2]string) error {
	var saw [2]string
	for try := range 5 {
		at := p.side[0].in.Now() + sock.Time(min(try, 1)*15000)
		for i, s := range p.side {
			if _, err := s.settle(at); err != nil {
				return err
			}
			lines, err := s.look(p.known)
			if err != nil {
				return err
			}
			saw[i] = said[i] + "\n\t" + strings.Join(lines, "\n\t")
		}
		if saw[0] == saw[1] {
			return nil
		}
	}
	more, _ := p.side[0].in.(conformance.Counterer).Counters()
	for name, n := range more {
		if _, ok := p.known[name]; !ok && n != p.side[0].base[name] {
			saw[0] += fmt.Sprintf("\n\t(beyond the model: %s %d)", name, n-p.side[0].base[name])
		}
	}
	return fmt.Errorf("after %s\nthe kernel: %s\nthe model: %s", strings.Join(p.trace, ", "), saw[0], saw[1])
}

// run plays a round from the beginning.
func (p *loadPair) run(v6 bool, backlog int64, ops []loadOp) error {
	p.round++
	p.newer, p.trace = [loadClients]int{}, nil
	for _, s := range p.side {
		if err := s.begin(p.round, v6); err != nil {
			return err
		}
		for _, c := range loadSysctls {
			if err := s.in.Command(fmt.Sprintf("sysctl -q %s=%d", c.name, c.values[0])); err != nil {
				return err
			}
		}
	}
	defer func() {
		for _, s := range p.side {
			_ = s.end()
		}
	}()
	if err := p.each("open", func(s *loadSide) (string, error) { return "", s.open(backlog) }); err != nil {
		return err
	}
	p.began = p.side[0].in.Now()
	for n, o := range ops {
		if o.Kind == "wait" {
			if err := p.wait(); err != nil {
				return err
			}
			continue
		}
		if o.Kind == "newer" {
			p.newer[o.C]++
		}
		if err := p.each(o.String(), func(s *loadSide) (string, error) { return o.do(s, n, &p.newer) }); err != nil {
			return err
		}
	}
	return p.each("end", func(s *loadSide) (string, error) { return "", s.end() })
}

// play plays a round. One that differs is played again: a busy machine may hold the kernel up at any point, and timers go on.
func (p *loadPair) play(t testing.TB, v6 bool, backlog int64, ops []loadOp) (err error) {
	for range 3 {
		was := err
		if err = p.run(v6, backlog, ops); err == nil {
			if was != nil {
				t.Logf("differed once: %v", was)
			}
			return nil
		}
	}
	return err
}

// Many clients at a listener with random limits: packets, what accept gives, queue lengths and counters are the kernel's.
func TestHandshakeQueuesUnderLoadAreTheKernels(t *testing.T) {
	needKernel(t)
	p := newLoadPair(t)
	rapid.Check(t, func(rt *rapid.T) {
		ops := rapid.SliceOfN(drawLoadOp(), 1, 40).Draw(rt, "ops")
		backlog := rapid.SampledFrom(backlogs[:5]).Draw(rt, "backlog")
		v6 := rapid.IntRange(0, 3).Draw(rt, "family") == 3
		require.NoError(rt, p.play(t, v6, backlog, ops))
	})
	all, err := p.side[1].in.(conformance.Counterer).Counters()
	require.NoError(t, err)
	t.Logf("%d rounds, with %v", p.round, all)
}
