package main

import (
	_ "embed"
	"regexp"
	"strings"
)

// target is a fuzz target of the module.
type target struct {
	Dir   string // of its package, from the module's root
	Name  string // of its function
	About string
}

// list has a line per target: directory, function, what it is about. A test
// keeps it complete. It is text so that .clusterfuzzlite/build.sh reads it too.
//
//go:embed targets.txt
var list string

// targets are those whose name matches.
func targets(only *regexp.Regexp) (all []target) {
	for line := range strings.Lines(list) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if t := (target{f[0], f[1], f[2]}); only.MatchString(t.Name) {
			all = append(all, t)
		}
	}
	return all
}
