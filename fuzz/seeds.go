package fuzz

import (
	"slices"

	"github.com/sockspec/sockspec/tcpstate"
)

// seed is a run that reaches something on purpose.
type seed struct {
	name  string
	setup [setupSize]byte
	ops   []Op
}

func (s seed) bytes() []byte { return append(s.setup[:len(s.setup):len(s.setup)], Bytes(s.ops)...) }

// seg is a segment in its place: at RCV.NXT, acknowledging all that was sent.
func seg(flags tcpstate.Flags, change ...func(*Op)) Op {
	i := slices.Index(SegmentFlags, flags)
	if i < 0 {
		panic("flags that no op can choose: " + flags.String())
	}
	o := Op{Kind: OpSegment, Flags: byte(i), Opts: 1, Gap: 5}
	for _, f := range change {
		f(&o)
	}
	return o
}

// at moves SEG.SEQ: base and offset are indices into seqBases and offsets.
func at(base, off byte) func(*Op)   { return func(o *Op) { o.Seq = off<<2 | base } }
func acks(base, off byte) func(*Op) { return func(o *Op) { o.Ack = off<<2 | base } }
func length(i byte) func(*Op)       { return func(o *Op) { o.Len = i } }
func window(i byte) func(*Op)       { return func(o *Op) { o.Wnd = i } }
func opts(b byte) func(*Op)         { return func(o *Op) { o.Opts = b } }
func after(i byte) func(*Op)        { return func(o *Op) { o.Gap = i } }
func op(k OpKind, n ...byte) Op {
	return Op{Kind: k, Flags: slices.Concat(n, []byte{0, 0})[0], Len: slices.Concat(n, []byte{0, 0})[1]}
}
func times(n int, os ...Op) []Op  { return slices.Repeat(os, n) }
func then(parts ...[]Op) []Op     { return slices.Concat(parts...) }
func icmp(what, seq, val byte) Op { return Op{Kind: OpICMP, Flags: what, Seq: seq, Len: val} }
func send(i byte) Op              { return op(OpSend, 0, i) }
func set(i, v byte) Op            { return op(OpSet, i, v) }

const (
	synOpts = 1 | 4 | 8 | 1<<4 | 1<<6 // timestamp, SACK-permitted, MSS 1460, scale 7
	k1000   = 3                       // index of 1000 octets in lengths
)

var (
	syn, fin, rst = tcpstate.SYN, tcpstate.FIN, tcpstate.RST
	psh, urg      = tcpstate.PSH, tcpstate.URG
	ece, cwr      = tcpstate.ECE, tcpstate.CWR
	active        = []Op{op(OpOpen), seg(syn|ack, opts(synOpts))}
	passive       = []Op{seg(syn, opts(synOpts)), seg(ack)}
	data          = seg(ack|psh, length(k1000))
	bare          = seg(ack)
	finAck        = seg(ack | fin)
	closing       = op(OpClose)
	expire        = op(OpExpire)
	read          = op(OpReceive)
	listening     = [setupSize]byte{1}
	small         = [setupSize]byte{128 | 1<<2} // least buffers, no timestamps
	plain         = [setupSize]byte{7 << 2}
)
