package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/script"
)

// findings prints differences, of those that are alike the first.
type findings struct {
	p     *program
	bar   bar
	right conformance.Stack
	out   string // a directory for scripts; none if empty
	most  int    // that are not alike
	n     int
	alike map[string]int // the first seed of each kind
	both  []string       // seeds of histories in which the stack does both
	ticks []string       // and of those that differ within a tick alone
	err   error          // of writing a script
}

// numbers are what differences that are alike may differ in.
var numbers = regexp.MustCompile(`\d+`)

// add reports whether the search is to go on.
func (l *findings) add(f *campaign.Finding) bool {
	if !f.Real() {
		l.addBoth(f)
		return true
	}
	l.n++
	d := f.Difference
	kind := numbers.ReplaceAllString(d.What+d.Other+d.Model, "0")
	l.bar.clear()
	if first, known := l.alike[kind]; known {
		fmt.Fprintf(l.p.stdout, "DIFF seed %d: like seed %d\n\n", f.Seed, first)
		return true
	}
	l.alike[kind] = f.Seed
	text := f.File()
	name := fmt.Sprintf("seed-%d.pkt", f.Seed)
	if lacks := l.lacks(name, text); lacks != "" {
		text = fmt.Sprintf("// The language cannot say all of it, so that this shows no more than how it came about:\n// %s\n%s", lacks, text)
		name = fmt.Sprintf("seed-%d.txt", f.Seed)
	}
	fmt.Fprintf(l.p.stdout, "DIFF seed %d\n%s\n", f.Seed, text)
	if l.out != "" {
		l.err = os.WriteFile(filepath.Join(l.out, name), []byte(text), 0o644)
	}
	return len(l.alike) < l.most && l.err == nil
}

// addBoth tells of a history in which the stack itself does both: nobody's mistake, but not to be hidden.
func (l *findings) addBoth(f *campaign.Finding) {
	l.bar.clear()
	d := f.Difference
	if f.Tick() {
		l.ticks = append(l.ticks, fmt.Sprint(f.Seed))
		fmt.Fprintf(l.p.stdout, "TICK seed %d: with pauses up to two ticks longer or shorter %s does as the model in %d of %d plays\n%s\n", f.Seed, d.Stack, f.InTime, f.Shaken, f.File())
		return
	}
	l.both = append(l.both, fmt.Sprint(f.Seed))
	fmt.Fprintf(l.p.stdout, "BOTH seed %d: %s itself does both, in %d of %d plays as the model does\n%s\n", f.Seed, d.Stack, f.Agreed, f.Plays, f.File())
}

// summary is what is told of the histories in which the stack did both.
func (l *findings) summary(stack string) (text string) {
	if len(l.both) > 0 {
		text = fmt.Sprintf("; in %d %s itself does both: %s", len(l.both), stack, some(l.both))
	}
	if len(l.ticks) > 0 {
		text += fmt.Sprintf("; %d differ within two ticks: %s", len(l.ticks), some(l.ticks))
	}
	return text
}

// some are the first of the seeds: each was told of when it was found.
func some(seeds []string) string {
	const most = 5
	if len(seeds) > most {
		return strings.Join(seeds[:most], ", ") + ", …"
	}
	return strings.Join(seeds, ", ")
}

// lacks is why a script does not pass on the stack that it was taken from; empty if it does.
func (l *findings) lacks(name, text string) string {
	s, err := script.Parse(name, []byte(text))
	if err != nil {
		return "it has no event that a script can state"
	}
	r := conformance.Run(context.WithoutCancel(l.p.ctx), s, l.right, conformance.Options{})
	switch r.Verdict {
	case conformance.Fail:
		return r.Failure.Error()
	case conformance.Skip:
		return r.Reason
	}
	return ""
}
