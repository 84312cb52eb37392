package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sockspec/sockspec/sock"
)

// optionsCmd prints the table of socket options.
type optionsCmd struct {
	Name string `arg:"" optional:"" help:"A part of an option's name. Default: all options."`
}

// Run implements the command.
func (c *optionsCmd) Run(p *program) error {
	var rows []sock.Option
	for _, o := range sock.Options() {
		if strings.Contains(strings.ToLower(o.Name), strings.ToLower(c.Name)) {
			rows = append(rows, o)
		}
	}
	if len(rows) == 0 {
		return misusef("no option %q; `sockspec options` lists them all", c.Name)
	}
	writeOptions(p.stdout, rows)
	return nil
}

const optionsHead = `# Socket options

What setsockopt and getsockopt take on sockets of TCP, UDP and RAW, and what the model makes of it.
` + "`sockspec options`" + ` prints this page from the table that the code works from (package sock); a test compares every
row with the live kernel, in every state, with every odd value and length.

**Model**: *supported* has its effect; *kept* is taken and read back, and changes nothing else here; *refused* is
answered as by a kernel that is built without it. **Access**: r, w. **Octets**: the least length of a value to set.
**Range**: values outside are EINVAL; a flag takes any number, and everything but 0 is 1. **Needs**: the capability, and when.

`

// writeOptions prints the options as Markdown, one table a level.
func writeOptions(w io.Writer, rows []sock.Option) {
	fmt.Fprint(w, optionsHead)
	fmt.Fprintln(w, optionsTally(rows))
	level := ""
	for _, o := range rows {
		if o.Level != level {
			level = o.Level
			fmt.Fprintf(w, "\n## %s\n\n| option | number | model | access | octets | range | needs | on | notes |\n|---|---|---|---|---|---|---|---|---|\n", level)
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", o.Name, o.Number, o.Model, o.Access, o.Octets, o.Range, o.Needs, o.On, o.Note)
	}
}

// optionsTally counts them by what the model makes of them.
func optionsTally(rows []sock.Option) string {
	n := map[string]int{}
	for _, o := range rows {
		n[o.Model]++
	}
	return fmt.Sprintf("%d options: %d supported, %d kept, %d refused.", len(rows), n["supported"], n["kept"], n["refused"])
}
