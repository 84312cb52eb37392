// Command plant asks whether the tests would notice: it plants one bug at a time
// in the core and runs them.
//
//	go run ./fuzz/plant                all bugs; fails if one survives
//	go run ./fuzz/plant -only rto -v   those whose name, class or file matches, and who killed them
//	go run ./fuzz/plant -list          names, classes and files
//	go run ./fuzz/plant -update        write anew which test kills which bug (expect.txt)
//
// A bug is a text of a source file and what stands there instead: a whole
// expression, or whole statements. All bugs go into copies of the files, each
// behind a number that is read from SOCKSPEC_PLANT once at start, and the go
// command gets the copies as an overlay. So the test binaries are built once for
// all bugs, and the files of the repository hold no hook. Without a number they
// are the program as it is, and must pass. Then every bug meets the test that
// expect.txt names for it, and if that one passes, all the others, fastest first,
// until one fails or does not end. A bug that survives them all shows that the
// tests are too weak; the mend is a stronger one.
//
// No test here asks the live kernel, and random cases are drawn from a fixed
// seed: the answer is the same each time.
//
// The classes are RFC 2525's eighteen known problems by section, planted since
// Linux has none of them, and the classic slips: a comparison wrong at an edge, a
// wrap forgotten, a check or a wake-up left out, a timer wrong.
//
// Ctrl-C ends it with the summary of what it has. The exit code is 0, 1 when a
// bug survives or the tests fail without one, 2 when the command line has a
// mistake, and 130 after Ctrl-C.
//
// Canaries are bugs for the fuzzers: a target must find its own within 30 s, by
// its seeds or by mutation (go test ./fuzz/plant -v -run Canaries -canary).
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
	"syscall"

	"github.com/sockspec/sockspec/fuzz/gomod"
	"github.com/sockspec/sockspec/fuzz/woven"
)

// options are the command line's.
type options struct {
	cores                 int
	only                  string
	list, verbose, update bool
}

func main() {
	var o options
	flag.IntVar(&o.cores, "cores", runtime.GOMAXPROCS(0), "bugs to try at once")
	flag.StringVar(&o.only, "only", "", "only bugs whose name, class or file matches this regular expression")
	flag.BoolVar(&o.list, "list", false, "list the bugs")
	flag.BoolVar(&o.verbose, "v", false, "say of each bug who killed it")
	flag.BoolVar(&o.update, "update", false, "write expect.txt anew from who killed what")
	flag.Parse()
	os.Exit(run(o, os.Stdout))
}

// run is main without the flags; its answer is the exit code.
func run(o options, w io.Writer) int {
	only, err := regexp.Compile(o.only)
	if err != nil || o.cores < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "plant: -only is a regular expression, -cores is above 0, and there is nothing beside flags")
		return 2
	}
	some := chosen(allBugs(), only)
	if len(some) == 0 {
		fmt.Fprintf(os.Stderr, "plant: -only %q matches no bug's name, class or file: -list shows them\n", o.only)
		return 2
	}
	if o.list {
		for _, b := range some {
			fmt.Fprintln(w, b)
		}
		return 0
	}
	root, err := gomod.Root()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plant:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r, err := tryAll(ctx, root, some, o)
	r.summary(w)
	if o.update {
		err = errors.Join(err, writeExpected(filepath.Join(root, "fuzz", "plant", "expect.txt"), r.killed))
	}
	return woven.ExitCode("plant", err, len(r.survivors) == 0)
}

// chosen are the bugs whose name, class or file matches.
func chosen(all []numbered, only *regexp.Regexp) (some []numbered) {
	for _, b := range all {
		if only.MatchString(b.Name) || only.MatchString(b.Class) || only.MatchString(b.Path) {
			some = append(some, b)
		}
	}
	return some
}

// tryAll builds the tests with all bugs, sees that they pass without one, and tries some.
func tryAll(ctx context.Context, root string, some []numbered, o options) (*report, error) {
	r := newReport(some, o.verbose)
	defer r.bar.Clear()
	dir, err := os.MkdirTemp("", "plant")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	overlay, err := weave(root, dir, allBugs())
	if err != nil {
		return r, err
	}
	h, err := woven.Build(ctx, root, dir, overlay, woven.Killers)
	if err != nil {
		return r, err
	}
	r.built()
	return r, tryEach(ctx, h, r, some, expected, o.cores)
}
