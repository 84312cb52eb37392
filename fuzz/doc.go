// Package fuzz looks for the input that breaks the machine.
//
// An input is a list of [Op]: eight bytes each, whose numbers are choices
// relative to the state in which they arrive, so that cutting and pasting keeps
// them meaningful. An [Endpoint] does them to one connection, a [Pair] to two
// that a bad link joins, a [HostRun] to a whole host. After every step the laws
// are checked: the machine's own invariants, a reason on every output, a clone
// that does the same, a twin whose sequence numbers do not wrap and that does
// the same too, a window whose right edge never moves left, a timer for
// whatever waits. The seeds reach all eleven states and every edge between
// them; TestSeedsReachTheRules prints the rules that they miss.
//
// All fuzz targets of the module, each with the command that runs it until it
// finds something or is stopped:
//
//	go test ./fuzz -run '^$' -fuzz '^FuzzConn$'                     one endpoint, step by step
//	go test ./fuzz -run '^$' -fuzz '^FuzzPair$'                     two endpoints and a bad link: all octets arrive once and in order
//	go test ./fuzz -run '^$' -fuzz '^FuzzHost$'                     calls, segments, ICMP errors, signals and time
//	go test ./conformance/script -run '^$' -fuzz '^FuzzParse$'      scripts
//	go test ./packetio -run '^$' -fuzz '^FuzzDecode$'               packets from the wire
//	go test ./sock -run '^$' -fuzz '^FuzzWire$'                     packets that a host hands to itself, as bytes
//	go test ./packetio -run '^$' -fuzz '^FuzzReadCapture$'          capture files
//	go test ./packetio -run '^$' -fuzz '^FuzzLink$'                 the in-memory link
//	go test ./queue -run '^$' -fuzz '^FuzzBytes$'                   each of queue's types against its dumb model
//	go test ./queue -run '^$' -fuzz '^FuzzDeadlines$'
//	go test ./queue -run '^$' -fuzz '^FuzzDeque$'
//	go test ./queue -run '^$' -fuzz '^FuzzFIFO$'
//	go test ./queue -run '^$' -fuzz '^FuzzHash$'
//	go test ./queue -run '^$' -fuzz '^FuzzRanges$'
//	go test ./queue -run '^$' -fuzz '^FuzzTable$'
//	go test ./queue -run '^$' -fuzz '^FuzzWaiters$'
//
// A failure prints what happened step by step and leaves its input in
// testdata/fuzz of the package, where every later go test runs it again.
package fuzz
