package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sockspec/sockspec/fuzz/explore"
)

// writeShow prints the way to a claim, and a script of it.
func writeShow(w io.Writer, rep *explore.Report, s show) {
	way, of := rep.Way(s.claim)
	if way == nil {
		fmt.Fprintf(w, "\n%s: no way found within these bounds\n", s.name)
		return
	}
	fmt.Fprintf(w, "\n%s, in scenario %s, by %d moves:\n%v\n", s.name, of.Name, len(way.Moves), way)
	text, err := rep.Script(s.claim)
	if err != nil {
		fmt.Fprintf(w, "\nNo script: %v\n", err)
		return
	}
	fmt.Fprintf(w, "\nAs a script:\n%s", text)
}

// writeScripts leaves a script for each edge and rule in a directory that exists, and says on standard error of which there is
// none. An interrupt that ended the walk does not end this; the process's own end does.
func writeScripts(p *program, rep *explore.Report, dir string) error {
	claims := explore.Claims()
	bar := p.progress(len(claims), "scripts")
	edges, rules := 0, 0
	for i, c := range claims {
		bar.to(i)
		text, err := rep.Script(c)
		if err != nil {
			if !errors.Is(err, explore.ErrNoWay) {
				bar.clear()
				fmt.Fprintf(p.stderr, "no script of %v: %v\n", c, err)
			}
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, c.File()), []byte(text), 0o644); err != nil {
			return err
		}
		if c.Rule == 0 {
			edges++
		} else {
			rules++
		}
	}
	bar.clear()
	fmt.Fprintf(p.stderr, "scripts of %d edges and %d rules are in %s\n", edges, rules, dir)
	return nil
}
