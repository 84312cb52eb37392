package main

import (
	"encoding/json"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/report"
)

// record is a script's result as a line of JSON.
type record struct {
	Path     string   `json:"path"`
	Stack    string   `json:"stack"`
	Verdict  string   `json:"verdict"` // pass, fail or skip
	Line     int      `json:"line,omitempty"`
	What     string   `json:"what,omitempty"` // the field or event that differs
	Expected string   `json:"expected,omitempty"`
	Got      string   `json:"got,omitempty"`
	Why      []string `json:"why,omitempty"`    // rules by name, see `sockspec rules`
	Reason   string   `json:"reason,omitempty"` // of a skip
	Elapsed  float64  `json:"elapsed"`          // seconds of the script's clock
	Wall     float64  `json:"wall"`             // seconds of ours
}

func (o *printer) resultJSON(it *report.Item, r *conformance.Result) {
	rec := record{Path: it.Path, Stack: r.Stack, Verdict: r.Verdict.String(), Reason: r.Reason,
		Elapsed: float64(r.Elapsed) / 1e6, Wall: r.Wall.Seconds()}
	if f := r.Failure; f != nil {
		rec.Line, rec.What, rec.Expected, rec.Got = f.Line, f.What, f.Expected, f.Got
		for _, row := range o.rules(it, r) {
			rec.Why = append(rec.Why, row.Name)
		}
	}
	enc := json.NewEncoder(o.p.stdout)
	enc.SetEscapeHTML(false) // scripts are full of < and >
	_ = enc.Encode(rec)      // the output remembers
}
