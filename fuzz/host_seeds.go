package fuzz

// hostOp spells an op in the bytes that HostRun.do reads.
func hostOp(what byte, rest ...byte) []byte {
	b := append([]byte{0, what}, rest...)
	return append(b, make([]byte, opSize-len(b))...)
}

// joinOps is an input of a plain host.
func joinOps(ops ...[]byte) []byte {
	b := []byte{0}
	for _, o := range ops {
		b = append(b, o...)
	}
	return b
}

// hostSeeds: a server, a client, both on loopback, a listener under load, and Fast Open.
// Descriptor 1 of the run is the first socket, 2 the second.
var hostSeeds = func() [][]byte {
	join := joinOps
	server := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 5), hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostSegment),
		hostOp(hostAccept, 1), hostOp(hostSegment, 1<<3, 0, 3), hostOp(hostRecv, 2, 0, 3), hostOp(hostSend, 2, 0, 3), hostOp(hostSegment),
		hostOp(hostSegment, 2<<3), hostOp(hostClose, 2), hostOp(hostSegment), hostOp(hostTick), hostOp(hostClose, 1))
	client := join(hostOp(hostSocket, 0, 0, 0, 1), hostOp(hostConnect, 1), hostOp(hostSegment, 4<<3, 0, 0, 0, synOpts), hostOp(hostPoll, 1, 1, 1),
		hostOp(hostSend, 1, 0, 5), hostOp(hostSegment), hostOp(hostClose, 1), hostOp(hostSegment, 2<<3), hostOp(hostTick))
	loop := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 5), hostOp(hostSocket), hostOp(hostConnect, 2, 3), hostOp(hostAccept, 1),
		hostOp(hostSend, 2, 0, 3), hostOp(hostRecv, 3, 0, 3), hostOp(hostClose, 3), hostOp(hostRecv, 2, 0, 3), hostOp(hostClose, 2))
	load := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 0), hostOp(hostNewFlow, 0, 0, 0, 0), hostOp(hostSegment), hostOp(hostNewFlow, 0, 0, 0, 1), hostOp(hostSegment),
		hostOp(hostNewFlow, 0, 0, 0, 2), hostOp(hostTick), hostOp(hostAccept, 1), hostOp(hostICMP, 0, 1), hostOp(hostInterrupt), hostOp(hostClose, 1), hostOp(hostTick))
	fast := join(hostOp(hostSocket), hostOp(hostServe, 1, 3, 5), hostOp(hostNewFlow, 0, 0, 3, 0, synOpts&^1), hostOp(hostAccept, 1), hostOp(hostSend, 2, 0, 3),
		hostOp(hostRecv, 2, 0, 3), hostOp(hostSegment), hostOp(hostClose, 2), hostOp(hostSocket, 0, 0, 0, 1), hostOp(hostSend, 3, 0, 5, 16), hostOp(hostSocket), hostOp(hostSend, 4, 3, 5, 16), hostOp(hostAccept, 1))
	fast[0] = 48 // no cookies needed
	return append([][]byte{server, client, loop, load, fast}, dgramSeeds(join)...)
}()
