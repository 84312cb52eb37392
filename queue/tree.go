package queue

// Node names an element of a [Tree]; None names no element. It is good until the element is erased.
type Node int32

// None is the node that is not there: a leaf's child, the root's parent, what comes after the last.
const None Node = 0

// Side says on which side of its parent a node hangs.
type Side uint8

// What sorts before the parent hangs on its left.
const (
	Left Side = iota
	Right
)

// Tree is a red-black tree whose shape is that of Linux's (lib/rbtree.c): the same inserts and erasures in the
// same order leave the same nodes below the same parents, in the same colours. Some of what Linux does depends
// on which nodes a search passes, so that a sorted list is no model of it. As in Linux, the tree knows no
// order: the caller descends by Root and Child, and says where to Insert. The zero value is empty and ready.
// It has no limit of its own: what it holds is bounded by the caller's accounting.
type Tree[T any] struct {
	nodes []treeNode[T] // nodes[None] is the leaf that ends every path: it is not red, and never written
	root  Node
	free  Node // nodes of erased elements, chained by up
	n     int32
}

// treeNode is an element and its place (struct rb_node).
type treeNode[T any] struct {
	v      T
	up     Node
	kid    [2]Node
	colour colour
}

// colour is what a node is; that of a slot on the free list is none.
type colour uint8

const (
	noColour colour = iota
	black
	red
)

// minTree is the first allocation, in nodes, that of None included.
const minTree = 4

// Len returns the number of elements.
func (t *Tree[T]) Len() int { return int(t.n) }

// At returns the element in place, or nil when i names none. The pointer is good until the next Insert or Erase.
func (t *Tree[T]) At(i Node) *T {
	if !t.has(i) {
		return nil
	}
	return &t.nodes[i].v
}

// has reports whether i names an element.
func (t *Tree[T]) has(i Node) bool {
	return uint32(i) < uint32(len(t.nodes)) && t.nodes[i].colour != noColour // nodes[None] has none either
}

// Root returns the node that a search begins with, None when the tree is empty.
func (t *Tree[T]) Root() Node { return t.root }

// Child returns what hangs on that side of i, None for nothing.
func (t *Tree[T]) Child(i Node, s Side) Node {
	if !t.has(i) {
		return None
	}
	return t.nodes[i].kid[s&1]
}

// First and Last return the ends of the tree's order (rb_first, rb_last).
func (t *Tree[T]) First() Node { return t.end(t.root, Left) }

// Last is First's other end.
func (t *Tree[T]) Last() Node { return t.end(t.root, Right) }

// end goes down from i on one side as far as it gets.
func (t *Tree[T]) end(i Node, s Side) Node {
	for i != None && t.nodes[i].kid[s] != None {
		i = t.nodes[i].kid[s]
	}
	return i
}

// Next and Prev return i's neighbours in the tree's order (rb_next, rb_prev), None where it ends.
func (t *Tree[T]) Next(i Node) Node { return t.beside(i, Right) }

// Prev is Next's other side.
func (t *Tree[T]) Prev(i Node) Node { return t.beside(i, Left) }

func (t *Tree[T]) beside(i Node, s Side) Node {
	if !t.has(i) {
		return None
	}
	if k := t.nodes[i].kid[s]; k != None {
		return t.end(k, s^1)
	}
	up := t.nodes[i].up
	for up != None && t.nodes[up].kid[s] == i {
		i, up = up, t.nodes[up].up
	}
	return up
}

// Insert hangs v on that side of a parent that has nothing there, rebalances, and returns v's node
// (rb_link_node, rb_insert_color). The parent of the first element is None. It returns None, and changes
// nothing, where no element can hang.
func (t *Tree[T]) Insert(parent Node, s Side, v T) Node {
	s &= 1
	if parent == None && t.root != None || parent != None && (!t.has(parent) || t.nodes[parent].kid[s] != None) {
		return None
	}
	i := t.take()
	t.nodes[i] = treeNode[T]{v: v, up: parent, colour: red}
	if parent == None {
		t.root = i
	} else {
		t.nodes[parent].kid[s] = i
	}
	t.n++
	t.inserted(i)
	return i
}

// take finds a slot for a node.
func (t *Tree[T]) take() Node {
	if i := t.free; i != None {
		t.free = t.nodes[i].up
		return i
	}
	if len(t.nodes) == 0 {
		t.nodes = make([]treeNode[T], 1, minTree)
	}
	t.nodes = append(t.nodes, treeNode[T]{})
	return Node(len(t.nodes) - 1)
}

// Erase takes out the element and rebalances (rb_erase); ok is false when i names none.
func (t *Tree[T]) Erase(i Node) (v T, ok bool) {
	if !t.has(i) {
		return v, false
	}
	v = t.nodes[i].v
	if gap := t.unlink(i); gap != None {
		t.erased(gap)
	}
	t.nodes[i] = treeNode[T]{up: t.free} // zeroed so that the slot keeps nothing alive
	t.free = i
	t.n--
	return v, true
}

// Clear drops every element and keeps the memory for reuse.
func (t *Tree[T]) Clear() {
	clear(t.nodes)
	*t = Tree[T]{nodes: t.nodes[:min(1, len(t.nodes))]}
}

// Below returns the node after i in the order that visits each node before what hangs below it, left before
// right; it begins with Root. With Mark it tells the shape.
func (t *Tree[T]) Below(i Node) Node {
	if !t.has(i) {
		return None
	}
	for _, k := range t.nodes[i].kid {
		if k != None {
			return k
		}
	}
	for up := t.nodes[i].up; up != None; i, up = up, t.nodes[up].up {
		if k := t.nodes[up].kid[Right]; k != None && k != i {
			return k
		}
	}
	return None
}

// Mark tells the node's colour and on which sides something hangs: the marks of all nodes in Below's order are
// the tree's shape.
func (t *Tree[T]) Mark(i Node) uint8 {
	if !t.has(i) {
		return 0
	}
	n := &t.nodes[i]
	m := uint8(n.colour) << 2
	for s, k := range n.kid {
		if k != None {
			m |= 1 << s
		}
	}
	return m
}
