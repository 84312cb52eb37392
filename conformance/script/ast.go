package script

// Pos is a place in a script: line and column count from 1, the column in bytes. The zero Pos belongs to nodes that were
// built by a program.
type Pos struct {
	Line   int
	Column int
}

// Script is one parsed script, with all definitions applied: nothing in it refers to a -D name any more.
type Script struct {
	// Path is the name given to Parse, used in messages only.
	Path string
	// Doc holds the leading // comment, a line each without its marker. Reports use it as the script's title.
	Doc []string
	// Options are the --name=value lines at the top, in order, without the --define ones.
	Options []Option
	// Defines are the definitions that were in force, the file's first and then the caller's, which win.
	Defines []Define
	// Init are the untimed commands before the first event. Google's grammar has at most one.
	Init []Command
	// Events are never empty after a successful Parse.
	Events []Event
	// Cleanup are the untimed commands after the last event. Google's grammar has at most one.
	Cleanup []Command
}

// Option is one --name or --name=value line. Which names exist, and whether the command line overrides them, is the engine's
// business (Google's config.c: the script's options first, the command line's second, the second wins).
type Option struct {
	Pos      Pos
	Name     string
	Value    string
	HasValue bool
}

// Define is one definition, from --define=NAME=value at the top of a file or from -D NAME=value on a command line.
type Define struct {
	Name string
	// Value is a number, a word, a "string" or a `command`, written as in a script.
	Value string
}

// Command is a shell command between backticks. Text is verbatim: the shell, not this package, interprets its backslashes.
type Command struct {
	Pos  Pos
	Text string
}

// Code is a %{ ... }% block without its delimiters and the spaces and tabs beside them. Lines after the first keep their
// indentation, since the usual language inside is Python's.
type Code struct {
	Pos  Pos
	Text string
}

// Event is one timed line. Exactly one of Packet, Call, Command and Code is set.
type Event struct {
	Pos     Pos
	Time    TimeSpec
	Packet  *Packet
	Call    *Syscall
	Command *Command
	Code    *Code
	// Why are the rule names of the trailing //@NAME directive, in order; nil without one.
	Why []string
}

// TimeKind says how an event's time is measured.
type TimeKind uint8

// The five forms of event time. Ranges and * are for outbound packets only, as in Google's grammar.
const (
	TimeAbsolute      TimeKind = iota // 1.5       since the script's start
	TimeRelative                      // +1.5      since the previous event
	TimeAny                           // *         whenever it comes
	TimeAbsoluteRange                 // 1.5~2     since the script's start
	TimeRelativeRange                 // +1.5~+2   since the previous event
)

// TimeSpec is an event's time in microseconds, never negative.
type TimeSpec struct {
	Kind TimeKind
	// Start is when the event happens or is expected at the earliest.
	Start int64
	// End is the end of a range, or when a blocking call must return, on the same scale as Start. Otherwise it equals Start.
	End int64
	// Blocking marks the form `+0...0.2 call(...)`: the call starts at Start and returns at End.
	Blocking bool
}

// IsRange tells whether Start and End delimit when an outbound packet may appear.
func (t TimeSpec) IsRange() bool { return t.Kind == TimeAbsoluteRange || t.Kind == TimeRelativeRange }

// IsRelative tells whether Start counts from the previous event rather than from the script's start.
func (t TimeSpec) IsRelative() bool { return t.Kind == TimeRelative || t.Kind == TimeRelativeRange }

// Syscall is one system call with its expected result. Pseudo calls such as syn_queue(3) = 1 have the same form.
type Syscall struct {
	Pos Pos
	// Thread is the label of `t2: accept(...)`, empty for the default thread.
	Thread string
	Name   string
	Args   []Expr
	Result Expr
	// Errno is the symbol after the result, such as EAGAIN; empty when the call is expected to succeed.
	Errno string
	// Note is the text in parentheses after the result or the errno, blanks collapsed. Google's runner compares it to nothing.
	Note string
}
