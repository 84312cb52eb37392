package queue

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNextAppendsAZeroElementToFillInPlace(t *testing.T) {
	type element struct{ a, b int }
	var list []element
	for i := range 100 {
		e := Next(&list)
		require.Zero(t, *e)
		e.a, e.b = i, -i
		require.Same(t, e, &list[i])
	}
	for i, e := range list {
		require.Equal(t, element{i, -i}, e)
	}
	require.Len(t, list, 100)
}

func TestNextClearsAPlaceUsedBefore(t *testing.T) {
	list := []int{1, 2, 3}[:1]
	require.Zero(t, *Next(&list))
	require.Equal(t, []int{1, 0, 3}, list[:3], "what lies behind is not touched")
	require.Zero(t, testing.AllocsPerRun(10, func() {
		list = list[:0]
		*Next(&list) = 4
	}))
}
