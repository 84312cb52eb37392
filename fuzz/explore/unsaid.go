package explore

// unsaid are the claims that a walk shows and no script does, each with the reason.
var unsaid = map[string]string{
	"TCP_CLOSE":              "the socket layer has no segment for a connection that is gone; an endpoint alone shows it",
	"TCP_ZEROWINDOW":         "the ways to it begin with a cookie that a peer gave before, of which an endpoint knows nothing",
	"not-for-us":             "scripts' packets go to the stack's one address",
	"udp-ignored-multi":      "scripts' packets go to the stack's one address",
	"not-supported-protocol": "scripts' packets are TCP, UDP and ICMP",
	"protocol-unreachable":   "scripts' packets are TCP, UDP and ICMP",
	"raw-sent":               "the ways to it send messages with wrong checksums, which scripts cannot write",
	"raw-error":              "scripts' errors quote TCP and UDP",
	"thread-busy":            "a thread of a script that waits makes no other call",
	"thread-gone":            "scripts have no call that ends a thread",
	"thread-ends":            "scripts have no call that ends a thread",
	"SECURITY_HOOK":          "hooks are functions in Go",
	"security-refuses":       "hooks are functions in Go",
	"cgroup-refuses":         "hooks are functions in Go",
	"no-memory":              "hooks are functions in Go",
	"UDP_CSUM":               "the checksums of scripts' packets are right",
	"raw-checksum":           "the checksums of scripts' packets are right",
	"icmp-to-many":           "scripts' packets go to the stack's one address",
	"icmp-no-route":          "scripts' stacks have a way to everyone",
	"frag-misplaced":         "scripts write no extension headers",
	"frag-bad-extension":     "scripts write no extension headers",
}

// WhyUnsaid is the reason why a claim that some walk shows has no script; false for one that has.
func WhyUnsaid(c Claim) (why string, ok bool) {
	why, ok = unsaid[c.String()]
	return why, ok
}
