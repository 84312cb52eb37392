// Command fleet runs every fuzz target of the module in turn, and says what each
// came to.
//
//	go run ./fuzz/fleet -minutes 30 -cores 8     half an hour for all of them together
//	go run ./fuzz/fleet -each 3000x              so many inputs each, as .ci/run does
//	go run ./fuzz/fleet -only 'Conn|Pair'        some of them
//	go run ./fuzz/fleet -list                    their packages, names and subjects
//
// What they learn stays in Go's build cache (go env GOCACHE, fuzz), from where
// the next run goes on. Ctrl-C ends it with the summary of what it has. The exit
// code is 0, 1 when a target failed, 2 when the command line has a mistake, and
// 130 after Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"github.com/sockspec/sockspec/fuzz/gomod"
)

// options are the command line's.
type options struct {
	minutes float64
	cores   int
	each    string
	only    string
	list    bool
}

func main() {
	var o options
	flag.Float64Var(&o.minutes, "minutes", 5, "minutes for all targets together, the time to build them not counted")
	flag.IntVar(&o.cores, "cores", runtime.GOMAXPROCS(0), "inputs to run at once")
	flag.StringVar(&o.each, "each", "", "instead of -minutes: a time or a count for each target, as 30s or 3000x")
	flag.StringVar(&o.only, "only", "", "only targets whose names match this regular expression")
	flag.BoolVar(&o.list, "list", false, "list the targets")
	flag.Parse()
	os.Exit(run(o))
}

// run is main without the flags; its answer is the exit code.
func run(o options) int {
	all, err := o.targets()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		return 2
	}
	if o.list {
		for _, t := range all {
			fmt.Println(t.Dir, t.Name, t.About)
		}
		return 0
	}
	root, err := gomod.Root()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	results := fuzzAll(ctx, all, root, o)
	summary(os.Stdout, results)
	return exitCode(ctx, results)
}

// aShare is what go test takes as a target's part: a count of inputs, or a time.
var aShare = regexp.MustCompile(`^[1-9][0-9]{0,17}x$`)

// targets are those that the command line asks for, or what is wrong with it.
func (o *options) targets() ([]target, error) {
	only, err := regexp.Compile(o.only)
	switch {
	case err != nil || o.cores < 1 || !(o.minutes > 0 && o.minutes <= 1e6) || flag.NArg() > 0:
		return nil, errors.New("-only is a regular expression, -cores and -minutes are above 0, and there is nothing beside flags")
	case o.each != "" && !aShare.MatchString(o.each):
		if d, err := time.ParseDuration(o.each); err != nil || d <= 0 {
			return nil, fmt.Errorf("-each is a time or a count for each target, as 30s or 3000x, not %q", o.each)
		}
	}
	all := targets(only)
	if len(all) == 0 {
		return nil, fmt.Errorf("-only %q matches no target: -list shows them", o.only)
	}
	return all, nil
}

// exitCode: a crash weighs more than Ctrl-C.
func exitCode(ctx context.Context, results []result) int {
	for i := range results {
		if results[i].Failed {
			return 1
		}
	}
	if ctx.Err() != nil {
		return 130
	}
	return 0
}

// fuzzAll gives each target its share. All cores work on one target: go test
// lets its workers learn from each other.
func fuzzAll(ctx context.Context, all []target, root string, o options) (results []result) {
	share := o.each
	if share == "" {
		d := time.Duration(o.minutes * float64(time.Minute) / float64(len(all)))
		share = max(d.Round(100*time.Millisecond), time.Second).String()
	}
	l := newLine(os.Stderr)
	defer l.clear()
	for i, t := range all {
		if ctx.Err() != nil {
			break
		}
		l.show(i+1, len(all), &result{target: t})
		results = append(results, t.fuzz(ctx, root, share, o.cores, func(r *result) { l.show(i+1, len(all), r) }))
	}
	return results
}
