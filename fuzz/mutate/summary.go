package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// summary prints what has come of all; good unless a package's score is below the goal.
func (r *report) summary() (good bool) {
	_ = r.bar.Clear()
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		t := r.files[name]
		if t.killed+t.survive == 0 {
			continue
		}
		fmt.Fprintf(r.w, "%s %s: %d of %d killed", percent(t.score()), name, t.killed, t.killed+t.survive-t.equivalent)
		if t.equivalent > 0 {
			fmt.Fprintf(r.w, ", %d equivalent", t.equivalent)
		}
		fmt.Fprintln(r.w)
	}
	for _, p := range slices.SortedFunc(maps.Keys(r.by), func(a, b string) int { return cmp.Compare(r.by[b], r.by[a]) }) {
		fmt.Fprintf(r.w, "%4d killed by tests of %s\n", r.by[p], p)
	}
	r.weaknesses()
	good = true
	for _, p := range r.o.packages {
		if t := r.total(p); t != (tally{}) {
			fmt.Fprintln(r.w, t.line(p, r.o.goal))
			good = good && t.score() >= r.o.goal
		}
	}
	fmt.Fprintf(r.w, "%.0f s%s; the tests' processor time %.0f s\n", time.Since(r.begun).Seconds(), r.times(), r.cpu.Seconds())
	return good
}

// weaknesses prints what is to be mended: in the tests, or in the table of equivalents.
func (r *report) weaknesses() {
	slices.SortFunc(r.survivors, func(a, b survivor) int { return cmp.Compare(a.N, b.N) })
	for _, s := range r.survivors {
		why := "no test notices"
		if !s.seen {
			why = "no test comes to a difference"
		}
		fmt.Fprintf(r.w, "%v: %s: strengthen one, or say in equivalent.tsv why none can\n", s, why)
	}
	died := map[string]bool{}
	for _, e := range r.died {
		died[e.id] = true
	}
	for _, e := range r.stale() {
		why := "is no more"
		if died[e.id] {
			why = "is killed"
		}
		fmt.Fprintf(r.w, "equivalent.tsv: %v: %s: strike it out (-update)\n", e, why)
	}
}

// total is what all files of a package come to.
func (r *report) total(pkg string) (sum tally) {
	for name, t := range r.files {
		if strings.HasPrefix(name, pkg+"/") {
			sum.notViable += t.notViable
			sum.apart += t.apart
			sum.woven += t.woven
			sum.killed += t.killed
			sum.hung += t.hung
			sum.survive += t.survive
			sum.equivalent += t.equivalent
		}
	}
	return sum
}

// score is how many of those that can be killed are, in percent.
func (t *tally) score() float64 { return share100(t.killed, t.killed+t.survive-t.equivalent) }

// share100 is a part in percent: all of nothing is all.
func share100(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

func percent(p float64) string { return fmt.Sprintf("%5.1f %%", p) }

// line sums up a package.
func (t *tally) line(pkg string, goal float64) string {
	s := fmt.Sprintf("%s: %d mutants, %d not viable, %d apart, %d tried: %d killed (%d by tests that do not end), %d equivalent, %d survive",
		pkg, t.notViable+t.apart+t.woven, t.notViable, t.apart, t.killed+t.survive, t.killed, t.hung, t.equivalent, t.survive-t.equivalent)
	if left := t.woven - t.killed - t.survive; left > 0 {
		s += fmt.Sprintf(", %d not tried", left)
	}
	return s + fmt.Sprintf("; score %.1f %% (%.1f %% of all, equivalent or not), goal %g %%", t.score(), share100(t.killed, t.killed+t.survive), goal)
}

// times is how long each part of the work took.
func (r *report) times() string {
	var out strings.Builder
	for i, p := range r.parts {
		end := time.Now()
		if i+1 < len(r.parts) {
			end = r.parts[i+1].begun
		}
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&out, "%s%s %.0f", sep, p.name, end.Sub(p.begun).Seconds())
	}
	return out.String()
}
