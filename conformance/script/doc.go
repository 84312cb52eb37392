// Package script reads and writes scripts in packetdrill's language.
//
// Parse turns the text of a script into a Script, a tree whose nodes keep their places; String turns the tree back into text, with
// definitions applied and one event a line. A mistake is an *Error with place, expectation and, for the usual causes, a mend.
//
// # The language
//
// The grammar is that of google/packetdrill (lexer.l, parser.y, tcp_packet.c). Where the original knows a fixed list of C structures, this
// package takes any {name=value, ...}; which calls, symbols and options exist is for the stacks to say. Facts that surprise:
//
//   - 010 in a script is ten; a definition X=010 is eight.
//   - In +0.1...0.2 call(...) both times count from the same moment: the call returns 0.1 s after it starts.
//   - A definition replaces whole words outside strings, commands and code, never a keyword such as win, and only once.
//   - An errno needs its text in parentheses, which nobody compares.
//   - The end of a sequence range is start + length, without SYN and FIN, and does not wrap.
//   - TCP options fill whole words of four bytes; an inbound segment states its window.
//   - A comment, a string and a code block end at the first end mark. The original's patterns run on past **/ and }}%.
//
// # Extensions
//
// A script that uses none of these means here what it means there.
//
//	+0 < c2: S 0:0(0) win 1000                this packet belongs to connection c2
//	+0...0.2 t2: accept(3, ..., ...) = 4      this call is made by thread t2
//	+0 < PU. 1:11(10) ack 1 win 1000 urg 5    urg N after win; the original of 2025 has it too, older ones and forks do not
//	+0 syn_queue(3) = 1                       pseudo calls have the form of calls
//	+0 > R 1:1(0) //@RST_NO_SOCKET            the rules that the model must name for this event
//
// Labels are identifiers; gre, GREv0, mpls, ipv4, ipv6, udp, icmp and encap are none, since they begin a header. The original ignores
// a //@ directive because it is a comment. It holds one or more names of letters, digits, _ and -, separated by commas or
// spaces, and stands at the end of any line of its event. Elsewhere it is a mistake, lest an expectation go unchecked; only
// above the first event it is an ordinary comment.
//
// Small liberties: # begins a comment, 'a' is a character constant, carriage returns are blanks, a --define line takes numbers, there may be
// several commands before and after the events, and error texts may hold punctuation.
package script
