// Command mutate asks whether the tests would notice: it changes one token of the
// core at a time and runs them.
//
//	go run ./fuzz/mutate                        all of queue and tcpstate
//	go run ./fuzz/mutate -package queue -v      one of them, and who killed each
//	go run ./fuzz/mutate -only 'rtt.go:4' -v    those whose file:line matches
//	go run ./fuzz/mutate -share 3/100           a hundredth of them, always the same
//
// The list of changes, the mutants, comes from gremlins (https://gremlins.dev),
// with the kinds that .gremlins.yaml names. gremlins itself would build and run
// the tests once for each: hours. Here all mutants are woven into one program,
// each behind a number that is read once at start, and the tests are built once.
//
// First the tests run as they are, and must pass; they note which mutants ever
// come to another value than the program. A mutant meets only the tests that it
// makes a difference to: first the one that killed it the last time, if that is
// known, then those that cost least, its own package's before others, until one
// fails or has used up its processor time. What survives them all shows that the tests
// are too weak, unless nobody could see the change: such mutants are listed in
// equivalent.tsv, with the reason. -update strikes out of it what has died or is
// no more.
//
// Not tried are mutants that do not compile, and those of constants that Go wants
// to know when it compiles: each would need a build of its own.
//
// Ctrl-C ends it with the summary of what it has. The exit code is 0; 1 when a
// package's score is below the goal or the tests fail without a mutant; 2 when the
// command line has a mistake; and 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/sockspec/sockspec/fuzz/gomod"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// packages are those that can be tried: the core below the sockets.
var packages = []string{"queue", "tcpstate"}

// options are the command line's.
type options struct {
	packages []string
	only     *regexp.Regexp
	share    share
	cores    int
	goal     float64 // percent
	verbose  bool
	update   bool
}

// share is a part of all mutants: i of n.
type share struct{ i, n uint32 }

func main() {
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	os.Exit(run(o, os.Stdout))
}

// parse reads the command line.
func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("mutate", flag.ContinueOnError)
	pkg := set.String("package", "", "queue or tcpstate; both if empty")
	only := set.String("only", "", "only mutants whose file:line matches this regular expression")
	part := set.String("share", "0/1", "`i/n`: only this part of n, from 0")
	set.IntVar(&o.cores, "cores", runtime.GOMAXPROCS(0), "mutants to try at once")
	set.Float64Var(&o.goal, "goal", 90, "least score of a package, in percent")
	set.BoolVar(&o.verbose, "v", false, "say of each mutant who killed it")
	set.BoolVar(&o.update, "update", false, "strike out of equivalent.tsv what has died or is no more")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	if o.packages = packages; *pkg != "" {
		o.packages = []string{*pkg}
	}
	_, bad := fmt.Sscanf(*part+" .", "%d/%d .", &o.share.i, &o.share.n)
	switch {
	case !slices.Contains(packages, o.packages[0]):
		return o, fmt.Errorf("-package is one of %s", strings.Join(packages, ", "))
	case bad != nil || o.share.i >= o.share.n:
		return o, fmt.Errorf("-share is i/n with i from 0 to n-1, not %q", *part)
	case !(o.goal >= 0 && o.goal <= 100):
		return o, fmt.Errorf("-goal is a percentage, from 0 to 100, not %v", o.goal)
	case o.cores < 1 || set.NArg() > 0:
		return o, errors.New("-cores is above 0, and there is nothing beside flags")
	}
	return o, nil
}

// run is main without the command line; its answer is the exit code.
func run(o options, w io.Writer) int {
	root, err := gomod.Root()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		return 2
	}
	known, err := readEquivalents(equivalentText)
	if err != nil {
		return woven.ExitCode("mutate", err, false)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := newReport(w, o, known)
	if err = o.tryAll(ctx, root, r); errors.Is(err, errNone) {
		r.bar.Clear()
		fmt.Fprintln(os.Stderr, "mutate:", err)
		return 2
	}
	good := r.summary()
	if o.update {
		err = errors.Join(err, r.strike(filepath.Join(root, "fuzz", "mutate", "equivalent.tsv")))
	}
	return woven.ExitCode("mutate", err, good)
}
