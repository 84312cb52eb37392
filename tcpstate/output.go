package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// OutputKind says what the endpoint wants done, or tells.
type OutputKind uint8

// The consequences.
const (
	_ OutputKind = iota
	// Emit: send Seg. Its payload is the Seg.Len octets of the send stream
	// that begin at Seg.Seq (one later when Seg carries SYN). N says whose IP
	// header it has: AsSocket, AsAnswer or AsBucket. Off is the MSS that an
	// offloaded packet is to be cut to (gso_size), 0 for a single segment.
	Emit
	// Drop: the segment that arrived, or part of it, was discarded. N tells of
	// an answer that was due and left out: SkippedAnswer or SkippedChallenge.
	Drop
	// Became: the state changed From → To.
	Became
	// Store: N payload octets of the segment that arrived, from offset Off of
	// its payload, belong at stream position Seg.Seq. They may lie beyond a hole,
	// and may overwrite what an earlier Store put there.
	Store
	// Acked: the peer has acknowledged the oldest N octets of the send
	// stream; their bytes are no longer needed.
	Acked
	// Sent answers Send: N octets were taken into the send stream.
	Sent
	// Readable: in-order data, urgent data or the end of the stream can be read.
	Readable
	// Writable: room in the send buffer after there was none, or connected.
	Writable
	// Failed: Err is the socket's pending error (sk_err).
	Failed
	// SoftFailed: Err is noted (sk_err_soft) and becomes ETIMEDOUT's stand-in.
	SoftFailed
	// Gone: the control block holds nothing any more and may be released.
	Gone
	// Reopen: TIME-WAIT gives way to the SYN that arrived; hand it to the
	// listener, with N as the initial sequence number to answer with.
	Reopen
	// Promote: a request's handshake is complete: make the connection with
	// Accept, unless the accept queue has no room (see Request).
	Promote
	// CookieLearned: a Fast Open was answered. Seg.Opts holds the peer's MSS and
	// the cookie that it gave, to be remembered; N is the form of the option to
	// try next time when it gave none: 1 the experimental one, 2 the standard's.
	CookieLearned
	// SynDataAcked and SynDataLost: the peer took the data in our SYN, or left
	// it out.
	SynDataAcked
	SynDataLost
	// Blackholed: the path seems to swallow what follows a Fast Open.
	Blackholed
	// RequestOver: the handshake of a connection that FastAccept made is over, or
	// the connection is. N is 1 when a RST ended it.
	RequestOver
	// Rehash: the path seems to lose what goes by it; what follows is to go by
	// another, if the caller spreads packets over paths by a hash that it draws.
	Rehash
	// TooLong: Seg, or its parts of Off octets if that is not 0, is longer than
	// the N octets of the way's MTU, which became narrower meanwhile, and may not
	// be cut: it stays here, unsent, and its sender is owed the news (icmp_send).
	TooLong
)

// What an Emit's hop limit and DSCP are: those that the socket's options say, or
// the system's hop limit, with the DSCP of the segment that is answered
// (tcp_v4_send_reset, tcp_v4_reqsk_send_ack) or with the one that the socket had
// (tcp_v4_timewait_ack).
const (
	AsSocket uint32 = iota
	AsAnswer
	AsBucket
)

// Answers that were left out because too many had gone before (Drop's N):
// a challenge ACK, or any other that a request owed.
const (
	SkippedAnswer uint32 = 1 + iota
	SkippedChallenge
)

// Output is one consequence of an input, and the rule that it follows from.
type Output struct {
	Kind OutputKind
	Why  rule.ID // never zero
	From State
	To   State
	Err  Errno
	N    uint32
	Off  uint32
	// Cost is what the buffer costs that an Emit sends, octets, for a host that sends it to itself; 0 where there is none.
	Cost int32
	Seg  Segment
}
