package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz/explore"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// exploreCmd walks the state space.
type exploreCmd struct {
	States   int      `default:"1000000" placeholder:"N" help:"Visit at most this many states; 0: all within reach. Default: ${default}."`
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
		`Ctrl-C ends it with what it has. The exit code is 0, 1 when a law is broken or an edge is missed, 2 when the command line has a mistake, ` +
		`and 130 after Ctrl-C.`
}

// Run implements the command.
func (c *exploreCmd) Run(p *program) error {
	if c.States < 0 || c.Depth < 0 || c.Workers < 0 {
		return misusef("--states, --depth and --workers are 0 or more")
	}
	shows, err := c.shows()
	if err != nil {
		return err
	}
	if _, err := explore.Choose(c.Scenario); err != nil {
		return misuse{err}
	}
	bar, done, last := p.progress(c.States, "states"), 0, (*explore.Scenario)(nil)
	seen := 0
	rep, err := explore.Run(p.ctx, explore.Options{States: c.States, Depth: c.Depth, Only: c.Scenario, Workers: c.Workers,
		Progress: func(s *explore.Scenario, r *explore.Result) {
			if s != last {
				last, done, seen = s, done+seen, 0
			}
			seen = r.States
			bar.to(done + seen)
		}})
	bar.clear()
	if err != nil {
		return err
	}
	v := c.verdict(p, rep)
	if c.Out != "" {
		if err := writeScripts(p, rep, c.Out); err != nil {
			return err
		}
	}
	if c.JSON {
		writeExploreJSON(p.stdout, rep)
		return v
	}
	writeExplore(p.stdout, rep)
	for _, s := range shows {
		s(p, rep)
	}
	if p.ctx.Err() != nil {
		fmt.Fprintf(p.stderr, "interrupted after %d states\n", rep.States())
	}
	return v
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

// shows reads what to print ways to.
func (c *exploreCmd) shows() (list []func(*program, *explore.Report), err error) {
	for _, name := range c.Show {
		if id, ok := rule.Parse(name); ok {
			list = append(list, func(p *program, r *explore.Report) {
				way, s := r.Rule(id)
				writeWay(p.stdout, name, way, s)
				writeScript(p.stdout, r, explore.Claim{Rule: id}, way)
			})
			continue
		}
		from, to, ok := parseEdge(name)
		if !ok {
			return nil, misusef("--show %s: neither a rule (`sockspec rules` lists them) nor an edge like ESTABLISHED:CLOSE-WAIT (`sockspec states` draws them)", name)
		}
		list = append(list, func(p *program, r *explore.Report) {
			way, s := r.Edge(from, to)
			writeWay(p.stdout, name, way, s)
			writeScript(p.stdout, r, explore.Claim{From: from, To: to}, way)
		})
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
