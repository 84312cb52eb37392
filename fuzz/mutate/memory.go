package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// memory is which test killed which mutant the last time, by the mutant's ID. It
// saves time and decides nothing: a mutant that its test misses meets all others.
type memory struct {
	path  string
	mu    sync.Mutex
	tests map[string]woven.Test
}

// memoryPath is a file of the user's cache; empty if there is no such place.
func memoryPath() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "sockspec", "mutate.tsv")
}

// readMemory reads what is there: nothing the first time.
func readMemory(path string) *memory {
	m := &memory{path: path, tests: map[string]woven.Test{}}
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) > 2 {
			n := len(f) - 2
			m.tests[strings.Join(f[:n], "\t")] = woven.Test{Package: f[n], Name: f[n+1]}
		}
	}
	return m
}

func (m *memory) of(x *mutant.Mutant) (woven.Test, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tests[x.ID()]
	return t, ok
}

// learn notes who has killed a mutant; no name for none that can be told.
func (m *memory) learn(x *mutant.Mutant, by woven.Test) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tests[x.ID()] = by; by.Name == "" {
		delete(m.tests, x.ID())
	}
}

// write keeps it for the next time. Without a place for it the next time takes longer.
func (m *memory) write() {
	m.mu.Lock()
	defer m.mu.Unlock()
	var text strings.Builder
	for _, id := range slices.Sorted(maps.Keys(m.tests)) {
		fmt.Fprintf(&text, "%s\t%s\t%s\n", id, m.tests[id].Package, m.tests[id].Name)
	}
	if os.MkdirAll(filepath.Dir(m.path), 0o755) == nil {
		_ = os.WriteFile(m.path, []byte(text.String()), 0o644)
	}
}
