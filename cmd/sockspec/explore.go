package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz/explore"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// exploreCmd walks the state space.
type exploreCmd struct {
	States   int      `default:"1000000" placeholder:"N" help:"Visit at most this many states; 0: all within reach, for scenarios that end or with --depth. Default: ${default}."`
	Depth    int      `placeholder:"N" help:"At most this many moves from the start. Default: no bound."`
	Scenario []string `placeholder:"NAME" sep:"none" help:"Only this scenario: ${scenarios}. May be repeated. Default: all."`
	Workers  int      `placeholder:"N" help:"Walk on so many processors. Default: all. What is found is the same."`
	Show     []string `placeholder:"NAME" sep:"none" help:"Print a shortest way to a rule, or to an edge as ESTABLISHED:CLOSE-WAIT, and a script of it. May be repeated."`
	Out      string   `placeholder:"DIR" type:"path" help:"Write a script for each edge and each rule to this directory."`
	JSON     bool     `name:"json" help:"Print the result as one JSON object."`
}

// Help is shown below the flags.
func (*exploreCmd) Help() string {
	return `Visits every state that the model can reach within bounds, each once, and holds every step against the laws. ` +
		`Prints the states, edges of the diagram and rules that it saw, and, of a law that is broken, the shortest way there. ` +
		`Ctrl-C ends the walk with what it has; a second one, while scripts of that are written, ends the program. The exit code is 0, 1 when a law is broken or a walk of all scenarios without --depth misses an edge, 2 when the command line has a mistake, ` +
		`and 130 after Ctrl-C.`
}

// Run implements the command. What can go wrong before the walk goes wrong there, and what was walked is printed before anything
// else is done with it.
func (c *exploreCmd) Run(p *program) error {
	if c.States < 0 || c.Depth < 0 || c.Workers < 0 {
		return misusef("--states, --depth and --workers are 0 or more")
	}
	shows, err := c.shows()
	if err != nil {
		return err
	}
	list, err := explore.Choose(c.Scenario)
	if err != nil {
		return misuse{err}
	}
	if endless := explore.Endless(list); c.States == 0 && c.Depth == 0 && len(endless) > 0 {
		return misusef("--states 0: no end is known of %s; bound the walk by --states or --depth, or choose of those that end: %s",
			strings.Join(endless, ", "), strings.Join(ending(), ", "))
	}
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o755); err != nil {
			return misuse{err}
		}
	}
	rep, err := c.walk(p)
	if err != nil {
		return err
	}
	if c.JSON {
		writeExploreJSON(p.stdout, rep, shows)
	} else {
		writeExplore(p.stdout, rep)
		for _, s := range shows {
			writeShow(p.stdout, rep, s)
		}
	}
	if p.ctx.Err() != nil {
		fmt.Fprintf(p.stderr, "interrupted after %d states\n", rep.States())
	}
	if c.Out != "" {
		if err := writeScripts(p, rep, c.Out); err != nil {
			return err
		}
	}
	return c.verdict(p, rep)
}

// walk walks, and shows how far it is.
func (c *exploreCmd) walk(p *program) (*explore.Report, error) {
	bar, done, last := p.progress(c.States, "states"), 0, (*explore.Scenario)(nil)
	defer bar.clear()
	seen := 0
	return explore.Run(p.ctx, explore.Options{States: c.States, Depth: c.Depth, Only: c.Scenario, Workers: c.Workers,
		Progress: func(s *explore.Scenario, r *explore.Result) {
			if s != last {
				last, done, seen = s, done+seen, 0
			}
			seen = r.States
			bar.to(done + seen)
		}})
}

// ending are the names of the scenarios that end.
func ending() (names []string) {
	for i := range explore.Scenarios {
		if s := &explore.Scenarios[i]; s.Ends() {
			names = append(names, s.Name)
		}
	}
	return names
}

// verdict: all scenarios together walk every edge; some of them need not.
func (c *exploreCmd) verdict(p *program, rep *explore.Report) error {
	switch {
	case rep.Broken() != nil:
		return verdict(exitFailed)
	case p.ctx.Err() != nil:
		return verdict(exitInterrupted)
	case len(c.Scenario) == 0 && c.Depth == 0 && len(rep.Missing()) > 0:
		return verdict(exitFailed)
	}
	return nil
}

// show is a thing to print a way to, as the command line calls it.
type show struct {
	name  string
	claim explore.Claim
}

// shows reads what to print ways to.
func (c *exploreCmd) shows() (list []show, err error) {
	for _, name := range c.Show {
		id, ok := rule.Parse(name)
		claim := explore.Claim{Rule: id}
		if !ok {
			claim.From, claim.To, ok = parseEdge(name)
		}
		if !ok {
			return nil, misusef("--show %s: neither a rule (`sockspec rules` lists them) nor an edge like ESTABLISHED:CLOSE-WAIT (`sockspec states` draws them)", name)
		}
		list = append(list, show{name, claim})
	}
	return list, nil
}

// parseEdge reads FROM:TO, a legal change of state.
func parseEdge(s string) (from, to tcpstate.State, ok bool) {
	a, b, _ := strings.Cut(s, ":")
	for _, e := range tcpstate.Edges() {
		if strings.EqualFold(e.From.String(), a) && strings.EqualFold(e.To.String(), b) {
			return e.From, e.To, true
		}
	}
	return 0, 0, false
}

// seconds rounds for people.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
