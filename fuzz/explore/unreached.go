package explore

import "github.com/sockspec/sockspec/tcpstate/rule"

// unreached are the rules that no walk shows, each with the reason.
var unreached = map[string]string{
	"SOCKET_FILTER": "no seed attaches a program", "SECURITY_HOOK": "hooks are functions in Go; sock's own tests have them",
	"cgroup-refuses": "hooks are functions in Go; sock's own tests have them",
	"no-memory":      "hooks are functions in Go; sock's own tests have them", "security-refuses": "hooks are functions in Go; sock's own tests have them",
	"fin-wait-2-timeout": "an orphan becomes a timewait bucket before its keepalive timer could fire",
	"challenge-limit":    "takes more challenge ACKs than a walk has moves", "icmp-limited": "takes more messages than a walk has moves",
	"SOCKET_RCVBUFF": "takes more datagrams than a walk has moves", "raw-rcvbuf": "takes more datagrams than a walk has moves",
	"rack-timeout": "takes a reordering that lasts, and the moves to show it", "user-option": "no seed sets such an option",
	"migrated":          "the sysctl that migrates requests is no move",
	"icmp-echo-ignored": "the sysctl is no move", "TCP_MINTTL": "no seed sets IP_MINTTL", "timewait-reused": "takes two connections of one name",
	"thread-gone": "no seed ends a thread", "thread-ends": "no seed ends a thread", "martian": "no seed has such an address", "no-route": "walks have a way to everyone",
	"icmp-no-route": "walks have a way to everyone", "icmp-to-many": "no seed sends to many", "icmp-discarded": "no seed has such a message", "UDP_CSUM": "the seeds' checksums are right",
	"frag-sent":           "no seed sends fragments",
	"frag-queued":         "no seed sends fragments",
	"frag-reassembled":    "no seed sends fragments",
	"DUP_FRAG":            "no seed sends fragments",
	"frag-overlap":        "no seed sends fragments",
	"frag-corrupt":        "no seed sends fragments",
	"FRAG_TOO_FAR":        "no seed sends fragments",
	"FRAG_REASM_TIMEOUT":  "no seed sends fragments",
	"frag-ecn":            "no seed sends fragments",
	"frag-oversize":       "no seed sends fragments",
	"frag-no-memory":      "no seed sends fragments",
	"frag-bad-length":     "no seed sends fragments",
	"frag-header-missing": "no seed sends fragments",
	"frag-misplaced":      "no seed sends fragments",
	"frag-bad-extension":  "no seed sends fragments",
	"raw-checksum":        "the seeds' checksums are right",
}

// WhyNot is the reason why no walk shows a rule; false for a rule that some walk shows.
func WhyNot(id rule.ID) (why string, ok bool) {
	why, ok = unreached[id.String()]
	return why, ok
}
