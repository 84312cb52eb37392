package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
	"github.com/sockspec/sockspec/conformance/script"
)

// runCmd runs scripts on one stack.
type runCmd struct {
	Stack     string         `default:"model" placeholder:"NAME" help:"The stack to run on: ${stacks}. Default: model."`
	Profile   string         `placeholder:"NAME" help:"The kernel that the model shall be: ${profiles}."`
	Tolerance *time.Duration `placeholder:"DUR" help:"How far an event may be off its time, such as 0 or 14ms. Default: what the script says, or 4ms."`
	JSON      bool           `name:"json" help:"Print one JSON object a line, the summary on standard error."`
	Define    []string       `short:"D" sep:"none" placeholder:"NAME=value" help:"Define a name for the scripts, as packetdrill's -D does."`
	Verbose   bool           `short:"v" help:"Print every packet, in script syntax, with the rule behind it."`
	Path      []string       `arg:"" help:"Scripts, and directories that are searched for *.pkt."`
}

// Help is shown below the flags.
func (*runCmd) Help() string {
	return `Prints a line for each script that fails: where, what was expected, what came, and the rule behind it; a line for ` +
		`each that the stack cannot run, and why; and last "N passed, N failed, N skipped". ` +
		`The exit code is 0, 1 when a script failed, 2 when a script or the command line has a mistake, and 130 after Ctrl-C.`
}

// Run implements the command.
func (c *runCmd) Run(p *program) error {
	stack, err := p.stack(c.Stack)
	if err != nil {
		return err
	}
	options, err := c.options(stack)
	if err != nil {
		return err
	}
	defines, err := parseDefines(c.Define)
	if err != nil {
		return err
	}
	items, err := report.Files(c.Path, defines)
	if err != nil {
		return misuse{err}
	}
	out := &printer{p: p, json: c.JSON, verbose: c.Verbose, items: items, options: options, stack: stack}
	broken := p.syntaxErrors(items)
	col := out.play()
	return out.end(col, broken)
}

// options checks what the flags ask of the stack.
func (c *runCmd) options(stack stackEntry) (o conformance.Options, err error) {
	if c.Tolerance != nil {
		if *c.Tolerance < 0 {
			return o, misusef("--tolerance %s: must not be negative", *c.Tolerance)
		}
		o.Tolerance, o.HasTolerance = *c.Tolerance, true
	}
	if c.Profile == "" {
		return o, nil
	}
	if stack.Name() != "model" {
		return o, misusef("--profile %s: only the model has profiles, %s is what it is", c.Profile, stack.Name())
	}
	for _, name := range strings.Split(profileNames(), ", ") {
		if name == c.Profile {
			o.Profile = name
			return o, nil
		}
	}
	return o, misusef("no profile %q: use one of %s", c.Profile, profileNames())
}

func parseDefines(texts []string) ([]script.Define, error) {
	var defines []script.Define
	for _, text := range texts {
		d, err := script.ParseDefine(text)
		if err != nil {
			return nil, misusef("-D %s: %w", text, err)
		}
		defines = append(defines, d)
	}
	return defines, nil
}

// detail is an error with the source line and a caret, where it is about a script.
func detail(err error) string {
	var e *script.Error
	if errors.As(err, &e) {
		return e.Detail()
	}
	return err.Error()
}

func summary(pass, fail, skip int) string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", pass, fail, skip)
}
