package woven

import (
	"regexp"
	"strings"
)

// Killer is a package's test binary, and which of its tests run.
type Killer struct {
	Package   string // path from the module's root
	Run, Skip string // -test.run, -test.skip
}

// unfit are tests that ask the live kernel, which knows of no change, and those
// that measure rather than judge.
const unfit = "Live|Agree|EverySysctl|FragmentsHaveBounds|ACrowd"

// Killers are those that a change meets, fastest first. The last ones see little
// that the others do not.
var Killers = []Killer{
	{"conformance/model", "TestSuitePasses", ""},
	{"queue", "", ""},
	{"tcpstate", "", ""},
	{"sock", "", unfit},
	{"fuzz", "Conn|Duo", ""},
	{"fuzz", "Pair", ""},
	{"fuzz", "Host|TestSeeds", "HouseKeeps"},
}

// Test is a test, or a part of one, by its full name.
type Test struct{ Package, Name string }

func (t Test) String() string { return strings.TrimSpace(t.Package + " " + t.Name) }

// Killer runs this test alone.
func (t Test) Killer() Killer {
	parts := strings.Split(t.Name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return Killer{Package: t.Package, Run: strings.Join(parts, "/")}
}
