package report

import (
	"context"
	"sort"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Report is a suite's results on several stacks. Columns[0] is the model, which explains the others.
type Report struct {
	Items   []Item
	Columns []*Column
	// Divergences are the failures of stacks that are not Linux, by column and then by item. Compare fills them in.
	Divergences []Divergence
	// Mistakes are the failures of the model and of the live kernel: the script or the model is wrong.
	Mistakes []Divergence
}

// Divergence is one script that a stack does not pass.
type Divergence struct {
	Item     *Item
	Column   *Column
	Result   *conformance.Result // of the stack, with its Failure
	Linux    *conformance.Result // of a Linux that passes the script, the model's if that does; nil when none does
	Rules    []rule.Rule         // what Linux does there, by the model's own account; may be empty
	RuleWord string              // what these are called, see RuleWord
}

// Failure is what differs.
func (d *Divergence) Failure() *conformance.Failure { return d.Result.Failure }

// Compare sorts the failures out and looks up the rules behind them, with the model and the options of the run.
func (r *Report) Compare(ctx context.Context, model conformance.Stack, o conformance.Options) {
	for _, c := range r.Columns {
		for i, res := range c.Results {
			if res == nil || res.Verdict != conformance.Fail {
				continue
			}
			d := Divergence{Item: &r.Items[i], Column: c, Result: res, Linux: r.linux(i)}
			if d.Rules = Rules(res.Failure.Why); len(d.Rules) == 0 {
				d.Rules = RulesFor(ctx, d.Item, model, o, res)
			}
			d.RuleWord = RuleWord(res.Failure, c.Stack == model.Name(), c.Linux)
			if c.Linux {
				r.Mistakes = append(r.Mistakes, d)
			} else {
				r.Divergences = append(r.Divergences, d)
			}
		}
	}
}

// linux is what a Linux that passes an item made of it.
func (r *Report) linux(i int) *conformance.Result {
	for _, c := range r.Columns {
		if c.Linux && c.verdict(i) == conformance.Pass {
			return c.Results[i]
		}
	}
	return nil
}

// Of are the divergences of one column.
func (r *Report) Of(c *Column) []Divergence {
	var list []Divergence
	for _, d := range r.Divergences {
		if d.Column == c {
			list = append(list, d)
		}
	}
	return list
}

// Count is a kind of difference and the number of scripts that show it.
type Count struct {
	Scripts int
	What    string    // what differs
	Rule    rule.Rule // what Linux followed there
	Example *Divergence
}

// Kinds groups a column's divergences by what differs and by Linux's rule there, the most frequent first. Those that no rule
// explains are left out.
func (r *Report) Kinds(c *Column) []Count {
	var counts []Count
	type kind struct{ what, rule string }
	at := map[kind]int{}
	list := r.Of(c)
	for n := range list {
		d := &list[n]
		if len(d.Rules) == 0 {
			continue
		}
		key := kind{d.What(), d.Rules[0].Name}
		i, ok := at[key]
		if !ok {
			i = len(counts)
			at[key] = i
			counts = append(counts, Count{What: key.what, Rule: d.Rules[0], Example: d})
		}
		counts[i].Scripts++
	}
	sort.SliceStable(counts, func(i, j int) bool { return counts[i].Scripts > counts[j].Scripts })
	return counts
}

// What names the difference in a word or two.
func (d *Divergence) What() string {
	if f := d.Failure(); f.What == "packet" {
		return f.Got // "no packet", or a part of it
	}
	return d.Failure().What
}

// Skipped groups a column's skips by reason, in the order of the items.
func (c *Column) Skipped() []SkipReason {
	var list []SkipReason
	at := map[string]int{}
	for _, r := range c.Results {
		if r == nil || r.Verdict != conformance.Skip || c.Absent != nil {
			continue
		}
		reason := plainReason(r.Reason, c.Stack)
		i, ok := at[reason]
		if !ok {
			i = len(list)
			at[reason] = i
			list = append(list, SkipReason{Reason: reason})
		}
		list[i].Paths = append(list[i].Paths, r.Path)
	}
	sort.SliceStable(list, func(i, j int) bool { return len(list[i].Paths) > len(list[j].Paths) })
	return list
}

// SkipReason is why a stack cannot run some scripts.
type SkipReason struct {
	Reason string
	Paths  []string
}

// plainReason cuts the script's line and the phrases that all such reasons share, so that equal reasons look equal.
func plainReason(reason, stack string) string {
	if rest, ok := strings.CutPrefix(reason, "line "); ok {
		if _, after, ok := strings.Cut(rest, ": "); ok {
			reason = after
		}
	}
	for _, noise := range []string{stack + ": ", conformance.ErrUnsupported.Error() + ": "} {
		reason = strings.Replace(reason, noise, "", 1)
	}
	if call, rest, ok := strings.Cut(reason, ": "); ok && strings.HasPrefix(rest, call+": ") {
		reason = rest // engine and stack both name the call
	}
	return reason
}

// Folders are the items' folders in order, each with its range of items.
func (r *Report) Folders() []Folder {
	var list []Folder
	for i := range r.Items {
		name := r.Items[i].Folder()
		if n := len(list); n > 0 && list[n-1].Name == name {
			list[n-1].End = i + 1
		} else {
			list = append(list, Folder{name, i, i + 1})
		}
	}
	return list
}

// Folder is a run of items in one folder: Items[First:End].
type Folder struct {
	Name       string
	First, End int
}

// Differs tells whether a stack did anything but pass an item.
func (r *Report) Differs(i int) bool {
	for _, c := range r.Columns {
		if v := c.verdict(i); v != 0 && v != conformance.Pass {
			return true
		}
	}
	return false
}

// verdict is the column's word on an item, 0 when it has none.
func (c *Column) verdict(i int) conformance.Verdict {
	if c.Absent != nil || c.Results[i] == nil {
		return 0
	}
	return c.Results[i].Verdict
}
