package fuzz

import (
	"cmp"
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
	"github.com/sockspec/sockspec/fuzz/figures"
	"github.com/sockspec/sockspec/fuzz/story"
)

// What a crash would show is a script: every seed's is read by the parser, and one that says that it tells all passes on the model.
func TestStoriesOfSeedsAreScripts(t *testing.T) {
	list := opTargets()
	counts := make([]toldStories, len(list))
	t.Run("each", func(t *testing.T) {
		for i, o := range list {
			t.Run(o.name, func(t *testing.T) {
				t.Parallel()
				for _, in := range append(slices.Clip(o.seeds), o.corpus(t)...) {
					counts[i].add(t, o, in)
				}
			})
		}
	})
	for i, o := range list {
		n := &counts[i]
		if n.all == 0 {
			continue // not asked for
		}
		t.Logf("%s: %d of %d stories are told in whole", o.name, n.whole, n.all)
		for _, w := range slices.SortedFunc(maps.Keys(n.why), func(a, b string) int { return cmp.Or(n.why[b]-n.why[a], strings.Compare(a, b)) }) {
			t.Logf("%4d: %s", n.why[w], w)
		}
		require.GreaterOrEqual(t, n.whole*100, o.whole*n.all, o.name)
		require.NoError(t, figures.Check(`told as scripts.*?(\d+) of (\d+) (?:sides )?of .`+o.name+"`", n.whole, n.all))
	}
}

// toldStories are what came of a target's stories.
type toldStories struct {
	whole, all int
	why        map[string]int // they are not whole
}

// add tells what an input does.
func (n *toldStories) add(t *testing.T, o opTarget, in []byte) {
	list, err := o.stories(in)
	require.NoError(t, err)
	for _, s := range list {
		text, err := s.Script("// A seed of " + o.name)
		if n.all++; err == nil || text != "" {
			_, bad := script.Parse("seed.pkt", []byte(text))
			require.NoError(t, bad, text)
		}
		if err == nil {
			n.whole++
			continue
		}
		if n.why == nil {
			n.why = map[string]int{}
		}
		n.why[unnumbered(err)]++
		if text == "" {
			continue // not even its beginning
		}
		require.Contains(t, text, "// It ends here: ")
		if !errors.Is(err, story.ErrOtherwise) {
			require.NoError(t, story.Passes(text), text)
		}
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
