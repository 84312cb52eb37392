package explore

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// told are the scripts of the walk, by claim, and why others have none.
var told = sync.OnceValues(func() (map[Claim]string, map[Claim]error) {
	rep, err := walked()
	scripts, missing := map[Claim]string{}, map[Claim]error{}
	if err != nil {
		return nil, map[Claim]error{{}: err}
	}
	for _, c := range Claims() {
		text, err := rep.Script(c)
		if scripts[c] = text; err != nil {
			delete(scripts, c)
			missing[c] = err
		}
	}
	return scripts, missing
})

// Every edge and every rule that a walk shows has a script that passes on the model and shows it, or says why not.
func TestWaysAreScripts(t *testing.T) {
	scripts, missing := told()
	edges := 0
	for c, text := range scripts {
		require.NoError(t, Shows(text, c), "%v\n%s", c, text)
		if c.Rule == 0 {
			edges++
		}
		if dir := os.Getenv("SCRIPTS"); dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, c.File()), []byte(text), 0o644))
		}
	}
	for _, c := range Claims() {
		_, unreached := WhyNot(c.Rule)
		why, listed := WhyUnsaid(c)
		switch _, has := scripts[c]; {
		case has && listed:
			t.Errorf("%v has a script: take it off the list (%s)", c, why)
		case !has && !listed && !(c.Rule != 0 && unreached):
			t.Errorf("%v has no script: %v", c, missing[c])
		}
	}
	t.Logf("%d edges and %d rules have scripts", edges, len(scripts)-edges)
}

// A script that shows something else is no witness.
func TestShowsFailsOfAnotherScript(t *testing.T) {
	scripts, _ := told()
	for c, text := range scripts {
		if c.Rule == 0 {
			continue
		}
		require.NoError(t, Shows(text, c))
		other := Claim{Rule: c.Rule ^ 1}
		if _, ok := scripts[other]; !ok || scripts[other] == text {
			continue
		}
		if err := Shows(text, other); err != nil {
			return
		}
	}
	t.Fatal("every script shows everything")
}
