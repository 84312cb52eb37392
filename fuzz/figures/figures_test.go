package figures

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFigureThatRotsIsToldAndMended(t *testing.T) {
	const text = "# A\n\n| cells | 36,491 of 36,504 |\n\nAll 7 cells, and 7 of 36,504.\n"
	re := regexp.MustCompile(`([\d,]+) of ([\d,]+)`)
	same, err := mend(text, re, []any{36491, 36504})
	require.ErrorContains(t, err, `README.md:5: "7" should be "36,491" in: 7 of 36,504`)
	require.Equal(t, "# A\n\n| cells | 36,491 of 36,504 |\n\nAll 7 cells, and 36,491 of 36,504.\n", same)
	_, err = mend(same, re, []any{36491, 36504})
	require.NoError(t, err)
	_, err = mend(text, regexp.MustCompile(`(\d+) rows`), []any{7})
	require.ErrorContains(t, err, "nothing matches")
}

func TestFiguresHaveCommasFromFiveDigitsOn(t *testing.T) {
	for want, v := range map[string]any{"1148": 1148, "36,504": 36504, "1,000,000": 1_000_000, "58 %": "58 %"} {
		require.Equal(t, want, spell(v))
	}
}
