package main

import (
	"context"
	"sync"
	"time"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// trial is how some bugs are tried.
type trial struct {
	*woven.Harness
	r      *report
	expect map[string]woven.Test
	most   map[string]time.Duration // for the expected test, by its package
	rest   func() (map[string]time.Duration, error)
}

// tryEach tries some bugs and puts what came of them into the report. What the
// other killers do without a bug is asked only when one gets so far.
func tryEach(ctx context.Context, h *woven.Harness, r *report, some []numbered, expect map[string]woven.Test, cores int) error {
	most, err := h.Baseline(ctx, alone(some, expect), cores, r.spent)
	if err != nil {
		return err
	}
	rest := sync.OnceValues(func() (map[string]time.Duration, error) { return h.Baseline(ctx, h.Killers, 1, r.spent) })
	t := &trial{h, r, expect, most, rest}
	return woven.Each(ctx, cores, len(some), func(ctx context.Context, i int) error { return t.try(ctx, some[i]) })
}

// try lets a bug meet the test that is expected to kill it, then all others.
func (t *trial) try(ctx context.Context, b numbered) error {
	begun := time.Now()
	if e, ok := t.expect[b.Name]; ok {
		v, err := t.Run(ctx, e.Killer(), b.N, t.most[e.Package])
		t.r.spent(v.CPU)
		if err != nil {
			return err
		}
		if v.Killed {
			v.By = e
			t.r.dead(b, v, true, time.Since(begun))
			return nil
		}
	}
	most, err := t.rest()
	if err != nil {
		return err
	}
	for _, k := range t.Killers {
		v, err := t.Run(ctx, k, b.N, most[k.Package])
		t.r.spent(v.CPU)
		if err != nil {
			return err
		}
		if v.Killed {
			t.r.dead(b, v, false, time.Since(begun))
			return nil
		}
	}
	t.r.survives(b)
	return nil
}
