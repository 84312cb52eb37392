package fuzz

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// seqSource stands for tcpstate in the bad trees below.
const seqSource = "package tcpstate\ntype Seq uint32\nfunc (s Seq) Less(t Seq) bool { return int32(s-t) < 0 }\n"

// Each bad source breaks one law on line 3 or later; the inspector must name the line.
func TestEveryBreachIsFoundWithItsLine(t *testing.T) {
	const head = "package x\n"
	long := "func long() {\n" + strings.Repeat("\tprintln()\n", longest) + "}\n"
	seq := head + "import \"" + module + "/tcpstate\"\n"
	for _, c := range []struct{ law, file, source, breach string }{
		{"time", "queue/a.go", head + "\nimport _ \"time\"", "queue/a.go:3: import of time"},
		{"os", "tcpstate/rule/a.go", head + "\nimport _ \"os\"", "tcpstate/rule/a.go:3: import of os"},
		{"net", "sock/a.go", head + "import (\n_ \"net/netip\"\n_ \"net\")", "sock/a.go:4: import of net:"},
		{"sync", "sock/internal/deep/a.go", head + "\nimport _ \"sync\"", "sock/internal/deep/a.go:3: import of sync"},
		{"atomic", "sock/a.go", head + "\nimport _ \"sync/atomic\"", "sock/a.go:3: import of sync/atomic"},
		{"rand", "sock/a.go", head + "\nimport _ \"math/rand\"", "sock/a.go:3: import of math/rand:"},
		{"rand v2", "sock/a.go", head + "\nimport _ \"math/rand/v2\"", "sock/a.go:3: import of math/rand/v2"},
		{"runtime", "sock/a.go", head + "\nimport _ \"runtime\"", "sock/a.go:3: import of runtime"},
		{"syscall", "sock/a.go", head + "\nimport _ \"syscall\"", "sock/a.go:3: import of syscall"},
		{"unsafe", "sock/a.go", head + "\nimport _ \"unsafe\"", "sock/a.go:3: import of unsafe"},
		{"reflect", "sock/a.go", head + "\nimport _ \"reflect\"", "sock/a.go:3: import of reflect"},
		{"log", "sock/a.go", head + "\nimport _ \"log\"", "sock/a.go:3: import of log"},
		{"go", "queue/a.go", head + "func f() {\ngo f()\n}", "queue/a.go:3: go statement"},
		{"chan", "queue/a.go", head + "\nvar c chan int", "queue/a.go:3: channel"},
		{"select", "queue/a.go", head + "func f() {\nselect {}\n}", "queue/a.go:3: channel"},
		{"map", "queue/a.go", head + "type m map[int]int\nfunc f(x m) {\nfor range x {\n}}", "queue/a.go:4: walk over a map"},
		{"maps.Keys", "queue/a.go", head + "import \"maps\"\nvar k = maps.Keys(map[int]int{})", "queue/a.go:3: walk over a map"},
		{"<", "tcpstate/a.go", "package tcpstate\n\nfunc f(a, b Seq) bool { return a < b }", "tcpstate/a.go:3: order of Seq"},
		{">= elsewhere", "sock/a.go", seq + "func f(a, b tcpstate.Seq) bool { return a >= b }", "sock/a.go:3: order of Seq"},
		{"alias", "sock/a.go", seq + "type s = tcpstate.Seq; func f(a s) bool { return a > 0 }", "sock/a.go:3: order of Seq"},
		{"max", "sock/a.go", seq + "func f(a tcpstate.Seq) any { return max(a, 1) }", "sock/a.go:3: order of Seq"},
		{"slices.Max", "sock/a.go", seq + "import \"slices\"\nfunc f(a []tcpstate.Seq) any { return slices.Max(a) }", "sock/a.go:4: Max of Seq"},
		{"arrow up", "queue/a.go", head + "\nimport _ \"" + module + "/tcpstate\"", "queue/a.go:3: queue imports tcpstate"},
		{"arrow back from scripts", "conformance/a.go", head + "\nimport _ \"" + module + "/fuzz\"", "conformance/a.go:3: conformance imports fuzz"},
		{"new room", "attic/a.go", "package attic", "attic/a.go:1: attic is no room"},
		{"length", "cmd/sockspec/a.go", head + "\n" + long, "cmd/sockspec/a.go:3: long has 72 lines"},
		{"types", "queue/a.go", head + "\nvar x int = nil", "queue/a.go:3:13: cannot use nil"},
	} {
		t.Run(c.law, func(t *testing.T) {
			breaches, err := inspect(fstest.MapFS{
				"tcpstate/seq.go": {Data: []byte(seqSource)},
				c.file:            {Data: []byte(c.source)},
			})
			require.NoError(t, err)
			require.Len(t, breaches, 1)
			require.Contains(t, breaches[0], c.breach)
		})
	}
}

// What only looks like a breach passes: tests, other rooms, Seq's own methods, a slice of Seq, min of lengths.
func TestLawfulSourceIsLeftAlone(t *testing.T) {
	breaches, err := inspect(fstest.MapFS{
		"tcpstate/seq.go":    {Data: []byte(seqSource + "func f(a, b Seq, n []Seq) bool { return min(len(n), 1) < 2 && a == b && a.Less(b) }")},
		"queue/a_test.go":    {Data: []byte("package queue\nimport _ \"time\"\nfunc f() { go f() }")},
		"packetio/a.go":      {Data: []byte("package packetio\nimport _ \"time\"\nimport _ \"" + module + "/sock\"\nfunc f() { go f() }")},
		"sock/a.go":          {Data: []byte("package sock\nimport \"slices\"\nfunc f(a []int) { for range a { }; slices.Sort(a) }")},
		"testdata/bad/b.go":  {Data: []byte("not Go")},
		".hidden/queue/b.go": {Data: []byte("not Go")},
	})
	require.NoError(t, err)
	require.Empty(t, breaches)
}
