package mutant

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/woven"
)

const (
	sampleDir  = "fuzz/mutate/mutant/testdata/sample"
	sampleFile = sampleDir + "/sample.go"
)

// root is the module's directory.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	require.NoError(t, err)
	return dir
}

// sample is the sample with all that any kind of change makes of it, as gremlins
// would list it.
func sample(t *testing.T) (*file, []*Mutant) {
	t.Helper()
	s, err := load(context.Background(), root(t), sampleDir)
	require.NoError(t, err)
	f := s.files[sampleFile]
	kinds := []string{removal}
	for k := range changes {
		kinds = append(kinds, k)
	}
	var ms []*Mutant
	for at, n := range f.at {
		tok, _ := tokenOf(n)
		for _, k := range kinds {
			_, assigns := changes["INVERT_ASSIGNMENTS"][*tok]
			_, bitwise := changes["INVERT_BWASSIGN"][*tok]
			if _, ok := become(k, *tok); ok && (k != removal || assigns || bitwise) {
				ms = append(ms, &Mutant{File: sampleFile, Line: at[0], Col: at[1], Kind: k})
			}
		}
	}
	order(ms)
	require.NoError(t, f.place(ms))
	number(ms, new(int))
	return f, ms
}

// printed is the file with the mutant's token, as gremlins writes it.
func (f *file) printed(t *testing.T, m *Mutant) string {
	t.Helper()
	n := f.at[[2]int{m.Line, m.Col}]
	tok, _ := tokenOf(n)
	was := *tok
	*tok, _ = become(m.Kind, was)
	defer func() { *tok = was }()
	var out bytes.Buffer
	require.NoError(t, format.Node(&out, f.fset, f.tree))
	return out.String()
}

// program builds one program of the woven sample and of each mutant by itself.
func program(t *testing.T, f *file, ms []*Mutant) (bin string) {
	t.Helper()
	files := map[string]string{woven.SwitchPath: Switch(len(ms)), sampleFile: f.weave()}
	imports := fmt.Sprintf("import w %q\n", woven.Module+"/"+sampleDir)
	var cases string
	for _, m := range ms {
		if m.Fate == Woven {
			files[fmt.Sprintf("planted/m%d/sample.go", m.N)] = f.printed(t, m)
			imports += fmt.Sprintf("import m%d %q\n", m.N, fmt.Sprintf("%s/planted/m%[2]d", woven.Module, m.N))
			cases += fmt.Sprintf("%d: m%[1]d.Run,\n", m.N)
		}
	}
	files["planted/cmd/main.go"] = "package main\n\nimport (\"os\"; \"strconv\")\n" + imports + `
func main() {
	if len(os.Args) == 1 {
		os.Stdout.WriteString(w.Run())
		return
	}
	n, _ := strconv.Atoi(os.Args[1])
	os.Stdout.WriteString(map[int]func() string{` + cases + `}[n]())
}
`
	dir := t.TempDir()
	overlay, err := woven.Overlay(root(t), dir, files)
	require.NoError(t, err)
	bin = filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-overlay", overlay, "-o", bin, "./planted/cmd")
	cmd.Dir = root(t)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// says is what the program prints with a mutant on, woven or by itself.
func says(t *testing.T, bin string, n int, alone bool, env ...string) string {
	t.Helper()
	cmd := exec.Command(bin)
	if alone {
		cmd.Args = append(cmd.Args, fmt.Sprint(n))
	}
	cmd.Env = append(os.Environ(), append(env, fmt.Sprintf("%s=%d", woven.EnvName, n))...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// With a mutant on, the woven program does what the program does that has the
// mutant's token instead. And what makes a difference has been seen to.
func TestTheWovenProgramIsEachOfItsMutants(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here to build with")
	}
	f, ms := sample(t)
	bin := program(t, f, ms)
	seenFile := filepath.Join(t.TempDir(), "seen")
	require.NoError(t, os.WriteFile(seenFile, NewSeen(0, len(ms)), 0o600))
	asItIs := says(t, bin, 0, false, SeenName+"="+seenFile)
	seen, err := os.ReadFile(seenFile)
	require.NoError(t, err)
	var unseen, differ int
	for _, m := range ms {
		if m.Fate != Woven {
			continue
		}
		alone := says(t, bin, m.N, true)
		require.Equal(t, alone, says(t, bin, m.N, false), "%v", m)
		if alone != asItIs {
			differ++
			require.NotZero(t, seen[m.N], "%v makes a difference that is not seen", m)
		}
		if seen[m.N] == 0 {
			unseen++
		}
	}
	require.Greater(t, differ, 130)
	require.Greater(t, unseen, 5, "what makes none is told apart")
}

// fateOf lists the source texts of the mutants with a fate.
func fateOf(ms []*Mutant, fate Fate) (all []string) {
	for _, m := range ms {
		if m.Fate == fate && m.Was != m.Is && m.Kind != "INVERT_NEGATIVES" {
			all = append(all, fmt.Sprintf("%s: %s %s at %d", strings.Fields(m.Text)[0], m.Was, m.Is, m.At))
		}
	}
	slices.Sort(all)
	return all
}

// What Go wants to know when it compiles stands apart, and what does not compile is no mutant.
func TestWhatCannotBeWovenIsToldApart(t *testing.T) {
	_, ms := sample(t)
	require.Equal(t, []string{"const: - + at 17", "m: & | at 25", "mask: - + at 18", "mask: << >> at 10"}, fateOf(ms, Apart))
	require.ElementsMatch(t, []string{
		"continue: continue break at 1",                                               // the end would be reached without a return
		"func(): & | at 22", "func(): & | at 78", "p: & | at 6", "return: & | at 113", // an address
		"out: += -= at 5", "return: + - at 109", "s: += -= at 3", // strings
		"small(200): ^ & at 90",            // not that operation
		"type: | & at 29",                  // a constraint
		"var: + - at 19", "var: - + at 34", // an index beyond the array
	}, fateOf(ms, NotViable))
}

// Woven text keeps its lines where they are.
func TestWeavingKeepsLines(t *testing.T) {
	f, _ := sample(t)
	out := strings.Split(f.weave(), "\n")
	require.Len(t, out, len(f.lines))
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if d, ok := n.(*ast.FuncDecl); ok {
			line := f.fset.Position(d.Pos()).Line - 1
			require.Contains(t, out[line], "func")
			require.Contains(t, out[line], d.Name.Name)
		}
		return true
	})
}
