package explore

import (
	"cmp"
	"errors"
	"slices"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Claims are all legal edges, and all rules.
func Claims() (list []Claim) {
	for _, e := range tcpstate.Edges() {
		list = append(list, Claim{From: e.From, To: e.To})
	}
	for _, id := range rule.All() {
		list = append(list, Claim{Rule: id})
	}
	return list
}

// holds reports whether a coverage has what the claim says.
func (c Claim) holds(cover *fuzz.Coverage) bool {
	if c.Rule != 0 {
		return cover.HasRule(c.Rule)
	}
	return cover.HasEdge(c.From, c.To)
}

// ErrNoWay: no walk showed the claim.
var ErrNoWay = errors.New("no way found within these bounds")

// Script is the shortest of the walks' ways to the claim that a script can say. The error says in a line why there is none.
func (r *Report) Script(c Claim) (string, error) {
	type candidate struct {
		way *Way
		of  string
	}
	var list []candidate
	for _, w := range r.Walks {
		for _, way := range w.ways(c.holds) {
			list = append(list, candidate{way, w.Name})
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(len(a.way.Moves), len(b.way.Moves)) })
	first := ErrNoWay
	for i, k := range list {
		text, err := k.way.Script(c, k.of)
		if err == nil {
			return text, nil
		}
		if i == 0 {
			first = err
		}
	}
	return "", first
}
