package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/fuzz"
)

// campaignCmd compares a stack with the model by random histories.
type campaignCmd struct {
	Stack     string        `default:"linux" placeholder:"NAME" help:"The stack to compare with the model: ${stacks}. Default: ${default}."`
	Kind      []string      `placeholder:"NAME" sep:"none" help:"Only this kind of socket: ${kinds}. May be repeated. Default: all."`
	From      []string      `placeholder:"NAME" sep:"none" help:"Only histories from there: ${origins}. May be repeated. Default: all, with --kind calls."`
	Histories int           `placeholder:"N" help:"Draw so many histories, of up to 60 calls and packets each. Default: 1000, with --for no bound."`
	First     int           `default:"1" placeholder:"N" help:"Number of the first history: the same number is the same history. Default: ${default}."`
	For       time.Duration `placeholder:"DUR" help:"End after this time, such as 30m. Default: no bound."`
	Waits     int           `placeholder:"N" help:"Let a history wait so often, up to 3 s each, for what comes by itself: retransmissions, delayed ACKs, probes. Default: 0, and only histories from fuzz targets wait, as their inputs do."`
	Findings  int           `default:"10" placeholder:"N" help:"End once so many differences are found that are not alike. Default: ${default}."`
	Ignore    []string      `placeholder:"REGEXP" sep:"none" help:"Leave out of what is compared whatever matches, such as 'win \\d+'. May be repeated."`
	Workers   int           `placeholder:"N" help:"Play so many histories at once, ${workers} at most. Default: 8, with --waits 32."`
	Out       string        `placeholder:"DIR" type:"path" help:"Leave a script of each difference in this directory."`
}

// Help is shown below the flags.
func (*campaignCmd) Help() string {
	return `Draws histories of system calls and packets, plays each on a stack and on the model at once, and looks for the first step ` +
		`at which they differ: in results, data, addresses, events, packets, and who still waits. A difference that shows itself again is ` +
		`made as short as it can be and printed as a script, which passes on Linux (or, for another stack, on the model) and fails on the other. ` +
		`Linux plays each history on one processor, so that who is woken first runs first. Where it still does now one thing and now another, ` +
		`as the model does among them, that is printed too (BOTH), and is no difference; nor is what goes when pauses are up to two timer ticks longer or shorter (TICK). ` +
		`Half of the histories are drawn call by call; the others are random inputs of fuzz targets, as lists of what was done to one stack. ` +
		`The exit code is 0, 1 when histories differ, 2 when the command line has a mistake or the stack cannot run here, and 130 after Ctrl-C.`
}

// Run implements the command.
func (c *campaignCmd) Run(p *program) error {
	camp, err := c.campaign(p)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return err
		}
	}
	ctx, stop := p.ctx, context.CancelFunc(func() {})
	if c.For > 0 {
		ctx, stop = context.WithTimeout(ctx, c.For)
	}
	defer stop()
	right := camp.Other
	if camp.Foreign {
		right = camp.Model
	}
	steps := c.Histories
	if steps == math.MaxInt32 {
		steps = endless
	}
	found := &findings{p: p, right: right, out: c.Out, most: c.Findings, alike: map[string]int{}, bar: p.progress(steps, "histories")}
	still := found.bar.follow(camp.Histories)
	heard := found.bar.onStop(p.ctx, "ending with the histories under way; Ctrl-C again ends at once")
	err = camp.Run(ctx, c.First, c.Histories, c.workers(), found.add)
	heard()
	still()
	fmt.Fprintf(p.stdout, "%s: %d histories differ, in %d ways; %s%s\n", c.Stack, found.n, len(found.alike), camp.Tally(), found.summary(c.Stack))
	switch {
	case err != nil:
		return err
	case found.err != nil:
		return found.err
	case found.n > 0:
		return verdict(exitFailed)
	case p.ctx.Err() != nil:
		fmt.Fprintf(p.stderr, "interrupted after %d histories\n", camp.Histories())
		return verdict(exitInterrupted)
	}
	return nil
}

// campaign checks the flags and makes of them what is to be compared.
func (c *campaignCmd) campaign(p *program) (*campaign.Campaign, error) {
	s, err := p.stack(c.Stack)
	model := p.stacks[0]
	switch {
	case err != nil:
		return nil, err
	case s.Name() == model.Name():
		return nil, misusef("--stack %s: the others are compared with it; name one of them", c.Stack)
	case c.Histories < 0 || c.First < 0 || c.For < 0 || c.Waits < 0 || c.Findings < 1 || c.Workers < 0 || c.Workers > campaign.MaxWorkers:
		return nil, misusef("--findings is 1 or more, --histories, --first, --for and --waits 0 or more, --workers 0 to %d", campaign.MaxWorkers)
	}
	switch {
	case c.Histories == 0 && c.For > 0:
		c.Histories = math.MaxInt32
	case c.Histories == 0:
		c.Histories = 1000
	}
	if err := s.Available(); err != nil {
		return nil, fmt.Errorf("%s: cannot run here: %w", c.Stack, err)
	}
	kinds := matrix.KindNames()
	for _, k := range c.Kind {
		if !slices.Contains(kinds, k) {
			return nil, misusef("no kind of socket %q: use one of %s", k, kindNames())
		}
	}
	camp := &campaign.Campaign{Other: s.Stack, Model: model.Stack, Foreign: !s.linux, Steps: 60, Pauses: c.Waits}
	if err := c.origins(camp); err != nil {
		return nil, err
	}
	for _, text := range c.Ignore {
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, misusef("--ignore: %w", err)
		}
		camp.Ignore = append(camp.Ignore, re)
	}
	return camp, nil
}

// fromCalls is where histories come from that are drawn call by call; the others come from inputs of fuzz targets.
const fromCalls = "calls"

// originNames are where histories may come from.
func originNames() (names []string) {
	for _, l := range fuzz.Lists() {
		names = append(names, l.Name)
	}
	return append(names, fromCalls)
}

// origins sets where a campaign's histories come from.
func (c *campaignCmd) origins(camp *campaign.Campaign) error {
	from := c.From
	switch {
	case len(from) == 0 && len(c.Kind) > 0:
		from = []string{fromCalls}
	case len(from) == 0:
		from = originNames()
	}
	for _, name := range from {
		if !slices.Contains(originNames(), name) {
			return misusef("no histories from %q: use %s", name, strings.Join(originNames(), ", "))
		}
	}
	for _, l := range fuzz.Lists() {
		if slices.Contains(from, l.Name) {
			camp.Lists = append(camp.Lists, l)
		}
	}
	for _, k := range matrix.Kinds {
		if slices.Contains(from, fromCalls) && (len(c.Kind) == 0 || slices.Contains(c.Kind, k.Name)) {
			camp.Kinds = append(camp.Kinds, k)
		}
	}
	if len(c.Kind) > 0 && len(camp.Kinds) == 0 {
		return misusef("--kind is about histories from %s, which --from leaves out", fromCalls)
	}
	return nil
}

func (c *campaignCmd) workers() int {
	switch {
	case c.Workers > 0:
		return c.Workers
	case c.Waits > 0:
		return 32
	}
	return 8
}
