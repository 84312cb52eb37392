package queue

import "fmt"

// Clone returns a tree of the same shape with the same elements, copied by assignment, and memory of its own,
// no more than they need. Its nodes have other names.
func (t *Tree[T]) Clone() Tree[T] {
	if t.n == 0 {
		return Tree[T]{}
	}
	c := Tree[T]{nodes: make([]treeNode[T], 1, max(minTree, t.n+1)), n: t.n}
	c.root = c.graft(t, t.root, None)
	return c
}

// graft copies what o has from i down, which is not deep: a red-black tree of 2^31 nodes has 62 levels.
func (t *Tree[T]) graft(o *Tree[T], i, up Node) Node {
	if i == None {
		return None
	}
	at := Node(len(t.nodes))
	t.nodes = append(t.nodes, o.nodes[i])
	t.nodes[at].up = up
	for s, k := range o.nodes[i].kid {
		t.nodes[at].kid[s] = t.graft(o, k, at)
	}
	return at
}

// Equal reports whether both have one shape and the same elements in it, by eq.
func (t *Tree[T]) Equal(o *Tree[T], eq func(a, b *T) bool) bool {
	if t.n != o.n {
		return false
	}
	for i, j := t.root, o.root; i != None; i, j = t.Below(i), o.Below(j) {
		if t.Mark(i) != o.Mark(j) || !eq(t.At(i), o.At(j)) {
			return false
		}
	}
	return true
}

// Fingerprint feeds the length and then each node, its mark and its element, in Below's order.
func (t *Tree[T]) Fingerprint(h *Hash, hash func(v *T, h *Hash)) {
	h.U64(uint64(t.n))
	for i := t.root; i != None; i = t.Below(i) {
		h.U64(uint64(t.Mark(i)))
		hash(t.At(i), h)
	}
}

// Check reports the first rule of red-black trees that is broken, nil if none: the root is black, no red node
// has a red child, every path down passes as many black nodes. That the elements are in order is the
// caller's to check.
func (t *Tree[T]) Check() error {
	if t.root != None && (!t.has(t.root) || t.nodes[t.root].up != None || t.nodes[t.root].colour != black) {
		return fmt.Errorf("tree: root %d is not a black node without a parent", t.root)
	}
	blacks, seen := 0, int32(0) // on the first path that ended
	for i := t.root; i != None; i = t.Below(i) {
		seen++ // the walk ends: what it passes hangs below what it has passed
		for _, k := range t.nodes[i].kid {
			switch {
			case k == None:
				if n := t.blacks(i); blacks == 0 {
					blacks = n
				} else if n != blacks {
					return fmt.Errorf("tree: %d black nodes on the path to %d, %d on others", n, i, blacks)
				}
			case !t.has(k) || t.nodes[k].up != i:
				return fmt.Errorf("tree: node %d does not hang below %d", k, i)
			case t.nodes[i].colour == red && t.nodes[k].colour == red:
				return fmt.Errorf("tree: red node %d below red node %d", k, i)
			}
		}
	}
	if seen != t.n {
		return fmt.Errorf("tree: %d nodes are reached, of %d", seen, t.n)
	}
	return nil
}

// blacks counts the black nodes from i up, each of which is known to hang below the next.
func (t *Tree[T]) blacks(i Node) (n int) {
	for ; i != None; i = t.nodes[i].up {
		if t.nodes[i].colour == black {
			n++
		}
	}
	return n
}
