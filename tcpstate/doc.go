// Package tcpstate is one TCP endpoint as a pure value: control block, segment
// arrival in RFC 9293's step order, output, timers, round trips, congestion
// control and loss recovery, as Linux 6.18 does them. It counts octets and
// never sees payload bytes; it has no clock, no randomness and no I/O.
//
// A [Conn] takes an [Input] and appends [Output] values to the caller's slice.
// Each output names the rule that it follows from (package rule).
package tcpstate
