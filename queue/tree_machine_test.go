package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// treeKeys is how many numbers may be in a tree: enough for seven levels.
const treeKeys = 61

// treeMachine runs a tree beside the same algorithm written otherwise, and beside a sorted slice.
func treeMachine() machine {
	var tree Tree[int]
	var plain plainTree
	model := []int{}
	return machine{
		made:    "var tree Tree[int]",
		checked: func() string { return fmt.Sprintf("checkTree(t, &tree, %#v, %q)", model, plain.root.shape()) },
		actions: []action{
			{"put", func(t require.TestingT, c chooser) {
				v := c.pick("key", treeKeys)
				at, had := slices.BinarySearch(model, v)
				if had {
					return
				}
				c.say("require.Equal(t, %d, *tree.At(put(&tree, %d)))", v, v)
				model = slices.Insert(model, at, v)
				plain.put(v)
				require.Equal(t, v, *tree.At(put(&tree, v)))
			}},
			{"erase", func(t require.TestingT, c chooser) {
				v := c.pick("key", treeKeys)
				c.say("require.Equal(t, %s, all(tree.Erase(nodeOf(&tree, %d))))", element{model, slices.Index(model, v)}, v)
				node := nodeOf(&tree, v)
				prev, next := tree.Prev(node), tree.Next(node)
				got, ok := tree.Erase(node)
				at, had := slices.BinarySearch(model, v)
				require.Equal(t, had, ok)
				if !had {
					return
				}
				model = slices.Delete(model, at, at+1)
				plain.erase(v)
				require.Equal(t, v, got)
				require.Equal(t, at < len(model), next != None && *tree.At(next) == model[min(at, len(model)-1)], "another node changed its name")
				require.Equal(t, at > 0, prev != None && *tree.At(prev) == model[max(at-1, 0)], "another node changed its name")
			}},
			{"go on with a clone", func(_ require.TestingT, c chooser) {
				c.say("{ old := tree; tree = old.Clone(); old.Clear() }")
				old := tree
				tree = old.Clone()
				old.Clear()
			}},
		},
		check: func(t require.TestingT) { checkTree(t, &tree, model, plain.root.shape()) },
		value: func() uint64 { return treePrint(&tree) },
		shapes: func(see func(string, bool)) {
			see("empty", len(model) == 0)
			see("a root alone", len(model) == 1)
			see("black nodes only", len(model) == 3 && plain.root.shape() == "744")
			see("more than half of all keys", len(model) > treeKeys/2)
		},
	}
}

func checkTree(t require.TestingT, tree *Tree[int], model []int, shape string) {
	require.NoError(t, tree.Check())
	require.Equal(t, len(model), tree.Len())
	require.Equal(t, model, append([]int{}, inOrder(tree)...))
	require.Equal(t, shape, treeShape(tree))
	c := tree.Clone()
	require.NoError(t, c.Check())
	require.True(t, c.Equal(tree, Same[int]))
	require.Equal(t, treePrint(tree), treePrint(&c))
	if len(model) > 0 {
		require.Equal(t, max(minTree, len(model)+1), cap(c.nodes))
		require.Equal(t, model[len(model)-1], *c.At(c.Last()))
		c.Erase(c.Root())
		require.False(t, c.Equal(tree, Same[int]))
	}
}

func TestTreeHasTheShapeOfLinuxs(t *testing.T) { checkMachine(t, treeMachine) }
func FuzzTree(f *testing.F)                    { fuzzMachine(f, treeMachine) }

// TestTreeKeepsTheShapeOfLinuxsWhileItGrowsAndShrinks: over longer runs than those of single actions.
func TestTreeKeepsTheShapeOfLinuxsWhileItGrowsAndShrinks(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := treeMachine()
		for _, v := range rapid.SliceOfN(rapid.IntRange(0, treeKeys-1), 1, 300).Draw(r, "toggled") {
			before := m.value()
			for _, a := range m.actions[:2] {
				if m.value() == before {
					a.run(r, &byteChooser{in: []byte{byte(v)}})
				}
			}
			m.check(r)
		}
	})
}
