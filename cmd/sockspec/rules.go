package main

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/tcpstate/rule"
	"github.com/sockspec/sockspec/testdata"
)

// rulesCmd prints the table of rules.
type rulesCmd struct {
	Name string `arg:"" optional:"" help:"A rule's name, or a part of it. Default: all rules."`
}

// Run implements the command.
func (c *rulesCmd) Run(p *program) error {
	var rows []rule.Rule
	for _, id := range rule.All() {
		row, _ := rule.Get(id)
		if row.Name == c.Name {
			return p.oneRule(row)
		}
		if row.Name != "" && strings.Contains(strings.ToLower(row.Name), strings.ToLower(c.Name)) {
			rows = append(rows, row)
		}
	}
	switch len(rows) {
	case 0:
		return misusef("no rule %q; `sockspec rules` lists them all", c.Name)
	case 1:
		return p.oneRule(rows[0])
	}
	report.RuleTable(p.stdout, rows, p.style())
	return nil
}

// oneRule prints a rule in full, with the scripts of the bundled suite that show it.
func (p *program) oneRule(row rule.Rule) error {
	fmt.Fprintf(p.stdout, "%s\n  %s\n", row.Name, row.Text)
	if row.RFC != "" {
		fmt.Fprintf(p.stdout, "  RFC    %s\n", strings.TrimPrefix(row.RFC, "RFC "))
	}
	if row.Linux != "" {
		fmt.Fprintf(p.stdout, "  Linux  %s\n", row.Linux)
	}
	items, err := report.Embedded(testdata.Scripts, "scripts")
	if err != nil {
		return err
	}
	const most = 10
	shown := report.Showing(p.ctx, items, p.stacks[0].Stack, conformance.Options{}, row.Name)
	for i, it := range shown[:min(len(shown), most)] {
		fmt.Fprintf(p.stdout, "  %-6s %s: %s\n", []string{"shown", ""}[min(i, 1)], it.Path, it.Title())
	}
	if len(shown) == 0 {
		fmt.Fprintln(p.stdout, "  No script of the bundled suite shows it.")
	}
	if left := len(shown) - most; left > 0 {
		fmt.Fprintf(p.stdout, "         and by %d scripts more\n", left)
	}
	return nil
}
