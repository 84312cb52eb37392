// Package testdata holds the suite that comes with the program.
package testdata

import "embed"

// Scripts is the bundled conformance suite, below the folder scripts. It is embedded so that `sockspec check` works wherever
// the program was copied to.
//
//go:embed scripts
var Scripts embed.FS

// Matrix is what the live kernel did in each cell of the call matrix, below the folder matrix: a file for each kind of socket.
//
//go:embed matrix
var Matrix embed.FS
