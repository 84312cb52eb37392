package fuzz

// Where offsets, lengths, windows and gaps of the tables are, for readers of the seeds.
const (
	back1, back1000, ahead1, ahead1000, ahead2000, ahead3000, farBack, farAhead  = 2, 8, 1, 7, 9, 10, 14, 13
	k100, k1460, k20000, k65495                                                  = 2, 4, 11, 12
	w0, w1000, w2000                                                             = 1, 4, 6
	ms1, ms200, s1, s61, days                                                    = 3, 6, 7, 10, 13
	nodelay, cork, quickack, keepalive, keepidle, usertimeout, linger2, rcvlowat = 0, 1, 2, 3, 4, 8, 9, 14
	rcvNxt, edge                                                                 = 0, 1
)

// connSeeds reach every state, every edge and most rules that one endpoint can reach.
func connSeeds() (all []seed) {
	for _, group := range [][]seed{openSeeds, fastSeeds, dataSeeds, lossSeeds, oddSeeds, closeSeeds, listenSeeds} {
		all = append(all, group...)
	}
	return all
}

var zero [setupSize]byte

var openSeeds = []seed{
	{"SYN is retransmitted, and given up", zero, then([]Op{op(OpOpen)}, times(12, expire))},
	{"close before the SYN is answered", zero, []Op{op(OpOpen), closing}},
	{"abort before the SYN is answered", zero, []Op{op(OpOpen), op(OpAbort)}},
	{"RST refuses the SYN", zero, []Op{op(OpOpen), seg(rst | ack)}},
	{"odd answers to the SYN", zero, []Op{op(OpOpen), seg(syn|ack, acks(0, ahead1)), seg(ack, acks(0, farBack)), seg(ack), seg(rst), seg(0), seg(syn|ack, opts(3|4)), seg(syn | fin), expire}},
	{"crossing SYNs", zero, []Op{op(OpOpen), seg(syn, opts(synOpts)), seg(syn|ack, opts(synOpts)), seg(ack), send(k1000), bare}},
	{"crossing SYNs, then close", zero, []Op{op(OpOpen), seg(syn, opts(synOpts)), closing, seg(ack, acks(0, back1)), expire, bare, finAck}},
	{"crossing SYNs, a wrong ACK", zero, []Op{op(OpOpen), seg(syn, opts(synOpts)), seg(ack, acks(0, ahead1000)), seg(ack, at(rcvNxt, farBack)), seg(rst), bare}},
	{"crossing SYNs, then RST", zero, []Op{op(OpOpen), seg(syn, opts(synOpts)), seg(rst | ack)}},
	{"ICMP ends the attempt", zero, []Op{op(OpOpen), icmp(1, 3, 0)}},
	{"user time-out ends the attempt", zero, then([]Op{set(usertimeout, 2), op(OpOpen)}, times(3, expire))},
	{"a delayed handshake ACK", zero, []Op{set(quickack, 1), op(OpOpen), seg(syn|ack, opts(synOpts)), expire}},
	{"ECN", [setupSize]byte{16 << 2}, []Op{op(OpOpen), seg(syn|ack|ece, opts(synOpts)), send(k1000), seg(ack | ece), send(k1000), seg(ack | cwr), seg(ack|psh, length(k1000), at(rcvNxt, 3<<4)), expire, expire}},
}

var (
	fastListening = [setupSize]byte{1, 0, 0, 16}
	fastSyn       = seg(syn, opts(synOpts), length(k1000))
	fastOpening   = Op{Kind: OpOpen, Flags: 3, Len: k1000, Opts: 1 | 1<<2}
)

var fastSeeds = []seed{
	{"SYN with data, acknowledged", zero, []Op{fastOpening, seg(syn|ack, opts(synOpts)), data, send(k1000), bare, closing}},
	{"SYN with data, left out", zero, []Op{fastOpening, seg(syn|ack, acks(3, ahead1), opts(synOpts)), bare, data, closing}},
	{"SYN with data, lost three times", zero, then([]Op{fastOpening}, times(5, expire), []Op{seg(syn|ack, acks(3, ahead1), opts(synOpts)), bare, data})},
	{"SYN with data on a narrow path", zero, []Op{fastOpening, icmp(2, 1, 1), seg(syn|ack, acks(3, ahead1), opts(synOpts)), bare}},
	{"SYN-ACK with data and FIN", zero, []Op{fastOpening, seg(syn|ack|fin, opts(synOpts), length(k100)), read, closing, bare}},
	{"RST and FIN out of order after a Fast Open", zero, []Op{fastOpening, seg(syn|ack, opts(synOpts)), seg(rst, at(rcvNxt, ahead1000)), seg(fin|ack, at(rcvNxt, ahead1000)), seg(rst)}},
	{"SYN put off", zero, []Op{{Kind: OpOpen, Flags: 1}, seg(rst), fastOpening, seg(syn|ack, opts(synOpts)), data}},
	{"SYN put off, SYN comes", zero, []Op{{Kind: OpOpen, Flags: 1}, seg(syn, opts(synOpts)), fastOpening, closing, expire}},
	{"cookie asked for", zero, []Op{{Kind: OpOpen, Flags: 2, Opts: 1}, seg(syn|ack, opts(synOpts)), data}},
	{"connection made by a SYN", fastListening, []Op{fastSyn, read, send(k1000), seg(ack), bare, data, closing, bare, finAck}},
	{"connection made by a SYN, closed before the ACK", fastListening, []Op{fastSyn, read, closing, expire, seg(ack, at(edge, ahead1000)), bare, finAck}},
	{"connection made by a SYN, closed unread", fastListening, []Op{fastSyn, closing}},
	{"connection made by a SYN, shut before the ACK", fastListening, []Op{fastSyn, op(OpShutdown, 2), expire, bare, finAck}},
	{"SYN-ACKs of a connection until it gives up", fastListening, then([]Op{fastSyn, send(k1000)}, times(10, expire))},
	{"odd segments to a connection made by a SYN", fastListening, []Op{fastSyn, seg(syn, at(3, 0), opts(synOpts), after(s1)), seg(syn, at(3, 0), opts(synOpts), after(0)), seg(0), seg(ack, acks(0, ahead1)),
		seg(ack, at(edge, ahead1000), after(s1)), seg(ack, opts(2)), seg(syn, at(rcvNxt, ahead1)), icmp(0, 3, 0), seg(rst, at(rcvNxt, ahead1), after(s1)), seg(rst)}},
	{"a segment longer than the window of a SYN-ACK that rounds up", fastListening, times(2, fastSyn, seg(ack, length(k65495), after(s1)))},
	{"ICMP about the SYN-ACK of a connection", fastListening, []Op{fastSyn, icmp(1, 3, 0)}},
}

var dataSeeds = []seed{
	{"data both ways, close first", zero, then(active, []Op{send(k1000), bare, data, read, closing, bare, finAck, expire})},
	{"plain options", plain, then(active, []Op{send(k20000), bare, data, data, data, read, expire, closing, bare, finAck, expire})},
	{"Reno and IPv6", [setupSize]byte{2 | 8<<2}, then(active, times(6, send(k20000), bare, bare), []Op{op(OpAbort)})},
	{"quick, delayed and second-segment ACKs", zero, then(active, times(20, seg(ack|psh, length(k1460)), seg(ack, length(k1460))), []Op{seg(ack|psh, length(k100)), expire, read})},
	{"read sends the ACK that waits", zero, then(active, []Op{send(k100), bare}, times(8, seg(ack|psh, length(k1460)), send(1), read), []Op{seg(ack|psh, length(1)), read})},
	{"holes, duplicates and D-SACK", zero, then(active, times(7, seg(ack, at(rcvNxt, ahead1000), length(k1000), after(2))), []Op{
		seg(ack, at(rcvNxt, ahead3000), length(k1000)), seg(ack, at(rcvNxt, ahead2000), length(k1000)), seg(ack, at(rcvNxt, ahead3000), length(k100)), expire, data, data,
		seg(ack, at(rcvNxt, back1000), length(k1000)), seg(ack, at(rcvNxt, back1000), length(6)), read})},
	{"compressed ACKs", zero, then(active, times(3, data), []Op{send(k1000), bare}, times(12, seg(ack, at(rcvNxt, ahead1000), length(k100), after(1)), seg(ack, at(rcvNxt, ahead2000), length(k100), after(1)), seg(ack, at(rcvNxt, ahead3000), length(k100), after(1))), times(2, expire))},
	{"a window that closes and opens", small, then(active, times(6, data), []Op{seg(ack|psh, length(1), at(edge, 0)), seg(ack, length(k1000)), seg(ack, at(edge, 3)), read, data, read})},
	{"a receive buffer that overflows", small, then(active, times(8, seg(ack|psh, length(1), after(0))), times(8, seg(ack, at(rcvNxt, ahead1000), length(1)), seg(ack, at(rcvNxt, 5), length(1)), seg(ack|psh, length(2))), []Op{read, data})},
	{"a lowered receive buffer", zero, then(active, []Op{seg(ack, at(rcvNxt, ahead1000), length(k1000)), seg(ack, at(rcvNxt, ahead3000), length(k1000)), set(12, 0)}, times(4, data), []Op{read, data, data})},
	{"ACKs within a buffer", zero, then(active, []Op{send(k20000), seg(ack, acks(1, ahead1)), seg(ack, acks(0, back1)), expire, bare, send(k1000), seg(ack, acks(0, back1)), expire})},
	{"urgent data both ways", zero, then(active, []Op{seg(ack|urg, length(k100), acks(0, 0)), op(OpSend, 2, 1), seg(ack|urg, length(1), acks(0, 8)), expire, bare, read})},
	{"Nagle, cork and MSG_MORE", zero, then(active, []Op{send(k100), send(k100), set(nodelay, 0), set(cork, 0), send(k100), expire, set(cork, 1), op(OpSend, 1, k100), expire, bare, op(OpSend, 4, k100), send(1)})},
	{"a full send buffer", small, then(active, []Op{send(k65495), send(k65495), seg(ack, acks(1, 11)), bare, bare, seg(ack, window(3)), bare, send(k20000)}, times(6, bare), []Op{set(13, 3), set(15, 1), send(k1000)})},
	{"window probes, also urgent", zero, then(active, []Op{seg(ack, window(w0)), send(k1000), expire, seg(ack, window(w0)), op(OpSend, 2, 1)}, times(4, expire), []Op{seg(ack, window(w1000)), bare, bare})},
	{"window probes are given up", zero, then(active, []Op{seg(ack, window(w0)), send(k1000)}, times(20, expire))},
	{"a window pulled back", zero, then(active, []Op{send(k20000), seg(ack, window(w0), acks(1, 0))}, times(4, expire), times(12, expire))},
	{"keepalive", zero, then(active, []Op{set(keepalive, 0), set(keepidle, 0), set(5, 0), set(6, 0), expire, bare, expire, expire, expire, expire})},
}

var lossSeeds = []seed{
	{"retransmission until it is given up", zero, then(active, []Op{send(k1000)}, times(20, expire))},
	{"fast retransmit by SACK", zero, then(active, []Op{send(k20000), bare, send(k20000)}, times(4, seg(ack, acks(1, 0), opts(1|3<<2), after(ms1))), []Op{seg(ack, acks(1, 0), opts(1|7<<2)), expire, bare, bare})},
	{"fast retransmit without SACK", plain, then(active, []Op{send(k20000), bare, send(k20000)}, times(6, seg(ack, acks(1, 0), after(ms1))), []Op{seg(ack, acks(1, 11)), seg(ack, acks(1, 11)), bare})},
	{"reordering by RACK", zero, then(active, []Op{send(k20000), bare, bare, send(k20000), seg(ack, acks(1, 0), opts(1|1<<2), after(5)), expire, seg(ack, acks(1, 0), opts(1|4<<2)), expire, expire, bare})},
	{"time-out and slow start", zero, then(active, []Op{send(k20000), bare, send(k20000), expire, expire, expire}, times(5, seg(ack, acks(1, 11))), []Op{seg(ack, acks(1, 0), opts(1|5<<2)), bare})},
	{"reneging and lying SACKs", zero, then(active, []Op{send(k20000), seg(ack, acks(1, 0), opts(1|2<<2)), seg(ack, acks(1, 0), opts(1|6<<2)), expire, expire, seg(ack, acks(1, 7), opts(1|1<<2)), bare})},
	{"tail loss probe", zero, then(active, []Op{send(k1000), bare, bare, send(k1460), expire, bare, send(k1460), expire, seg(ack, opts(1|4<<2)), expire})},
	{"a narrower path", zero, then(active, []Op{send(k20000), icmp(2, 1, 1), bare, icmp(2, 0, 1), icmp(0, 1, 0), icmp(0, 1|15<<2, 0), expire, icmp(0, 1, 0), icmp(2, 1|15<<2, 1), expire})},
	{"user time-out", zero, then(active, []Op{set(usertimeout, 2), send(k1000)}, times(6, expire))},
	{"small segments are collapsed", zero, then(active, times(6, send(k100), set(nodelay, 0)), []Op{expire, expire, bare})},
}

var oddSeeds = []seed{
	{"sequence numbers out of place", zero, then(active, []Op{data, seg(ack, at(rcvNxt, back1000), after(s1)), seg(ack, at(rcvNxt, back1000), after(0)), seg(ack, at(edge, ahead1000), after(s1)),
		seg(ack|psh, at(edge, 0), length(k100), after(s1)), seg(ack, length(k65495), after(s1)), read, seg(ack|psh, at(edge, 0), length(k100), after(s1)), seg(ack|psh, at(rcvNxt, 15), length(1))})},
	{"one octet beyond the window", zero, then(active, []Op{data, seg(ack|psh, at(edge, back1), length(7)), read, seg(ack|psh, at(edge, back1), length(7)), seg(ack|psh, at(edge, back1), length(1))})},
	{"ACKs out of place", zero, then(active, []Op{send(k1000), bare, seg(ack, acks(1, 6)), seg(ack, acks(1, farBack)), seg(ack, acks(0, ahead1000), after(s1)), seg(ack, acks(0, 15), length(k100)), seg(0, length(1)), seg(fin), seg(ack|psh, acks(1, 6), opts(1|1<<2), length(1))})},
	{"SYN and RST out of place", zero, then(active, []Op{seg(syn, opts(synOpts), after(s1)), seg(syn|ack, at(rcvNxt, back1000), after(s1)), seg(rst, at(rcvNxt, ahead1), after(s1)), seg(rst, at(edge, ahead1000)), seg(rst, at(rcvNxt, ahead1), after(0)),
		seg(ack, at(rcvNxt, ahead1000), length(k1000)), seg(rst, at(rcvNxt, ahead2000))})},
	{"old timestamps", zero, then(active, []Op{data, seg(ack|psh, opts(2), length(k100)), seg(ack, opts(2), at(rcvNxt, back1000)), seg(ack, opts(2), after(0)), seg(syn, opts(2)), seg(rst, opts(2)), seg(ack, opts(2), at(rcvNxt, ahead1))})},
	{"PAWS after weeks", zero, then(active, []Op{data, op(OpWait), {Kind: OpWait, Gap: days}, seg(ack|psh, opts(2), length(k100)), read})},
	{"RST at once", zero, then(active, []Op{seg(rst), seg(ack), seg(rst), seg(syn)})},
	{"abort", zero, then(active, []Op{data, op(OpAbort), data})},
	{"close with unread data", zero, then(active, []Op{data, closing})},
	{"opened again", zero, then(active, []Op{op(OpAbort), op(OpOpen), seg(syn|ack, opts(synOpts)), data})},
}

var closeSeeds = []seed{
	{"close second", zero, then(active, []Op{finAck, closing, expire, bare})},
	{"close second, RST in CLOSE-WAIT", zero, then(active, []Op{finAck, seg(ack|psh, length(k100)), seg(rst)})},
	{"close second, RST before RCV.NXT in LAST-ACK", zero, then(active, []Op{finAck, closing, seg(ack, acks(0, ahead1000)), seg(rst, at(rcvNxt, back1))})},
	{"close second, data after FIN", zero, then(active, []Op{finAck, seg(ack|psh, length(k100)), seg(fin|ack, at(rcvNxt, back1)), op(OpAbort)})},
	{"shutdown, then close", zero, then(active, []Op{op(OpShutdown, 2), bare, data, read, finAck, closing, expire})},
	{"close with data unsent", zero, then(active, []Op{seg(ack, window(w0)), send(k1000), closing}, times(12, expire))},
	{"crossing FINs", zero, then(active, []Op{op(OpShutdown, 2), seg(ack|fin, acks(1, 0)), bare, expire})},
	{"crossing FINs, then RST", zero, then(active, []Op{op(OpShutdown, 2), seg(ack|fin, acks(1, 0)), seg(rst)})},
	{"RST in FIN-WAIT-1", zero, then(active, []Op{op(OpShutdown, 2), seg(ack, acks(0, ahead1)), seg(rst)})},
	{"RST in FIN-WAIT-2", zero, then(active, []Op{op(OpShutdown, 2), bare, seg(rst)})},
	{"orphan in FIN-WAIT-2", zero, then(active, []Op{closing, bare, seg(ack, at(rcvNxt, back1000), after(s1)), finAck, seg(ack)})},
	{"orphan in FIN-WAIT-2 that nobody ends", zero, then(active, []Op{closing, bare, expire})},
	{"orphan in FIN-WAIT-2 for two minutes", zero, then(active, []Op{set(linger2, 4), closing, bare, expire, expire})},
	{"orphan in FIN-WAIT-2 for long, its FIN acknowledged with data", zero, then(active, []Op{set(linger2, 4), op(OpShutdown, 2), bare, closing, expire, expire, data})},
	{"orphan that gets data", zero, then(active, []Op{closing, seg(ack|psh, length(k100))})},
	{"orphan bucket that gets data, or RST, or SYN", zero, then(active, []Op{closing, bare, seg(ack), seg(ack|psh, length(k100))})},
	{"orphan bucket that gets RST", zero, then(active, []Op{closing, bare, seg(rst)})},
	{"close in FIN-WAIT-2 without linger", zero, then(active, []Op{set(linger2, 2), op(OpShutdown, 2), bare, closing})},
	{"orphan whose FIN nobody acknowledges", zero, then(active, []Op{closing}, times(12, expire))},
	{"TIME-WAIT answers", zero, then(active, []Op{op(OpShutdown, 2), bare, finAck, seg(ack, at(rcvNxt, back1000), after(s1)), seg(ack, at(rcvNxt, back1000), after(0)), bare, seg(ack, opts(2)),
		seg(rst, at(rcvNxt, ahead1)), seg(ack|fin, at(rcvNxt, back1), after(s1)), seg(rst)})},
	{"TIME-WAIT gives way to a new SYN", zero, then(active, []Op{op(OpShutdown, 2), bare, finAck, seg(syn, at(rcvNxt, ahead1000), opts(synOpts), after(5|Deaf)), seg(ack, opts(2)), seg(syn, at(rcvNxt, ahead1000), opts(synOpts)), seg(ack), data})},
	{"TIME-WAIT and RFC 1337", [setupSize]byte{2: 1 << 4}, then(active, []Op{op(OpShutdown, 2), bare, finAck, seg(rst), expire})},
}

var listenSeeds = []seed{
	{"close second", listening, then(passive, []Op{data, read, send(k1000), bare, finAck, closing, bare})},
	{"close the listener", listening, []Op{closing, seg(syn)}},
	{"odd segments in LISTEN", listening, []Op{seg(rst), seg(ack), seg(0), seg(syn | fin), seg(syn | rst), seg(fin)}},
	{"odd segments to a request", listening, []Op{seg(syn, opts(synOpts)), seg(syn, at(3, 0), opts(synOpts), after(s1)), seg(syn, at(3, 0), opts(synOpts), after(0)), seg(0), seg(ack, acks(0, ahead1)), seg(ack, at(edge, ahead1000), after(s1)),
		seg(ack, opts(2)), seg(ack, opts(3)), icmp(0, 1, 0), icmp(1, 0, 0), seg(rst)}},
	{"a SYN in a request's window", listening, []Op{seg(syn), seg(syn, at(rcvNxt, ahead1))}},
	{"ICMP about the SYN-ACK", listening, []Op{seg(syn), icmp(1, 1, 0)}},
	{"SYN-ACKs until the request expires", listening, then([]Op{seg(syn)}, times(8, expire))},
	{"the accept queue has no room at first", [setupSize]byte{1, 0, 8 << 4}, then([]Op{seg(syn, opts(synOpts)), bare, expire, bare, expire, bare}, []Op{data, read})},
	{"the accept queue has no room: reset", [setupSize]byte{1, 0, 10 << 4}, []Op{seg(syn, opts(synOpts)), bare}},
	{"deferred accept", [setupSize]byte{3: 2 << 2, 0: 1}, []Op{seg(syn, opts(synOpts)), bare, expire, expire, expire, data}},
	{"RST inexact, old timestamps for a request", listening, []Op{seg(syn, opts(synOpts)), seg(ack, opts(2)), seg(rst, at(rcvNxt, ahead1), after(s1)), seg(rst, at(rcvNxt, ahead1), after(0))}},
	{"RST in SYN-RECEIVED of a request", listening, []Op{seg(syn, opts(synOpts)), seg(rst | ack)}},
	{"the completing ACK carries data and FIN", listening, []Op{seg(syn, opts(synOpts)), seg(ack|fin, length(k100)), closing, expire, read}},
	{"the SYN-ACK was sent twice", listening, []Op{seg(syn, opts(synOpts)), expire, bare, send(k1000), bare}},
}
