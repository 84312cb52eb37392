package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// JUnit writes the results as JUnit XML, a suite for each stack. What another stack than Linux does otherwise is a failure of
// type "divergence" there, since those who read such files test that stack.
func (r *Report) JUnit(w io.Writer) error {
	all := junit.Testsuites{Name: "sockspec"}
	for n, c := range r.Columns {
		suite := junit.Testsuite{ID: n, Name: c.Stack, Time: seconds(c.Wall)}
		for i, res := range c.Results {
			if res != nil {
				suite.AddTestcase(r.testcase(c, i, res))
			}
		}
		all.AddSuite(suite)
	}
	return all.WriteXML(w)
}

func (r *Report) testcase(c *Column, i int, res *conformance.Result) junit.Testcase {
	it := &r.Items[i]
	t := junit.Testcase{Name: it.Path, Classname: c.Stack + "." + strings.ReplaceAll(it.Folder(), "/", "."), Time: seconds(res.Wall)}
	switch res.Verdict {
	case conformance.Skip:
		t.Skipped = &junit.Result{Message: clean(res.Reason)}
	case conformance.Fail:
		kind := "divergence"
		if c.Linux {
			kind = "failure"
		}
		f := res.Failure
		word, rules := r.rulesOf(c, it)
		t.Failure = &junit.Result{Type: kind,
			Message: clean(fmt.Sprintf("line %d: %s: expected %s, got %s", f.Line, f.What, f.Expected, f.Got)),
			Data:    clean(it.Title() + "\n" + FailLine(it, f, word, rules))}
	}
	return t
}

// rulesOf finds the rules that Compare has looked up, and what they are called.
func (r *Report) rulesOf(c *Column, it *Item) (word string, rules []rule.Rule) {
	for _, list := range [][]Divergence{r.Mistakes, r.Divergences} {
		for k := range list {
			if list[k].Column == c && list[k].Item == it {
				return list[k].RuleWord, list[k].Rules
			}
		}
	}
	return "", nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }

// clean drops what XML 1.0 section 2.2 does not allow, which a payload in a message may hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
