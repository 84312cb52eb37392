package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// watch runs the killers without a mutant. They must pass. names are all tests by
// package, n is the largest number of a mutant.
func watch(ctx context.Context, h *woven.Harness, dir string, names map[string][]string, n, cores int, spent func(time.Duration)) (ws witnesses, err error) {
	each := make([]witnesses, len(h.Killers))
	err = woven.Each(ctx, cores, len(each), func(ctx context.Context, i int) error {
		k := h.Killers[i]
		tests, err := watchOne(ctx, h, k, filepath.Join(dir, fmt.Sprintf("seen%d", i)), names[k.Package], n, spent)
		each[i] = byCost(k, tests)
		return err
	})
	if err != nil {
		return nil, err
	}
	ws = slices.Concat(each...)
	for _, w := range ws {
		for _, t := range w.tests {
			if bytes.IndexByte(t.sees, 1) > 0 {
				return ws, nil
			}
		}
	}
	return nil, fmt.Errorf("no test comes to any of %d mutants: they are not in the build", n)
}

// watchOne runs a killer without a mutant; file is a place for what its tests see.
// What is seen before any of them is seen by all.
func watchOne(ctx context.Context, h *woven.Harness, k woven.Killer, file string, names []string, n int, spent func(time.Duration)) (tests []seenTest, err error) {
	if err := os.WriteFile(file, mutant.NewSeen(len(names), n), 0o600); err != nil {
		return nil, err
	}
	v, err := h.Run(ctx, k, 0, 5*time.Minute, mutant.SeenName+"="+file)
	spent(v.CPU)
	if err == nil && v.Killed {
		err = v.Unchanged()
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sees, began := mutant.ReadSeen(text, n)
	for i, name := range names {
		if began[i+1] > 0 {
			for n, s := range sees[0] {
				sees[i+1][n] |= s
			}
			tests = append(tests, seenTest{name, sees[i+1], lasted(began, began[i+1], v.CPU)})
		}
	}
	return tests, nil
}

// lasted is how long what began at a time took: until the next, or the end of all.
func lasted(began []time.Duration, at, end time.Duration) time.Duration {
	for _, b := range began {
		if b > at {
			end = min(end, b)
		}
	}
	return end - at
}
