package sock

import (
	"iter"
	"net/netip"
)

// Mib is a statistic of the host, called as in /proc/net/snmp and netstat.
type Mib uint8

// The statistics that the model keeps as Linux does: those of Tcp first, then
// those of TcpExt, Udp, Udp6, Ip and Ip6.
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
	MibTCPMigrateReqSuccess
	MibTCPMigrateReqFailure
	MibTCPSYNChallenge
	MibTCPMinTTLDrop
	MibTCPTimeWaitOverflow
	MibTCPTimeoutRehash          // paths changed after a time-out
	MibTCPDuplicateDataRehash    // and after data that had come before
	MibTCPFastOpenActive         // data in our SYNs that the SYN-ACK acknowledged
	MibTCPFastOpenActiveFail     // and that it did not, or that timed out
	MibTCPFastOpenPassive        // connections made by a SYN
	MibTCPFastOpenPassiveFail    // SYNs with a cookie that is not ours
	MibTCPFastOpenListenOverflow // SYNs that met TCP_FASTOPEN's limit
	MibTCPFastOpenCookieReqd     // SYNs that asked for a cookie
	MibTCPFastOpenBlackhole      // times that Fast Open was given up for a while
	MibTCPFastOpenPassiveAltKey  // SYNs with a cookie of the second key

	// A datagram of IPv4 counts as Udp, whatever socket it is for.
	MibUdpInDatagrams
	MibUdpNoPorts
	MibUdpInErrors
	MibUdpOutDatagrams
	MibUdpRcvbufErrors
	MibUdpSndbufErrors
	MibUdpInCsumErrors
	MibUdpIgnoredMulti
	MibUdp6InDatagrams
	MibUdp6NoPorts
	MibUdp6InErrors
	MibUdp6OutDatagrams
	MibUdp6RcvbufErrors
	MibUdp6SndbufErrors
	MibUdp6InCsumErrors
	MibUdp6IgnoredMulti

	// Fragments of IPv4, then of IPv6.
	MibIPReasmTimeout
	MibIPReasmReqds
	MibIPReasmOKs
	MibIPReasmFails
	MibIPFragOKs
	MibIPFragFails
	MibIPFragCreates
	MibIP6ReasmTimeout
	MibIP6ReasmReqds
	MibIP6ReasmOKs
	MibIP6ReasmFails
	MibIP6FragOKs
	MibIP6FragFails
	MibIP6FragCreates
	numMibs
)

var mibNames = [numMibs]string{
	"ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab", "InSegs", "OutSegs", "RetransSegs", "OutRsts",
	"SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "EmbryonicRsts", "OutOfWindowIcmps", "PAWSEstab", "TSEcrRejected",
	"ListenOverflows", "ListenDrops", "TCPTimeouts", "TCPDeferAcceptDrop", "TCPReqQFullDoCookies", "TCPReqQFullDrop",
	"TCPSynRetrans", "TCPACKSkippedSynRecv", "TCPACKSkippedChallenge", "TCPChallengeACK", "TCPMigrateReqSuccess", "TCPMigrateReqFailure", "TCPSYNChallenge", "TCPMinTTLDrop", "TCPTimeWaitOverflow", "TcpTimeoutRehash", "TcpDuplicateDataRehash",
	"TCPFastOpenActive", "TCPFastOpenActiveFail", "TCPFastOpenPassive", "TCPFastOpenPassiveFail", "TCPFastOpenListenOverflow",
	"TCPFastOpenCookieReqd", "TCPFastOpenBlackhole", "TCPFastOpenPassiveAltKey",
	"UdpInDatagrams", "UdpNoPorts", "UdpInErrors", "UdpOutDatagrams", "UdpRcvbufErrors", "UdpSndbufErrors", "UdpInCsumErrors", "UdpIgnoredMulti",
	"Udp6InDatagrams", "Udp6NoPorts", "Udp6InErrors", "Udp6OutDatagrams", "Udp6RcvbufErrors", "Udp6SndbufErrors", "Udp6InCsumErrors", "Udp6IgnoredMulti",
	"IpReasmTimeout", "IpReasmReqds", "IpReasmOKs", "IpReasmFails", "IpFragOKs", "IpFragFails", "IpFragCreates",
	"Ip6ReasmTimeout", "Ip6ReasmReqds", "Ip6ReasmOKs", "Ip6ReasmFails", "Ip6FragOKs", "Ip6FragFails", "Ip6FragCreates",
}

// countUDP counts a datagram of either family; m is one of Udp.
func (h *Host) countUDP(ipv6 bool, m Mib) {
	if ipv6 {
		m += MibUdp6InDatagrams - MibUdpInDatagrams
	}
	h.count[m]++
}

// countFrag counts what happens to fragments of a's family; m is one of IPv4.
func (h *Host) countFrag(a netip.Addr, m Mib) {
	if a.Is6() {
		m += MibIP6ReasmTimeout - MibIPReasmTimeout
	}
	h.count[m]++
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
