package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// hostAny spells a call that has no op of its own: descriptor, then what the call makes of the rest.
func hostAny(op sock.Op, rest ...byte) []byte {
	b := append(hostOp(hostCall, rest...)[:6], byte(op), 0)
	return b
}

// byThread has another thread do the op.
func byThread(th byte, o []byte) []byte {
	o[0] = th
	return o
}

// fuzzHostSeeds are what FuzzHost starts from: the explorer walks the first of
// them, and would lose its way among the many calls of the others.
var fuzzHostSeeds = slices.Concat(hostSeeds, callSeeds(), wideSeeds())

// callSeeds: every call to an end and to an error; threads that wait in every
// call in which they can; connections that end in every way.
func callSeeds() (seeds [][]byte) {
	join := joinOps
	pair := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 5), hostOp(hostSocket), hostOp(hostConnect, 2, 3), hostOp(hostAccept, 1))
	tell := func(lead []byte, ops ...[]byte) {
		seeds = append(seeds, append(append([]byte{}, lead...), join(ops...)[1:]...))
	}
	var bad [][]byte // on no descriptor
	for call := sock.OpBind; call <= sock.OpRecvmmsg; call++ {
		if call != sock.OpExit && call != sock.OpExec && call != sock.OpClone {
			bad = append(bad, hostAny(call, 0, 0, 2, 2))
		}
	}
	tell(join(hostOp(hostSocket)), append(bad, hostAny(sock.OpSocket, 0, 0, 0, 15), hostAny(sock.OpClone, 0, 1, 2), hostOp(hostOption, 0))...)
	tell(pair, hostAny(sock.OpSocket, 0, 0, 0, 1), hostAny(sock.OpWrite, 2, 0, 3), hostAny(sock.OpRead, 3, 0, 3), hostAny(sock.OpGetsockopt, 2, 1, 3, 4),
		hostAny(sock.OpGetsockname, 2), hostAny(sock.OpGetpeername, 2), hostAny(sock.OpFcntl, 2, 0, 3), hostAny(sock.OpIoctl, 2),
		hostAny(sock.OpSendmmsg, 2, 0, 2, 1), hostAny(sock.OpRecvmmsg, 3, 0, 2, 1), hostAny(sock.OpDup, 2), hostAny(sock.OpDup2, 2, 3), hostAny(sock.OpDup3, 2, 1),
		hostAny(sock.OpShutdown, 2, 0, 1), hostAny(sock.OpPrlimit, 0, 0, 7), hostAny(sock.OpCapset), hostAny(sock.OpSetgroups))
	tell(pair, hostAny(sock.OpEpollCreate), byThread(1, hostAny(sock.OpEpollWait, 4, 0, 10)), hostAny(sock.OpEpollCtl, 4, 3, 1, 0), hostAny(sock.OpEpollWait, 4, 0, 1))
	tell(pair, hostAny(sock.OpSetgroups), hostAny(sock.OpSetresuid, 0, 2, 0, 2), hostAny(sock.OpSetresuid, 0, 3, 0, 3), hostAny(sock.OpSetresgid, 0, 3, 0, 3), hostAny(sock.OpSetgroups))
	tell(pair, hostAny(sock.OpSetresgid, 0, 2, 0, 2), hostAny(sock.OpClone, 0, 1, 0), byThread(3, hostAny(sock.OpExec)), byThread(3, hostOp(hostRecv, 2, 0, 3)), byThread(3, hostAny(sock.OpExit)))
	tell(pair, byThread(1, hostOp(hostAccept, 1)), byThread(2, hostOp(hostRecv, 2, 0, 3)), byThread(3, hostOp(hostPoll, 1, 1, 100)), hostOp(hostInterrupt), byThread(1, hostOp(hostInterrupt)),
		byThread(2, hostOp(hostInterrupt)), byThread(3, hostOp(hostInterrupt)))
	fill := [][]byte{hostOp(hostOption, 2, 0, 0, 0, 5), hostOp(hostOption, 2, 1, 0, 1, 2)} // little room to send, and a lingering close
	for range 9 {
		fill = append(fill, hostOp(hostSend, 2, 0, 10, 0, 1))
	}
	tell(pair, append(fill, byThread(1, hostOp(hostSend, 2, 0, 10)), byThread(1, hostOp(hostInterrupt)), byThread(2, hostOp(hostClose, 2)), hostOp(hostTick))...)
	seeds = append(seeds, join(hostOp(hostSocket), byThread(1, hostOp(hostConnect, 1)), hostOp(hostConnect, 1), byThread(1, hostOp(hostInterrupt))))
	return append(seeds, endSeeds()...)
}

// endSeeds end connections with a peer on the link in ways that two ends of one host seldom do.
func endSeeds() (seeds [][]byte) {
	join := joinOps
	const synBit, rstBit, finBit, before = 3 << 3, 5 << 3, 2 << 3, 2 << 4 // of SegmentFlags; an ACK of all but the last octet
	server := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 5), hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostSegment), hostOp(hostAccept, 1))
	client := join(hostOp(hostSocket, 0, 0, 0, 1), hostOp(hostConnect, 1))
	tell := func(lead []byte, ops ...[]byte) {
		seeds = append(seeds, append(append([]byte{}, lead...), join(ops...)[1:]...))
	}
	tell(server, hostOp(hostSegment, finBit), hostOp(hostSegment, rstBit))
	tell(server, hostOp(hostClose, 2), hostOp(hostSegment, rstBit))
	tell(server, hostOp(hostClose, 2), hostOp(hostSegment), hostOp(hostSegment, rstBit))
	tell(server, hostOp(hostClose, 2), hostOp(hostSegment, finBit, before), hostOp(hostSegment), hostOp(hostTick))
	tell(server, hostOp(hostClose, 2), hostOp(hostSegment, finBit, before), hostOp(hostSegment, rstBit))
	tell(client, hostOp(hostSegment, synBit, 0, 0, 0, synOpts), hostOp(hostSegment, rstBit))
	tell(client, hostOp(hostSegment, synBit, 0, 0, 0, synOpts), hostOp(hostClose, 1), hostOp(hostTick))
	tell(client, hostOp(hostSegment, rstBit+8))
	return seeds
}
