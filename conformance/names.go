package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Options by what becomes of them beside those that mean something here. Those of Google's runner are in its config.c.
var (
	// idleOptions only steer Google's own machinery: they are accepted and do nothing.
	idleOptions = []string{"ip_version", "define", "D", "init_scripts", "verbose", "v", "debug", "dry_run", "code_command",
		"code_format", "code_sockopt", "send_omit_free", "netmask_ip"}
	// foreignOptions are Google's and not had here: a script that has one is skipped.
	foreignOptions = []string{"speed", "mss", "wire_client", "wire_server", "wire_server_ip", "wire_server_at", "wire_server_port",
		"wire_client_dev", "wire_server_dev", "so_filename", "so_flags", "non_fatal", "is_anyip", "psp_udp_port"}
	ownOptions = []string{"bind_port", "connect_port", "mtu", "tolerance_usecs", "tolerance_percent", "tcp_ts_tick_usecs",
		"tcp_ts_ecr_scaled", "strict_segments", "local_ip", "remote_ip", "gateway_ip"}
)

// pseudoCalls are performed by the engine. foreignCalls are Google's (run_system_call.c) and not had here: a script that makes
// one is skipped.
var (
	pseudoCalls  = []string{"syn_queue", "accept_queue", "counter", "signal"}
	foreignCalls = []string{"cap_set", "open", "sendfile", "pipe", "splice", "psp_rx_assoc", "psp_tx_assoc"}
)

// knownOptions and knownCalls are all names that are no mistake. A name beyond them is a slip of the pen: a script skipped for
// one would never be missed.
func knownOptions() []string { return slices.Concat(ownOptions, idleOptions, foreignOptions) }

func knownCalls() []string {
	return slices.Concat(slices.Sorted(maps.Keys(planners)), pseudoCalls, foreignCalls)
}

// didYouMean names the known name nearest to a wrong one, "" when none is near: at most a third of its letters may be wrong.
func didYouMean(name, dashes string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), k); len(k) > 2 && d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s%s?", dashes, best)
}

// maxName is more than any known name has: what is longer is near none of them.
const maxName = 64

// distance is Levenshtein's: how many letters are to be put in, left out or changed.
func distance(a, b string) int {
	if len(a) > maxName || len(b) > maxName {
		return maxName
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
