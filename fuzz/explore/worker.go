package explore

import (
	"slices"

	"github.com/sockspec/sockspec/fuzz"
)

// worker makes states again from the way there, and looks at what follows. It keeps the states along the last way: the next one
// mostly begins the same.
type worker struct {
	*walk
	way    []uint32 // visited states from the root on
	worlds []World  // at each of them
	path   []uint32
	moves  []Move
	shown  shown // all that this worker has handed in
}

// expand looks at all successors of the states from lo to hi.
func (k *worker) expand(b *block, lo, hi int) {
	for id := lo; id < hi && b.broken == nil; id++ {
		at := k.at(uint32(id))
		k.moves = at.Moves(k.moves[:0])
		for _, m := range k.moves {
			k.try(b, at, node{uint32(id), m})
			if b.broken != nil {
				break
			}
		}
	}
}

// try makes one move from a state.
func (k *worker) try(b *block, at World, n node) {
	w := at.Clone()
	b.moves++
	var cover fuzz.Coverage
	err := w.Do(n.move, &cover)
	if err == nil {
		moves := len(k.path) // those to the state, whose path begins with the root, and this one
		if _, news := k.shown.add(moves, &cover); news {
			b.finds = append(b.finds, find{n, moves, cover})
		}
		key := w.Key()
		if k.seen.has(key) {
			return
		}
		b.steps = append(b.steps, step{n, key})
		err = k.settle(w, key)
	}
	if err != nil {
		b.broken = &broken{n, err}
	}
}

// at is the state of a node.
func (k *worker) at(id uint32) World {
	k.path = k.pathTo(k.path[:0], id)
	common := 0
	for common < len(k.way) && common < len(k.path) && k.way[common] == k.path[common] {
		common++
	}
	k.way, k.worlds = k.way[:common], k.worlds[:common]
	for _, id := range k.path[common:] {
		n := k.nodes[id]
		var w World
		if n.parent == noParent {
			w = k.Roots[n.move].World.Clone()
		} else {
			w = k.worlds[len(k.worlds)-1].Clone()
			_ = w.Do(n.move, &fuzz.Coverage{}) // kept the laws the first time
		}
		k.way, k.worlds = append(k.way, id), append(k.worlds, w)
	}
	return k.worlds[len(k.worlds)-1]
}

// pathTo lists the states from the root to id.
func (w *walk) pathTo(to []uint32, id uint32) []uint32 {
	for ; id != noParent; id = w.nodes[id].parent {
		to = append(to, id)
	}
	slices.Reverse(to)
	return to
}
