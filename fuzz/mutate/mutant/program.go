package mutant

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// Weave finds mutants in their files, sets their fates and numbers, and writes
// the files with all of them into dir. It returns the go command's overlay.
func Weave(ctx context.Context, root, dir string, ms []*Mutant) (overlay string, err error) {
	byDir := map[string]map[string][]*Mutant{}
	for _, m := range ms {
		d := path.Dir(m.File)
		if byDir[d] == nil {
			byDir[d] = map[string][]*Mutant{}
		}
		byDir[d][m.File] = append(byDir[d][m.File], m)
	}
	files := map[string]string{woven.SwitchPath: Switch()}
	n := 0
	for _, d := range slices.Sorted(maps.Keys(byDir)) {
		s, err := load(ctx, root, d)
		if err != nil {
			return "", err
		}
		for _, name := range slices.Sorted(maps.Keys(byDir[d])) {
			f := s.files[name]
			if f == nil {
				return "", fmt.Errorf("%s is no part of its package here: a build constraint keeps it out", name)
			}
			if err := f.place(byDir[d][name]); err != nil {
				return "", err
			}
			if number(byDir[d][name], &n) {
				files[name] = f.weave()
			}
		}
	}
	return woven.Overlay(root, dir, files)
}

// number gives numbers to those that are woven, after the last one given.
func number(ms []*Mutant, last *int) (any bool) {
	for _, m := range ms {
		if m.Fate == Woven {
			*last++
			m.N, any = *last, true
		}
	}
	return any
}
