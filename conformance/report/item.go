package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
)

// Item is one script of a suite.
type Item struct {
	Path   string // as it is shown
	Source string
	Script *script.Script // nil when Err is set
	Err    error          // why it is no script: a *script.Error
}

// Folder is what items are grouped by.
func (it *Item) Folder() string { return path.Dir(filepath.ToSlash(it.Path)) }

// Name is the path without folder and ending.
func (it *Item) Name() string {
	return strings.TrimSuffix(path.Base(filepath.ToSlash(it.Path)), ".pkt")
}

// Title is the first line of the script's comment: its behaviour, and where that is written.
func (it *Item) Title() string {
	if it.Script == nil {
		return ""
	}
	for _, line := range it.Script.Doc {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// Line is a line of the source, counted from 1, without the blanks around it; "" when there is none.
func (it *Item) Line(n int) string {
	lines := strings.Split(it.Source, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}

func parse(shown string, src []byte, defines []script.Define) Item {
	s, err := script.Parse(shown, src, defines...)
	if err == nil {
		err = conformance.Check(s, src)
	}
	if err != nil {
		s = nil
	}
	return Item{Path: shown, Source: string(src), Script: s, Err: err}
}

// Embedded reads all scripts below a folder of fsys, sorted by path; the paths shown are relative to the folder.
func Embedded(fsys fs.FS, folder string) ([]Item, error) {
	sub, err := fs.Sub(fsys, folder)
	if err != nil {
		return nil, err
	}
	var items []Item
	err = fs.WalkDir(sub, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".pkt" {
			return err
		}
		src, err := fs.ReadFile(sub, p)
		items = append(items, parse(p, src, nil))
		return err
	})
	sort.Slice(items, func(i, j int) bool { return items[i].Path < items[j].Path })
	return items, err
}

// Files reads scripts by name, and those in directories recursively (*.pkt), each argument's sorted. Errors say which argument
// cannot be read; a mistake in a script is no such error but that item's.
func Files(paths []string, defines []script.Define) ([]Item, error) {
	var items []Item
	seen := map[string]bool{} // a script named twice, or beside its directory, runs once
	for _, arg := range paths {
		names, err := scriptsBelow(arg)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if clean := filepath.Clean(name); seen[clean] {
				continue
			} else {
				seen[clean] = true
			}
			src, err := script.ReadFile(name)
			if err != nil {
				return nil, plain(err)
			}
			items = append(items, parse(name, src, defines))
		}
	}
	return items, nil
}

// scriptsBelow is the path itself when it is a file, and the scripts in it when it is a directory.
func scriptsBelow(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, plain(err)
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	var names []string
	// With a separator at its end, a link to a directory is walked too.
	err = filepath.WalkDir(arg+string(filepath.Separator), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".pkt" {
			names = append(names, p)
		}
		return err
	})
	if err != nil {
		return nil, plain(err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no script (*.pkt) in this directory or below", arg)
	}
	sort.Strings(names)
	return names, nil
}

// plain drops the system call's name from a file error: the user named a file, not a call.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}
