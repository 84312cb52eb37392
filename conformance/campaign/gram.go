package campaign

import (
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// flow is where a datagram of the stack's came from and went, or whose echo it asked for.
type flow struct {
	proto  uint8
	local  int // a port or an identifier, as matrix.Packet has it
	remote uint16
	v6     bool
}

// grams is the peer of sockets that are not TCP's: it knows what they sent, and so whom it can write to and what errors can be about.
type grams struct{ flows []flow }

// maxFlows bounds what the peer remembers.
const maxFlows = 16

// hear notes what the stack sent, but for its errors: they name no port.
func (g *grams) hear(seen []matrix.Seen) {
	for _, s := range seen {
		if s.Proto != sock.ProtoTCP && (s.Local != 0 || s.Remote != 0) && len(g.flows) < maxFlows {
			g.flows = append(g.flows, flow{s.Proto, s.Local, s.Remote, s.Dst.Is6()})
		}
	}
}

// draw draws a packet for a socket of the kind, mostly for a port that it may have: a datagram, or an error about one.
func (g *grams) draw(t *rapid.T, k *matrix.Kind) matrix.Step {
	f := flow{proto: k.WireProto(), local: rapid.SampledFrom([]int{8080, 8080, 8081}).Draw(t, "local port"), v6: k.Local.Is6(),
		remote: rapid.SampledFrom([]uint16{firstServe, firstServe, firstServe + 1, 8080}).Draw(t, "remote port")}
	if len(g.flows) > 0 && rapid.Bool().Draw(t, "known") {
		f = rapid.SampledFrom(g.flows).Draw(t, "flow")
	}
	end := ends[0]
	if f.v6 {
		end = ends[1]
	}
	q := matrix.Packet{Proto: f.proto, Remote: f.remote, Local: f.local, Src: end[0], Dst: end[1]}
	if rapid.IntRange(0, 2).Draw(t, "error") == 0 {
		f.failure(t, &q)
		return matrix.Step{Packet: &q}
	}
	q.Seq, q.Len = 1, rapid.SampledFrom([]int{0, 1, 5, 100, 1400}).Draw(t, "octets")
	switch f.proto {
	case sock.ProtoICMP:
		q.Type = rapid.SampledFrom([]uint8{sock.ICMPEchoReply, sock.ICMPEchoReply, sock.ICMPEcho, icmpTimestamp}).Draw(t, "type")
	case sock.ProtoICMPv6:
		q.Type = rapid.SampledFrom([]uint8{echoReply6, echoReply6, echoRequest6}).Draw(t, "type")
	}
	return matrix.Step{Packet: &q}
}

// Messages that quote nothing.
const (
	icmpTimestamp = 13
	echoRequest6  = 128
	echoReply6    = 129
)

// message is an ICMP error: its type and highest code.
type message struct{ typ, codes uint8 }

var (
	errors4 = []message{{sock.ICMPDestUnreach, 3}, {sock.ICMPDestUnreach, 3}, {sock.ICMPDestUnreach, 15}, {sock.ICMPTimeExceeded, 1},
		{sock.ICMPParameterProb, 2}, {sock.ICMPSourceQuench, 0}}
	errors6 = []message{{sock.ICMPv6DestUnreach, 4}, {sock.ICMPv6DestUnreach, 7}, {sock.ICMPv6PacketTooBig, 0}, {sock.ICMPv6TimeExceeded, 1},
		{sock.ICMPv6ParamProb, 2}}
)

// failure makes the packet an error about what the flow sent.
func (f *flow) failure(t *rapid.T, q *matrix.Packet) {
	q.QuoteProto, q.Echo = f.proto, f.proto != sock.ProtoUDP
	list := errors4
	q.Proto = sock.ProtoICMP
	if f.v6 {
		list, q.Proto = errors6, sock.ProtoICMPv6
	}
	m := rapid.SampledFrom(list).Draw(t, "type")
	q.Type, q.Code = m.typ, rapid.Uint8Range(0, m.codes).Draw(t, "code")
	if f.v6 && q.Type == sock.ICMPv6PacketTooBig || !f.v6 && q.Type == sock.ICMPDestUnreach && q.Code == sock.ICMPFragNeeded {
		q.MTU = rapid.SampledFrom([]uint32{1400, 1300, 1000}).Draw(t, "MTU")
	}
}
