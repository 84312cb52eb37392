package matrix

// Known is a difference between the model and Linux that has been looked at: the cells that it is about, and what lies behind it.
type Known struct {
	Kind, State, Call string // of the cells; empty is any
	Why               string
}

// Knowns are all known differences. The aim is to have none.
var Knowns = []Known{
	{"tcp46", "disconnected", "connect any:8081", "a socket of AF_INET6 that was once connected over IPv4 keeps IPv4's operations, and Linux " +
		"sends the SYN of a connection over IPv6 with a broken header (icsk_af_ops)"},
	{"udp46", "", "sendto 3 unspec", "from a socket connected to an IPv4-mapped address Linux sends what goes to AF_UNSPEC in IPv6, mapped " +
		"addresses and all (udpv6_sendmsg looks for them only in an address given or in none)"},
}

// covers reports whether the difference is about the cell.
func (k *Known) covers(c *Cell) bool {
	fits := func(want, got string) bool { return want == "" || want == got }
	return fits(k.Kind, c.Kind) && fits(k.State, c.State) && fits(k.Call, c.Call)
}

// KnownOf is what is known of a cell in which the model differs, nil for nothing.
func KnownOf(c *Cell) *Known {
	for i := range Knowns {
		if Knowns[i].covers(c) {
			return &Knowns[i]
		}
	}
	return nil
}
