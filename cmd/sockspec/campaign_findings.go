package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

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
	alike map[string]int
	err   error // of writing a script
}

// numbers are what differences that are alike may differ in.
var numbers = regexp.MustCompile(`\d+`)

// add reports whether the search is to go on.
func (l *findings) add(f *campaign.Finding) bool {
	l.n++
	d := f.Difference
	kind := numbers.ReplaceAllString(d.What+d.Other+d.Model, "0")
	if l.alike[kind]++; l.alike[kind] > 1 {
		return true
	}
	l.bar.clear()
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
