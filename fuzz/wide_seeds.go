package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// wideList collects seeds of runs with wideOps.
type wideList struct {
	setup byte
	seeds [][]byte
}

func (l *wideList) tell(ops ...[]byte) {
	s := joinOps(ops...)
	s[0] = wideOps | l.setup
	l.seeds = append(l.seeds, s)
}

// mostWide keeps seeds short: mutation of a long one is slow, and hits what matters seldom.
const mostWide = 8

// each tells seeds that begin and end alike, with a few of the ops between.
func (l *wideList) each(lead, ops [][]byte, tail ...[]byte) {
	for some := range slices.Chunk(ops, mostWide) {
		l.tell(slices.Concat(lead, some, tail)...)
	}
}

// The numbers of dgramKinds, and of what dgramAddr and the like choose.
const (
	udp4, udp6, ping4, ping6, rawICMP4, rawICMP6, raw4, raw6, rawUDP4, rawUDP6, rawHeader4, rawHeader6 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

	toGroup, toHost                 = 1 << 4, 2 << 4 // of dgramAddr; peers else
	host4, host6, any4, any6        = 0, 2, 3, 4     // of hostAddrs
	peer4, peer6, loop4, loop6      = 0, 2, 3, 4     // of peerAddrs
	wire6, wireGroup, wireICMP      = 1, 2, 1 << 2   // of wireBase
	wireTCP, wireNobody             = 2 << 2, 3 << 2 //
	pieces, options, options6Dest   = 1, 2, 3        // of wirePacket
	routing6, wrongSumOf, quotation = 4, 5, 7        //
)

// open is a socket of dgramKinds; its descriptor is the next.
func open(kind byte) []byte { return hostOp(hostDgram, 0, kind) }

// wideSeeds: what the wide alphabet is for, one thing after another.
func wideSeeds() [][]byte {
	l := &wideList{}
	l.fragments()
	l.headers()
	l.messages()
	l.sends()
	l.programs()
	l.files()
	l.ports()
	l.connSysctls()
	l.listeners()
	l.quotes()
	l.narrowWays()
	return l.seeds
}

// fragments: of both families, in order and not, overlapping, twice, without an end, too late.
func (l *wideList) fragments() {
	const first, middle, last, all, lastAgain = 0 | 2<<3, 2 | 4<<3, 4, 0, 3 | 5<<3
	for v6 := range byte(2) {
		bound := [][]byte{open(udp4 + v6), hostOp(hostBind, 1, any4+v6|toHost)}
		piece := func(id, which byte, more ...byte) []byte {
			return hostOp(hostWire, id<<2, pieces, which, 0, append([]byte{v6}, more...)[0])
		}
		tell := func(ops ...[]byte) {
			l.tell(slices.Concat(bound, ops, [][]byte{hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostTick)})...)
		}
		tell(piece(1, first), piece(1, middle), piece(1, last))
		tell(piece(1, last), piece(1, middle), piece(1, first))
		tell(piece(1, first), piece(1, first), piece(1, 1|3<<3), piece(2, last), piece(2, first), hostOp(hostTick), hostOp(hostTick))
		tell(piece(1, middle), piece(1, 1|4<<3), piece(1, lastAgain), piece(1, last), piece(1, first))
		tell(piece(1, last), piece(1, 4|5<<3), piece(1, 3), piece(1, all), piece(1, 5|0x80), hostOp(hostClose, 1))
		tell(hostOp(hostSysctl, 0, 1, 0, 0, 16), hostOp(hostSysctl, 0, 0, 0, 0, 17), piece(1, first), piece(2, first), piece(3, first), piece(1, last))
		tell(hostOp(hostWire, 4, pieces, first, 4, v6), hostOp(hostWire, 4, pieces, last, 12, v6), hostOp(hostWire, 4, pieces, middle, 8, v6))
		l.tell(open(rawICMP4+v6), hostOp(hostWire, 4, pieces, first, 0, v6|wireICMP), hostOp(hostWire, 4, pieces, middle, 0, v6|wireICMP), hostOp(hostWire, 4, pieces, last, 0, v6|wireICMP), hostOp(hostRecvFrom, 1, 0, 3),
			hostOp(hostWire, 8, pieces, first, 0, v6|wireNobody), hostOp(hostWire, 8, pieces, 0|1<<3, 0, v6|wireTCP), hostOp(hostTick))
	}
	l.setup = 8 // a small MTU: what is sent is cut
	for v6 := range byte(2) {
		to := peer4 + 2*v6
		l.tell(open(udp4+v6), hostOp(hostDgramOption, 1, 0, 0, 1, 16), hostOp(hostSendTo, 1, to, 7), hostOp(hostSendTo, 1, to, 8), hostOp(hostSendTo, 1, loop4+v6, 8),
			open(rawICMP4+v6), hostOp(hostSendTo, 2, to, 6), hostOp(hostSendTo, 2, to, 8), open(raw4+v6), hostOp(hostSendTo, 3, to, 8), hostOp(hostDgramError, 0, 0, 0, 0, 1), hostOp(hostSendTo, 1, to, 8))
	}
	l.setup = 0
}

// headers: packets with options and extension headers, for sockets of every kind, and for nobody.
func (l *wideList) headers() {
	bound4, bound6 := [][]byte{open(udp4), hostOp(hostBind, 1, any4|toHost), open(raw4)}, [][]byte{open(udp6), hostOp(hostBind, 1, any6|toHost), open(raw6)}
	var ops4, hop, dst []([]byte)
	for i := range byte(len(wireOptions)) {
		ops4 = append(ops4, hostOp(hostWire, 0, options, i))
	}
	for i := range byte(len(wireOptions6)) {
		hop, dst = append(hop, hostOp(hostWire, 0, options, i, 0, wire6)), append(dst, hostOp(hostWire, 0, options6Dest, i, 0, wire6))
	}
	for i := range byte(10) {
		dst = append(dst, hostOp(hostWire, 0, routing6, i, 0, wire6))
	}
	recv := hostOp(hostRecvFrom, 1, 0, 3)
	l.each(bound4, ops4, recv)
	l.each(bound6, hop, recv)
	l.each(bound6, dst, recv)
	for v6 := range byte(2) {
		var all [][]byte
		for kind := range byte(4) {
			for sub := range byte(5) {
				o := v6 | kind<<2 | sub<<4
				all = append(all, hostOp(hostWire, 0, 0, 0, 0, o), hostOp(hostWire, 0, wrongSumOf, 0, 0, o), hostOp(hostWire, 0, 0, 0, 1, o|wireGroup))
			}
		}
		l.each([][]byte{open(rawUDP4 + v6), open(rawICMP4 + v6)}, all, hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostRecvFrom, 2, 0, 3))
	}
}

// messages: sends with each control message, by sockets of each kind, and what they get in turn.
func (l *wideList) messages() {
	for kind := range byte(len(dgramKinds)) {
		v6 := kind % 2
		bound, ops := [][]byte{open(kind), hostOp(hostBind, 1, any4+v6|toHost)}, [][]byte{}
		for i := range byte(len(controls)) {
			ops = append(ops, hostOp(hostControl, 1, loop4+v6|i&1<<6, i&3, i&7/7<<7, i))
		}
		l.each(bound, ops, hostOp(hostTake, 1, 0, 3, 40))
		l.tell(append(bound, hostOp(hostControl, 1, loop4, 1, 0, 0), hostOp(hostConnect, 1, peer4+2*v6), hostOp(hostControl, 1, 128, 1, 0, 2+11*v6), hostOp(hostTake, 1, 0, 3, 40, 0), hostOp(hostTake, 1, 0, 3, 3, 1), hostOp(hostTake, 1, 0, 3, 200, 2))...)
	}
	// what packets tell besides their data
	for v6 := range byte(2) {
		ops := [][]byte{open(udp4 + v6), hostOp(hostBind, 1, any4+v6|toHost), hostOp(hostDgramOption, 1, 0, 0, 0, 9), hostOp(hostDgramOption, 1, 0, 0, 0, 10), hostOp(hostDgramOption, 1, 0, 0, 0, 24), hostOp(hostDgramOption, 1, 0, 0, 0, 1), hostOp(hostDgramOption, 1, 0, 0, 0, 2)}
		l.tell(append(ops, hostOp(hostWire, 0, 0, 0, 0, v6), hostOp(hostTake, 1, 0, 3, 200), hostOp(hostSendTo, 1, loop4+v6, 1), hostOp(hostTake, 1, 0, 3, 200), hostOp(hostWire, 0, 0, 0, 0, v6), hostOp(hostTake, 1, 0, 3, 20))...)
	}
	l.tell(hostOp(hostSocket), hostOp(hostServe, 1, any4, 5), hostOp(hostSocket), hostOp(hostConnect, 2, loop4), hostOp(hostAccept, 1), hostOp(hostControl, 2, 128, 2, 0, 22), hostOp(hostControl, 2, 128, 2, 0, 21), hostOp(hostControl, 2, 128, 2, 0, 26),
		hostOp(hostControl, 2, 128, 2, 0, 28), hostOp(hostControl, 2, 128, 2, 0, 29), hostOp(hostControl, 2, 128, 2, 0, 24), hostOp(hostControl, 2, 128, 2, 0, 30), hostOp(hostControl, 2, 128, 2, 128, 22),
		hostOp(hostSend, 2, 0, 1, 0, 2), hostOp(hostTake, 3, 0, 1, 9, 4), hostOp(hostSend, 2, 0, 2, 0, 2), hostOp(hostRecv, 3, 0, 3, 0, 4), hostOp(hostOption, 3, 0, 0, 1, 8), hostOp(hostRecv, 3, 0, 3), hostOp(hostSend, 2, 0, 3), hostOp(hostTake, 3, 0, 1, 9, 5))
}

// sends: every kind of socket to every address: bound, connected and neither.
func (l *wideList) sends() {
	for kind := range byte(len(dgramKinds)) {
		for connected := range byte(2) {
			opened, ops := [][]byte{open(kind), hostOp(hostDgramOption, 1, 0, 0, 0, 5)}, [][]byte{}
			for list := range byte(3) {
				for i := range byte(5) {
					to := list<<4 | i
					if connected == 1 {
						ops = append(ops, hostOp(hostReach, 1, to, i&1, 0, 0), hostOp(hostSendTo, 1, 0, i, 0, 64), hostOp(hostDisconnect, 1))
					} else {
						ops = append(ops, hostOp(hostSendTo, 1, to, 0, i&1, i/4*128))
					}
				}
			}
			l.each(opened, ops, hostOp(hostDgramError))
			l.tell(append(opened, hostOp(hostReach, 1, toHost|host4+kind%2*2, 0, 1, 1), hostOp(hostReach, 1, toGroup|kind%2*2, 1, 0, 1), hostOp(hostDgramError), hostOp(hostDgramError, 1, 1, 0, 0, 1), hostOp(hostRecvFrom, 1, 0, 2, 0, 3), hostOp(hostSendTo, 1, 0, 1, 0, 64))...)
		}
	}
	for v6 := range byte(2) { // corked, probing, with too much
		to := peer4 + 2*v6
		l.tell(open(udp4+v6), hostOp(hostReach, 1, to), hostOp(hostSendTo, 1, 0, 5, 0, 64+2), hostOp(hostSendTo, 1, 0, 9, 0, 64+2), hostOp(hostSendTo, 1, 0, 9, 0, 64), hostOp(hostSendTo, 1, 0, 10, 0, 64), hostOp(hostDgramOption, 1, 0, 0, 0, 0), hostOp(hostSendTo, 1, 0, 8, 0, 64+2), hostOp(hostControl, 1, 128, 5, 0, 19),
			hostOp(hostDgramOption, 1, 0, 0, 1, 0), hostOp(hostSendTo, 1, to, 1, 0, 3), hostOp(hostDgramOption, 1, 0, 0, 6, 17), hostOp(hostSendTo, 1, to, 8), hostOp(hostPoll, 1, 1, 0, 0, 4), hostOp(hostClose, 1))
		l.tell(open(rawHeader4+v6), open(raw4+v6), hostOp(hostDgramOption, 2, 0, 0, 0, 11+v6), hostOp(hostDgramOption, 2, 0, 0, 2, 13), hostOp(hostSendTo, 1, to, 5, 2, 128), hostOp(hostSendTo, 2, to, 3, 0, 128), hostOp(hostSendTo, 2, loop4+v6, 5, 1, 128), hostOp(hostSendTo, 2, to, 8, 1, 128), hostOp(hostSendTo, 1, to, 1, 0, 0))
	}
}

// programs: each on sockets that get packets, looked at from all sides.
func (l *wideList) programs() {
	for i := range byte(len(programs)) {
		v6 := i % 2
		l.tell(open(udp4+v6), hostOp(hostFilter, 1, 0, 0, 0, i), hostOp(hostBind, 1, any4+v6|toHost), hostOp(hostWire, 0, 0, 0, 0, v6), hostOp(hostRecvFrom, 1, 0, 3), open(udp4+v6), hostOp(hostSendTo, 2, loop4+v6, 5), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostRecvFrom, 1, 0, 3))
	}
	for i := range byte(5) { // who of a group gets it
		var group [][]byte
		for fd := byte(1); fd < 4; fd++ {
			group = append(group, open(udp4), hostOp(hostDgramOption, fd, 0, 0, 0, 4), hostOp(hostBind, fd, any4|toHost))
		}
		l.tell(append(group, hostOp(hostFilter, 1, 1, 0, 0, i), hostOp(hostWire), hostOp(hostWire, 1), hostOp(hostWire, 2), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostClose, 2), hostOp(hostWire, 1), hostOp(hostClose, 1), hostOp(hostWire, 3))...)
	}
	l.tell(hostOp(hostSocket), hostOp(hostFilter, 1, 0, 0, 0, 4), hostOp(hostServe, 1, any4, 5), hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostSegment), hostOp(hostAccept, 1), hostOp(hostSegment, 1<<3, 0, 3), hostOp(hostRecv, 2, 0, 3))
}

// files: every command of fcntl and ioctl on sockets and epolls; epolls that watch each other.
func (l *wideList) files() {
	for kind := range byte(3) {
		opened, ops := [][]byte{{0, hostSocket, 0, kind, 0, 0, 0, 0}, open(udp4), hostAny(sock.OpEpollCreate)}, [][]byte{}
		for i := range byte(len(fcntlCommands)) {
			for arg := range byte(len(fcntlArgs)) {
				if i == 1 || i == 2 || i == 4 || i == 7 || arg == i%2 {
					ops = append(ops, hostOp(hostFcntl, 1+kind, arg, arg, 0, i))
				}
			}
		}
		l.each(opened, ops)
		opened = [][]byte{{0, hostSocket, 0, kind & 1, 0, 0, 0, 0}, open(udp4 + kind&1), hostAny(sock.OpEpollCreate), hostOp(hostBind, 2, any4+kind&1|toHost), hostOp(hostWire, 0, 0, 0, 0, kind&1), hostOp(hostRecvFrom, 2, 0, 3)}
		ops = ops[:0]
		for i := range byte(len(deviceIoctls)) {
			for name := range byte(5) {
				if name < 2 || i == 3 || i == 5 {
					ops = append(ops, hostOp(hostDevice, 1+kind, name, name, 0, i))
				}
			}
		}
		l.each(opened, ops)
	}
	create := hostAny(sock.OpEpollCreate)
	wait := func(fd byte) []byte { return hostAny(sock.OpEpollWait, fd, 0, 0) }
	// Descriptors of the process begin with 3: op descriptor n is n+2.
	l.tell(hostOp(hostSocket), hostOp(hostServe, 1, any4, 5), create, create, create, hostOp(hostWatch, 2, 0, 1, 0, 0), hostOp(hostWatch, 3, 0, 1, 1, 0), hostOp(hostWatch, 4, 0, 1, 2, 2), hostOp(hostWatch, 2, 0, 1, 3, 0),
		hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostSegment), wait(4), wait(3), wait(2), hostOp(hostWatch, 2, 0, 3, 0, 3), wait(2), hostOp(hostWatch, 2, 0, 3, 0, 5), hostOp(hostWatch, 2, 0, 2, 0, 0), hostOp(hostWatch, 2, 0, 2, 0, 0), hostOp(hostWatch, 2, 0, 1, 0, 4), hostOp(hostWatch, 2, 0, 0, 0, 4),
		byThread(1, hostAny(sock.OpEpollWait, 4, 0, 100)), hostOp(hostClose, 2), hostOp(hostNewFlow, 0, 0, 0, 1, synOpts&^1), hostOp(hostSegment), hostOp(hostClose, 1), byThread(1, hostOp(hostInterrupt)))
}

// ports: few to choose from, some reserved, and sockets that hold them in every way.
func (l *wideList) ports() {
	few := hostOp(hostSysctl, 0, 0, 0, 0, 3)
	for v6 := range byte(2) {
		sys := [][]byte{few, hostOp(hostSysctl, 0, 0, 0, 0, 4), {0, hostSocket, 0, v6, 0, 0, 0, 0}, {0, hostSocket, 0, v6, 0, 0, 0, 0}, {0, hostSocket, 0, v6, 0, 0, 0, 0}, {0, hostSocket, 0, v6, 0, 0, 0, 0}}
		for fd := byte(1); fd < 5; fd++ {
			sys = append(sys, hostOp(hostConnect, fd, peer4+2*v6, 0, 0), hostOp(hostReach, fd, any4+v6|toHost, 0, 2, 1))
		}
		l.tell(append(sys, hostOp(hostReach, 4, host4+2*v6|toHost, 0, 2, 1), hostOp(hostTick), hostOp(hostClose, 1))...)
		udp := [][]byte{few, open(udp4 + v6), open(udp4 + v6), open(udp4 + v6), open(udp4 + v6), open(ping4 + v6), open(ping4 + v6)}
		for fd := byte(1); fd < 7; fd++ {
			udp = append(udp, hostOp(hostReach, fd, any4+v6|toHost, 0, 2, 1), hostOp(hostSendTo, fd, peer4+2*v6))
		}
		l.tell(append(udp, hostOp(hostReach, 5, host4+2*v6|toHost, 0, 0, 1), hostOp(hostReach, 6, host4+2*v6|toHost, 0, 0, 1), hostOp(hostDatagram, 0, 1, 0, 0, 4|v6), hostOp(hostClose, 1))...)
	}
	for i := range byte(len(hostSysctls)) {
		l.tell(hostOp(hostSysctl, 0, 0, 0, 0, i), hostOp(hostSocket), hostOp(hostServe, 1, any4, 0), hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostNewFlow, 0, 0, 0, 1, synOpts&^1), hostOp(hostSegment), hostOp(hostSysctl, 0, 1, 0, 0, i), hostOp(hostSysctl, 0, 2, 0, 0, i),
			hostOp(hostSysctl, 0, 3, 0, 0, i), hostOp(hostSysctl, 0, 4, 0, 0, i), hostOp(hostAccept, 1), hostOp(hostWire, 0, 0, 0, 1), hostOp(hostWire, 0, 0, 0, 1, wire6), hostOp(hostTick))
	}
}

// connSysctls: written while a connection is open.
func (l *wideList) connSysctls() {
	for i := range byte(len(connSysctls)) {
		write := func(value byte) []byte { return hostOp(hostSysctl, 0, value, 0, 0, byte(len(hostSysctls))+i) }
		l.tell(hostOp(hostSocket), hostOp(hostServe, 1, any4, 0), hostOp(hostNewFlow, 0, 0, 0, 0, synOpts&^1), hostOp(hostSegment), hostOp(hostAccept, 1), write(0),
			hostOp(hostSend, 2, 0, 0, 0, 0), hostOp(hostTick), hostOp(hostSegment, 1<<3, 0, 3), write(1), hostOp(hostClose, 2), hostOp(hostTick), hostOp(hostSegment))
	}
}

// listeners: SYN cookies, requests that go over to another listener, data that is urgent, a socket that starts anew.
func (l *wideList) listeners() {
	const reuseport, synBit = 1, 3 << 3
	syn := func(port byte) []byte { return hostOp(hostNewFlow, synBit, 0, 0, port, synOpts&^1) }
	for v6 := range byte(2) {
		at := any4 + v6
		flow := hostOp(hostNewFlow, synBit, 0, 0, 0, synOpts&^1|v6)
		l.tell(hostOp(hostSysctl, 0, 0, 0, 0, 0), []byte{0, hostSocket, 0, v6, 0, 0, 0, 0}, hostOp(hostServe, 1, at, 5), flow, hostOp(hostSegment), hostOp(hostAccept, 1), hostOp(hostSegment, 1<<3, 0, 3), hostOp(hostRecv, 2, 0, 3), flow, hostOp(hostSegment, 0, 1<<4))
		l.tell(hostOp(hostSysctl, 0, 0, 0, 0, 1), []byte{0, hostSocket, 0, v6, 0, 0, 0, 0}, []byte{0, hostSocket, 0, v6, 0, 0, 0, 0}, hostOp(hostOption, 1, 0, 0, 1, reuseport), hostOp(hostOption, 2, 0, 0, 1, reuseport), hostOp(hostServe, 1, at, 5), hostOp(hostServe, 2, at, 5),
			flow, hostOp(hostNewFlow, synBit, 0, 0, 1, synOpts&^1|v6), hostOp(hostNewFlow, synBit, 0, 0, 2, synOpts&^1|v6), hostOp(hostSegment), hostOp(hostClose, 1), hostOp(hostSegment), byThread(1, hostOp(hostSegment)), byThread(2, hostOp(hostSegment)), hostOp(hostTick), hostOp(hostAccept, 2), hostOp(hostClose, 2))
	}
	server := [][]byte{hostOp(hostSocket), hostOp(hostServe, 1, any4, 5), syn(0), hostOp(hostSegment), hostOp(hostAccept, 1)}
	tell := func(ops ...[]byte) { l.tell(slices.Concat(server, ops)...) }
	const urgent, finBit, rstBit = 8 << 3, 2 << 3, 5 << 3
	tell(hostOp(hostSegment, urgent, 0, 2), hostOp(hostRecv, 2, 0, 3, 0, 4), hostOp(hostDevice, 2, 0, 0, 0, 9), hostAny(sock.OpIoctl, 2, 0, 5), hostOp(hostRecv, 2, 0, 3, 0, 3), hostOp(hostSegment, urgent, 0, 2), hostOp(hostOption, 2, 0, 0, 1, 8), hostOp(hostRecv, 2, 0, 3), hostOp(hostPoll, 2, 2, 0, 0, 2))
	tell(hostOp(hostDisconnect, 2), hostOp(hostDisconnect, 1), hostOp(hostConnect, 2), hostOp(hostDisconnect, 2), hostOp(hostServe, 2, any4, 1))
	tell(hostOp(hostSegment, finBit), hostOp(hostClose, 2), hostOp(hostSegment), hostOp(hostNewFlow, synBit, 0, 0, 0, synOpts&^1))
	tell(hostOp(hostClose, 2), hostOp(hostSegment), hostOp(hostSegment, finBit), hostOp(hostNewFlow, synBit, 7, 0, 0, synOpts&^1), hostOp(hostTick), hostOp(hostSegment, rstBit))
	tell(hostAny(sock.OpShutdown, 1, 0, 2), hostAny(sock.OpShutdown, 2, 0, 0), hostAny(sock.OpShutdown, 2, 0, 9), hostOp(hostSend, 2, 0, 3), hostOp(hostDisconnect, 1))
	for group := range byte(2) { // memberships of both families
		v6 := group
		l.tell(open(udp4+v6), hostOp(hostBind, 1, any4+v6|toHost), hostOp(hostDgramOption, 1, 0, 0, 0, 20+2*v6), hostOp(hostWire, 0, 0, 0, 0, v6|wireGroup), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostSendTo, 1, toGroup|2*v6), hostOp(hostRecvFrom, 1, 0, 3), hostOp(hostDgramOption, 1, 0, 0, 0, 21+2*v6), hostOp(hostWire, 0, 0, 0, 0, v6|wireGroup))
	}
}

// quotes: errors about everything that was sent, with as much of it as a router quotes.
func (l *wideList) quotes() {
	for kind := range byte(len(dgramKinds)) {
		v6 := kind % 2
		sent, ops := [][]byte{open(kind), hostOp(hostDgramOption, 1, 0, 0, 0, 1+v6), hostOp(hostReach, 1, peer4+2*v6), hostOp(hostSendTo, 1, 0, 0, 0, 64)}, [][]byte{}
		for what := range byte(4) {
			for code := range byte(6) {
				ops = append(ops, hostOp(hostWire, 0, quotation, what|code<<2), hostOp(hostDgramError, 0, what|code<<2, 0, 0, code))
			}
		}
		l.each(sent, ops, hostOp(hostSendTo, 1, 0, 8, 0, 64), hostOp(hostRecvFrom, 1, 0, 2, 0, 3), hostOp(hostTake, 1, 0, 3, 200, 2))
	}
	for v6 := range byte(2) { // of a connection's request, and of the connection
		server := [][]byte{{0, hostSocket, 0, v6, 0, 0, 0, 0}, hostOp(hostServe, 1, any4+v6, 5), hostOp(hostNewFlow, 3<<3, 0, 0, 0, synOpts&^1|v6)}
		var errs [][]byte
		for what := range byte(4) {
			for mtu := range byte(4) {
				errs = append(errs, hostOp(hostICMP, 0, what|4<<2, 0, 0, mtu), hostOp(hostICMP, 0, what, 0, 0, mtu), hostOp(hostICMP, 0, what|1<<2, 1, 0, mtu))
			}
		}
		l.each(server, errs)
		l.each(append(server, hostOp(hostSegment), hostOp(hostAccept, 1), hostOp(hostSend, 2, 0, 10)), errs, hostOp(hostTick), hostOp(hostDisconnect, 2))
	}
}

// narrowWays: what a connection finds too long for a way that a message about nobody's packet has made narrower.
func (l *wideList) narrowWays() {
	l.tell(hostOp(hostSocket), hostOp(hostSocket, 0, 1), hostOp(hostServe, 2, 2), hostOp(hostSegment, 24, 0, 0, 0, 81), hostOp(hostClose, 1), hostOp(hostSegment),
		hostOp(hostAccept, 2), hostOp(hostWire, 0, 0, 0, 0, wire6), hostOp(hostWire, 0, 7, 1), hostOp(hostSendTo, 1, 0, 6))
}
