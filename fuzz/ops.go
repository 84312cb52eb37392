package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// OpKind says what an Op does to the endpoint.
type OpKind uint8

// The operations, in the order of their bytes. Segments come first: they are
// most of what happens to an endpoint.
const (
	OpSegment  OpKind = iota // Flags, Seq, Ack, Len, Wnd, Opts
	OpSend                   // Len octets; Flags: SendFlags
	OpReceive                // Len octets; Flags 0: all there is
	OpExpire                 // time passes until the next deadline
	OpShutdown               // Flags: ShutRead, ShutWrite
	OpClose                  //
	OpAbort                  //
	OpSet                    // Flags: the option, Len: a value for it
	OpICMP                   // Flags: what, Seq: about which octet
	OpOpen                   // connect; Flags: the part of Fast Open, Len: octets to send, Opts: see fastOpen
	OpWait                   // time passes, nothing else
	numOps
)

// opSize is an Op's bytes. A fixed size keeps what a fuzzer cuts and pastes aligned.
const opSize = 8

// Op is one event for an endpoint. Its numbers are choices, not values: an
// offset from RCV.NXT stays meaningful when the ops before it are changed, an
// absolute sequence number would not. Any byte is a legal choice.
type Op struct {
	Kind  OpKind
	Flags uint8 // of a segment: index into SegmentFlags
	Seq   uint8 // SEG.SEQ: seqBases in bits 0-1, offsets in 2-5, ECN in 6-7
	Ack   uint8 // SEG.ACK: ackBases in bits 0-1, offsets in 2-5
	Len   uint8 // lengths
	Wnd   uint8 // windows
	Opts  uint8 // see segmentOptions
	Gap   uint8 // time that passes before: gaps, with Late and Deaf
}

// choose takes entry i of a table, whatever i is.
func choose[T any](table []T, i uint8) T { return table[int(i)%len(table)] }

// The tables. Entry 0 is the plain case, so that zero bytes are a sane segment.
var (
	// SegmentFlags are the control bits worth sending.
	SegmentFlags = []tcpstate.Flags{
		ack, ack | tcpstate.PSH, ack | tcpstate.FIN, tcpstate.SYN, tcpstate.SYN | ack, tcpstate.RST, tcpstate.RST | ack, 0,
		ack | tcpstate.URG, ack | tcpstate.ECE, ack | tcpstate.CWR, tcpstate.FIN, tcpstate.SYN | tcpstate.FIN,
		tcpstate.SYN | tcpstate.ECE | tcpstate.CWR, tcpstate.SYN | ack | tcpstate.ECE, tcpstate.SYN | tcpstate.RST,
		ack | tcpstate.FIN | tcpstate.URG | tcpstate.PSH, tcpstate.SYN | ack | tcpstate.FIN, ack | tcpstate.PSH | tcpstate.FIN,
	}
	offsets = []int32{0, 1, -1, 2, -2, 100, -100, 1000, -1000, 2000, 3000, 1460, -1460, 65535, -65535, 1 << 30}
	lengths = []uint32{0, 1, 100, 1000, 1460, 536, 2920, 2, 10, 88, 5000, 20000, 65495}
	windows = []uint16{65535, 0, 1, 100, 1000, 536, 2000, 5000, 29200, 64240, 32768, 500}
	gaps    = []tcpstate.Duration{
		0, 1, 100, tcpstate.Millisecond, 10 * tcpstate.Millisecond, 40 * tcpstate.Millisecond, 200 * tcpstate.Millisecond,
		tcpstate.Second, 3 * tcpstate.Second, 30 * tcpstate.Second, 61 * tcpstate.Second, 1000 * tcpstate.Second,
		3 * 3600 * tcpstate.Second, 25 * 24 * 3600 * tcpstate.Second,
	}
)

const ack = tcpstate.ACK

// Bits of Op.Gap.
const (
	Late = 0x80 // time passes over deadlines before the timers fire, as on a busy host
	Deaf = 0x40 // the listener that would take a SYN from TIME-WAIT is gone
)

// Ops reads an op list. Input that ends within an op is cut there; at most limit ops are taken.
func Ops(in []byte, limit int) []Op {
	ops := make([]Op, 0, min(len(in)/opSize, limit))
	for ; len(in) >= opSize && len(ops) < limit; in = in[opSize:] {
		ops = append(ops, Op{OpKind(in[0]) % numOps, in[1], in[2], in[3], in[4], in[5], in[6], in[7]})
	}
	return ops
}

// Bytes writes an op list as Ops reads it.
func Bytes(ops []Op) []byte {
	out := make([]byte, 0, len(ops)*opSize)
	for _, o := range ops {
		out = append(out, byte(o.Kind), o.Flags, o.Seq, o.Ack, o.Len, o.Wnd, o.Opts, o.Gap)
	}
	return out
}

// input turns an op into the event for this endpoint as it is now; false when
// the op is only about time.
func (e *Endpoint) input(o Op) (tcpstate.Input, bool) {
	in := tcpstate.Input{N: choose(lengths, o.Len)}
	switch o.Kind {
	case OpSegment:
		in.Kind, in.Seg, in.Listening = tcpstate.SegmentArrives, e.segment(o), o.Gap&Deaf == 0
	case OpSend:
		in.Kind, in.Flags = tcpstate.Send, tcpstate.SendFlags(o.Flags&0x7) // the others are the socket layer's to say
	case OpReceive:
		in.Kind = tcpstate.Receive
		if o.Flags == 0 {
			in.N = e.Readable()
		}
	case OpShutdown:
		in.Kind, in.How = tcpstate.Shutdown, o.Flags&3
	case OpClose:
		in.Kind = tcpstate.Close
	case OpAbort:
		in.Kind = tcpstate.Abort
	case OpSet:
		in.Kind = tcpstate.Set
		in.Opt, in.N = choose(settings, o.Flags).with(o.Len)
	case OpICMP:
		e.icmp(o, &in)
	case OpOpen:
		in.Kind, in.Fast = tcpstate.Open, tcpstate.FastMode(o.Flags&3)
		fastOpen(&in.Seg.Opts, o.Opts)
	default:
		return in, false
	}
	return in, true
}

// segment fills in the fields that o chooses, relative to the connection.
func (e *Endpoint) segment(o Op) tcpstate.Segment {
	s := tcpstate.Segment{
		Flags: choose(SegmentFlags, o.Flags), ECN: tcpstate.ECN(o.Seq >> 6),
		Len: choose(lengths, o.Len), Wnd: choose(windows, o.Wnd),
		Seq: e.seqBases()[o.Seq&3] + tcpstate.Seq(choose(offsets, o.Seq>>2&0xF)),
	}
	if s.Flags.Has(ack) {
		s.Ack = e.ackBases()[o.Ack&3] + tcpstate.Seq(choose(offsets, o.Ack>>2))
	}
	if s.Flags.Has(tcpstate.URG) {
		s.Urg = uint16(choose(lengths, o.Ack>>3))
	}
	e.segmentOptions(&s, o.Opts)
	return s
}

// segmentOptions: bits 0-1 timestamp; in a SYN bits 2 SACK-permitted, 3 window
// scale, 4-5 MSS, 6-7 the scale; otherwise bits 2-4 SACK blocks.
func (e *Endpoint) segmentOptions(s *tcpstate.Segment, o uint8) {
	p := &s.Opts
	if o&3 != 0 {
		p.Set |= tcpstate.OptTS
		p.TSVal, p.TSEcr = e.peerClock(), e.lastTS
		switch o & 3 {
		case 2:
			p.TSVal -= 1000 // old
		case 3:
			p.TSEcr += 5000 // of a future that was not sent
		}
	}
	if !s.Flags.Has(tcpstate.SYN) {
		e.sack(p, o>>2&7)
		return
	}
	if o&4 != 0 {
		p.Set |= tcpstate.OptSACKOK
	}
	if o&8 != 0 {
		p.Set |= tcpstate.OptWScale
		p.WScale = []uint8{0, 7, 14, 255}[o>>6]
	}
	if mss := []uint16{0, 1460, 88, 1}[o>>4&3]; mss != 0 {
		p.Set |= tcpstate.OptMSS
		p.MSS = mss
	}
}

// fastOpen is what an Open remembers of the peer: bit 0 a cookie option, 1 in
// its experimental form, 2-3 the cookie's length, 4-5 the MSS.
func fastOpen(p *tcpstate.Options, o uint8) {
	if o&1 != 0 {
		p.Set |= tcpstate.OptFastOpen
		p.Cookie = tcpstate.FastCookie{Len: []uint8{0, 4, 8, 16}[o>>2&3], Exp: o&2 != 0}
	}
	p.MSS = []uint16{0, 1460, 88, 1}[o>>4&3]
}

// sack adds blocks that acknowledge, repeat, or lie.
func (e *Endpoint) sack(p *tcpstate.Options, kind uint8) {
	una, nxt := e.ackBases()[1], e.ackBases()[0]
	block := func(from tcpstate.Seq, off, n int32) {
		p.Set |= tcpstate.OptSACK
		start := from + tcpstate.Seq(off)
		p.SACK[p.NSACK] = tcpstate.Range{Start: start, End: start + tcpstate.Seq(n)}
		p.NSACK++
	}
	switch kind {
	case 1:
		block(una, 1000, 1000)
	case 2: // all but the first octet
		block(una, 1, int32(nxt-una)-1)
	case 3:
		block(una, 3000, 1000)
		block(una, 1000, 1000)
	case 4: // D-SACK
		block(una, -1000, 1000)
		block(una, 1460, 1460)
	case 5: // D-SACK within the second block
		block(una, 1000, 100)
		block(una, 1000, 2000)
	case 6: // upside down, and of what was never sent
		block(una, 1000, -1000)
		block(nxt, 1, 1000)
	case 7:
		for i := range int32(tcpstate.MaxSACK) {
			block(una, 2000*i+100, 1000)
		}
	}
}

// icmp chooses among the errors that a router or the peer's host may report.
func (e *Endpoint) icmp(o Op, in *tcpstate.Input) {
	in.Seg.Seq = e.ackBases()[o.Seq&3] + tcpstate.Seq(choose(offsets, o.Seq>>2))
	in.Kind, in.Err, in.Hard = tcpstate.Unreachable, tcpstate.EHOSTUNREACH, o.Flags&1 != 0
	if o.Flags&2 != 0 {
		in.Kind, in.Hard, in.N = tcpstate.TooBig, false, []uint32{1280, 576, 68, 1500, 0, 9000, 296, 1006}[o.Len&7]
	}
}

// setting is a socket option with the values that a caller may have checked.
type setting struct {
	opt    tcpstate.Option
	values []uint32
}

func (s setting) with(i uint8) (tcpstate.Option, uint32) { return s.opt, choose(s.values, i) }

var settings = []setting{
	{tcpstate.NoDelay, []uint32{1, 0}},
	{tcpstate.Cork, []uint32{1, 0}},
	{tcpstate.QuickAck, []uint32{1, 0, 2}},
	{tcpstate.KeepAlive, []uint32{1, 0}},
	{tcpstate.KeepIdle, []uint32{1, 60, 32767}},
	{tcpstate.KeepIntvl, []uint32{1, 75, 32767}},
	{tcpstate.KeepCnt, []uint32{1, 9, 127}},
	{tcpstate.SynCnt, []uint32{1, 6, 127}},
	{tcpstate.UserTimeout, []uint32{0, 1, 1000, 100000, 1<<31 - 1}},
	{tcpstate.Linger2, []uint32{0, 1, 1<<32 - 1, 60, 120, 100000}},
	{tcpstate.UserMSS, []uint32{88, 0, 1460, 32767}},
	{tcpstate.WindowClamp, []uint32{0, 1, 3000, 65535, 1 << 30}},
	{tcpstate.RcvBuf, []uint32{2304, 4096, 131072, 8 << 20}},
	{tcpstate.SndBuf, []uint32{4608, 16384, 131072, 8 << 20}},
	{tcpstate.RcvLowat, []uint32{1, 0, 1000, 100000, 1<<31 - 1}},
	{tcpstate.NotSentLowat, []uint32{0, 1, 1000, 1<<32 - 1}},
	{tcpstate.CongestionCtl, []uint32{uint32(tcpstate.Cubic), uint32(tcpstate.Reno)}},
	{tcpstate.OOBInline, []uint32{1, 0}},
	{tcpstate.WritePending, []uint32{1, 0}},
	{tcpstate.Accepted, []uint32{1, 0}},
	{tcpstate.FastAgain, []uint32{1, 0}},
	{tcpstate.DeferAck, []uint32{1, 0}},
	{tcpstate.BufLocks, []uint32{0, uint32(tcpstate.LockRcvBuf), uint32(tcpstate.LockSndBuf), uint32(tcpstate.LockRcvBuf | tcpstate.LockSndBuf)}},
	{tcpstate.ThinLTO, []uint32{1, 0}},
	{tcpstate.RTOMaxMs, []uint32{1000, 2000, 120000}},
	{tcpstate.RTOMinUs, []uint32{8000, 40000, 200000}},
	{tcpstate.DelackMaxUs, []uint32{8000, 40000, 200000}},
}
