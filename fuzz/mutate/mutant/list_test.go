package mutant

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// gremlins names files from the package's directory; the list here is by place.
func TestGremlinsListIsRead(t *testing.T) {
	ms, err := parse([]byte(`{"go_module":"m","files":[
		{"file_name":"sub/b.go","mutations":[{"type":"INVERT_LOGICAL","status":"RUNNABLE","line":4,"column":11}]},
		{"file_name":"a.go","mutations":[{"type":"CONDITIONALS_NEGATION","status":"NOT COVERED","line":42,"column":3},
			{"type":"CONDITIONALS_BOUNDARY","status":"RUNNABLE","line":42,"column":3}]}]}`), "queue")
	require.NoError(t, err)
	require.Equal(t, []*Mutant{
		{File: "queue/a.go", Line: 42, Col: 3, Kind: "CONDITIONALS_BOUNDARY"},
		{File: "queue/a.go", Line: 42, Col: 3, Kind: "CONDITIONALS_NEGATION"},
		{File: "queue/sub/b.go", Line: 4, Col: 11, Kind: "INVERT_LOGICAL"},
	}, ms)
	for _, bad := range []string{``, `{}`, `{"files":[{"file_name":"a.go"}]}`} {
		_, err := parse([]byte(bad), "queue")
		require.Error(t, err, bad)
	}
}

// A line that moves takes its mutants along; of two equal lines each has its own.
func TestAMutantIsKnownByItsLine(t *testing.T) {
	_, ms := sample(t)
	byLine := map[string][]string{}
	ids := map[string]bool{}
	for _, m := range ms {
		require.False(t, ids[m.ID()] && m.Kind != "INVERT_NEGATIVES", "%v", m)
		ids[m.ID()] = true
		if m.Text == "x[2]--" || m.Text == "continue" {
			byLine[m.Text] = append(byLine[m.Text], m.ID())
		}
	}
	require.Equal(t, []string{sampleFile + "\tx[2]--\t1\t5\t--\t++"}, byLine["x[2]--"])
	require.Equal(t, []string{
		sampleFile + "\tcontinue\t1\t1\tcontinue\tbreak", sampleFile + "\tcontinue\t2\t1\tcontinue\tbreak", sampleFile + "\tcontinue\t3\t1\tcontinue\tbreak",
	}, byLine["continue"])
}

// Shares are parts of the whole, and each mutant is in one of them.
func TestSharesAreParts(t *testing.T) {
	var counts [7]int
	for line := range 700 {
		m := &Mutant{File: "a.go", Was: "+", Is: "-", Key: Key{Text: "x", At: 1, Nth: line}}
		for i := range uint32(7) {
			if m.In(i, 7) {
				counts[i]++
			}
		}
	}
	sum := 0
	for _, c := range counts {
		require.Greater(t, c, 50)
		sum += c
	}
	require.Equal(t, 700, sum)
}
