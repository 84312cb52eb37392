package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/sockspec/sockspec/fuzz/mutate/mutant"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// report is what has come of the mutants so far. Its methods may be called at once.
type report struct {
	mu        sync.Mutex
	w         io.Writer
	o         options
	bar       *progressbar.ProgressBar
	begun     time.Time
	parts     []part
	cpu       time.Duration         // of the tests
	known     map[string]equivalent // by ID
	exist     map[string]bool       // IDs of all mutants, asked for or not
	files     map[string]*tally     // by path
	by        map[string]int        // how many were killed, by the package whose test did it
	died      []equivalent          // of the known: a test kills them after all
	survivors []survivor            // not known
}

// part is a part of the work, and when it began.
type part struct {
	name  string
	begun time.Time
}

// tally counts the mutants of a file.
type tally struct {
	notViable, apart, woven int
	killed, hung            int // hung: of the killed, a test did not end
	survive, equivalent     int // equivalent: of those that survive, known
}

// survivor is a mutant that no test has noticed.
type survivor struct {
	*mutant.Mutant
	seen bool // some test comes to it, and to another value than the program's
}

func newReport(w io.Writer, o options, known []equivalent) *report {
	r := &report{w: w, o: o, bar: woven.NewBar(1, ""), begun: time.Now(), known: map[string]equivalent{},
		exist: map[string]bool{}, files: map[string]*tally{}, by: map[string]int{}}
	for _, e := range known {
		r.known[e.id] = e
	}
	return r
}

// phase begins a part of the work.
func (r *report) phase(name string) {
	r.parts = append(r.parts, part{name, time.Now()})
	r.bar.Describe(name)
}

// take notes all mutants and returns those to try.
func (r *report) take(all []*mutant.Mutant) (some []*mutant.Mutant) {
	for _, m := range all {
		r.exist[m.ID()] = true
		if !r.o.asks(m) {
			continue
		}
		t := r.files[m.File]
		if t == nil {
			t = &tally{}
			r.files[m.File] = t
		}
		switch m.Fate {
		case mutant.NotViable:
			t.notViable++
		case mutant.Apart:
			t.apart++
			r.say("%v: apart: Go wants this constant when it compiles", m)
		case mutant.Woven:
			t.woven++
			some = append(some, m)
		}
	}
	r.bar.ChangeMax(len(some))
	return some
}

// asks reports whether the command line asks for a mutant.
func (o *options) asks(m *mutant.Mutant) bool {
	return m.In(o.share.i, o.share.n) && o.only.MatchString(fmt.Sprintf("%s:%d", m.File, m.Line))
}

// spent adds a test binary's time.
func (r *report) spent(cpu time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cpu += cpu
}

// dead notes who killed a mutant.
func (r *report) dead(m *mutant.Mutant, v woven.Verdict, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t, how := r.files[m.File], "fails"
	t.killed++
	r.by[v.By.Package]++
	if v.Hung {
		t.hung++
		how = "does not end"
	}
	if e, ok := r.known[m.ID()]; ok {
		r.died = append(r.died, e)
	}
	r.next("%v: %v %s (%.1f s)", m, v.By, how, took.Seconds())
}

// survives notes that no test has noticed a mutant.
func (r *report) survives(m *mutant.Mutant, seen bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.files[m.File]
	t.survive++
	if e, ok := r.known[m.ID()]; ok {
		t.equivalent++
		r.next("%v: equivalent: %s", m, e.reason)
		return
	}
	r.survivors = append(r.survivors, survivor{m, seen})
	r.next("%v: survives", m)
}

// next counts a mutant and says what came of it.
func (r *report) next(format string, args ...any) {
	r.say(format, args...)
	_ = r.bar.Add(1)
}

// say prints a line, if asked.
func (r *report) say(format string, args ...any) {
	if r.o.verbose {
		_ = r.bar.Clear()
		fmt.Fprintf(r.w, format+"\n", args...)
	}
}

// stale are the known equivalents that a test kills, or that are no more.
func (r *report) stale() []equivalent {
	all := append([]equivalent(nil), r.died...)
	for _, e := range r.known {
		if pkg, _, _ := strings.Cut(e.file, "/"); r.listed(pkg) && !r.exist[e.id] {
			all = append(all, e)
		}
	}
	return all
}

// listed reports whether all mutants of a package have been listed.
func (r *report) listed(pkg string) bool {
	for id := range r.exist {
		if strings.HasPrefix(id, pkg+"/") {
			return true
		}
	}
	return false
}
