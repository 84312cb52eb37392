package woven

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Harness is the program with all changes in it, built.
type Harness struct {
	Killers   []Killer
	root, bin string
}

// Build builds the test binaries of the killers' packages with an overlay, all at
// once. root is the module's directory, dir a place for what it makes.
func Build(ctx context.Context, root, dir, overlay string, ks []Killer) (*Harness, error) {
	h := &Harness{ks, root, filepath.Join(dir, "bin") + string(filepath.Separator)}
	args := []string{"test", "-c", "-vet=off", "-overlay", overlay, "-o", h.bin}
	seen := map[string]bool{}
	for _, k := range ks {
		if !seen[k.Package] {
			args = append(args, "./"+k.Package)
		}
		seen[k.Package] = true
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return nil, context.Canceled
	case err != nil:
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return h, nil
}

// Baseline runs killers without a change. They must pass; each may later take ten
// times as long as it took, since others may be at work. spent hears of the
// processor time, also of the last one.
func (h *Harness) Baseline(ctx context.Context, ks []Killer, cores int, spent func(time.Duration)) (most map[string]time.Duration, err error) {
	took := make([]time.Duration, len(ks))
	err = Each(ctx, cores, len(ks), func(ctx context.Context, i int) error {
		begun := time.Now()
		v, err := h.Run(ctx, ks[i], 0, 5*time.Minute)
		spent(v.CPU)
		took[i] = time.Since(begun)
		if err == nil && v.Killed {
			err = v.Unchanged()
		}
		return err
	})
	most = map[string]time.Duration{}
	for i, k := range ks {
		most[k.Package] = max(20*time.Second, 10*took[i], most[k.Package])
	}
	return most, err
}
