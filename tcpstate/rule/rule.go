// Package rule is the one table of the rules that the machine follows: every
// output of tcpstate and every effect of sock names one of them, and each is
// tied to its RFC section and to Linux's function, drop reason or counter.
package rule

// ID names a rule. Zero is no rule, and no output carries it.
type ID uint16

// Rule is a row of the table.
type Rule struct {
	Name  string // as scripts write it after //@ : kebab-case, or Linux's drop reason in capitals
	RFC   string // document and section, "" when only Linux says so
	Linux string // function, drop reason or sysctl of a current kernel
	Text  string // the rule, one sentence
}

// base offsets keep the lists apart, so that adding to one moves nothing in the others.
const (
	sockBase  ID = 256
	dgramBase ID = 512
)

// Get returns the row of id, and false when there is none.
func Get(id ID) (Rule, bool) {
	switch {
	case id == 0:
	case int(id) < len(tcpRules):
		return tcpRules[id], true
	case id >= dgramBase && int(id-dgramBase) < len(dgramRules):
		return dgramRules[id-dgramBase], true
	case id >= sockBase && int(id-sockBase) < len(sockRules):
		return sockRules[id-sockBase], true
	}
	return Rule{}, false
}

// String is the rule's name.
func (id ID) String() string {
	if r, ok := Get(id); ok {
		return r.Name
	}
	return "no-rule"
}

// Parse finds a rule by its name.
func Parse(name string) (ID, bool) {
	for _, id := range All() {
		if id.String() == name {
			return id, true
		}
	}
	return 0, false
}

// All lists every rule, in the order of the table.
func All() []ID {
	ids := make([]ID, 0, len(tcpRules)+len(sockRules)+len(dgramRules))
	for i := 1; i < len(tcpRules); i++ {
		ids = append(ids, ID(i))
	}
	for i := range sockRules {
		ids = append(ids, sockBase+ID(i))
	}
	for i := range dgramRules {
		ids = append(ids, dgramBase+ID(i))
	}
	return ids
}
