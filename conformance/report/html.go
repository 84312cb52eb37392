package report

import (
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/sockspec/sockspec/conformance"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"cite": Cite, "plain": oneLine,
}).Parse(pageSource))

// HTML writes the report as one file that needs no network: table, filters, and for each divergence the script, the rule and
// the packets of both sides.
func (r *Report) HTML(w io.Writer) error {
	return page.Execute(w, view{Report: r, Rows: r.rows(), Cards: r.cards()})
}

// view is what the template sees.
type view struct {
	*Report
	Rows  []row
	Cards []card
}

// row is a line of the table: a folder, or a script when Item is set.
type row struct {
	Item   *Item
	Folder string
	Cells  []cell
}

type cell struct {
	Stack, Word string
	Class       string // pass, fail, differs, skip, none
	Link        string // to a card, or ""
	Why         string // of a skip
}

func (r *Report) rows() []row {
	var rows []row
	for _, f := range r.Folders() {
		head := row{Folder: f.Name}
		for _, c := range r.Columns {
			head.Cells = append(head.Cells, c.folderHTML(f))
		}
		rows = append(rows, head)
		for i := f.First; i < f.End; i++ {
			line := row{Item: &r.Items[i], Folder: f.Name}
			for n, c := range r.Columns {
				line.Cells = append(line.Cells, c.scriptHTML(n, i))
			}
			rows = append(rows, line)
		}
	}
	return rows
}

func (c *Column) folderHTML(f Folder) cell {
	passed, ran := c.passed(f)
	out := cell{Stack: c.Stack, Word: fmt.Sprintf("%d/%d", passed, ran), Class: "pass"}
	switch {
	case ran == 0:
		out.Word, out.Class = "-", "none"
	case passed < ran && c.Linux:
		out.Class = "fail"
	case passed < ran:
		out.Class = "differs"
	}
	return out
}

func (c *Column) scriptHTML(n, i int) cell {
	word, _ := c.word(i)
	out := cell{Stack: c.Stack, Word: word, Class: strings.ToLower(word)}
	switch c.verdict(i) {
	case 0:
		out.Class = "none"
	case conformance.Fail:
		out.Link = anchor(n, i)
	case conformance.Skip:
		out.Why = c.Results[i].Reason
	}
	return out
}

func anchor(column, item int) string { return fmt.Sprintf("d%d-%d", column, item) }

// card is a divergence as the page shows it.
type card struct {
	*Divergence
	ID      string
	Class   string // differs or fail
	Source  []sourceLine
	Against string // the Linux on the ladder's left side, "" when there is none
}

type sourceLine struct {
	N      int
	Text   string
	Failed bool
}

func (r *Report) cards() []card {
	index := map[*Item]int{}
	for i := range r.Items {
		index[&r.Items[i]] = i
	}
	columns := map[*Column]int{}
	for n, c := range r.Columns {
		columns[c] = n
	}
	var cards []card
	for _, list := range [][]Divergence{r.Mistakes, r.Divergences} {
		for k := range list {
			d := &list[k]
			c := card{Divergence: d, ID: anchor(columns[d.Column], index[d.Item]), Class: "differs"}
			if d.Column.Linux {
				c.Class = "fail"
			}
			if d.Linux != nil {
				c.Against = d.Linux.Stack
			}
			for n, text := range strings.Split(strings.TrimRight(d.Item.Source, "\n"), "\n") {
				c.Source = append(c.Source, sourceLine{n + 1, text, n+1 == d.Failure().Line})
			}
			cards = append(cards, c)
		}
	}
	return cards
}
