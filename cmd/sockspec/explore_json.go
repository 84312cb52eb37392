package main

import (
	"encoding/json"
	"io"

	"github.com/sockspec/sockspec/fuzz/explore"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// exploreRecord is a run as JSON. Changes of state and pairs of states are FROM:TO and FIRST:SECOND.
type exploreRecord struct {
	States  int             `json:"states"`
	Seconds float64         `json:"seconds"`
	Octets  int             `json:"octets"` // of memory
	Walks   []exploreWalk   `json:"scenarios"`
	Left    []string        `json:"notBegun,omitempty"` // scenarios
	Diagram []string        `json:"diagram"`            // states that connections were in
	Pairs   []string        `json:"pairs"`              // states that two ends were in at one time
	Edges   int             `json:"edges"`
	Missing []string        `json:"missing,omitempty"` // edges that no scenario walked
	Rules   map[string]bool `json:"rules"`             // each rule: was it reached?
	Ways    []exploreWay    `json:"ways"`              // to each edge walked
	Show    []exploreWay    `json:"show,omitempty"`    // what --show asks for
	Broken  string          `json:"broken,omitempty"`  // the law
	Way     *exploreWay     `json:"way,omitempty"`     // to where it was broken
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

// exploreWay is a way to something. One that was not found has no scenario, and null for its moves.
type exploreWay struct {
	To       string   `json:"to,omitempty"`
	Scenario string   `json:"scenario,omitempty"`
	Start    string   `json:"start,omitempty"`
	Moves    []string `json:"moves"`
	Script   string   `json:"script,omitempty"`
	Unsaid   string   `json:"noScript,omitempty"` // why there is no script
}

func writeExploreJSON(w io.Writer, rep *explore.Report, shows []show) {
	r := exploreRecord{Edges: len(tcpstate.Edges()) - len(rep.Missing()), Rules: map[string]bool{}}
	n, elapsed, octets := spent(rep)
	r.States, r.Seconds, r.Octets = n, elapsed.Seconds(), octets
	for _, k := range rep.Walks {
		r.Walks = append(r.Walks, exploreWalk{k.Name, k.States, k.Moves, k.Depth, k.Elapsed.Seconds(), k.Bytes, k.Stopped})
	}
	for _, s := range rep.Left {
		r.Left = append(r.Left, s.Name)
	}
	for _, s := range rep.Diagram() {
		r.Diagram = append(r.Diagram, s.String())
	}
	for _, p := range rep.Pairs() {
		r.Pairs = append(r.Pairs, between(p[0], p[1]))
	}
	for _, e := range tcpstate.Edges() {
		name := between(e.From, e.To)
		if way, of := rep.Way(explore.Claim{From: e.From, To: e.To}); way != nil {
			r.Ways = append(r.Ways, wayRecord(name, way, of))
		} else {
			r.Missing = append(r.Missing, name)
		}
	}
	for _, id := range rule.All() {
		r.Rules[id.String()] = rep.Cover.HasRule(id)
	}
	for _, s := range shows {
		r.Show = append(r.Show, showRecord(rep, s))
	}
	if b := rep.Broken(); b != nil {
		way := wayRecord("", b.Way, b.Scenario)
		r.Broken, r.Way = b.Broken.Error(), &way
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	_ = enc.Encode(r) // the output remembers
}

// between writes two states as --show reads an edge.
func between(a, b tcpstate.State) string { return a.String() + ":" + b.String() }

func wayRecord(to string, way *explore.Way, of *explore.Scenario) exploreWay {
	moves, _ := way.Tell() // the law that it breaks stands beside it
	return exploreWay{To: to, Scenario: of.Name, Start: way.Root.Name, Moves: append([]string{}, moves...)}
}

// showRecord is the way to what --show names, and its script.
func showRecord(rep *explore.Report, s show) exploreWay {
	r := exploreWay{To: s.name}
	if way, of := rep.Way(s.claim); way != nil {
		r = wayRecord(s.name, way, of)
	}
	var err error
	if r.Script, err = rep.Script(s.claim); err != nil {
		r.Unsaid = err.Error()
	}
	return r
}
