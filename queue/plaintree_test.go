package queue

// plainNode and plainTree are lib/rbtree.c with pointers and both sides of each case spelled out, as in Linux.
type plainNode struct {
	v                   int
	parent, left, right *plainNode
	red                 bool
}

type plainTree struct{ root *plainNode }

func (t *plainTree) replace(old, with, parent *plainNode) {
	switch {
	case parent == nil:
		t.root = with
	case parent.left == old:
		parent.left = with
	default:
		parent.right = with
	}
	if with != nil {
		with.parent = parent
	}
}

func (t *plainTree) left(x *plainNode) {
	y := x.right
	if x.right = y.left; y.left != nil {
		y.left.parent = x
	}
	t.replace(x, y, x.parent)
	y.left, x.parent = x, y
}

func (t *plainTree) right(x *plainNode) {
	y := x.left
	if x.left = y.right; y.right != nil {
		y.right.parent = x
	}
	t.replace(x, y, x.parent)
	y.right, x.parent = x, y
}

func (x *plainNode) isRed() bool { return x != nil && x.red }

func (t *plainTree) put(v int) {
	n := &plainNode{v: v, red: true}
	p := &t.root
	for *p != nil {
		n.parent = *p
		if v < (*p).v {
			p = &(*p).left
		} else {
			p = &(*p).right
		}
	}
	*p = n
	for n.parent.isRed() {
		p, g := n.parent, n.parent.parent
		switch {
		case g.left.isRed() && g.right.isRed():
			g.left.red, g.right.red, g.red = false, false, true
			n = g
			continue
		case p == g.left && n == p.right:
			t.left(p)
			t.right(g)
			n.red, g.red = false, true
		case p == g.left:
			t.right(g)
			p.red, g.red = false, true
		case n == p.left:
			t.right(p)
			t.left(g)
			n.red, g.red = false, true
		default:
			t.left(g)
			p.red, g.red = false, true
		}
		break
	}
	t.root.red = false
}

func (t *plainTree) erase(v int) {
	n := t.root
	for n.v != v {
		if v < n.v {
			n = n.left
		} else {
			n = n.right
		}
	}
	if n.left != nil && n.right != nil {
		next := n.right
		for next.left != nil {
			next = next.left
		}
		n.v, n = next.v, next // the value moves, the shape is the same
	}
	child, parent := n.left, n.parent
	if child == nil {
		child = n.right
	}
	t.replace(n, child, parent)
	if n.red {
		return
	}
	for x := child; ; x, parent = parent, parent.parent {
		if parent == nil || x.isRed() {
			if x != nil {
				x.red = false
			}
			return
		}
		if x == parent.left {
			if parent.right.red {
				parent.right.red, parent.red = false, true
				t.left(parent)
			}
			s := parent.right
			if !s.left.isRed() && !s.right.isRed() {
				s.red = true
				continue
			}
			if !s.right.isRed() {
				s.left.red, s.red = false, true
				t.right(s)
				s = parent.right
			}
			s.red, parent.red, s.right.red = parent.red, false, false
			t.left(parent)
			return
		}
		if parent.left.red {
			parent.left.red, parent.red = false, true
			t.right(parent)
		}
		s := parent.left
		if !s.left.isRed() && !s.right.isRed() {
			s.red = true
			continue
		}
		if !s.left.isRed() {
			s.right.red, s.red = false, true
			t.left(s)
			s = parent.left
		}
		s.red, parent.red, s.left.red = parent.red, false, false
		t.right(parent)
		return
	}
}

func (x *plainNode) shape() string {
	if x == nil {
		return ""
	}
	m := 4
	if x.red {
		m = 8
	}
	if x.left != nil {
		m |= 1
	}
	if x.right != nil {
		m |= 2
	}
	return "0123456789abcdef"[m:m+1] + x.left.shape() + x.right.shape()
}
