// Package testdata holds the suite that comes with the program.
package testdata

import "embed"

// Scripts is the bundled conformance suite, below the folder scripts. It is embedded so that `sockspec check` works wherever
// the program was copied to.
//
//go:embed scripts
var Scripts embed.FS
