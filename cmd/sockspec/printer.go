package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// printer prints the results of `run` as they come.
type printer struct {
	p       *program
	json    bool
	verbose bool
	items   []report.Item
	options conformance.Options
	stack   stackEntry
}

// syntaxErrors reports the scripts that did not parse, and how many there are. The others run all the same.
func (p *program) syntaxErrors(items []report.Item) int {
	n := 0
	for i := range items {
		if items[i].Err != nil {
			n++
			fmt.Fprintln(p.stderr, detail(items[i].Err))
		}
	}
	if n > 0 {
		fmt.Fprintln(p.stderr, brokenLine(n, len(items)))
	}
	return n
}

// brokenLine counts the scripts with mistakes.
func brokenLine(n, all int) string {
	scripts, have := "scripts", "have mistakes and do"
	if all == 1 {
		scripts = "script"
	}
	if n == 1 {
		have = "has a mistake and does"
	}
	return fmt.Sprintf("%d of %d %s %s not run", n, all, scripts, have)
}

func (o *printer) play() *report.Column {
	bar := o.p.progress(len(o.items), o.stack.Name())
	defer bar.clear()
	return report.Play(o.p.ctx, o.items, o.stack.Stack, o.options, report.Watch{
		Done: bar.step,
		Result: func(i int, r *conformance.Result) {
			bar.clear()
			o.result(&o.items[i], r)
		},
	})
}

// result prints what is worth a line: what failed or was skipped, and everything when asked for.
func (o *printer) result(it *report.Item, r *conformance.Result) {
	if o.json {
		o.resultJSON(it, r)
		return
	}
	word := o.p.style().Verdict(r.Verdict)
	switch r.Verdict {
	case conformance.Fail:
		fmt.Fprintln(o.p.stdout, word, report.FailLine(it, r.Failure, o.ruleWord(r), o.rules(it, r)))
	case conformance.Skip:
		fmt.Fprintf(o.p.stdout, "%s %s: %s\n", word, it.Path, r.Reason)
	case conformance.Pass:
		if o.verbose {
			fmt.Fprintln(o.p.stdout, word, it.Path)
		}
	}
	if o.verbose {
		report.WriteTrace(o.p.stdout, r.Trace)
	}
	for _, line := range r.Output {
		fmt.Fprintln(o.p.stdout, line)
	}
}

// isModel tells whether the scripts run on the stack whose rules explain all others.
func (o *printer) isModel() bool { return o.stack.Name() == o.p.stacks[0].Name() }

func (o *printer) ruleWord(r *conformance.Result) string {
	return report.RuleWord(r.Failure, o.isModel(), o.stack.linux)
}

// rules are those behind a failure: the stack's own when it names any, otherwise the model's for the same event. The live kernel
// names none, and the model's are not what it did.
func (o *printer) rules(it *report.Item, r *conformance.Result) []rule.Rule {
	if len(r.Failure.Why) > 0 {
		return report.Rules(r.Failure.Why)
	}
	if o.stack.linux && !o.isModel() {
		return nil
	}
	return report.RulesFor(context.WithoutCancel(o.p.ctx), it, o.p.stacks[0].Stack, o.options, r)
}

// end prints the summary and gives the verdict on it all.
func (o *printer) end(col *report.Column, broken int) error {
	to := io.Writer(o.p.stdout)
	if o.json {
		to = o.p.stderr
	}
	ran := 0
	for _, r := range col.Results {
		if r != nil {
			ran++
		}
	}
	interrupted := o.p.ctx.Err() != nil
	if left := len(o.items) - broken - ran; interrupted {
		fmt.Fprintf(o.p.stderr, "interrupted: %d of %d scripts did not run\n", left, len(o.items)-broken)
	}
	if col.Note != "" {
		fmt.Fprintln(o.p.stderr, "note:", col.Note)
	}
	failed := col.Count(conformance.Fail)
	fmt.Fprintln(to, summary(col.Count(conformance.Pass), failed, col.Count(conformance.Skip)))
	switch {
	case interrupted:
		return verdict(exitInterrupted)
	case broken > 0:
		return verdict(exitMisuse)
	case failed > 0:
		return verdict(exitFailed)
	}
	return nil
}
