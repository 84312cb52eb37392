package campaign

import (
	"strings"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// SpellCall is a call as a script has it, and what it returned beside its result: the call of a process whose descriptors are the
// script's. It is empty for a call that scripts cannot make.
func SpellCall(c sock.Call, r *sock.Return) string {
	c.FD -= firstFD
	if c.Op == sock.OpEpollCtl {
		c.Arg -= firstFD
	}
	c.Poll = append([]sock.PollFD(nil), c.Poll...)
	for i := range c.Poll {
		c.Poll[i].FD -= firstFD
	}
	text := spellOut(&c, spellCall(&c), &matrix.Returned{Return: *r})
	if strings.Contains(text, "..., ..., 0x0)") && c.Op == sock.OpAccept {
		return strings.Replace(strings.Replace(text, "accept4", "accept", 1), ", 0x0)", ")", 1)
	}
	return text
}
