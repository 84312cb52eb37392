package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
)

// matrixCmd compares stacks with Linux call by call.
type matrixCmd struct {
	Stack []string `placeholder:"NAME" sep:"none" help:"A stack to compare with Linux: ${stacks}. May be repeated. Default: model."`
	Kind  []string `placeholder:"NAME" sep:"none" help:"Only this kind of socket: ${kinds}. May be repeated. Default: all."`
	JSON  bool     `name:"json" help:"Print one JSON object a cell, the summary on standard error."`
}

// Help is shown below the flags.
func (*matrixCmd) Help() string {
	return `A cell is a system call on a kind of socket in a state: what the live kernel did there was recorded, and comes with the ` +
		`program. Prints a line for each cell in which a stack does otherwise, and last, for each stack, how many agree. ` +
		`The exit code is 0, 1 when a stack differs in a way that is not known, 2 when the command line has a mistake, and 130 after Ctrl-C.`
}

// Run implements the command.
func (c *matrixCmd) Run(p *program) error {
	stacks, err := c.stacks(p)
	if err != nil {
		return err
	}
	cells, err := c.cells()
	if err != nil {
		return err
	}
	d, err := matrix.Recorded()
	if err != nil {
		return err
	}
	var lines []string
	left, failed := 0, false
	for _, s := range stacks {
		m := &matrixRun{p: p, json: c.JSON, stack: s, cells: cells, data: d}
		lines = append(lines, m.run())
		left += m.left
		failed = failed || m.differ > 0
	}
	to := io.Writer(p.stdout)
	if c.JSON {
		to = p.stderr
	}
	fmt.Fprintln(to, strings.Join(lines, "\n"))
	switch {
	case p.ctx.Err() != nil:
		fmt.Fprintf(p.stderr, "interrupted: %d of %d cells did not run\n", left, len(cells)*len(stacks))
		return verdict(exitInterrupted)
	case failed:
		return verdict(exitFailed)
	}
	return nil
}

// stacks are those asked for, each once, in the order of the table of stacks.
func (c *matrixCmd) stacks(p *program) (list []stackEntry, err error) {
	for _, name := range c.Stack {
		if _, err := p.stack(name); err != nil {
			return nil, err
		}
	}
	for i, s := range p.stacks {
		if slices.Contains(c.Stack, s.Name()) || len(c.Stack) == 0 && i == 0 {
			list = append(list, s)
		}
	}
	return list, nil
}

// cells are those of the kinds asked for.
func (c *matrixCmd) cells() (list []matrix.Cell, err error) {
	known := matrix.KindNames()
	for _, k := range c.Kind {
		if !slices.Contains(known, k) {
			return nil, misusef("no kind of socket %q: use one of %s", k, kindNames())
		}
	}
	for _, cell := range matrix.Cells() {
		if len(c.Kind) == 0 || slices.Contains(c.Kind, cell.Kind) {
			list = append(list, cell)
		}
	}
	return list, nil
}

func kindNames() string { return strings.Join(matrix.KindNames(), ", ") }

// matrixRun is one stack's way through the cells.
type matrixRun struct {
	p                                   *program
	json                                bool
	stack                               stackEntry
	cells                               []matrix.Cell
	data                                *matrix.Data
	agree, differ, known, skipped, left int
}

// run plays all cells, prints those that differ and returns the stack's line of the summary.
func (m *matrixRun) run() string {
	name := m.stack.Name()
	if err := m.stack.Available(); err != nil {
		return fmt.Sprintf("%s: cannot run here: %v", name, err)
	}
	bar := m.p.progress(len(m.cells), name)
	results := matrix.Play(m.p.ctx, m.cells, m.stack.Stack, m.data, bar.step)
	bar.clear()
	for i := range results {
		m.result(&results[i])
	}
	line := fmt.Sprintf("%s: %d agree with Linux %s, %d differ", name, m.agree, m.data.Kernel, m.differ)
	if m.known > 0 {
		line += fmt.Sprintf(" and %d more as is known", m.known)
	}
	return line + fmt.Sprintf(", %d skipped", m.skipped)
}

// matrixRecord is a cell as a line of JSON.
type matrixRecord struct {
	Stack   string `json:"stack"`
	Kind    string `json:"kind"` // of socket
	State   string `json:"state"`
	Call    string `json:"call"`
	Verdict string `json:"verdict"` // agree, differ, known or skip
	Linux   string `json:"linux"`   // what Linux does
	Got     string `json:"got,omitempty"`
	Reason  string `json:"reason,omitempty"` // of a skip, or of a difference that is known
}

// result counts a cell, and prints it where there is something to say.
func (m *matrixRun) result(r *matrix.Result) {
	rec := matrixRecord{Stack: m.stack.Name(), Kind: r.Cell.Kind, State: r.Cell.State, Call: r.Cell.Call, Linux: r.Want, Got: r.Got}
	switch {
	case !r.Done:
		m.left++
		return
	case r.Agrees():
		rec.Verdict = "agree"
		m.agree++
	case r.Skipped():
		rec.Verdict, rec.Reason = "skip", r.Err.Error()
		m.skipped++
	case m.isKnown(r):
		rec.Verdict, rec.Reason = "known", matrix.KnownOf(r.Cell).Why
		m.known++
	default:
		rec.Verdict = "differ"
		m.differ++
		if r.Err != nil {
			rec.Got = r.Err.Error()
		}
	}
	switch {
	case m.json:
		enc := json.NewEncoder(m.p.stdout)
		enc.SetEscapeHTML(false) // packets have > in them
		_ = enc.Encode(rec)      // the output remembers
	case rec.Verdict == "differ":
		fmt.Fprintf(m.p.stdout, "DIFF %s, %s, %s: Linux %s; %s %s\n", rec.Kind, rec.State, rec.Call, rec.Linux, rec.Stack, rec.Got)
	case rec.Verdict == "known":
		fmt.Fprintf(m.p.stdout, "KNOWN %s, %s, %s: Linux %s; %s %s (%s)\n", rec.Kind, rec.State, rec.Call, rec.Linux, rec.Stack, rec.Got, rec.Reason)
	}
}

// isKnown: only the model's differences are.
func (m *matrixRun) isKnown(r *matrix.Result) bool {
	return m.stack.Name() == m.p.stacks[0].Name() && r.Err == nil && matrix.KnownOf(r.Cell) != nil
}
