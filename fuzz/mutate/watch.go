package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// witness is a killer with what it sees of the mutants.
type witness struct {
	woven.Killer
	tests []string      // of the package, by their numbers less one
	sees  [][]byte      // by test, 0 for what is before any, and mutant: not 0 where the mutant comes to another value than the program, once at least
	cpu   time.Duration // it takes without a mutant
	limit int           // seconds of processor time that it may take with one
	most  time.Duration // the same by the clock, for a mutant that waits for ever
}

// witnesses are all killers, fastest first.
type witnesses []witness

// Limits of a run: ten times what it takes without a mutant, and no less than
// these. A mutant that never ends costs as much.
const (
	leastLimit = 4 // seconds
	leastMost  = time.Minute
)

// watch runs the killers without a mutant. They must pass. tests are by package,
// n is the largest number of a mutant.
func watch(ctx context.Context, h *woven.Harness, dir string, tests map[string][]string, n, cores int, spent func(time.Duration)) (witnesses, error) {
	ws := make(witnesses, len(h.Killers))
	err := woven.Each(ctx, cores, len(ws), func(ctx context.Context, i int) (err error) {
		k := h.Killers[i]
		ws[i], err = watchOne(ctx, h, k, filepath.Join(dir, fmt.Sprintf("seen%d", i)), tests[k.Package], n, spent)
		return err
	})
	if err == nil && !slices.ContainsFunc(ws, func(w witness) bool {
		return slices.ContainsFunc(w.sees, func(b []byte) bool { return bytes.IndexByte(b, 1) > 0 })
	}) {
		err = fmt.Errorf("no test comes to any of %d mutants: they are not in the build", n)
	}
	slices.SortFunc(ws, func(a, b witness) int { return cmp.Compare(a.cpu, b.cpu) })
	return ws, err
}

// watchOne runs a killer without a mutant; file is a place for what it sees.
func watchOne(ctx context.Context, h *woven.Harness, k woven.Killer, file string, tests []string, n int, spent func(time.Duration)) (w witness, err error) {
	if err := os.WriteFile(file, make([]byte, (len(tests)+1)*(n+1)), 0o600); err != nil {
		return w, err
	}
	begun := time.Now()
	v, err := h.Run(ctx, k, 0, 5*time.Minute, mutant.SeenName+"="+file)
	spent(v.CPU)
	if err == nil && v.Killed {
		err = v.Unchanged()
	}
	if err != nil {
		return w, err
	}
	seen, err := os.ReadFile(file)
	w = witness{Killer: k, tests: tests, sees: slices.Collect(slices.Chunk(seen, n+1)), cpu: v.CPU}
	w.limit = max(leastLimit, int(10*v.CPU.Seconds())+1)
	w.most = max(leastMost, 20*time.Since(begun))
	return w, err
}

// of are those that a mutant makes a difference to, its own package's first, each
// with those of its tests that see it. The others would run as they do without it.
func (ws witnesses) of(m *mutant.Mutant) (some []witness) {
	for _, w := range ws {
		var run []string
		for i, name := range w.tests {
			if w.sees[i+1][m.N] != 0 {
				run = append(run, name)
			}
		}
		switch {
		case w.sees[0][m.N] != 0: // all tests may hang on it
		case len(run) > 0:
			w.Run = "^(" + strings.Join(run, "|") + ")$"
		default:
			continue
		}
		some = append(some, w)
	}
	own := func(w witness) int {
		if strings.HasPrefix(m.File, w.Package+"/") {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(some, func(a, b witness) int { return own(a) - own(b) })
	return some
}
