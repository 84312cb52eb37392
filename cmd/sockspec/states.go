package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sockspec/sockspec/tcpstate"
)

// statesCmd prints the state diagram.
type statesCmd struct {
	Format string `enum:"mermaid,dot" default:"mermaid" placeholder:"FORMAT" help:"mermaid (as in the README) or dot (Graphviz)."`
}

// Run implements the command.
func (c *statesCmd) Run(p *program) error {
	if c.Format == "dot" {
		writeDot(p.stdout)
		return nil
	}
	writeMermaid(p.stdout)
	return nil
}

// writeMermaid draws the table of legal edges; the README's diagram is this text.
func writeMermaid(w io.Writer) {
	fmt.Fprintln(w, "stateDiagram-v2")
	for s := tcpstate.Established; s <= tcpstate.Closing; s++ {
		if id := stateID(s); id != s.String() { // a hyphen ends a name there
			fmt.Fprintf(w, "    state %q as %s\n", s, id)
		}
	}
	fmt.Fprintf(w, "    [*] --> %s\n", stateID(tcpstate.Closed))
	for _, e := range tcpstate.Edges() {
		fmt.Fprintf(w, "    %s --> %s: %s\n", stateID(e.From), stateID(e.To), e.On)
	}
}

func writeDot(w io.Writer) {
	fmt.Fprintln(w, "digraph tcp {\n    node [shape=box, style=rounded];")
	for _, e := range tcpstate.Edges() {
		fmt.Fprintf(w, "    %q -> %q [label=%q];\n", e.From, e.To, e.On)
	}
	fmt.Fprintln(w, "}")
}

func stateID(s tcpstate.State) string { return strings.ReplaceAll(s.String(), "-", "_") }
