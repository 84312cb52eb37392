package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sockspec/sockspec/conformance"
)

// Text prints the report for a terminal: the table, the mistakes, the divergences, and last a digest, since that is what
// stands on the screen when all is done.
func (r *Report) Text(w io.Writer, s Style) {
	p := &textPrinter{w: w, s: s, r: r}
	p.table()
	p.section("Mistakes: the model or the live kernel does not do what the script says of Linux", r.Mistakes)
	for _, c := range r.Columns {
		list := r.Of(c)
		p.section(fmt.Sprintf("Where %s differs from Linux: %d of %d scripts", c.Stack, len(list), len(r.Items)), list)
	}
	for _, c := range r.Columns {
		p.digest(c)
	}
	p.totals()
}

type textPrinter struct {
	w io.Writer
	s Style
	r *Report
}

const (
	indent    = "  "
	cellWidth = 10 // of a stack's column
)

// table prints a row for each folder, and one for each script in it that not every stack passes.
func (p *textPrinter) table() {
	name := p.nameWidth()
	head := pad("", name)
	for _, c := range p.r.Columns {
		head += "  " + pad(c.Stack, cellWidth)
	}
	fmt.Fprintln(p.w, p.s.paint(bold, strings.TrimRight(head, " ")))
	for _, f := range p.r.Folders() {
		row := p.s.paint(bold, pad(f.Name, name))
		for _, c := range p.r.Columns {
			row += "  " + p.folderCell(c, f)
		}
		fmt.Fprintln(p.w, strings.TrimRight(row, " "))
		for i := f.First; i < f.End; i++ {
			if p.r.Differs(i) {
				p.scriptRow(i, name)
			}
		}
	}
	fmt.Fprintln(p.w)
}

func (p *textPrinter) nameWidth() int {
	w := 0
	for i := range p.r.Items {
		w = max(w, len(p.r.Items[i].Folder()))
		if p.r.Differs(i) {
			w = max(w, len(indent)+len(p.r.Items[i].Name()))
		}
	}
	return w
}

func (p *textPrinter) scriptRow(i, name int) {
	row := pad(indent+p.r.Items[i].Name(), name)
	for _, c := range p.r.Columns {
		word, color := c.word(i)
		row += "  " + p.s.paint(color, pad(word, cellWidth))
	}
	fmt.Fprintln(p.w, strings.TrimRight(row, " "))
}

// folderCell is a folder's cell, as "passed/ran".
func (p *textPrinter) folderCell(c *Column, f Folder) string {
	passed, ran := c.passed(f)
	color := green
	switch {
	case ran == 0:
		return p.s.paint(dim, pad("-", cellWidth))
	case passed < ran && c.Linux:
		color = red
	case passed < ran:
		color = yellow
	}
	return p.s.paint(color, pad(fmt.Sprintf("%d/%d", passed, ran), cellWidth))
}

// passed is how many of a folder's scripts the stack passes, of those that it ran.
func (c *Column) passed(f Folder) (passed, ran int) {
	for i := f.First; i < f.End; i++ {
		switch c.verdict(i) {
		case conformance.Pass:
			passed++
			ran++
		case conformance.Fail:
			ran++
		}
	}
	return passed, ran
}

// word is a script's cell.
func (c *Column) word(i int) (string, ink) {
	switch c.verdict(i) {
	case conformance.Pass:
		return "pass", green
	case conformance.Skip:
		return "skip", dim
	case conformance.Fail:
		if c.Linux {
			return "FAIL", red
		}
		return "differs", yellow
	}
	return "-", dim
}

// section prints divergences one after the other, nothing when there are none.
func (p *textPrinter) section(title string, list []Divergence) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p.w, "%s\n\n", p.s.paint(bold, title))
	for i := range list {
		p.divergence(&list[i])
	}
}

func (p *textPrinter) divergence(d *Divergence) {
	f := d.Failure()
	fmt.Fprintf(p.w, "%s %s: %s\n", p.s.paint(cyan, d.Column.Stack), p.s.paint(bold, fmt.Sprintf("%s:%d", d.Item.Path, f.Line)), f.What)
	if title := d.Item.Title(); title != "" {
		fmt.Fprintln(p.w, indent+p.s.wrap(len(indent), title))
	}
	p.field(green, "expected", f.Expected)
	p.field(yellow, "came", f.Got)
	for i := range d.Rules[:min(len(d.Rules), maxRules)] {
		p.field(dim, d.RuleWord, Explain(d.Rules[i]))
	}
	fmt.Fprintln(p.w)
}

func (p *textPrinter) field(color ink, name, text string) {
	const width = 14 // of "Linux's rule" and a gap
	fmt.Fprintln(p.w, indent+p.s.paint(color, pad(name, width))+p.s.wrap(len(indent)+width, oneLine(text)))
}

// digest lists what a stack does otherwise most often, and what it cannot run.
func (p *textPrinter) digest(c *Column) {
	const most = 10
	kinds := p.r.Kinds(c)
	if len(kinds) > 0 && !c.Linux {
		fmt.Fprintf(p.w, "%s\n\n", p.s.paint(bold, "What "+c.Stack+" does otherwise most often, and Linux's rule there"))
		for _, k := range kinds[:min(len(kinds), most)] {
			p.kind(k)
		}
		if left := len(kinds) - most; left > 0 {
			fmt.Fprintf(p.w, "%s     and %d kinds more, among the differences above\n", indent, left)
		}
		fmt.Fprintln(p.w)
	}
	p.skips(c)
}

// kind prints one line on the rule and one with an example.
func (p *textPrinter) kind(k Count) {
	lead := fmt.Sprintf("%s%3d  ", indent, k.Scripts)
	fmt.Fprintln(p.w, lead+p.s.paint(bold, k.What)+" of "+p.s.wrap(len(lead)+len(k.What)+4, k.Rule.Name+": "+k.Rule.Text))
	f := k.Example.Failure()
	example := fmt.Sprintf("%s:%d: expected %s, came %s", k.Example.Item.Path, f.Line, f.Expected, f.Got)
	fmt.Fprintln(p.w, strings.Repeat(" ", len(lead))+p.s.paint(dim, p.s.wrap(len(lead), oneLine(example))))
}

// skips says what a stack cannot run, and why.
func (p *textPrinter) skips(c *Column) {
	list := c.Skipped()
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(p.w, "%s\n\n", p.s.paint(bold, "What "+c.Stack+" cannot run, and why"))
	for _, k := range list {
		lead := fmt.Sprintf("%s%3d  ", indent, len(k.Paths))
		fmt.Fprintln(p.w, lead+p.s.wrap(len(lead), k.Reason))
	}
	fmt.Fprintln(p.w)
}

// totals prints a line for each stack.
func (p *textPrinter) totals() {
	width := 0
	for _, c := range p.r.Columns {
		width = max(width, len(c.Stack))
	}
	for _, c := range p.r.Columns {
		lead := pad(c.Stack, width) + "  "
		if c.Absent != nil {
			fmt.Fprintln(p.w, lead+p.s.paint(yellow, p.s.wrap(len(lead), "not available here: "+c.Absent.Error())))
			continue
		}
		fmt.Fprintln(p.w, lead+c.total())
		if c.Note != "" {
			fmt.Fprintln(p.w, strings.Repeat(" ", len(lead))+p.s.wrap(len(lead), c.Note))
		}
	}
}

// total is a column's counts as a line.
func (c *Column) total() string {
	failed := "failed"
	if !c.Linux {
		failed = "differ"
	}
	line := fmt.Sprintf("%4d passed, %4d %s, %4d skipped", c.Passed(), c.Failed(), failed, c.SkippedCount())
	if left := len(c.Results) - c.Passed() - c.Failed() - c.SkippedCount(); left > 0 {
		line += fmt.Sprintf(", %4d not run", left)
	}
	return line + ", in " + c.Wall.Round(10*time.Millisecond).String()
}
