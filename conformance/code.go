package conformance

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// sample is one %{ }% block with the state of the connection at its time.
type sample struct {
	code *script.Code
	info []byte // struct tcp_info, nil where the block looks at the memory alone
	mem  []byte // SO_MEMINFO, nil where the stack has none
}

// soMeminfo is SO_MEMINFO: nine ints on a socket's memory.
const soMeminfo = 55

// sampleCode takes the data that a block will look at. The block itself runs when the script is over, as in Google's runner, so
// that a failing assertion hides no failing packet.
func (e *engine) sampleCode(c *script.Code) error {
	conn := e.current[""]
	if conn == nil || conn.fd < 0 {
		return e.failf("code", "a socket whose TCP_INFO can be read", "no socket")
	}
	s, ofMemory := sample{code: c}, strings.Contains(c.Text, "SK_MEMINFO")
	var err error
	if !ofMemory || strings.Contains(c.Text, "tcpi_") { // sockets of datagrams have no TCP_INFO
		if s.info, err = e.readOption(conn.fd, solTCP, tcpInfo, tcpInfoLen); err != nil {
			return err
		}
	}
	if ofMemory {
		if s.mem, err = e.readOption(conn.fd, solSocket, soMeminfo, 36); err != nil {
			return err
		}
	}
	e.code = append(e.code, s)
	return nil
}

func (e *engine) readOption(fd, level, name, length int32) ([]byte, error) {
	p := &plan{ev: e.cur.ev, call: sock.Call{Op: sock.OpGetsockopt, FD: fd, Level: level, Name: name, Len: length}}
	p.ev = &script.Event{Pos: p.ev.Pos, Call: &script.Syscall{Pos: p.ev.Pos, Name: "getsockopt for code"}}
	r, err := e.complete(mainThread, p)
	if err != nil {
		return nil, err
	}
	if r.Value < 0 {
		return nil, e.failf("code", "TCP_INFO", errnoName(r.Errno))
	}
	return append([]byte(nil), r.Data...), nil
}

// codeOptions make Starlark as much like the Python of scripts as it goes.
var codeOptions = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}

// maxSteps bounds each block.
const maxSteps = 1_000_000

// runCode evaluates all blocks in order. What one assigns the later ones see, as they are one program in Google's runner.
func (e *engine) runCode() error {
	if len(e.code) == 0 {
		return nil
	}
	thread := &starlark.Thread{Name: e.script.Path, Print: func(_ *starlark.Thread, msg string) { e.output = append(e.output, msg) }}
	globals := starlark.StringDict{"check": starlark.NewBuiltin("assert", assert)}
	for name, v := range codeSymbols {
		globals[name] = starlark.MakeInt64(v)
	}
	for i := range e.code {
		s := &e.code[i]
		for name, v := range decodeTCPInfo(s.info) {
			globals[name] = starlark.MakeUint64(v)
		}
		for i, name := range memNames {
			if len(s.mem) >= 4*(i+1) {
				globals[name] = starlark.MakeInt(int(littleInt(s.mem[4*i:])))
			}
		}
		thread.SetMaxExecutionSteps(thread.ExecutionSteps() + maxSteps)
		if err := runBlock(thread, globals, s.code); err != nil {
			return err
		}
	}
	return nil
}

func runBlock(thread *starlark.Thread, globals starlark.StringDict, c *script.Code) error {
	text := rewriteCode(c.Text)
	f, err := codeOptions.Parse("code", text, 0)
	if err != nil {
		return fmt.Errorf("line %d: code that is not understood: %v: %w", c.Pos.Line, err, ErrUnsupported)
	}
	err = starlark.ExecREPLChunk(f, thread, globals)
	if err == nil {
		return nil
	}
	if a, ok := asAssertion(err); ok {
		return &Failure{Line: c.Pos.Line, What: "code", Expected: strings.TrimSpace(c.Text), Got: a.message}
	}
	return &Failure{Line: c.Pos.Line, What: "code", Expected: strings.TrimSpace(c.Text), Got: err.Error()}
}

// assertion is a failed assert.
type assertion struct{ message string }

func (a *assertion) Error() string { return a.message }

func asAssertion(err error) (*assertion, bool) {
	for err != nil {
		if a, ok := err.(*assertion); ok {
			return a, true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return nil, false
		}
		err = u.Unwrap()
	}
	return nil, false
}

// assert is what Python's assert statement becomes.
func assert(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if len(args) == 0 || args[0].Truth() == starlark.True {
		return starlark.None, nil
	}
	if len(args) < 2 {
		return nil, &assertion{"assertion failed"}
	}
	var parts []string
	for _, v := range args[1:] {
		if s, ok := starlark.AsString(v); ok {
			parts = append(parts, s)
		} else {
			parts = append(parts, v.String())
		}
	}
	return nil, &assertion{strings.Join(parts, ", ")}
}
