package fuzz

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mostDeadTries bounds the changes that are tried at one place of an op.
const mostDeadTries = 400

// outcome is what comes out of a run, without what went in.
func outcome(run func([]byte, watch) error, in []byte) string {
	var b strings.Builder
	err := run(in, watch{trace: func(format string, args ...any) {
		for line := range strings.Lines(fmt.Sprintf(format, args...)) {
			if strings.Contains(line, "    > ") {
				b.WriteString(line)
			}
		}
	}})
	return fmt.Sprint(b.String(), err)
}

// Mutation that changes nothing is wasted: at each place of an op there is a
// byte whose change makes something else happen in some seed, and so there is at
// each place of the setup.
func TestEveryByteOfAnOpMatters(t *testing.T) {
	for _, target := range opTargets() {
		for at := range target.head {
			require.True(t, matters(target.run, target.seeds, func(in []byte) []int { return []int{at} }), "%s: byte %d of the setup is dead", target.name, at)
		}
		for at := range target.size {
			places := func(in []byte) (list []int) {
				for i := target.head + at; i < len(in); i += target.size {
					list = append(list, i)
				}
				return list
			}
			require.True(t, matters(target.run, target.seeds, places), "%s: byte %d of an op is dead", target.name, at)
		}
	}
}

// matters: a change at one of the places of one of the seeds has an effect.
func matters(run func([]byte, watch) error, seeds [][]byte, places func([]byte) []int) bool {
	tries := 0
	for _, seed := range seeds {
		want := outcome(run, seed)
		for _, i := range places(seed) {
			for _, v := range []byte{0, 1, 2, 3, 5, 8, 16, 64, 128} {
				if tries++; tries > mostDeadTries {
					return false
				}
				in := slices.Clone(seed)
				if in[i] = v; !bytes.Equal(in, seed) && outcome(run, in) != want {
					return true
				}
			}
		}
	}
	return false
}
