package fuzz

import (
	"math/rand/v2"

	"github.com/sockspec/sockspec/fuzz/story"
	"github.com/sockspec/sockspec/tcpstate"
)

// tellHoles tells of a connection whose peer sends 2 to 30 segments beyond a hole, which overlap, repeat and touch, sometimes fills the
// hole, and goes on. What lies on one grid of octets touches often; what is long leaves no room behind it, or lies in pages.
func tellHoles(r *rand.Rand, s *story.Story) {
	setup := Setup{Passive: true, MTU: 1500, ISS: 1<<32 - 2, IRS: 1<<32 - 500}
	if r.IntN(2) == 0 {
		setup.Plain = 1
	}
	e := NewEndpoint(setup, &Coverage{})
	e.single = true
	e.tell(s)
	p := holePeer{e: e, clock: 1000}
	opts := tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptWScale, MSS: 1460, WScale: 7}
	p.send(tcpstate.Segment{Seq: setup.IRS, Flags: tcpstate.SYN, Wnd: 65535, Opts: opts})
	data := tcpstate.Segment{Seq: setup.IRS.Add(1), Ack: setup.ISS.Add(1), Flags: ack, Wnd: 65535}
	p.send(data)
	grid := []uint32{1, 10, 100, 500, 1000, 1460, 2016}[r.IntN(7)]
	most, span := 1+r.IntN(4), 4+r.IntN(24)
	for range 2 + r.IntN(11+r.IntN(2)*18) {
		seg := data
		seg.Seq, seg.Len = data.Seq.Add(grid*uint32(1+r.IntN(span))), grid*uint32(1+r.IntN(most))
		switch r.IntN(40) {
		case 0: // off the grid
			seg.Seq, seg.Len = seg.Seq.Add(uint32(r.IntN(int(grid)))), seg.Len+uint32(r.IntN(200))
		case 1: // the hole is filled, or a part of it
			seg.Seq = data.Seq
			data.Seq = data.Seq.Add(seg.Len)
		case 2:
			seg.Flags |= tcpstate.PSH
		}
		p.send(seg)
	}
}

// holePeer sends what tellHoles tells.
type holePeer struct {
	e     *Endpoint
	clock uint32
}

// send sends a segment, with a time stamp if the endpoint has them, and lets a while pass.
func (p *holePeer) send(s tcpstate.Segment) {
	if p.e.setup.Plain == 0 {
		s.Opts.Set, s.Opts.TSVal, s.Opts.TSEcr = s.Opts.Set|tcpstate.OptTS, p.clock, p.e.lastTS
	}
	p.clock += 20
	if p.e.Feed(tcpstate.Input{Kind: tcpstate.SegmentArrives, Seg: s}) == nil {
		_ = p.e.Wait(20*tcpstate.Millisecond, false)
	}
}
