package fuzz

import "slices"

// alphabet is what may happen in a walk whose moves are ops: each in every state, a move being an op's place.
type alphabet []Op

// learn adds the ops that are not there yet.
func (a alphabet) learn(ops []Op) alphabet {
	for _, o := range ops {
		if !slices.Contains(a, o) {
			a = append(a, o)
		}
	}
	return a
}

// spell writes ops as moves.
func (a alphabet) spell(ops []Op) (moves []uint32) {
	for _, o := range ops {
		moves = append(moves, uint32(slices.Index(a, o)))
	}
	return moves
}

// op is the op of a move.
func (a alphabet) op(move uint32) Op { return a[int(move)%len(a)] }

// Moves are all ops.
func (a alphabet) Moves(to []uint32) []uint32 {
	for i := range a {
		to = append(to, uint32(i))
	}
	return to
}
