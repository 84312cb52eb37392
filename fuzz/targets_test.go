package fuzz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var (
	targetFunc      = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)
	externalPackage = regexp.MustCompile(`(?m)^package \w+_test$`)
	targetLine      = regexp.MustCompile(`(?m)^(\S+) (Fuzz\w+) \S.*$`)
)

// goFiles hands every Go file of the module to each.
func goFiles(t *testing.T, each func(name, src string)) {
	tree := os.DirFS("..")
	require.NoError(t, fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		src, err := fs.ReadFile(tree, name)
		each(name, string(src))
		return err
	}))
}

func listedTargets(t *testing.T) (dirs, names []string) {
	list, err := os.ReadFile("fleet/targets.txt")
	require.NoError(t, err)
	for _, m := range targetLine.FindAllStringSubmatch(string(list), -1) {
		dirs, names = append(dirs, m[1]), append(names, m[2])
	}
	require.Len(t, names, strings.Count(string(list), "\n"), "a line is a directory, a target, and what it is about")
	return dirs, names
}

// targetsOf are the targets that a file declares; what stands in a string is none.
func targetsOf(t *testing.T, name, src string) (list []string) {
	if !targetFunc.MatchString(src) {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
			list = append(list, f.Name.Name)
		}
	}
	return list
}

// A fuzz target that nobody can find is not run: the list has all of them.
func TestListHasEveryFuzzTarget(t *testing.T) {
	var listed, found []string
	dirs, names := listedTargets(t)
	for i := range dirs {
		listed = append(listed, dirs[i]+" "+names[i])
	}
	goFiles(t, func(name, src string) {
		for _, target := range targetsOf(t, name, src) {
			found = append(found, path.Dir(name)+" "+target)
		}
	})
	slices.Sort(listed)
	slices.Sort(found)
	require.Equal(t, found, listed)
}

// OSS-Fuzz's compile_native_go_fuzzer_v2 looks for a target by the beginning of
// its declaration: no target's name may begin another's of its directory.
func TestNoTargetIsTakenForAnother(t *testing.T) {
	dirs, names := listedTargets(t)
	for i, short := range names {
		for j, long := range names {
			if i != j && strings.HasPrefix(dirs[j]+"/", dirs[i]+"/") {
				require.False(t, strings.HasPrefix(long, short), "%s begins %s", short, long)
			}
		}
	}
}

// build.sh makes a package of the file of a target in an external test package: the
// file must need no other of them.
func TestTargetsOutsideTheirPackageStandAlone(t *testing.T) {
	goFiles(t, func(name, src string) {
		if !targetFunc.MatchString(src) || !externalPackage.MatchString(src) {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		require.NoError(t, err)
		for _, id := range f.Unresolved {
			if slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return strings.Trim(path.Base(i.Path.Value), `"`) == id.Name }) {
				continue
			}
			require.NotNil(t, types.Universe.Lookup(id.Name), "%s: %s is declared in another file", name, id.Name)
		}
	})
}

// What cannot be tried here is at least well formed.
func TestFilesOfClusterFuzzLiteAreWellFormed(t *testing.T) {
	files, err := fs.Glob(os.DirFS(".."), ".github/workflows/*.yml")
	require.NoError(t, err)
	for _, name := range append(files, ".clusterfuzzlite/project.yaml") {
		src, err := os.ReadFile("../" + name)
		require.NoError(t, err)
		var doc map[string]any
		require.NoError(t, yaml.Unmarshal(src, &doc), name)
		if strings.HasPrefix(name, ".github") {
			require.NotContains(t, string(src), "uses: actions/cache@", "%s: it saves nothing of a job that fails, as one does that finds a crash", name)
			require.Contains(t, doc, "on", name)
			require.NotEmpty(t, doc["jobs"], name)
		} else {
			require.Equal(t, "go", doc["language"])
		}
	}
	build, err := os.ReadFile("../.clusterfuzzlite/build.sh")
	require.NoError(t, err)
	require.Contains(t, string(build), "done <fuzz/fleet/targets.txt", "it builds what the list has")
	if bash, err := exec.LookPath("bash"); err == nil {
		out, err := exec.Command(bash, "-n", "../.clusterfuzzlite/build.sh").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// As the build of one target after the other leaves the sources, the packages of all compile.
func TestTheBuildLeavesEveryTargetsPackageWhole(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	dir := t.TempDir()
	for _, room := range []string{"conformance", "fuzz", "packetio", "queue", "sock", "tcpstate", "testdata", ".clusterfuzzlite"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, room), os.DirFS(filepath.Join("..", room))))
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join("..", file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), b, 0o600))
	}
	build, err := os.ReadFile("../.clusterfuzzlite/build.sh")
	require.NoError(t, err)
	builder := `compile_native_go_fuzzer_v2() { built+=" ./${1#github.com/sockspec/sockspec/}"; install -m 755 /dev/null "$OUT/$3"; }
		`
	loop := string(build[strings.Index(string(build), "# It takes a directory's"):])
	cmd := exec.Command(bash, "-ec", builder+loop+"\ngo vet -printf $(printf '%s\\n' $built | sort -u)\n")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "OUT="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// The builder of OSS-Fuzz ends well where it finds no target; the build of them all does not.
func TestTheBuildFailsOfATargetThatIsMissing(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	build, err := os.ReadFile("../.clusterfuzzlite/build.sh")
	require.NoError(t, err)
	loop := string(build[strings.Index(string(build), "while read"):])
	run := func(lost string) (string, error) {
		stubs := `hide() { :; }; outside() { :; }; unname() { :; }; go() { :; }
			compile_native_go_fuzzer_v2() { if [ "$3" = "$LOST" ]; then echo Could not find the function; else install -m 755 /dev/null "$OUT/$3"; fi; }
			`
		cmd := exec.Command(bash, "-euc", stubs+loop)
		cmd.Dir, cmd.Env = "..", append(os.Environ(), "OUT="+t.TempDir(), "LOST="+lost)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run("")
	require.NoError(t, err, out)
	out, err = run("FuzzLink")
	require.Error(t, err)
	require.Contains(t, out, "FuzzLink of packetio was not built")
}
