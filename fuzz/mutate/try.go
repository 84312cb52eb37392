package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// errNone: the command line leaves nothing to try.
var errNone = errors.New("no mutant is there, or in -share, whose file:line matches -only")

// tryAll lists the mutants, builds the tests with all of them, sees that they pass
// without one, and tries those that are asked for.
func (o *options) tryAll(ctx context.Context, root string, r *report) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var all []*mutant.Mutant
	r.phase("listing")
	for _, p := range o.packages {
		ms, err := mutant.List(ctx, root, dir, p)
		if err != nil {
			return stopped(ctx, err)
		}
		all = append(all, ms...)
	}
	if !slices.ContainsFunc(all, o.asks) {
		return errNone
	}
	return o.meet(ctx, root, dir, all, woven.Killers, readMemory(memoryPath()), r)
}

// meet lets mutants meet killers.
func (o *options) meet(ctx context.Context, root, dir string, all []*mutant.Mutant, ks []woven.Killer, m *memory, r *report) error {
	r.phase("weaving")
	files, n, err := mutant.Weave(ctx, root, all)
	if err != nil {
		return stopped(ctx, err)
	}
	tests := map[string][]string{}
	for _, k := range ks {
		if tests[k.Package] == nil {
			if tests[k.Package], err = mutant.WeaveTests(root, k.Package, files); err != nil {
				return err
			}
		}
	}
	overlay, err := woven.Overlay(root, dir, files)
	if err != nil {
		return err
	}
	some := r.take(all)
	r.phase("building")
	h, err := woven.Build(ctx, root, dir, overlay, ks)
	if err != nil {
		return err
	}
	r.phase("the tests as they are")
	ws, err := watch(ctx, h, dir, tests, n, o.cores, r.spent)
	if err != nil {
		return err
	}
	r.phase("trying")
	t := &trial{h, r, ws, m}
	defer m.write()
	return woven.Each(ctx, o.cores, len(some), func(ctx context.Context, i int) error { return t.try(ctx, some[i]) })
}

// stopped is what has gone wrong, or that Ctrl-C has ended it.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// trial is how mutants are tried.
type trial struct {
	*woven.Harness
	r *report
	witnesses
	memory *memory
}

// try lets a mutant meet the test that killed it the last time, then all that it
// makes a difference to.
func (t *trial) try(ctx context.Context, m *mutant.Mutant) error {
	begun := time.Now()
	ws := t.of(m)
	if last, ok := t.memory.of(m); ok {
		if w, ok := t.alone(last); ok {
			ws = append([]witness{w}, ws...)
		}
	}
	for _, w := range ws {
		v, err := t.Run(ctx, w.Killer, m.N, w.most(), fmt.Sprintf("%s=%d", mutant.LimitName, w.limit()), "RAPID_SHRINKTIME=1ns")
		t.r.spent(v.CPU)
		if err != nil {
			return err
		}
		if v.Killed {
			t.memory.learn(m, v.By)
			t.r.dead(m, v, time.Since(begun))
			return nil
		}
	}
	t.memory.learn(m, woven.Test{})
	t.r.survives(m, len(ws) > 0)
	return nil
}
