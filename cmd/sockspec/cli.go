package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/fuzz/explore"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // a script failed
	exitMisuse      = 2   // unknown flag, stack or path; a script that does not parse; output or a report that cannot be written
	exitInterrupted = 130 // as shells report SIGINT
)

// cli is the grammar of the command line.
type cli struct {
	Run      runCmd      `cmd:"" help:"Run scripts on one stack."`
	Check    checkCmd    `cmd:"" help:"Run the bundled suite on every stack available here and show where they differ."`
	Matrix   matrixCmd   `cmd:"" help:"Compare stacks with Linux call by call: every call in every state of every kind of socket."`
	Campaign campaignCmd `cmd:"" help:"Compare a stack with the model by random calls and packets, and print each difference as a script."`
	Explore  exploreCmd  `cmd:"" help:"Visit every state that the model can reach within bounds, and hold every step against the laws."`
	Rules    rulesCmd    `cmd:"" help:"Print the rules that Linux follows, with their sources."`
	Options  optionsCmd  `cmd:"" help:"Print the socket options: who may set what, and what the model makes of it."`
	States   statesCmd   `cmd:"" help:"Print the state diagram of TCP as Linux walks it."`
}

// program is what commands work with.
type program struct {
	ctx    context.Context
	stdout *output
	stderr io.Writer
	stacks []stackEntry
}

// misuse is an error of the caller's.
type misuse struct{ error }

func misusef(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// verdict is how a command that did its work ends the process.
type verdict int

func (v verdict) Error() string { return fmt.Sprintf("exit %d", int(v)) }

// run is the whole program but for signals and the process's end.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return (&program{ctx: ctx, stdout: &output{w: stdout}, stderr: stderr, stacks: knownStacks}).run(args)
}

// run tells whether the output arrived: a command that did all right but could not say so has not.
func (p *program) run(args []string) int {
	code := p.command(args)
	if p.stdout.err == nil {
		return code
	}
	fmt.Fprintln(p.stderr, "sockspec: standard output:", plain(p.stdout.err))
	return exitMisuse
}

// plain drops what the user did not ask for from a file error: "write /dev/stdout".
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func (p *program) command(args []string) (code int) {
	// kong ends the process after printing help; here that is a panic with the code, caught at once.
	type exit int
	help := io.Writer(p.stdout)
	if len(args) == 0 { // somebody's first try: help, but no success
		help, args = p.stderr, []string{"--help"}
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			if code = int(r); help == p.stderr {
				code = exitMisuse
			}
		default:
			panic(r)
		}
	}()
	var c cli
	parser, err := kong.New(&c, kong.Name("sockspec"), kong.Description(description),
		kong.Writers(help, p.stderr), kong.Exit(func(n int) { panic(exit(n)) }), kong.Bind(p),
		kong.Vars{"stacks": p.stackNames(), "profiles": profileNames(), "kinds": kindNames(), "origins": strings.Join(originNames(), ", "), "workers": strconv.Itoa(campaign.MaxWorkers), "scenarios": strings.Join(explore.Names(), ", ")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return p.fail(err)
	}
	kctx, err := parser.Parse(args)
	switch {
	case p.stdout.err != nil: // help that could not be printed, which run reports
		return exitMisuse
	case err != nil:
		return p.fail(misusef("%w; try `sockspec --help`", err))
	}
	return p.fail(kctx.Run())
}

// fail turns a command's error into the exit code, having said what went wrong.
func (p *program) fail(err error) int {
	var v verdict
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &v):
		return int(v)
	}
	fmt.Fprintln(p.stderr, "sockspec:", err)
	return exitMisuse
}

const description = "The Linux socket layer and TCP as one deterministic machine, and where other stacks differ from it."
