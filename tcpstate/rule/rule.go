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
	icmpBase  ID = 768
	fragBase  ID = 1024
)

// lists are the tables, in order of their numbers. TCP's first row is no rule.
var lists = [...]struct {
	base ID
	rows []Rule
}{{0, tcpRules[:]}, {sockBase, sockRules[:]}, {dgramBase, dgramRules[:]}, {icmpBase, icmpRules[:]}, {fragBase, fragRules[:]}}

// Get returns the row of id, and false when there is none.
func Get(id ID) (Rule, bool) {
	if id == 0 {
		return Rule{}, false
	}
	for _, l := range lists {
		if id >= l.base && int(id-l.base) < len(l.rows) {
			return l.rows[id-l.base], true
		}
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
	var ids []ID
	for _, l := range lists {
		for i := range l.rows {
			if id := l.base + ID(i); id != 0 {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
