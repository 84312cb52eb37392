package report

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Rules are the table's rows for names that a stack gave, in their order, each once. Rules that only say that a call returned
// are left out: they explain nothing.
func Rules(names []string) []rule.Rule {
	var rows []rule.Rule
	seen := map[string]bool{}
	for _, name := range names {
		id, ok := rule.Parse(name)
		if !ok || seen[name] || id == rule.CallReturns || id == rule.CallFails || id == rule.CallParks {
			continue
		}
		seen[name] = true
		row, _ := rule.Get(id)
		rows = append(rows, row)
	}
	return rows
}

// Cite is where a rule is written: the RFC's section, Linux's function, or both.
func Cite(r rule.Rule) string {
	switch {
	case r.RFC == "":
		return r.Linux
	case r.Linux == "":
		return r.RFC
	}
	return r.RFC + "; " + r.Linux
}

// Explain is a rule as one line: name, sentence, sources.
func Explain(r rule.Rule) string { return fmt.Sprintf("%s: %s (%s)", r.Name, r.Text, Cite(r)) }

// maxRules is how many rules a difference is explained by at most: the first ones decide, the rest follows from them.
const maxRules = 2

// RuleWord is what a rule that explains a failure is called: the stack's own when the stack named it or is the model, otherwise
// Linux's, since the model stands for that. A stack that is Linux too and differs from the model puts this in doubt.
func RuleWord(f *conformance.Failure, isModel, isLinux bool) string {
	switch {
	case isModel, len(Rules(f.Why)) > 0:
		return "rule"
	case isLinux:
		return "model's rule"
	}
	return "Linux's rule"
}

// FailLine is a failure as one line: place, what was expected, what came, and the rules behind it under their word; where the model
// names none, what the script's title says, which cites its source.
func FailLine(it *Item, f *conformance.Failure, word string, rules []rule.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s: expected %s", f.Path, f.Line, f.What, f.Expected)
	if f.Got != "" {
		fmt.Fprintf(&b, ", got %s", f.Got)
	}
	for i, r := range rules[:min(len(rules), maxRules)] {
		b.WriteString([]string{"; " + word + " ", " and "}[min(i, 1)] + Explain(r))
	}
	if title := it.Title(); len(rules) == 0 && title != "" {
		b.WriteString("; the script: " + title)
	}
	return oneLine(b.String())
}

// oneLine folds line ends, so that a line of output is a line whatever an assertion's text holds.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
