// Package woven runs the tests of a program that many changes are woven into,
// each behind a number. The number is read once at start, so that one build
// serves all changes: the commands plant and mutate ask of each whether the tests
// notice it.
//
// The changed files are copies that the go command gets as an overlay: those of
// the repository hold no hook. Without a number the program is as it is.
package woven

// EnvName names the environment variable with the number of the change that is
// on: 0 or none for the program as it is.
const EnvName = "SOCKSPEC_PLANT"

// Module is the module's path.
const Module = "github.com/sockspec/sockspec"

// SwitchPath is the file of the package planted, which woven files import: the
// overlay alone has it.
const SwitchPath = "planted/planted.go"

// Import is what follows the package clause of a woven file, on the same line:
// line numbers stay as long as they can.
const Import = `; import "` + Module + `/planted"`
