package rule

// The rules of IP fragments.
const (
	FragSent ID = fragBase + iota
	FragQueued
	FragReassembled
	FragDuplicate
	FragOverlap
	FragCorrupt
	FragTooFar
	FragTimeout
	FragECN
	FragOversize
	FragNoMemory
	FragBadLength
	FragHeaderMissing
	FragMisplaced
	FragBadExtension
)

var fragRules = [...]Rule{
	{"frag-sent", "RFC 791 3.2", "ip_do_fragment, ip6_fragment: FRAGCREATES", "a datagram above the way's MTU leaves in fragments of multiples of eight octets"},
	{"frag-queued", "RFC 791 3.2", "ip_frag_queue, ip6_frag_queue", "a fragment waits for the rest of its datagram"},
	{"frag-reassembled", "RFC 791 3.2", "ip_frag_reasm, ip6_frag_reasm: REASMOKS", "all fragments are there, and the datagram goes on as if it had come whole"},
	{"DUP_FRAG", "RFC 5722 4", "inet_frag_queue_insert: IPFRAG_DUP", "a fragment that brings nothing but what a run of others has is dropped, and the rest stays"},
	{"frag-overlap", "RFC 5722 4", "inet_frag_queue_insert: IPFRAG_OVERLAP", "a fragment that overlaps others makes the whole datagram be dropped"},
	{"frag-corrupt", "", "ip_frag_queue: discard_qp", "a fragment beyond the datagram's end, of another end or without octets makes the whole datagram be dropped"},
	{"FRAG_TOO_FAR", "", "ip_frag_reinit: ipfrag_max_dist", "after too many fragments of other datagrams from the same host a datagram begins anew"},
	{"FRAG_REASM_TIMEOUT", "RFC 1122 3.3.2", "ip_expire, ip6frag_expire_frag_queue", "a datagram whose fragments take too long is dropped; if the first one came its sender is told"},
	{"frag-ecn", "RFC 3168 5.3", "ip_frag_ecn_table", "a datagram is dropped if some of its fragments say that they know of ECN and some that they don't"},
	{"frag-oversize", "", "ip_frag_reasm: out_oversize", "a datagram that comes to more than 65535 octets is dropped"},
	{"frag-no-memory", "RFC 1122 3.3.2", "inet_frag_find: ipfrag_high_thresh", "fragments are dropped while those that wait have all memory that they may have"},
	{"frag-bad-length", "RFC 8200 4.5", "ip6_frag_queue: icmpv6_param_prob", "an IPv6 fragment of odd length, or beyond 65535, draws a parameter problem"},
	{"frag-header-missing", "RFC 8200 4.5", "ipv6frag_thdr_truncated", "an IPv6 first fragment without the whole transport header draws a parameter problem"},
	{"frag-misplaced", "RFC 8200 4.5", "ipv6_frag_rcv: fail_hdr", "a second fragment header, or one that is cut or in a packet without a length, draws a parameter problem"},
	{"frag-bad-extension", "RFC 8200 4", "ip6_protocol_deliver_rcu", "a datagram with broken extension headers behind the fragment header is dropped"},
}
