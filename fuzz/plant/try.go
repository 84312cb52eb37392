package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// baseline runs killers without a bug. They must pass; each may later take ten
// times as long as it took, since others may be at work.
func (h *harness) baseline(ctx context.Context, r *report, ks []killer, cores int) (most map[string]time.Duration, err error) {
	took := make([]time.Duration, len(ks))
	err = each(ctx, cores, len(ks), func(ctx context.Context, i int) error {
		begun := time.Now()
		v, err := h.run(ctx, ks[i], 0, 5*time.Minute)
		r.spent(v.CPU)
		took[i] = time.Since(begun)
		if err == nil && v.Killed {
			err = fmt.Errorf("without a bug %v fails: mend that first\n%s", v.By, v.Output)
		}
		return err
	})
	most = map[string]time.Duration{}
	for i, k := range ks {
		most[k.Package] = max(20*time.Second, 10*took[i], most[k.Package])
	}
	return most, err
}

// trial is how some bugs are tried.
type trial struct {
	*harness
	r      *report
	expect map[string]test
	most   map[string]time.Duration // for the expected test, by its package
	rest   func() (map[string]time.Duration, error)
}

// tryAll tries some bugs and puts what came of them into the report. What the
// other killers do without a bug is asked only when one gets so far.
func (h *harness) tryAll(ctx context.Context, r *report, some []numbered, expect map[string]test, cores int) error {
	most, err := h.baseline(ctx, r, alone(some, expect), cores)
	if err != nil {
		return err
	}
	rest := sync.OnceValues(func() (map[string]time.Duration, error) { return h.baseline(ctx, r, h.killers, 1) })
	t := &trial{h, r, expect, most, rest}
	return each(ctx, cores, len(some), func(ctx context.Context, i int) error { return t.try(ctx, some[i]) })
}

// try lets a bug meet the test that is expected to kill it, then all others.
func (t *trial) try(ctx context.Context, b numbered) error {
	begun := time.Now()
	if e, ok := t.expect[b.Name]; ok {
		v, err := t.run(ctx, e.killer(), b.N, t.most[e.Package])
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
	for _, k := range t.killers {
		v, err := t.run(ctx, k, b.N, most[k.Package])
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

// each calls f for 0 to n-1, so many at once, until one fails or ctx ends.
func each(ctx context.Context, cores, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range min(cores, n) {
		wg.Go(func() {
			for i := range jobs {
				if err := f(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case jobs <- i:
		case <-ctx.Done():
		}
	}
	close(jobs)
	wg.Wait()
	return context.Cause(ctx)
}
