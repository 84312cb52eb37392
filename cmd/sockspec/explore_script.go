package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sockspec/sockspec/fuzz/explore"
)

// writeScript prints the script of a claim that there is a way to.
func writeScript(w io.Writer, rep *explore.Report, c explore.Claim, way *explore.Way) {
	if way == nil {
		return
	}
	text, err := rep.Script(c)
	if err != nil {
		fmt.Fprintf(w, "\nNo script: %v\n", err)
		return
	}
	fmt.Fprintf(w, "\nAs a script:\n%s", text)
}

// writeScripts leaves a script for each edge and rule in a directory, and says on standard error of which there is none.
func writeScripts(p *program, rep *explore.Report, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	claims := explore.Claims()
	bar := p.progress(len(claims), "scripts")
	edges, rules := 0, 0
	for i, c := range claims {
		if p.ctx.Err() != nil {
			break
		}
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
