package sock

import "iter"

// Mib is a statistic of the host, called as in /proc/net/snmp and netstat.
type Mib uint8

// The statistics that the model keeps as Linux does: those of Tcp first, then
// those of TcpExt.
const (
	MibActiveOpens Mib = iota
	MibPassiveOpens
	MibAttemptFails
	MibEstabResets
	MibCurrEstab
	MibInSegs
	MibOutSegs
	MibRetransSegs
	MibOutRsts

	MibSyncookiesSent
	MibSyncookiesRecv
	MibSyncookiesFailed
	MibEmbryonicRsts
	MibOutOfWindowIcmps
	MibPAWSEstab
	MibTSEcrRejected
	MibListenOverflows // SYNs and ACKs that met a full accept queue
	MibListenDrops     // SYNs that came to nothing, for whatever reason
	MibTCPTimeouts
	MibTCPDeferAcceptDrop
	MibTCPReqQFullDoCookies
	MibTCPReqQFullDrop
	MibTCPSynRetrans
	MibTCPACKSkippedSynRecv
	MibTCPACKSkippedChallenge
	MibTCPChallengeACK
	MibTCPSYNChallenge
	numMibs
)

var mibNames = [numMibs]string{
	"ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab", "InSegs", "OutSegs", "RetransSegs", "OutRsts",
	"SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "EmbryonicRsts", "OutOfWindowIcmps", "PAWSEstab", "TSEcrRejected",
	"ListenOverflows", "ListenDrops", "TCPTimeouts", "TCPDeferAcceptDrop", "TCPReqQFullDoCookies", "TCPReqQFullDrop",
	"TCPSynRetrans", "TCPACKSkippedSynRecv", "TCPACKSkippedChallenge", "TCPChallengeACK", "TCPSYNChallenge",
}

// String is the statistic's name.
func (m Mib) String() string {
	if m < numMibs {
		return mibNames[m]
	}
	return "no-counter"
}

// Counters are the host's statistics, by Mib.
type Counters [numMibs]uint64

// All lists the statistics by name, in the order of the table.
func (c *Counters) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for m, n := range c {
			if !yield(mibNames[m], n) {
				return
			}
		}
	}
}

// Counters returns the statistics so far.
func (h *Host) Counters() Counters { return h.count }
