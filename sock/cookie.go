package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// cookieAge is how long after the last cookie was sent ACKs are looked at for
// one (TCP_SYNCOOKIE_VALID): two periods of a minute.
const cookieAge = 2 * tcpstate.Minute

// cookieKey is what ties cookies and their timestamps to a flow: a hash under
// the host's secret.
func (h *Host) cookieKey(f flow) uint64 {
	var k queue.Hash
	k.U64(h.secret)
	for _, a := range [...]netip.AddrPort{f.local, f.remote} {
		b := a.Addr().As16()
		k.Bytes(b[:])
		k.U32(uint32(a.Port()))
	}
	return k.Sum()
}

// sendCookie answers a SYN without keeping a request (tcp_conn_request,
// cookie_init_sequence).
func (h *Host) sendCookie(s *sock, f flow, lp *tcpstate.Listener, in tcpstate.Input) {
	h.count[MibSyncookiesSent]++
	s.lst.cookieSent = h.now
	key := h.cookieKey(f)
	lp.TSOffset = uint32(key)
	h.req = lp.AnswerCookie(key, in, h.req[:0])
	h.followRequest(s, f, h.req)
}

// acceptCookie makes the connection whose cookie the segment acknowledges, and
// reports whether the segment was that (tcp_v4_cookie_check). A cookie finds no
// room either while the accept queue is full.
func (h *Host) acceptCookie(s *sock, p *Packet) bool {
	mode := h.sysctl.get(ctlSyncookies)
	if mode == 0 || !p.Seg.Flags.Has(tcpstate.ACK) || p.Seg.Flags.Has(tcpstate.SYN|tcpstate.RST) {
		return false
	}
	if sent := s.lst.cookieSent; sent == 0 || h.now.Sub(sent) > cookieAge {
		return false
	}
	f := flow{netip.AddrPortFrom(p.Dst, p.DstPort), netip.AddrPortFrom(p.Src, p.SrcPort)}
	key := h.cookieKey(f)
	lp := h.listenParams(s, f)
	lp.TSOffset = uint32(key)
	r, valid, ok := lp.CookieRequest(key, tcpstate.Input{Now: h.now, Seg: p.Seg})
	if !valid {
		h.count[MibSyncookiesFailed]++
		return false
	}
	h.count[MibSyncookiesRecv]++
	if !ok {
		return false
	}
	if s.lst.acceptFull() {
		h.count[MibListenOverflows]++
		h.dropSyn(s, rule.ListenOverflow)
		return true
	}
	if h.requests.byFlow.Get(f) != nil {
		// A newer request has the name: the connection is made, and let go of
		// (inet_ehash_nolisten: found_dup_sk).
		h.count[MibPassiveOpens]++
		h.emit(Dropped, rule.CookieAccepted, s.id)
		return true
	}
	h.emit(Noted, rule.CookieAccepted, s.id)
	h.promote(s, f, r, &lp, p)
	return true
}
