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
	sees  []byte        // by number: not 0 where the mutant comes to another value than the program, once at least
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

// watch runs the killers without a mutant. They must pass. n is the largest number of a mutant.
func watch(ctx context.Context, h *woven.Harness, dir string, n, cores int, spent func(time.Duration)) (witnesses, error) {
	ws := make(witnesses, len(h.Killers))
	err := woven.Each(ctx, cores, len(ws), func(ctx context.Context, i int) error {
		seen := filepath.Join(dir, fmt.Sprintf("seen%d", i))
		if err := os.WriteFile(seen, make([]byte, n+1), 0o600); err != nil {
			return err
		}
		begun := time.Now()
		v, err := h.Run(ctx, h.Killers[i], 0, 5*time.Minute, mutant.SeenName+"="+seen)
		spent(v.CPU)
		if err != nil {
			return err
		}
		if v.Killed {
			return v.Unchanged()
		}
		w := witness{Killer: h.Killers[i], cpu: v.CPU}
		w.limit = max(leastLimit, int(10*v.CPU.Seconds())+1)
		w.most = max(leastMost, 20*time.Since(begun))
		w.sees, err = os.ReadFile(seen)
		ws[i] = w
		return err
	})
	if err == nil && !slices.ContainsFunc(ws, func(w witness) bool { return bytes.IndexByte(w.sees, 1) > 0 }) {
		err = fmt.Errorf("no test comes to any of %d mutants: they are not in the build", n)
	}
	slices.SortFunc(ws, func(a, b witness) int { return cmp.Compare(a.cpu, b.cpu) })
	return ws, err
}

// of are those that a mutant makes a difference to, its own package's first. The
// others would run as they do without it.
func (ws witnesses) of(m *mutant.Mutant) (some []witness) {
	for _, w := range ws {
		if w.sees[m.N] != 0 {
			some = append(some, w)
		}
	}
	slices.SortStableFunc(some, func(a, b witness) int {
		own := func(w witness) int {
			if strings.HasPrefix(m.File, w.Package+"/") {
				return 0
			}
			return 1
		}
		return own(a) - own(b)
	})
	return some
}
