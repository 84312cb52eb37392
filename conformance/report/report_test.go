package report

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/tcpstate/rule"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// deaf is the model, except that it never hears a packet with FIN set.
type deaf struct{ model.Stack }

func (deaf) Name() string { return "deaf" }

func (d deaf) Start(s conformance.Setup) (conformance.Instance, error) {
	in, err := d.Stack.Start(s)
	return deafInstance{in}, err
}

type deafInstance struct{ conformance.Instance }

func (in deafInstance) Inject(packet []byte) error {
	if packet[33]&1 != 0 { // the flags of a TCP header behind a bare IPv4 one
		return nil
	}
	return in.Instance.Inject(packet)
}

const handshake = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
+.1 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
`

// example is a small suite run on the model, which fails one script, and on a stack that differs in two.
func example(t *testing.T) *Report {
	t.Helper()
	items, err := Embedded(fstest.MapFS{
		"s/close/fin.pkt":  {Data: []byte("// FIN <is> acknowledged & counted (RFC 9293 3.10.7.4)\n" + handshake + "+.1 < F. 1:1(0) ack 1 win 65535\n+0~+.05 > . 1:1(0) ack 2\n+0 read(4, ..., 9) = 0\n")},
		"s/close/poll.pkt": {Data: []byte("// FIN ends the stream\n" + handshake + "+.1 < F. 1:1(0) ack 1 win 65535\n+0 read(4, ..., 9) = 0\n+.1 < R. 2:2(0) ack 1 win 0\n")},
		"s/data/one.pkt":   {Data: []byte("// One octet\n" + handshake + "+.1 < P. 1:2(1) ack 1 win 65535\n+0 > . 1:1(0) ack 2\n")},
		"s/data/wrong.pkt": {Data: []byte("// A wrong claim\n" + handshake + "+.1 < P. 1:2(1) ack 1 win 65535\n+0 > . 1:1(0) ack 3\n")},
		"s/data/notes.txt": {Data: []byte("no script")},
	}, "s")
	require.NoError(t, err)
	r := &Report{Items: items}
	for _, s := range []conformance.Stack{model.Stack{}, deaf{}} {
		c := Play(context.Background(), items, s, conformance.Options{}, Watch{})
		c.Linux = s.Name() == "model"
		r.Columns = append(r.Columns, c)
	}
	r.Compare(context.Background(), model.Stack{}, conformance.Options{})
	return r
}

// TestCompare: failures of Linux are mistakes, those of others divergences, each with Linux's rule at that place.
func TestCompare(t *testing.T) {
	r := example(t)
	require.Len(t, r.Items, 4)
	require.Len(t, r.Mistakes, 1)
	require.Equal(t, "data/wrong.pkt", r.Mistakes[0].Item.Path)
	require.Nil(t, r.Mistakes[0].Linux)
	require.Len(t, r.Divergences, 3) // deaf is the model where no FIN is, so it fails wrong.pkt too

	fin := r.Divergences[0]
	require.Equal(t, "close/fin.pkt", fin.Item.Path)
	require.Equal(t, 10, fin.Failure().Line)
	require.Equal(t, "no packet", fin.What())
	require.Equal(t, "model", fin.Linux.Stack)
	require.Len(t, fin.Rules, 1)
	id, ok := rule.Parse(fin.Rules[0].Name)
	require.True(t, ok)
	require.NotZero(t, id)

	// No packet belongs to a read, so the rules are those that the model named when the FIN came.
	read := r.Divergences[1]
	require.Equal(t, "close/poll.pkt", read.Item.Path)
	require.NotEmpty(t, read.Rules)
	row, _ := rule.Get(rule.FinReceived)
	require.Contains(t, read.Rules, row)
}

// TestLadder: both runs stand side by side by script line, the failing rung is marked, and what only Linux sent is alone.
func TestLadder(t *testing.T) {
	d := example(t).Divergences[0]
	rungs := d.Ladder()
	require.Len(t, rungs, 5)
	require.True(t, rungs[0].Same())
	require.Equal(t, "S 0:0(0) win 65535 <mss 1000>", rungs[0].Other.Text)
	last := rungs[4]
	require.Equal(t, d.Failure().Line, last.Line)
	require.True(t, last.Failed)
	require.Nil(t, last.Other)
	require.True(t, strings.HasPrefix(last.Linux.Text, ". 1:1(0) ack 2 win "), last.Linux.Text)
}

// TestHTMLWellFormed: every element is closed in order, text is escaped, nothing is fetched, and all cards are reachable.
func TestHTMLWellFormed(t *testing.T) {
	r := example(t)
	var b bytes.Buffer
	require.NoError(t, r.HTML(&b))
	text := b.String()
	requireBalanced(t, text)
	require.Contains(t, text, "FIN &lt;is&gt; acknowledged &amp; counted")
	require.NotContains(t, text, "FIN <is>")
	require.NotContains(t, text, "http")
	require.NotContains(t, text, "ZgotmplZ") // html/template's mark for what it refused
	require.Contains(t, text, `class="marked"`)
	require.Equal(t, len(r.Mistakes)+len(r.Divergences), strings.Count(text, "<details "))
	for _, id := range []string{"d1-0", "d1-1", "d0-3"} {
		require.Contains(t, text, `href="#`+id+`"`)
		require.Contains(t, text, `<details id="`+id+`"`)
	}
}

// requireBalanced walks the tags with a stack.
func requireBalanced(t *testing.T, text string) {
	t.Helper()
	void := map[string]bool{"meta": true, "input": true, "br": true}
	var open []string
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open)
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s>", name)
			require.Equal(t, open[len(open)-1], string(name))
			open = open[:len(open)-1]
		}
	}
}

// TestOrder: results are handed out in the order of the items although workers finish as they like, and each step is counted.
func TestOrder(t *testing.T) {
	r := example(t)
	var got []int
	steps := 0
	Play(context.Background(), r.Items, model.Stack{}, conformance.Options{}, Watch{
		Done:   func() { steps++ },
		Result: func(i int, _ *conformance.Result) { got = append(got, i) },
	})
	require.Equal(t, []int{0, 1, 2, 3}, got)
	require.Equal(t, 4, steps)
}

// TestCancelled: after a cancelled context there are no results rather than wrong ones.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := Play(ctx, example(t).Items, model.Stack{}, conformance.Options{}, Watch{})
	require.Zero(t, c.Passed()+c.Failed()+c.SkippedCount())
	require.Contains(t, c.total(), "4 not run")
}

// TestFiles: directories are searched at any depth, also through a link; what is named twice runs once; a file may have any name.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "real", "deep"), 0o777))
	for _, name := range []string{"real/b.pkt", "real/deep/a.pkt", "real/c.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(handshake), 0o666))
	}
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")); err != nil {
		t.Skip("no links here:", err)
	}
	names := func(paths ...string) (shown []string) {
		items, err := Files(paths, nil)
		require.NoError(t, err)
		for _, it := range items {
			rel, err := filepath.Rel(dir, it.Path)
			require.NoError(t, err)
			shown = append(shown, filepath.ToSlash(rel))
		}
		return shown
	}
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	require.Equal(t, []string{"real/b.pkt", "real/deep/a.pkt"}, names(real))
	require.Equal(t, []string{"link/b.pkt", "link/deep/a.pkt"}, names(link))
	require.Equal(t, []string{"real/c.txt", "real/b.pkt", "real/deep/a.pkt"}, names(filepath.Join(real, "c.txt"), real, real+"/b.pkt"))
}

// TestRulesForHoldsBack: no rule is named where it would not explain: for a value that was asked for, and once the model itself
// has left the script, unless the failure is the model's.
func TestRulesForHoldsBack(t *testing.T) {
	r := example(t)
	rulesFor := func(item int, f conformance.Failure, stack string) []rule.Rule {
		failed := &conformance.Result{Stack: stack, Verdict: conformance.Fail, Failure: &f}
		return RulesFor(context.Background(), &r.Items[item], model.Stack{}, conformance.Options{}, failed)
	}
	const poll, wrong = 1, 3 // items of example
	require.NotEmpty(t, rulesFor(poll, conformance.Failure{Line: 10, What: "read result"}, "other"))
	require.Empty(t, rulesFor(poll, conformance.Failure{Line: 10, What: "code"}, "other"))
	require.Empty(t, rulesFor(poll, conformance.Failure{Line: 10, What: "getsockopt output"}, "other"))
	require.NotEmpty(t, rulesFor(wrong, conformance.Failure{Line: 6, What: "packet"}, "other"))
	require.Empty(t, rulesFor(wrong, conformance.Failure{Line: 10, What: "packet"}, "other"))
	require.NotEmpty(t, rulesFor(wrong, conformance.Failure{Line: 10, What: "packet"}, "model"))
}

// TestRuleWord: a rule is the stack's own, or it is said whose it is.
func TestRuleWord(t *testing.T) {
	own, none := &conformance.Failure{Why: []string{rule.FinReceived.String()}}, &conformance.Failure{}
	require.Equal(t, "rule", RuleWord(own, false, false))
	require.Equal(t, "rule", RuleWord(none, true, true))
	require.Equal(t, "model's rule", RuleWord(none, false, true))
	require.Equal(t, "Linux's rule", RuleWord(none, false, false))
}
