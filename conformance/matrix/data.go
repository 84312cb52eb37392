package matrix

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/sockspec/sockspec/testdata"
)

// Data is what the live kernel did, by cell.
type Data struct {
	Kernel string // its release
	texts  map[key]string
}

type key struct{ kind, state, call string }

func (c *Cell) key() key { return key{c.Kind, c.State, c.Call} }

// Want is what Linux does in a cell; false when nobody has asked it yet.
func (d *Data) Want(c *Cell) (string, bool) {
	t, ok := d.texts[c.key()]
	return t, ok
}

// Recorded is the data that comes with the program.
func Recorded() (*Data, error) { return readData(testdata.Matrix, "matrix") }

// headWords open a file of data; the kernel's release follows.
const headWords = "# Linux "

// readData reads a folder with a file for each kind.
func readData(fsys fs.FS, dir string) (*Data, error) {
	d := &Data{texts: map[key]string{}}
	for _, k := range Kinds {
		name := path.Join(dir, k.Name+".txt")
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			continue // not recorded yet
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
			if i == 0 {
				if !strings.HasPrefix(line, headWords) {
					return nil, fmt.Errorf("%s:1: expected %q and the kernel's release", name, headWords)
				}
				d.Kernel, _, _ = strings.Cut(strings.TrimPrefix(line, headWords), " ")
				continue
			}
			f := columns.Split(line, 3)
			if len(f) != 3 {
				return nil, fmt.Errorf("%s:%d: expected a state, a call and its result, two blanks between them", name, i+1)
			}
			d.texts[key{k.Name, f[0], f[1]}] = f[2]
		}
	}
	return d, nil
}

// columns are set apart by two blanks or more; names hold single ones.
var columns = regexp.MustCompile(`  +`)

// fileOf is the text of one kind's file: a line a cell.
func (d *Data) fileOf(kind string, cells []Cell) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s did this, a cell a line: the state of a %s socket, the call, what came of it. See conformance/matrix.\n", headWords, d.Kernel, kind)
	for i := range cells {
		if c := &cells[i]; c.Kind == kind {
			fmt.Fprintf(&b, "%-16s  %-30s  %s\n", c.State, c.Call, d.texts[c.key()])
		}
	}
	return b.String()
}
