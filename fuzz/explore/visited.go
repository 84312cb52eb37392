package explore

// visited is the set of the keys of all states seen: open addressing, a word a slot, 0 for none. Readers may look while nobody
// adds.
type visited struct {
	slots []uint64
	n     int
}

const firstSlots = 1 << 12

func newVisited() *visited { return &visited{slots: make([]uint64, firstSlots)} }

// spread makes a key usable: 0 stands for an empty slot.
func spread(key uint64) uint64 {
	if key == 0 {
		return 0x9e3779b97f4a7c15
	}
	return key
}

func (v *visited) has(key uint64) bool {
	key = spread(key)
	for i := key & uint64(len(v.slots)-1); ; i = (i + 1) & uint64(len(v.slots)-1) {
		switch v.slots[i] {
		case key:
			return true
		case 0:
			return false
		}
	}
}

// add reports whether the key is new.
func (v *visited) add(key uint64) bool {
	if 3*len(v.slots) < 4*(v.n+1) {
		v.grow()
	}
	key = spread(key)
	i := key & uint64(len(v.slots)-1)
	for ; v.slots[i] != 0; i = (i + 1) & uint64(len(v.slots)-1) {
		if v.slots[i] == key {
			return false
		}
	}
	v.slots[i] = key
	v.n++
	return true
}

func (v *visited) grow() {
	old := v.slots
	v.slots, v.n = make([]uint64, 2*len(old)), 0
	for _, k := range old {
		if k != 0 {
			v.add(k)
		}
	}
}
