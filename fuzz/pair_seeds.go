package fuzz

// pairSeeds: handshake only; both ways; with loss, doubles and reordering; small
// buffers and a slow reader; crossing SYNs; closes of every order.
var pairSeeds = func() (seeds [][]byte) {
	const second = 0x80
	bulk := []byte{pairWrite, 11, 4, fateLate | 5<<fateKindBit, second + pairWrite, 11, 4, fateDrop, pairRead, 10, 5, fateTwice | 9<<fateKindBit}
	slow := []byte{pairWrite, 12, 6, 0, second | pairRead, 2, 6, 0, second | pairRead, 3, 7, fateDrop, pairShutdown, 0, 3, fateDrop}
	for order := range byte(3) {
		for _, options := range [][2]byte{{0, 0}, {1 << 2, 0}, {4 << 2, 8 << 2}, {7<<2 | 1, 0}, {128, 0}, {0, 128}, {128 | 2<<2, 128}, {0, 1}, {0, 1 | 4<<2}} {
			for _, ops := range [][]byte{{}, bulk, slow, {pairWrite, 3, 0, 0, second | pairClose, 0, 4, 0}, {pairOOB, 0, 0, 0, pairAbort, 0, 0, 0}} {
				for range 3 {
					ops = append(ops[:len(ops):len(ops)], ops[:min(len(ops), 24)]...)
				}
				seeds = append(seeds, append([]byte{options[0], options[1], order * 0x11, order}, ops...))
			}
		}
	}
	return append(seeds, pairStories()...)
}()

// pairStories: every option of either side, every path, every number to begin
// with; every op of either side; and whoever aborts does so in every state.
func pairStories() (seeds [][]byte) {
	const second = 0x80
	tell := func(head [pairHeader]byte, ops ...[pairOpSize]byte) {
		in := head[:]
		for _, o := range ops {
			in = append(in, o[:]...)
		}
		seeds = append(seeds, in)
	}
	const moment, flight, whole = 1, 4, 5 // of gaps: less than a packet's way, as long, and there and back
	settled, both := [pairOpSize]byte{pairWait, 0, whole}, [][pairOpSize]byte{{pairWrite, 11, 4}, {second + pairWrite, 10, 4}, {pairRead, 10, 5}}
	for bit := range 5 {
		tell([pairHeader]byte{4 << bit}, both...)
		tell([pairHeader]byte{0, 4 << bit}, both...)
	}
	tell([pairHeader]byte{2}, both...) // Fast Open
	for i := range byte(6) {
		tell([pairHeader]byte{0, 0, i | i<<4, i << 2}, both...)
	}
	tell([pairHeader]byte{}, settled, [pairOpSize]byte{second + pairOOB, 0, whole}, [pairOpSize]byte{second + pairShutdown, 0, whole}, [pairOpSize]byte{pairClose})
	for which := range byte(7) {
		tell([pairHeader]byte{}, settled, [pairOpSize]byte{pairSet, which}, [pairOpSize]byte{second + pairSet, which | 8}, both[0], both[1], both[2])
	}
	for who := range byte(2) {
		me, you := who*second, (1-who)*second
		abort, shut := [pairOpSize]byte{me + pairAbort}, [pairOpSize]byte{me + pairShutdown, 0, moment}
		tell([pairHeader]byte{}, settled, abort)
		tell([pairHeader]byte{}, settled, shut, abort)                                                                                 // in FIN-WAIT-1
		tell([pairHeader]byte{}, settled, shut, settled, abort)                                                                        // in FIN-WAIT-2
		tell([pairHeader]byte{}, settled, [pairOpSize]byte{you + pairShutdown, 0, whole}, abort)                                       // in CLOSE-WAIT
		tell([pairHeader]byte{}, settled, [pairOpSize]byte{you + pairShutdown}, [pairOpSize]byte{me + pairShutdown, 0, flight}, abort) // in CLOSING
	}
	return seeds
}
