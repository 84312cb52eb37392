package main

import (
	"fmt"
	"io"
	"strings"
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
	for _, k := range rep.Walks {
		end := k.Stopped
		if end == "" {
			end = "all there are"
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.0f\t%d\t  %s\n", k.Name, k.States, k.Moves, k.Depth, k.Rate(), k.Bytes/max(k.States, 1), end)
	}
	_ = t.Flush() // the output remembers
	n, elapsed, octets := spent(rep)
	fmt.Fprintf(w, "\n%d states in %s, %.0f a second, %d octets each\n", n, seconds(elapsed), float64(n)/max(elapsed.Seconds(), 1e-9), octets/max(n, 1))
	writeReach(w, rep)
	all := rule.All()
	reached := 0
	for _, id := range all {
		if rep.Cover.HasRule(id) {
			reached++
		}
	}
	fmt.Fprintf(w, "states of the diagram: %d of 11; edges: %d of %d; pairs of states: %d; rules: %d of %d\n",
		len(rep.Diagram()), len(tcpstate.Edges())-len(rep.Missing()), len(tcpstate.Edges()), len(rep.Pairs()), reached, len(all))
	writeUnreached(w, rep, all)
	if b := rep.Broken(); b != nil {
		fmt.Fprintf(w, "\nBROKEN in scenario %s: %v\n%s:\n%v\n", b.Name, b.Broken, b.Way.Shortest(), b.Way)
	}
}

// writeUnreached names the edges and rules that a walk of all scenarios should have reached; a part of them has no such duty.
func writeUnreached(w io.Writer, rep *explore.Report, all []rule.ID) {
	if len(rep.Walks)+len(rep.Left) < len(explore.Scenarios) {
		return
	}
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
}

// spent is what the walk took in all.
func spent(rep *explore.Report) (states int, elapsed time.Duration, octets int) {
	for _, k := range rep.Walks {
		elapsed, octets = elapsed+k.Elapsed, octets+k.Bytes
	}
	return rep.States(), elapsed, octets
}

// writeReach prints which scenarios were walked to their ends, and how far the others were.
func writeReach(w io.Writer, rep *explore.Report) {
	var whole, part, left []string
	for _, k := range rep.Walks {
		if k.Stopped == "" && k.Broken == nil {
			whole = append(whole, k.Name)
		} else {
			part = append(part, fmt.Sprintf("%s (%d)", k.Name, k.Depth))
		}
	}
	for _, s := range rep.Left {
		left = append(left, s.Name)
	}
	for _, l := range []struct {
		what  string
		names []string
	}{{"walked to the end", whole}, {"in part, so many moves deep", part}, {"not begun", left}} {
		if len(l.names) > 0 {
			fmt.Fprintf(w, "%s: %s\n", l.what, strings.Join(l.names, ", "))
		}
	}
}
