package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
)

// burst is the difference of a step in which one of the two panicked, to be played again and made shorter like any other. If other did
// before the model was asked, the step is not among the history's yet.
func (p *pair) burst(at int, s matrix.Step, other *matrix.Outcome) *Difference {
	d := &Difference{Step: at, What: "results", Stack: p.name, Other: returns(other), Model: p.bug.Error()}
	if p.asked == p.other {
		d.Other, d.Model = p.bug.Error(), "does not"
	}
	if len(p.steps) == at {
		p.steps = append(p.steps, s)
		for i := range p.told {
			p.told[i].Outcomes = append(p.told[i].Outcomes, matrix.Outcome{})
			p.told[i].Began = append(p.told[i].Began, p.now())
		}
	}
	return d
}
