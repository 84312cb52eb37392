package explore

import "github.com/sockspec/sockspec/fuzz"

// Move is one thing that can happen in a world, as the world numbers it.
type Move = uint32

// World is one state of what is walked.
type World interface {
	// Clone is the same state again. What happens to one of the two does not show in the other; a search calls it, and
	// everything else of the two, from one goroutine at a time.
	Clone() World
	// Moves appends what can happen now, in an order that depends on the state alone.
	Moves(to []Move) []Move
	// Do makes a move happen and notes in cover what it showed. The error is the law that it broke.
	Do(m Move, cover *fuzz.Coverage) error
	// Key is equal for states from which the same can follow. States that differ have different keys but for an accident of
	// 1 in 2^64.
	Key() uint64
	// Settle lets the world go on without any more trouble and spends it. The error says what never ends, or what is lost.
	Settle() error
	// Begun notes in cover what the world shows as it is made, before any move.
	Begun(cover *fuzz.Coverage)
	// Describe says what a move is, in this state.
	Describe(m Move) string
}

// Root is where a search starts: at a world, and at every state along the moves of a lead.
type Root struct {
	Name  string
	World World
	Lead  []Move
}
