package fuzz

import (
	"encoding/binary"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/fuzz/story"
)

// mostOps bounds a run of an endpoint.
const mostOps = 200

// randomConn mutates a seed of FuzzConn here and there, so that most runs get far.
func randomConn(r *rand.Rand) []byte {
	seeds := allConnSeeds()
	in := seeds[r.IntN(len(seeds))].bytes()
	for range r.IntN(6) {
		in[r.IntN(len(in))] = byte(r.Uint32())
	}
	for range r.IntN(20) {
		o := Op{OpKind(r.IntN(int(numOps))), 0, 0, 0, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.IntN(9))}
		if r.IntN(3) == 0 {
			o.Seq, o.Ack, o.Flags = byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())
		}
		if r.IntN(2) == 0 {
			o.Kind = OpSegment
		}
		in = append(in, Bytes([]Op{o})...)
	}
	return in
}

// randomPair is any pair, mostly one that writes: runs that end early show little.
func randomPair(r *rand.Rand) []byte {
	in := make([]byte, pairHeader+pairOpSize*r.IntN(60))
	for i := range in {
		in[i] = byte(r.Uint32())
	}
	for i := pairHeader; i < len(in); i += pairOpSize {
		if kind := in[i] & 0x7F % numPairOps; (kind == pairClose || kind == pairAbort) && r.IntN(8) > 0 {
			in[i] &= 0x80
		}
		in[i+2] %= 6
	}
	return in
}

// randomHost goes on from a seed of FuzzHost.
func randomHost(r *rand.Rand) []byte {
	in := append([]byte(nil), fuzzHostSeeds[r.IntN(len(fuzzHostSeeds))]...)
	for range r.IntN(40) {
		o := make([]byte, opSize)
		for i := range o {
			o[i] = byte(r.Uint32()) >> r.IntN(8)
		}
		o[7] %= 9
		in = append(in, o...)
	}
	return in
}

// Lists are random inputs of the fuzz targets as lists for a campaign: what was done to the endpoint, to one end of the pair, or to
// the host, so that other stacks can be asked whether they do the same. Those of holes are of a connection whose data comes out of order.
func Lists() []campaign.Lists {
	return []campaign.Lists{
		{Name: "FuzzConn", Draw: func(t *rapid.T) campaign.List { return list(t, tellConn) }},
		{Name: "FuzzPair", Draw: func(t *rapid.T) campaign.List { return list(t, tellPair) }},
		{Name: "FuzzHost", Draw: func(t *rapid.T) campaign.List { return list(t, tellHost) }},
		{Name: "Holes", Draw: func(t *rapid.T) campaign.List { return list(t, tellHoles) }},
	}
}

// list is the list of one random input. rapid prefers small numbers, of which there are few: the octets of several become one that is
// seldom drawn twice.
func list(t *rapid.T, tell func(*rand.Rand, *story.Story)) campaign.List {
	b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "input")
	var s story.Story
	tell(rand.New(rand.NewPCG(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))), &s)
	return s.List()
}

// What breaks a law is the fuzz targets' to find: the list ends there.

func tellConn(r *rand.Rand, s *story.Story) {
	setup, rest := ReadSetup(randomConn(r))
	e := NewEndpoint(setup, &Coverage{})
	e.single = true
	e.tell(s)
	for _, o := range Ops(rest, mostOps) {
		if e.Do(o) != nil {
			return
		}
	}
}

func tellPair(r *rand.Rand, s *story.Story) {
	p, ops := NewPair(randomPair(r), nil)
	for _, side := range p.side {
		side.single = true
	}
	p.side[r.IntN(len(p.side))].tell(s)
	_ = p.run(ops)
}

func tellHost(r *rand.Rand, s *story.Story) {
	in := randomHost(r)
	h := NewHostRun(in[0])
	h.twins = false
	h.tell(in[0], s)
	for _, o := range Ops(in[1:], mostHostOps) {
		if h.timed(o) != nil {
			return
		}
	}
}
