package tcpstate

// ResetFor is the RST that answers a segment which no connection accounts for;
// ok is false when there must be no answer, because the segment is itself a RST
// (RFC 9293 section 3.10.7.1; tcp_v4_send_reset).
func ResetFor(seg *Segment) (rst Segment, ok bool) {
	if seg.Flags.Has(RST) {
		return Segment{}, false
	}
	if seg.Flags.Has(ACK) {
		// The number that the peer expects makes the RST acceptable to it.
		return Segment{Seq: seg.Ack, Flags: RST, HdrLen: 20}, true
	}
	return Segment{Ack: seg.Seq.Add(seg.SeqLen()), Flags: RST | ACK, HdrLen: 20}, true
}
