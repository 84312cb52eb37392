package fuzz

// dgramSeeds: UDP with the link and within the host, corked and connected; ping;
// RAW; groups and the error queue.
func dgramSeeds(join func(ops ...[]byte) []byte) [][]byte {
	udp := join(hostOp(hostDgram), hostOp(hostBind, 1, 3|2<<4), hostOp(hostDatagram), hostOp(hostRecvFrom, 1, 0, 3, 0, 1), hostOp(hostRecvFrom, 1, 0, 2, 0, 2),
		hostOp(hostSendTo, 1), hostOp(hostDgramOption, 1, 0, 0, 0, 1), hostOp(hostDgramError, 0, 0), hostOp(hostRecvFrom, 1, 0, 2, 0, 3), hostOp(hostClose, 1))
	cork := join(hostOp(hostDgram), hostOp(hostConnect, 1), hostOp(hostDgramOption, 1), hostOp(hostSendTo, 1, 0, 5, 0, 66), hostOp(hostSendTo, 1, 0, 5, 0, 66),
		hostOp(hostDgramOption, 1, 0, 0, 1), hostOp(hostDgramError, 0, 3<<2), hostOp(hostDisconnect, 1), hostOp(hostClose, 1))
	loop := join(hostOp(hostDgram), hostOp(hostBind, 1, 1|2<<4), hostOp(hostDgram), hostOp(hostSendTo, 2, 3, 5), hostOp(hostRecvFrom, 1, 0, 3, 0, 4), hostOp(hostClose, 2), hostOp(hostRecvFrom, 1, 0, 3))
	ping := join(hostOp(hostDgram, 0, 2), hostOp(hostBind, 1, 0|2<<4), hostOp(hostDgramOption, 1, 0, 0, 0, 1), hostOp(hostSendTo, 1), hostOp(hostDgramError), hostOp(hostRecvFrom, 1, 0, 2, 0, 3), hostOp(hostDatagram, 0, 1, 0, 0, 4), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostSendTo, 1, 3), hostOp(hostClose, 1))
	raw := join(hostOp(hostDgram, 0, 4), hostOp(hostDgram, 0, 6), hostOp(hostDgram, 0, 10), hostOp(hostSendTo, 1), hostOp(hostSendTo, 3, 0, 4, 0, 128), hostOp(hostDatagram, 0, 1),
		hostOp(hostDatagram, 0, 2), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostRecvFrom, 2, 0, 3), hostOp(hostDgramError, 0, 0), hostOp(hostClose, 1))
	mcast := join(hostOp(hostDgram, 0, 1), hostOp(hostBind, 1, 4|2<<4), hostOp(hostDgramOption, 1, 0, 0, 2, 22), hostOp(hostDatagram, 0, 0, 0, 0, 3), hostOp(hostRecvFrom, 1, 0, 3),
		hostOp(hostDgram), hostOp(hostBind, 2, 3|2<<4, 0, 1), hostOp(hostDgramOption, 2, 0, 0, 0, 20), hostOp(hostDatagram, 0, 0, 0, 1, 2), hostOp(hostRecvFrom, 2, 0, 3), hostOp(hostClose, 1))
	seeds := [][]byte{udp, cork, loop, ping, raw, mcast}
	for _, s := range seeds {
		s[0] = datagramOps
	}
	return seeds
}
