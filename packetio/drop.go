package packetio

import "errors"

// DropReason is Linux's name for why a packet was dropped (include/net/dropreason-core.h,
// without SKB_DROP_REASON_).
type DropReason string

// The reasons that [Decode] gives. Where Linux says NOT_SPECIFIED, because a header
// could not be pulled out of a packet that is too short for it, the reason here is HDR_TRUNC.
const (
	HdrTrunc       DropReason = "HDR_TRUNC"
	PktTooSmall    DropReason = "PKT_TOO_SMALL"
	UnhandledProto DropReason = "UNHANDLED_PROTO"
	IPInHdr        DropReason = "IP_INHDR"
	IPCsum         DropReason = "IP_CSUM"
	TCPCsum        DropReason = "TCP_CSUM"
	UDPCsum        DropReason = "UDP_CSUM"
	ICMPCsum       DropReason = "ICMP_CSUM"
	IPv6BadExtHdr  DropReason = "IPV6_BAD_EXTHDR"
)

// DropError says that a packet is malformed, and by which of Linux's reasons it
// is dropped before any socket sees it.
type DropError struct {
	Reason DropReason
	Text   string // what is wrong, in words
}

// Error spells reason and text.
func (e *DropError) Error() string {
	return "packetio: packet dropped: " + string(e.Reason) + ": " + e.Text
}

// Reason is the drop reason in err, or "" when err is no drop.
func Reason(err error) DropReason {
	var d *DropError
	if errors.As(err, &d) {
		return d.Reason
	}
	return ""
}

// The drops are values made once, so that a flood of bad packets costs no memory.
var (
	dropEmpty      = &DropError{HdrTrunc, "no octets at all"}
	dropVersion    = &DropError{UnhandledProto, "neither IPv4 nor IPv6"}
	dropIP4Short   = &DropError{IPInHdr, "shorter than its IPv4 header"}
	dropIP4IHL     = &DropError{IPInHdr, "IPv4 header length below 20 octets"}
	dropIP4Total   = &DropError{IPInHdr, "IPv4 total length shorter than the header"}
	dropIP4Options = &DropError{IPInHdr, "broken IPv4 option list"}
	dropIP4Csum    = &DropError{IPCsum, "wrong IPv4 header checksum"}
	dropCutShort   = &DropError{PktTooSmall, "fewer octets than the IP header says"}
	dropIP6Short   = &DropError{IPInHdr, "shorter than an IPv6 header"}
	dropJumbo      = &DropError{IPInHdr, "a jumbo payload"}
	dropRouteType  = &DropError{IPInHdr, "an IPv6 routing header of a type that is off"}
	dropExtShort   = &DropError{HdrTrunc, "an IPv6 extension header is cut short"}
	dropExtTLV     = &DropError{IPInHdr, "broken IPv6 option list"}
	dropExtLabel   = &DropError{IPInHdr, "a CALIPSO label, and no domain is configured"}
	dropExtUnknown = &DropError{UnhandledProto, "an unknown IPv6 option that forbids skipping"}
	dropRouting    = &DropError{IPInHdr, "an IPv6 routing header with segments left"}
	dropTCPShort   = &DropError{HdrTrunc, "shorter than its TCP header"}
	dropTCPOffset  = &DropError{PktTooSmall, "TCP data offset below 5"}
	dropTCPCsum    = &DropError{TCPCsum, "wrong TCP checksum"}
	dropUDPShort   = &DropError{HdrTrunc, "shorter than a UDP header"}
	dropUDPLength  = &DropError{PktTooSmall, "UDP length below 8 or beyond the packet"}
	dropUDPCsum    = &DropError{UDPCsum, "wrong UDP checksum"}
	dropICMPShort  = &DropError{HdrTrunc, "shorter than an ICMP header"}
	dropICMPCsum   = &DropError{ICMPCsum, "wrong ICMP checksum"}
	dropICMPType   = &DropError{UnhandledProto, "unknown ICMP type"}
	dropQuoteShort = &DropError{HdrTrunc, "an ICMP error that quotes less than an IP header"}
	dropRedirect   = &DropError{PktTooSmall, "an ICMP redirect that quotes less than an IP header"}
	dropQuoteIHL   = &DropError{IPInHdr, "an ICMP error that quotes an impossible IP header"}
	dropQuote6     = &DropError{PktTooSmall, "an ICMPv6 error that quotes less than 8 octets of transport header"}
	dropQuoteExt   = &DropError{IPv6BadExtHdr, "an ICMPv6 error that quotes broken extension headers"}
)
