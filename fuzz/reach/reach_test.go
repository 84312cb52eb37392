package reach

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

type node struct {
	Name string
	Next []node
	Leaf *leaf
	pos  int
}

type leaf struct{ Deep [2]uint8 }

func TestFieldsThatNoValueHasAreMissed(t *testing.T) {
	s := Set{}
	s.Fields(node{pos: 1})
	require.Equal(t, []string{"leaf.Deep", "node.Leaf", "node.Name", "node.Next"}, s.Missed(nil))
	s.Fields(&node{Next: []node{{Name: "inner"}}})
	require.Equal(t, []string{"leaf.Deep", "node.Leaf"}, s.Missed(nil))
	s.Fields([]node{{Leaf: &leaf{[2]uint8{0, 1}}}})
	require.Empty(t, s.Missed(nil))
}

func TestExceptionsNeedAReason(t *testing.T) {
	s := Set{}
	s.See("done", true)
	s.See("done", false)
	s.See("open", false)
	require.Equal(t, []string{"open"}, s.Missed(nil))
	require.Empty(t, s.Missed(map[string]string{"open": "why"}))
	require.Equal(t, []string{"done (an exception without need)", "gone (an exception without need)", "open"},
		s.Missed(map[string]string{"done": "why", "gone": "why"}))
}

func TestMessagesThatNobodySaysAreMissed(t *testing.T) {
	src := filepath.Join(t.TempDir(), "a.go")
	text := "package a\n// not this one\nvar a, b, c = \"a record of %d octets\", \", \", `nothing at all`\n"
	require.NoError(t, os.WriteFile(src, []byte(text), 0o600))
	s := Set{}
	require.NoError(t, s.Messages("capture: a record of 9 octets", src))
	require.Equal(t, []string{"nothing at all"}, s.Missed(nil))
	require.Error(t, s.Messages("", src+"x"))
}
