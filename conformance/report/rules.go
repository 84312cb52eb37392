package report

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// RuleTable prints rules, a row each: name, sentence, sources.
func RuleTable(w io.Writer, rows []rule.Rule, s Style) {
	name := 0
	for _, r := range rows {
		name = max(name, len(r.Name))
	}
	for _, r := range rows {
		lead := pad(r.Name, name) + "  "
		fmt.Fprintln(w, s.paint(bold, lead)+s.wrap(len(lead), r.Text+" ("+Cite(r)+")"))
	}
}

// Showing are the items in whose run on a stack that names its rules (the model) the given one is named.
func Showing(ctx context.Context, items []Item, stack conformance.Stack, o conformance.Options, name string) []*Item {
	var list []*Item
	for i := range items {
		if items[i].Script == nil || ctx.Err() != nil {
			continue
		}
		t := &tap{Stack: stack}
		conformance.Run(ctx, items[i].Script, t, o)
		if slices.ContainsFunc(t.after, func(named []string) bool { return slices.Contains(named, name) }) {
			list = append(list, &items[i])
		}
	}
	return list
}
