package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/tcpstate"
)

// backlog are the packets that wait for a call to let go of its connection (sk_backlog): what is sent to the connection while the call
// has it locked arrives as the call ends, and takes room of its window until the last of it is dealt with.
type backlog struct {
	of     sockID
	locked bool // else nothing waits, and of means nothing
	octets uint32
}

// bareTruesize is what a packet without data costs, octets.
const bareTruesize = 832

// holds reports whether something waits for the connection, or did and is being dealt with.
func (b *backlog) holds(s *sock) bool { return b.octets > 0 && b.of == s.id }

// waitsFor has a packet that by sends to ourselves wait if it is for the connection whose call is under way, or was until what waits
// is dealt with.
func (h *Host) waitsFor(p *Packet, by sockID) {
	if h.caller != noCaller {
		h.backlog.of, h.backlog.locked = by, true // a close has no socket by now
		if t := h.findThread(Thread(h.caller)); t != nil && t.sock != noSock {
			h.backlog.of = t.sock
		}
	}
	if s := h.sockAt(h.backlog.of); h.backlog.locked && s != nil && s.awaits(p) {
		h.backlog.octets += uint32(max(p.truesize, bareTruesize))
	}
}

// awaits reports whether a segment is for the connection.
func (s *sock) awaits(p *Packet) bool {
	return s.conn != nil && !s.frozen && p.Proto == ProtoTCP && !p.Opaque &&
		s.local == p.Dst && s.sport == p.DstPort && s.remote.Addr() == p.Src && s.remote.Port() == p.SrcPort
}

// joinsNext makes an ACK that waits for the connection one with the next segment that does, if that is an ACK, too, and no older
// (tcp_add_backlog, which joins data and FIN to an ACK as well). Where somebody looks at each by itself nothing is joined: the next has
// not been looked at yet.
func (h *Host) joinsNext(s *sock, p *Packet) bool {
	if !h.backlog.holds(s) || !p.Seg.BareAck() || s.opt.filter != nil || h.hooks.Security != nil {
		return false
	}
	for i := range h.loop {
		q := &h.loop[i]
		if !s.awaits(q) {
			continue
		}
		same := q.Seg.BareAck() && q.Seg.Seq == p.Seg.Seq && q.Seg.Opts == p.Seg.Opts && q.TOS == p.TOS && q.TTL == p.TTL && q.Seg.ECN == p.Seg.ECN &&
			(q.Seg.Flags^p.Seg.Flags)&(tcpstate.ECE|tcpstate.CWR) == 0
		if same = same && p.Seg.Ack.LessEq(q.Seg.Ack); same {
			q.Seg.Joined += p.Seg.Joined + 1
			h.backlog.octets -= min(h.backlog.octets, bareTruesize) // it costs no more
		}
		return same
	}
	return false
}

// heardOf is up to where the sender of a segment, which is on this host, too, has heard its data acknowledged; all of it, if it is gone.
func (h *Host) heardOf(p *Packet) tcpstate.Seq {
	id, ok := h.flows[flow{netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort)}]
	if s := h.sockAt(id); ok && s != nil && s.conn != nil && !s.frozen {
		return s.conn.SndUna()
	}
	return p.Seg.End()
}

// releaseBacklog has the call let go of the connection, for which nothing waits any more (release_sock).
func (h *Host) releaseBacklog() {
	b := h.backlog
	h.backlog = backlog{}
	if s := h.sockAt(b.of); b.octets > 0 && s != nil {
		h.step(s, tcpstate.Input{Kind: tcpstate.Release})
	}
}
