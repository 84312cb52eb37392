package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/sockspec/sockspec/fuzz/explore"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// writeExplore prints what was walked and what it showed.
func writeExplore(w io.Writer, rep *explore.Report) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "scenario\tstates\tmoves\tdepth\tstates/s\toctets/state\t")
	var elapsed time.Duration
	octets := 0
	for _, k := range rep.Walks {
		elapsed, octets = elapsed+k.Elapsed, octets+k.Bytes
		end := k.Stopped
		if end == "" {
			end = "all there are"
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.0f\t%d\t  %s\n", k.Name, k.States, k.Moves, k.Depth, k.Rate(), k.Bytes/max(k.States, 1), end)
	}
	_ = t.Flush() // the output remembers
	n := rep.States()
	fmt.Fprintf(w, "\n%d states in %s, %.0f a second, %d octets each\n", n, seconds(elapsed), float64(n)/max(elapsed.Seconds(), 1e-9), octets/max(n, 1))
	all := rule.All()
	reached := 0
	for _, id := range all {
		if rep.Cover.HasRule(id) {
			reached++
		}
	}
	fmt.Fprintf(w, "states of the diagram: %d of 11; edges: %d of %d; pairs of states: %d; rules: %d of %d\n",
		rep.Diagram(), len(tcpstate.Edges())-len(rep.Missing()), len(tcpstate.Edges()), rep.Pairs(), reached, len(all))
	for _, e := range rep.Missing() {
		fmt.Fprintf(w, "not walked: %v to %v, on %s\n", e.From, e.To, e.On)
	}
	for _, id := range all {
		if why, _ := explore.WhyNot(id); !rep.Cover.HasRule(id) && why != "" {
			fmt.Fprintf(w, "not reached: %s: %s\n", id, why)
		} else if !rep.Cover.HasRule(id) {
			fmt.Fprintf(w, "not reached: %s, within these bounds\n", id)
		}
	}
	if b := rep.Broken(); b != nil {
		fmt.Fprintf(w, "\nBROKEN in scenario %s: %v\nThe shortest way there:\n%v\n", b.Name, b.Broken, b.Way)
	}
}

func writeWay(w io.Writer, name string, way *explore.Way, s *explore.Scenario) {
	if way == nil {
		fmt.Fprintf(w, "\n%s: no way found within these bounds\n", name)
		return
	}
	fmt.Fprintf(w, "\n%s, in scenario %s, by %d moves:\n%v\n", name, s.Name, len(way.Moves), way)
}

// exploreRecord is a run as JSON.
type exploreRecord struct {
	States  int             `json:"states"`
	Walks   []exploreWalk   `json:"scenarios"`
	Edges   int             `json:"edges"`
	Missing []string        `json:"missing,omitempty"` // edges that no scenario walked
	Rules   map[string]bool `json:"rules"`             // each rule: was it reached?
	Broken  string          `json:"broken,omitempty"`
	Way     string          `json:"way,omitempty"`
}

type exploreWalk struct {
	Name    string  `json:"name"`
	States  int     `json:"states"`
	Moves   int     `json:"moves"`
	Depth   int     `json:"depth"`
	Seconds float64 `json:"seconds"`
	Octets  int     `json:"octets"` // of memory
	Stopped string  `json:"stopped,omitempty"`
}

func writeExploreJSON(w io.Writer, rep *explore.Report) {
	r := exploreRecord{States: rep.States(), Edges: len(tcpstate.Edges()) - len(rep.Missing()), Rules: map[string]bool{}}
	for _, k := range rep.Walks {
		r.Walks = append(r.Walks, exploreWalk{k.Name, k.States, k.Moves, k.Depth, k.Elapsed.Seconds(), k.Bytes, k.Stopped})
	}
	for _, e := range rep.Missing() {
		r.Missing = append(r.Missing, e.From.String()+":"+e.To.String())
	}
	for _, id := range rule.All() {
		r.Rules[id.String()] = rep.Cover.HasRule(id)
	}
	if b := rep.Broken(); b != nil {
		r.Broken, r.Way = b.Broken.Error(), b.Way.String()
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	_ = enc.Encode(r) // the output remembers
}
