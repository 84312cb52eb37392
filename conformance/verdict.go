package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/sockspec/sockspec/sock"
)

// Verdict is what became of a script.
type Verdict uint8

// The verdicts.
const (
	_    Verdict = iota
	Pass         // everything happened as the script says
	Fail         // something else happened: see Result.Failure
	Skip         // the stack cannot do what the script asks for: see Result.Reason
)

// String is the verdict's lower-case word.
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case Skip:
		return "skip"
	}
	return "none"
}

// Result is the outcome of one script on one stack.
type Result struct {
	Path    string // of the script
	Stack   string // its name
	Verdict Verdict
	Reason  string   // Skip: why
	Failure *Failure // Fail: what
	Trace   []Traced // every packet, in order of time
	Output  []string // what print() in the script's code wrote, a line each
	Elapsed sock.Time
	Wall    time.Duration
	// Attempts counts the runs it took: more than one only on a real clock, see Run.
	Attempts int
}

// Failure is one difference between script and stack.
type Failure struct {
	Path string
	Line int
	// What is the field or event that differs: "tcp_ack_seq", "errno", "time".
	What string
	// Expected and Got are the two sides, one line each, packets in script syntax.
	Expected string
	Got      string
	// Why are the rules that the stack named behind what it did, where it names any.
	Why []string
}

// Error is the failure as one paragraph, its place first.
func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s: expected %s", f.Path, f.Line, f.What, f.Expected)
	if f.Got != "" {
		fmt.Fprintf(&b, ", got %s", f.Got)
	}
	if len(f.Why) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(f.Why, ", "))
	}
	return b.String()
}

// Traced is one packet that crossed the link.
type Traced struct {
	At      sock.Time // since the script's start
	Inbound bool      // injected by the script, as opposed to sent by the stack
	Packet  []byte    // an IP packet
	Why     []string  // outbound: the rules behind it
	Line    int       // of the event that injected or expected it, 0 when no event did
}
