package queue

// What follows is lib/rbtree.c's, case by case. Linux writes each case twice, once for either side; here the
// side is a variable. Whether a rotation or a change of colours mends an imbalance is often a choice: it is
// made as Linux makes it, or the shapes would differ.

// rotate lets the child on the other side of i take i's place, and i go down on side s.
func (t *Tree[T]) rotate(i Node, s Side) {
	up := t.nodes[i].kid[s^1]
	inner := t.nodes[up].kid[s]
	t.nodes[i].kid[s^1] = inner
	if inner != None {
		t.nodes[inner].up = i
	}
	t.change(i, up, t.nodes[i].up)
	t.nodes[up].kid[s] = i
	t.nodes[i].up = up
}

// change hangs what comes where old hung below up (__rb_change_child).
func (t *Tree[T]) change(old, comes, up Node) {
	switch {
	case up == None:
		t.root = comes
	case t.nodes[up].kid[Left] == old:
		t.nodes[up].kid[Left] = comes
	default:
		t.nodes[up].kid[Right] = comes
	}
	if comes != None {
		t.nodes[comes].up = up
	}
}

// red reports whether i is; what is not there is black.
func (t *Tree[T]) red(i Node) bool { return t.nodes[i].colour == red }

// inserted mends what a new red node may break: a red parent (__rb_insert).
func (t *Tree[T]) inserted(i Node) {
	for {
		parent := t.nodes[i].up
		if parent == None {
			t.nodes[i].colour = black
			return
		}
		if !t.red(parent) {
			return
		}
		grand := t.nodes[parent].up // a red node is not the root
		s := Left
		if t.nodes[grand].kid[Right] == parent {
			s = Right
		}
		if uncle := t.nodes[grand].kid[s^1]; t.red(uncle) { // case 1: the colours change, and grand is looked at next
			t.nodes[uncle].colour, t.nodes[parent].colour, t.nodes[grand].colour = black, black, red
			i = grand
			continue
		}
		if t.nodes[parent].kid[s^1] == i { // case 2: an inner grandchild is turned outwards
			t.rotate(parent, s)
			parent = i
		}
		t.rotate(grand, s^1) // case 3
		t.nodes[parent].colour, t.nodes[grand].colour = black, red
		return
	}
}

// unlink takes i out of the tree and returns the node below which a black one is missing, None when none is
// (__rb_erase_augmented).
func (t *Tree[T]) unlink(i Node) (gap Node) {
	n := &t.nodes[i]
	left, right := n.kid[Left], n.kid[Right]
	switch {
	case left == None || right == None: // case 1: an only child is red, i is black then, and passes that on
		child := max(left, right)
		t.change(i, child, n.up)
		if child != None {
			t.nodes[child].colour = n.colour
			return None
		}
		if n.colour == black {
			return n.up
		}
		return None
	}
	next := t.end(right, Left) // takes i's place
	orphan := t.nodes[next].kid[Right]
	gap = next // case 2: next is i's child
	if next != right {
		gap = t.nodes[next].up // case 3
		t.nodes[gap].kid[Left] = orphan
		t.nodes[next].kid[Right] = right
		t.nodes[right].up = next
	}
	t.nodes[next].kid[Left] = left
	t.nodes[left].up = next
	t.change(i, next, n.up)
	was := t.nodes[next].colour
	t.nodes[next].colour = n.colour
	if orphan != None {
		t.nodes[orphan].up, t.nodes[orphan].colour = gap, black
		return None
	}
	if was == black {
		return gap
	}
	return None
}

// erased mends that the paths through one side of parent, which begins with i, have a black node too few
// (____rb_erase_color).
func (t *Tree[T]) erased(parent Node) {
	for i := None; parent != None; i, parent = parent, t.nodes[parent].up {
		s := Left
		if t.nodes[parent].kid[Right] == i {
			s = Right
		}
		sibling := t.nodes[parent].kid[s^1]
		if t.red(sibling) { // case 1: it comes up, and one of its black children is the sibling
			t.rotate(parent, s)
			t.nodes[sibling].colour, t.nodes[parent].colour = black, red
			sibling = t.nodes[parent].kid[s^1]
		}
		far, near := t.nodes[sibling].kid[s^1], t.nodes[sibling].kid[s]
		if !t.red(far) && !t.red(near) { // case 2: its side is one short, too
			t.nodes[sibling].colour = red
			if t.red(parent) {
				t.nodes[parent].colour = black
				return
			}
			continue
		}
		if !t.red(far) { // case 3: its inner child comes up
			t.rotate(sibling, s^1)
			sibling, far = near, sibling
		}
		t.rotate(parent, s) // case 4
		t.nodes[sibling].colour = t.nodes[parent].colour
		t.nodes[parent].colour, t.nodes[far].colour = black, black
		return
	}
}
