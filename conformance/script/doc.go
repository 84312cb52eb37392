// Package script reads and writes scripts in packetdrill's language.
//
// Parse turns the text of a script into a Script, a tree whose every node keeps its place; String turns the tree back into text.
// Running it is the business of package conformance/engine and its stacks.
//
// # The language
//
// The grammar is that of google/packetdrill (lexer.l and parser.y, 2025). Where the original knows a fixed list of C structures,
// this package takes any {name=value, ...}.
//
// # Extensions
//
// A script that uses none of these means here what it means there.
//
//	+0 < c2: S 0:0(0) win 1000      this packet belongs to connection c2
//	+0...0.2 t2: accept(3, ..., ...) = 4      this call is made by thread t2
//	+0 < PU. 1:11(10) ack 1 win 1000 urg 5    urg N after win, as newer originals have it
//	+0 syn_queue(3) = 1             pseudo calls have the form of calls
//	+0 > R 1:1(0) //@RST_NO_SOCKET  the rule that the model must name for this event
//
// Labels are identifiers; gre, mpls, ipv4, ipv6, udp, icmp and encap are none, since they begin a header. The original ignores a
// //@ directive because it is a comment. It may hold several names, separated by commas or spaces, and stands at the end of
// any line of its event.
package script
