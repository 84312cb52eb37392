package report

import (
	"bufio"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Write writes the report into a directory, which it makes if need be: report.html, junit.xml, and for each divergence and
// mistake a capture, captures/STACK/PATH.pcapng. It replaces files of an earlier report one by one and removes none.
func (r *Report) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "report.html"), r.HTML); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, "junit.xml"), r.JUnit); err != nil {
		return err
	}
	for _, list := range [][]Divergence{r.Mistakes, r.Divergences} {
		for i := range list {
			name := filepath.Join(dir, filepath.FromSlash(list[i].CapturePath()))
			if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
				return err
			}
			if err := writeFile(name, list[i].Capture); err != nil {
				return err
			}
		}
	}
	return nil
}

// CapturePath is where Write puts the divergence's capture, below the report's directory and with slashes.
func (d *Divergence) CapturePath() string {
	// Rooted and cleaned, a path cannot lead out of the directory, whatever the script's was.
	p := strings.ReplaceAll(path.Clean("/"+filepath.ToSlash(d.Item.Path)), ":", "_")
	return path.Join("captures", d.Column.Stack, strings.TrimSuffix(p, ".pkt")+".pcapng")
}

// writeFile makes a file of what f writes. One that could not be written whole is removed.
func writeFile(name string, f func(io.Writer) error) (err error) {
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(name)
		}
	}()
	b := bufio.NewWriter(out)
	if err := f(b); err != nil {
		return err
	}
	return b.Flush()
}
