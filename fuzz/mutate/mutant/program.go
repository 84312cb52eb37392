package mutant

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// Weave finds mutants in their files, sets their fates and numbers, and returns
// the files with all of them, by their paths from the module's directory root, and
// the largest number.
func Weave(ctx context.Context, root string, ms []*Mutant) (files map[string]string, n int, err error) {
	byDir := map[string]map[string][]*Mutant{}
	for _, m := range ms {
		d := path.Dir(m.File)
		if byDir[d] == nil {
			byDir[d] = map[string][]*Mutant{}
		}
		byDir[d][m.File] = append(byDir[d][m.File], m)
	}
	files = map[string]string{}
	for _, d := range slices.Sorted(maps.Keys(byDir)) {
		s, err := load(ctx, root, d)
		if err != nil {
			return nil, 0, err
		}
		for _, name := range slices.Sorted(maps.Keys(byDir[d])) {
			f := s.files[name]
			if f == nil {
				return nil, 0, fmt.Errorf("%s is no part of its package here: a build constraint keeps it out", name)
			}
			if err := f.place(byDir[d][name]); err != nil {
				return nil, 0, err
			}
			if number(byDir[d][name], &n) {
				files[name] = f.weave()
			}
		}
	}
	files[woven.SwitchPath] = Switch(n)
	return files, n, nil
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
