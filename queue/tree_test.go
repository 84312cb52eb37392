package queue

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// put inserts a number as a search tree has it.
func put(t *Tree[int], v int) Node {
	parent, s := None, Left
	for i := t.Root(); i != None; i = t.Child(i, s) {
		if parent, s = i, Right; v < *t.At(i) {
			s = Left
		}
	}
	return t.Insert(parent, s, v)
}

// nodeOf is the node of a number, None if the tree lacks it.
func nodeOf(t *Tree[int], v int) Node {
	for i := t.Root(); i != None; {
		switch at := *t.At(i); {
		case v == at:
			return i
		case v < at:
			i = t.Child(i, Left)
		default:
			i = t.Child(i, Right)
		}
	}
	return None
}

func inOrder(t *Tree[int]) (out []int) {
	for i := t.First(); i != None; i = t.Next(i) {
		out = append(out, *t.At(i))
	}
	return out
}

// treeShape are the marks in Below's order, a hexadecimal digit each: 4 for black and 8 for red, 1 and 2 for a child on
// the left and on the right.
func treeShape(t *Tree[int]) string {
	var b strings.Builder
	for i := t.Root(); i != None; i = t.Below(i) {
		b.WriteByte("0123456789abcdef"[t.Mark(i)])
	}
	return b.String()
}

// TestTreeHasTheShapeThatLinuxsOwnCodeGives: what lib/rbtree.c, compiled and run, made of the same keys.
func TestTreeHasTheShapeThatLinuxsOwnCodeGives(t *testing.T) {
	for _, c := range []struct {
		keys, steps int
		want        string
	}{
		{8, 30, "768788"},
		{12, 100, "7458"},
		{40, 500, "7b7b44b7885874b44744"},
		{60, 1001, "77b7884b468b76858778858"},
		{200, 3000, "77b7b7b458b447b447887b468b68687b7478874b5847468b774687b468477788b44768b58477758587788b68477458758b44"},
	} {
		var tree Tree[int]
		seed := uint64(1)
		for range c.steps {
			seed = seed*6364136223846793005 + 1442695040888963407
			v := int(uint32(seed>>33) % uint32(c.keys))
			if at := nodeOf(&tree, v); at != None {
				tree.Erase(at)
			} else {
				put(&tree, v)
			}
		}
		require.Equal(t, c.want, treeShape(&tree))
	}
}

// treeOf inserts the numbers one by one.
func treeOf(vs ...int) *Tree[int] {
	var t Tree[int]
	for _, v := range vs {
		put(&t, v)
	}
	return &t
}

func treePrint(t *Tree[int]) uint64 {
	var h Hash
	t.Fingerprint(&h, HashInteger[int])
	return h.Sum()
}

// TestTreesAreEqualWhenShapeAndElementsAre: and not by the order in which they came to it, or by what was erased.
func TestTreesAreEqualWhenShapeAndElementsAre(t *testing.T) {
	a, b := treeOf(2, 1, 3), treeOf(2, 3, 1)
	require.True(t, a.Equal(b, Same[int]))
	require.Equal(t, treePrint(a), treePrint(b))
	b.Erase(nodeOf(b, 3))
	put(b, 3)
	require.True(t, a.Equal(b, Same[int]))
	require.Equal(t, treePrint(a), treePrint(b))

	c := treeOf(1, 2, 3, 4)
	c.Erase(nodeOf(c, 4)) // leaves three black nodes
	for name, o := range map[string]*Tree[int]{"another element": treeOf(2, 1, 4), "fewer": treeOf(2, 1), "colours": c} {
		require.False(t, a.Equal(o, Same[int]), name)
		require.False(t, o.Equal(a, Same[int]), name)
		require.NotEqual(t, treePrint(a), treePrint(o), name)
	}
	d, e := treeOf(1, 2, 3, 4), treeOf(4, 3, 2, 1) // the same elements round another root
	require.Equal(t, inOrder(d), inOrder(e))
	require.False(t, d.Equal(e, Same[int]))
	require.NotEqual(t, treePrint(d), treePrint(e))
}

func TestTreeRefusesWhatIsNotThere(t *testing.T) {
	tree := treeOf(5)
	require.Equal(t, None, tree.Insert(None, Left, 1), "a second root")
	require.Equal(t, None, tree.Insert(7, Left, 1), "no such parent")
	one := tree.Insert(tree.Root(), Left, 1)
	require.Equal(t, None, tree.Insert(tree.Root(), Left, 2), "taken")
	_, ok := tree.Erase(one)
	require.True(t, ok)
	for _, i := range []Node{None, -1, one, Node(len(tree.nodes)), 99} {
		_, ok = tree.Erase(i)
		require.False(t, ok)
		require.Nil(t, tree.At(i))
		require.Equal(t, []Node{None, None, None, None}, []Node{tree.Child(i, Left), tree.Next(i), tree.Prev(i), tree.Below(i)})
		require.Zero(t, tree.Mark(i))
		require.Equal(t, None, tree.Insert(i, Right, 3))
	}
	require.Equal(t, 1, tree.Len())
	tree.Clear()
	require.Equal(t, []Node{None, None, None}, []Node{tree.Root(), tree.First(), tree.Last()})
	require.Zero(t, tree.Len())
	require.NotEqual(t, None, put(tree, 3))
	empty := new(Tree[int]).Clone()
	require.NoError(t, empty.Check())
}

// TestTreeCheckFindsWhatIsBroken: each rule, and links that lead astray, which end.
func TestTreeCheckFindsWhatIsBroken(t *testing.T) {
	for want, spoil := range map[string]func(*Tree[int]){
		"is not a black node":      func(t *Tree[int]) { t.nodes[t.root].colour = red },
		"is not a black node with": func(t *Tree[int]) { t.nodes[t.root].up = t.First() },
		"root":                     func(t *Tree[int]) { t.root = 77 },
		"below red node":           func(t *Tree[int]) { t.nodes[t.First()].colour, t.nodes[t.nodes[t.Last()].up].colour = red, red },
		"3 black nodes on the path to 4, 2 on others": func(t *Tree[int]) { t.nodes[t.Last()].colour = black },
		"does not hang below":                         func(t *Tree[int]) { t.nodes[t.Last()].up = t.root },
		"are reached, of":                             func(t *Tree[int]) { t.n++ },
		"reached, of":                                 func(t *Tree[int]) { t.n-- },
		"nodes are reached":                           func(t *Tree[int]) { t.nodes[t.root].kid[Right] = t.nodes[t.root].kid[Left] }, // twice
	} {
		tree := treeOf(1, 2, 3, 4)
		require.NoError(t, tree.Check())
		spoil(tree)
		require.ErrorContains(t, tree.Check(), want)
	}
}

func TestTreeAllocatesNothingOnceItHasGrown(t *testing.T) {
	var tree Tree[int]
	round := func() {
		for v := range 50 {
			put(&tree, v*7%50)
		}
		for tree.Len() > 10 {
			tree.Erase(tree.First())
		}
		tree.Clear()
	}
	round()
	require.Zero(t, testing.AllocsPerRun(20, round))
}

func BenchmarkTreeInsertEraseAmong64(b *testing.B) {
	var tree Tree[int]
	for v := range 64 {
		put(&tree, v)
	}
	b.ReportAllocs()
	for b.Loop() {
		tree.Erase(tree.First())
		last := tree.Last()
		tree.Insert(last, Right, *tree.At(last)+1)
	}
}
