package explore

import "github.com/sockspec/sockspec/tcpstate/rule"

// unreached are the rules that no walk shows, each with the reason. There is none today: a new rule gets a move, a scene or a line
// here. The test of the walks fails of a rule that is missing here, and of one that is here and was reached.
var unreached = map[string]string{}

// WhyNot is the reason why no walk shows a rule; false for a rule that some walk shows.
func WhyNot(id rule.ID) (why string, ok bool) {
	why, ok = unreached[id.String()]
	return why, ok
}
