package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"golang.org/x/term"
)

// summary prints a line per target and, of each crash, what happened and how to see it again.
func summary(w io.Writer, all []result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "target\texecutions\ta second\tnew\tcorpus\tcrashes\t")
	var execs int64
	fresh, crashes := 0, 0
	for i := range all {
		r := &all[i]
		bad := 0
		if r.Failed {
			bad = 1
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", r.Name, r.Execs, r.rate(), r.New, r.Corpus, bad)
		execs, fresh, crashes = execs+r.Execs, fresh+r.New, crashes+bad
	}
	fmt.Fprintf(t, "all\t%d\t\t%d\t\t%d\t\n", execs, fresh, crashes)
	_ = t.Flush() // to the same writer as what follows: if it is gone, so is the reader
	for i := range all {
		if r := &all[i]; r.Failed {
			fmt.Fprintf(w, "\n%s\n%s failed\n", r.Output, r.Name)
			if r.Crash != "" {
				fmt.Fprintf(w, "its input: %s, run again by go test ./%s -run %s\n", r.Crash, r.Dir, r.Name)
			}
		}
	}
}

// line rewrites one line of a terminal; elsewhere it says nothing.
type line struct {
	w    *os.File
	tty  bool
	used bool
}

func newLine(w *os.File) *line { return &line{w: w, tty: term.IsTerminal(int(w.Fd()))} }

func (l *line) show(n, of int, r *result) {
	if l.tty {
		l.used = true
		fmt.Fprintf(l.w, "\r\x1b[K%d of %d %s: %d executions, %d a second, %d new", n, of, r.Name, r.Execs, r.rate(), r.New)
	}
}

func (l *line) clear() {
	if l.used {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}
