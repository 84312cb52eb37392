package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// Which path of several a packet takes follows from a hash that its socket draws
// (sk_txhash), and that shows on the wire as IPv6's flow label (RFC 6438). When
// the path seems to fail, another hash is drawn.

// nextTxHash draws the hash that comes after old for a flow: never 0, which means
// none (net_tx_rndhash).
func (h *Host) nextTxHash(f flow, old uint32) uint32 {
	var k queue.Hash
	k.U64(h.secret)
	f.fingerprint(&k)
	k.U32(old)
	return max(uint32(k.Sum()>>32), 1)
}

// setTxHash gives what the socket sends from now on a hash of its own
// (sk_set_txhash).
func (h *Host) setTxHash(s *sock) { s.txHash = h.nextTxHash(s.flow(), s.txHash) }

// rethink moves the socket to another path, if it has one and may, and reports
// whether it did (sk_rethink_txhash).
func (h *Host) rethink(s *sock) bool {
	if s.txHash == 0 || s.opt.txRehash != 1 {
		return false
	}
	h.setTxHash(s)
	return true
}

// rehashConn does what a connection asks for whose path seems to lose packets.
func (h *Host) rehashConn(s *sock, why rule.ID) {
	if !h.rethink(s) {
		return
	}
	h.emit(Noted, why, s.id)
	if why == rule.RehashDuplicate {
		h.count[MibTCPDuplicateDataRehash]++
		return
	}
	h.count[MibTCPTimeoutRehash]++
	s.rehashed++
}

// labelAnswer gives the answer of a request its flow label. A SYN-ACK moves to
// another path each time that it goes again (tcp_rtx_synack); a cookie's is its own,
// and a RST is the listener's (tcp_check_req). The rest is sent for nobody
// (tcp_v6_send_response).
func (h *Host) labelAnswer(s *sock, f flow, p *Packet, why rule.ID) {
	if p.Seg.Flags.Has(tcpstate.RST) {
		h.putLabel(nil, p, 0, s.txHash)
		return
	}
	r := h.requests.byFlow.Get(f)
	switch {
	case r == nil:
		h.putLabel(s, p, 0, h.nextTxHash(f, 0))
		return
	case !p.Seg.Flags.Has(tcpstate.SYN):
		h.putLabel(nil, p, 0, r.txHash)
		return
	case resends(s, &p.Seg, why):
		r.txHash = h.nextTxHash(f, r.txHash)
	}
	h.putLabel(s, p, r.label, r.txHash)
}

// resends reports that a segment is a SYN-ACK that goes again, by another path.
func resends(s *sock, seg *tcpstate.Segment, why rule.ID) bool {
	return seg.Flags.Has(tcpstate.SYN) && (why == rule.SynAckAgain || why == rule.SynAgain) && s.opt.txRehash == 1
}

// labelConn gives a segment of a connection its flow label. What is not sent as
// the socket's own heeds no option.
func (h *Host) labelConn(s *sock, p *Packet, o *tcpstate.Output) {
	hash, by := s.txHash, s
	switch {
	case resends(s, &p.Seg, o.Why):
		s.reqHash = h.nextTxHash(s.flow(), s.reqHash)
		hash = s.reqHash
	case o.N != tcpstate.AsSocket:
		by = nil
	}
	h.putLabel(by, p, s.flowLabel, hash)
}

// replies is the label that a socket's answer to a packet has: the packet's own,
// if labels were reflected when the socket was made (REPFLOW).
func (s *sock) replies(p *Packet) uint32 {
	if s.repFlow {
		return p.Flow
	}
	return 0
}

// Values of sysctl net.ipv6.auto_flowlabels (IP6_AUTO_FLOW_LABEL_*).
const (
	autoLabelsOff    = 0
	autoLabelsOptOut = 1
	autoLabelsForced = 3
)

// flowLabelStateless is the bit that labels have which no one has leased
// (IPV6_FLOWLABEL_STATELESS_FLAG).
const flowLabelStateless = 0x80000

// autoLabels reports whether the socket wants flow labels, s is nil for what the
// host sends itself (ip6_autoflowlabel).
func (h *Host) autoLabels(s *sock) bool {
	if s != nil && s.opt.autoLabelSet {
		return s.opt.autoFlowLabel
	}
	mode := h.sysctl.get(ctlAutoFlowlabels)
	return mode == autoLabelsOptOut || mode == autoLabelsForced
}

// putLabel gives a packet of IPv6 its flow label: own, if that is not 0, else one
// made from the hash, or for want of one from the packet's flow
// (ip6_make_flowlabel).
func (h *Host) putLabel(s *sock, p *Packet, own, hash uint32) {
	mode := h.sysctl.get(ctlAutoFlowlabels)
	switch {
	case !p.IPv6():
		return
	case own != 0:
		p.Flow = own
		return
	case mode == autoLabelsOff, mode != autoLabelsForced && !h.autoLabels(s):
		p.Flow = 0
		return
	case hash == 0:
		hash = h.flowHash(p)
	}
	p.Flow = hash & 0xfffff
	if h.sysctl.on(ctlFlowlabelStateRanges) {
		p.Flow |= flowLabelStateless
	}
}

// flowHash is the hash of a packet that no connected socket sends: of its
// addresses, protocol and ports (skb_get_hash_flowi6).
func (h *Host) flowHash(p *Packet) uint32 {
	ports := [2]uint16{p.SrcPort, p.DstPort}
	if p.Proto == ProtoICMPv6 {
		ports = [2]uint16{uint16(p.ICMP.Type), uint16(p.ICMP.Code)}
	}
	return h.nextTxHash(flow{netip.AddrPortFrom(p.Src, ports[0]), netip.AddrPortFrom(p.Dst, ports[1])}, uint32(p.Proto))
}

// Bits of sysctl net.ipv6.flowlabel_reflect (FLOWLABEL_REFLECT_*).
const (
	reflectEstablished = 1
	reflectReset       = 2
	reflectEcho        = 4
)

// reflected is the label of a packet, where answers to packets of its kind have
// their label.
func (h *Host) reflected(p *Packet, bit int64) uint32 {
	if h.sysctl.get(ctlFlowlabelReflect)&bit != 0 {
		return p.Flow
	}
	return 0
}
