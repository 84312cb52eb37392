package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// report is what has come of the bugs so far. Its methods may be called at once.
type report struct {
	mu        sync.Mutex
	bar       *progressbar.ProgressBar
	verbose   bool
	begun     time.Time
	building  time.Duration
	cpu       time.Duration // of the tests
	bugs      int
	killed    map[string]woven.Test // by the bug's name
	hung      int                   // of the killed: some test did not end
	astray    []string              // bugs not killed by the test that expect.txt names, or without one
	survivors []numbered
}

func newReport(some []numbered, verbose bool) *report {
	return &report{bar: woven.NewBar(len(some), "building"), verbose: verbose, begun: time.Now(), bugs: len(some), killed: map[string]woven.Test{}}
}

func (r *report) built() {
	r.building = time.Since(r.begun)
	r.bar.Describe("planting")
}

// spent adds a test binary's time.
func (r *report) spent(cpu time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cpu += cpu
}

// dead notes who killed a bug, and whether it was to.
func (r *report) dead(b numbered, v woven.Verdict, asExpected bool, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed[b.Name] = v.By
	how := "fails"
	if v.Hung {
		r.hung++
		how = "does not end"
	}
	if !asExpected {
		r.astray = append(r.astray, b.Name)
	}
	r.next("%v: %v %s (%.1f s)", b, v.By, how, took.Seconds())
}

func (r *report) survives(b numbered) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.survivors = append(r.survivors, b)
	r.next("%v: survives", b)
}

// next counts a bug and, if asked, says what came of it.
func (r *report) next(format string, args ...any) {
	if r.verbose {
		_ = r.bar.Clear()
		fmt.Printf(format+"\n", args...)
	}
	_ = r.bar.Add(1)
}

// summary prints who killed how many, and each bug that nobody did.
func (r *report) summary(w io.Writer) {
	_ = r.bar.Clear()
	by := map[string]int{}
	for _, t := range r.killed {
		by[t.Package]++
	}
	for _, p := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Compare(by[b], by[a]) }) {
		fmt.Fprintf(w, "%4d killed by tests of %s\n", by[p], p)
	}
	if len(r.astray) > 0 {
		fmt.Fprintf(w, "%d not killed by the test that expect.txt names (go run ./fuzz/plant -update): %q\n", len(r.astray), r.astray)
	}
	for _, b := range r.survivors {
		fmt.Fprintf(w, "no test notices bug %d, %v: strengthen one\n", b.N, b)
	}
	fmt.Fprintf(w, "%d bugs: %d killed (%d by tests that do not end), %d survive, %d not tried; %.0f s, of which building %.0f s; the tests' processor time %.0f s\n",
		r.bugs, len(r.killed), r.hung, len(r.survivors), r.bugs-len(r.killed)-len(r.survivors),
		time.Since(r.begun).Seconds(), r.building.Seconds(), r.cpu.Seconds())
}
