package queue

import "slices"

// Next appends a zero element to the list and returns it, to be filled in place: an append of a large one
// writes it twice.
func Next[E any](list *[]E) *E {
	n := len(*list)
	if n == cap(*list) {
		*list = slices.Grow(*list, 1)
	}
	*list = (*list)[:n+1]
	clear((*list)[n:])
	return &(*list)[n]
}
