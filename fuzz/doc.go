// Package fuzz looks for the input that breaks the machine.
//
// An input is a list of [Op]: eight bytes each, whose numbers are choices
// relative to the state in which they arrive, so that cutting and pasting keeps
// them meaningful. An [Endpoint] does them to one connection, a [Pair] to two
// that a bad link joins, a [HostRun] to a whole host, an [OptionRun] to the options of
// its sockets. After every step the laws
// are checked: the machine's own invariants, a reason on every output, a clone
// that does the same, a twin whose sequence numbers do not wrap and that does
// the same too, a window whose right edge never moves left, a timer for
// whatever waits. The seeds reach all eleven states and every edge between
// them; TestSeedsReachTheRules prints the rules that they miss. Every target's
// seeds are held by a test to all that its ops can do (package reach), and each
// has a canary, a planted bug that it must find (command plant).
//
// fleet/targets.txt lists all fuzz targets of the module, and
//
//	go run ./fuzz/fleet -minutes 30 -cores 8
//
// runs them all. One of them, until it finds something or is stopped:
//
//	go test ./DIRECTORY -run '^$' -fuzz '^NAME$'
//
// A failure leaves its input in testdata/fuzz of the package, where every later
// go test runs it again, and prints the shortest op list that fails too, step by
// step, as a script (package fuzz/story), and as the text of a corpus entry
// (package fuzz/shrink).
//
// Package plant asks the other way round: it plants bugs in the core and sees
// that a test fails for each, and that fuzz targets find theirs.
package fuzz
