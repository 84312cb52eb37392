package explore

import "github.com/sockspec/sockspec/fuzz"

// leadStep is a move of a lead: where it leads, and what it showed or broke.
type leadStep struct {
	move  Move
	to    uint64 // the key of the state behind it
	cover fuzz.Coverage
	err   error
}

// begin visits the roots and the states along their leads, those first that are fewest moves from a root. Leads meet: the way to
// a state goes along whichever lead comes there first, and from there along every lead that comes there.
func (w *walk) begin() {
	steps := map[uint64][]leadStep{}
	var keys []uint64 // of the states visited
	var far []int     // their moves from the root
	for i := range w.Roots {
		n, key := node{noParent, Move(i)}, w.follow(&w.Roots[i], steps)
		if !w.visit(key, n) {
			continue
		}
		keys, far = append(keys, key), append(far, 0)
		f := find{node: n}
		w.Roots[i].World.Begun(&f.cover)
		w.res.note(f)
	}
	for id := 0; id < len(keys); id++ {
		for _, s := range steps[keys[id]] {
			n := node{uint32(id), s.move}
			if s.err != nil {
				w.res.breaks(&broken{n, s.err})
				return
			}
			w.res.note(find{n, far[id] + 1, s.cover})
			if w.visit(s.to, n) {
				keys, far = append(keys, s.to), append(far, far[id]+1)
			}
		}
	}
}

// follow makes the moves of a root's lead, up to one that breaks a law, and adds them to the steps from each state. It tells the
// root's key.
func (w *walk) follow(r *Root, steps map[uint64][]leadStep) uint64 {
	at := r.World.Clone()
	root := at.Key()
	from := root
	for _, m := range r.Lead {
		s := leadStep{move: m}
		if s.err = at.Do(m, &s.cover); s.err == nil {
			s.to = at.Key()
			s.err = w.settle(at.Clone(), s.to)
		}
		steps[from] = append(steps[from], s)
		if s.err != nil {
			break
		}
		from = s.to
	}
	return root
}
