package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
)

// equivalentText has a row per mutant that no test can kill: its ID, and why.
//
//go:embed equivalent.tsv
var equivalentText string

// equivalent is a row: a mutant that changes nothing which anybody can see.
type equivalent struct {
	id     string // mutant.ID
	file   string
	reason string
}

func (e equivalent) String() string { return strings.ReplaceAll(e.id, "\t", " | ") }

// idFields is how many fields an ID has: file, line's text, which of such lines,
// column, what stood there, what stands there now.
const idFields = 6

// readEquivalents reads the table. What is no row, or has no reason, is an error.
func readEquivalents(text string) (all []equivalent, err error) {
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != idFields+1 || strings.TrimSpace(f[idFields]) == "" {
			return nil, fmt.Errorf("equivalent.tsv:%d: a row has %d fields between tabs, the last of them the reason", i+1, idFields+1)
		}
		all = append(all, equivalent{strings.Join(f[:idFields], "\t"), f[0], f[idFields]})
	}
	return all, nil
}

// strikeOut is the table without the rows of some IDs.
func strikeOut(text string, gone map[string]bool) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		f := strings.Split(line, "\t")
		if len(f) != idFields+1 || !gone[strings.Join(f[:idFields], "\t")] {
			out.WriteString(line)
		}
	}
	return out.String()
}

// strike writes the table anew without what has died or is no more.
func (r *report) strike(path string) error {
	gone := map[string]bool{}
	for _, e := range r.stale() {
		gone[e.id] = true
	}
	return os.WriteFile(path, []byte(strikeOut(equivalentText, gone)), 0o644)
}
