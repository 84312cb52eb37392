package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/stretchr/testify/require"
)

// TestMisuse: what the caller got wrong is exit 2, a message on standard error that names the mend, and nothing on standard
// output.
func TestMisuse(t *testing.T) {
	dir := scripts(t, map[string]string{"good.pkt": passing, "none/readme.txt": "no script"})
	large := filepath.Join(scripts(t, map[string]string{"large.pkt": strings.Repeat("\n", script.MaxSize+1)}), "large.pkt")
	good := filepath.Join(dir, "good.pkt")
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"nothing", nil, "Usage: sockspec <command>"},
		{"unknown command", []string{"chek"}, `did you mean "check"`},
		{"unknown flag", []string{"run", "--stak", "model", good}, `did you mean "--stack"`},
		{"no path", []string{"run"}, `expected "<path> ..."`},
		{"unknown stack", []string{"run", "--stack", "bsd", good}, `no stack "bsd": use one of model`},
		{"unknown stack to check", []string{"check", "--stack", "bsd"}, `no stack "bsd": use one of model`},
		{"no such path", []string{"run", filepath.Join(dir, "nosuch")}, "nosuch: no such file or directory"},
		{"one of the paths", []string{"run", good, filepath.Join(dir, "nosuch")}, "nosuch: no such file or directory"},
		{"too large a file", []string{"run", large}, "large.pkt: larger than 4 MiB"},
		{"no script in a directory", []string{"run", filepath.Join(dir, "none")}, "no script (*.pkt) in this directory"},
		{"tolerance that is none", []string{"run", "--tolerance", "soon", good}, "--tolerance"},
		{"negative tolerance", []string{"run", "--tolerance=-1ms", good}, "must not be negative"},
		{"unknown profile", []string{"run", "--profile", "linux1", good}, `no profile "linux1": use one of linux, linux24`},
		{"profile of another stack", []string{"run", "--stack", "odd", "--profile", "linux", good}, "only the model has profiles"},
		{"definition without value", []string{"run", "-D", "X", good}, "expected NAME=value"},
		{"report where a file is", []string{"check", "--stack", "odd", "--out", filepath.Join(good, "x"), good}, "--out"},
		{"report nowhere", []string{"check", "--stack", "odd", "--out", "", good}, "--out: expected a directory"},
		{"unknown rule", []string{"rules", "zzz"}, `no rule "zzz"`},
		{"unknown scenario", []string{"explore", "--scenario", "moon"}, `no scenario "moon": there are fragments`},
		{"nothing to show", []string{"explore", "--show", "moon"}, "neither a rule"},
		{"no edge", []string{"explore", "--show", "LISTEN:TIME-WAIT"}, "neither a rule"},
		{"less than nothing", []string{"explore", "--states=-1"}, "0 or more"},
		{"unknown format", []string{"states", "--format", "png"}, `must be one of "mermaid","dot"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sockspec(t, []stackEntry{{odd{}, false}}, c.args...)
			require.Equal(t, exitMisuse, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
			require.Empty(t, got.stdout)
		})
	}
}

// TestHelp: help goes to standard output, is a success, and does not advertise what is not there.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"check", "--help"}, {"rules", "--help"}, {"states", "-h"}, {"explore", "--help"}} {
		got := sockspec(t, nil, args...)
		require.Equal(t, exitOK, got.code)
		require.Empty(t, got.stderr)
		require.Contains(t, got.stdout, "Usage: sockspec")
		require.NotContains(t, got.stdout, "audit")
	}
}
