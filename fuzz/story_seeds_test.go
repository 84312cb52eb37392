package fuzz

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/fuzz/story"
)

// fewestWhole is how many of a hundred stories of a target's seeds and corpus have a script that tells all. Of one connection that is
// nearly every one; the rest of what a host can do has more to it than scripts have words for: errors about protocols that
// they do not know, both families in one story, structures behind pointers.
var fewestWhole = map[string]int{"FuzzConn": 98, "FuzzPair": 99, "FuzzHost": 61, "FuzzOptions": 89}

// What a crash would show is a script: every seed's is read by the parser, and one that says that it tells all passes on the model.
func TestStoriesOfSeedsAreScripts(t *testing.T) {
	for _, o := range opTargets() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			whole, all, why := 0, 0, map[string]int{}
			for _, in := range append(slices.Clip(o.seeds), o.corpus(t)...) {
				list, err := o.stories(in)
				require.NoError(t, err)
				for _, s := range list {
					text, err := s.Script("// A seed of " + o.name)
					_, bad := script.Parse("seed.pkt", []byte(text))
					require.NoError(t, bad, text)
					all++
					if err == nil {
						whole++
						continue
					}
					why[unnumbered(err)]++
					require.Contains(t, text, "// It ends here: ")
					if !errors.Is(err, story.ErrOtherwise) {
						require.NoError(t, story.Passes(text), text)
					}
				}
			}
			t.Logf("%d of %d stories are told in whole", whole, all)
			for _, w := range slices.SortedFunc(maps.Keys(why), func(a, b string) int { return why[b] - why[a] }) {
				t.Logf("%4d: %s", why[w], w)
			}
			require.GreaterOrEqual(t, whole*100, fewestWhole[o.name]*all)
		})
	}
}

var aNumber = regexp.MustCompile(`\d+`)

// unnumbered is an error's first line, alike for like errors.
func unnumbered(err error) string { return aNumber.ReplaceAllString(headline(err), "N") }

// corpus are the inputs of a target that are kept in files.
func (o opTarget) corpus(t *testing.T) (list [][]byte) {
	files, err := filepath.Glob("testdata/fuzz/" + o.name + "/*")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var in []byte
		for _, value := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			kind, quoted, _ := strings.Cut(strings.TrimSuffix(value, ")"), "(")
			s, err := strconv.Unquote(quoted)
			require.NoError(t, err, value)
			if kind == "byte" {
				s = string([]byte{byte([]rune(s)[0])})
			}
			in = append(in, s...)
		}
		list = append(list, in)
	}
	return list
}
