package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/testdata"
	"golang.org/x/term"
)

// checkCmd runs a suite on several stacks.
type checkCmd struct {
	Stack []string `placeholder:"NAME" sep:"none" help:"A stack to set beside the model: ${stacks}. May be repeated. Default: all."`
	Out   *string  `placeholder:"DIR" help:"Write report.html, junit.xml and a capture of each divergence there."`
	Path  []string `arg:"" optional:"" help:"Scripts, and directories that are searched for *.pkt. Default: the bundled suite."`
}

// Help is shown below the flags.
func (*checkCmd) Help() string {
	return `The model and the live kernel are Linux: a script that one of them fails is a mistake, and the exit code is 1. ` +
		`Any other stack may differ: that is what this command is there to find, and no failure. ` +
		`A stack that cannot run here has a line that says why and how to allow it; the others run. ` +
		`Other exit codes are 2 when a script or the command line has a mistake, and 130 after Ctrl-C.`
}

// Run implements the command.
func (c *checkCmd) Run(p *program) error {
	out := ""
	if c.Out != nil {
		if out = *c.Out; out == "" { // an unset variable of a shell script, more likely than not
			return misusef("--out: expected a directory, not an empty name")
		}
	}
	stacks, err := c.stacks(p)
	if err != nil {
		return err
	}
	items, broken, err := c.items(p)
	if err != nil {
		return err
	}
	if out != "" { // a report that cannot be written is better known before the work than after it
		if err := os.MkdirAll(out, 0o777); err != nil {
			return misusef("--out: %w", err)
		}
	}
	r := &report.Report{Items: items}
	for _, s := range stacks {
		r.Columns = append(r.Columns, p.column(s, items))
	}
	r.Compare(context.WithoutCancel(p.ctx), p.stacks[0].Stack, conformance.Options{})
	r.Text(p.stdout, p.style())
	if out != "" {
		if err := r.Write(out); err != nil {
			return misusef("--out: %w", err)
		}
		fmt.Fprintf(p.stdout, "\nReport: %s (beside it junit.xml, and captures of what differs)\n", filepath.Join(out, "report.html"))
	}
	return p.endCheck(r, broken)
}

// stacks are the model and those asked for, each once, in the order of the table of stacks.
func (c *checkCmd) stacks(p *program) ([]stackEntry, error) {
	asked := map[string]bool{p.stacks[0].Name(): true}
	for _, name := range c.Stack {
		if _, err := p.stack(name); err != nil {
			return nil, err
		}
		asked[name] = true
	}
	var list []stackEntry
	for _, s := range p.stacks {
		if len(c.Stack) == 0 || asked[s.Name()] {
			list = append(list, s)
		}
	}
	return list, nil
}

// items are the scripts to run, and how many more have mistakes, which have been reported then.
func (c *checkCmd) items(p *program) (items []report.Item, broken int, err error) {
	if len(c.Path) == 0 {
		items, err = report.Embedded(testdata.Scripts, "scripts")
	} else {
		items, err = report.Files(c.Path, nil)
	}
	if err != nil {
		return nil, 0, misuse{err}
	}
	broken = p.syntaxErrors(items)
	return slices.DeleteFunc(items, func(it report.Item) bool { return it.Err != nil }), broken, nil
}

// column runs the items on one stack. Stacks take turns, so that none disturbs the times of one with a real clock.
func (p *program) column(s stackEntry, items []report.Item) *report.Column {
	bar := p.progress(len(items), s.Name())
	defer bar.clear()
	col := report.Play(p.ctx, items, s.Stack, conformance.Options{}, report.Watch{Done: bar.step})
	col.Linux = s.linux
	return col
}

// endCheck prints the last line and gives the verdict.
func (p *program) endCheck(r *report.Report, broken int) error {
	passed, skipped := 0, 0
	for _, c := range r.Columns {
		passed += c.Count(conformance.Pass)
		if c.Absent == nil {
			skipped += c.Count(conformance.Skip)
		}
	}
	interrupted := p.ctx.Err() != nil
	if interrupted {
		fmt.Fprintln(p.stderr, "interrupted: the table holds what had run by then")
	}
	fmt.Fprintf(p.stdout, "\n%s, %d diverged\n", summary(passed, len(r.Mistakes), skipped), len(r.Divergences))
	switch {
	case interrupted:
		return verdict(exitInterrupted)
	case broken > 0:
		return verdict(exitMisuse)
	case len(r.Mistakes) > 0:
		return verdict(exitFailed)
	}
	return nil
}

// style fits the terminal that standard output is; for a pipe or a file it is plain.
func (p *program) style() report.Style {
	f, ok := p.stdout.file()
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return report.Style{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return report.Style{Color: os.Getenv("NO_COLOR") == "", Width: width} // https://no-color.org
}
