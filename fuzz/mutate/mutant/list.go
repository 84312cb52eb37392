package mutant

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// gremlins is the tool that lists the mutants (https://gremlins.dev): the one of
// its kind that is still kept. It is no part of the module.
const gremlins = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// List asks gremlins for the mutants of a package and of those below it, by its
// path from the module's directory root. dir is a place for what it writes.
func List(ctx context.Context, root, dir, pkg string) ([]*Mutant, error) {
	file := filepath.Join(dir, "gremlins.json")
	args := []string{"run", gremlins, "--config", ".gremlins.yaml", "unleash", "--dry-run", "--output", file, "./" + pkg}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go %q: %w\n%s", args, err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("gremlins has listed nothing: %w", err)
	}
	return parse(text, pkg)
}

// parse reads gremlins' list. Its files are named from the package's directory.
func parse(text []byte, pkg string) (ms []*Mutant, err error) {
	var list struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Line, Column int
				Type         string
			}
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("gremlins' list: %w", err)
	}
	for _, f := range list.Files {
		for _, m := range f.Mutations {
			ms = append(ms, &Mutant{File: path.Join(pkg, filepath.ToSlash(f.Name)), Line: m.Line, Col: m.Column, Kind: m.Type})
		}
	}
	if len(ms) == 0 {
		return nil, fmt.Errorf("gremlins lists no mutant of %s", pkg)
	}
	order(ms)
	return ms, nil
}
