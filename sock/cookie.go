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

// cookieStep is how far the time of the last cookie may lag behind.
const cookieStep = tcpstate.Second

// cookieTime is where the time of the last cookie is kept: listeners that share
// a port have it together (tcp_synq_overflow).
func (h *Host) cookieTime(s *sock) *Time {
	if g := h.groupOf(s); g != nil && s.opt.reusePort {
		return &g.cookieSent
	}
	return &s.lst.cookieSent
}

// fingerprintCookie feeds how long ago the last cookie was sent, if it counts.
func fingerprintCookie(f *queue.Hash, sent, now Time) {
	if sent != 0 {
		f.U64(uint64(min(now.Sub(sent), cookieAge+1)))
	}
}

// cookiesOut reports whether the listener has sent a cookie lately
// (tcp_synq_no_recent_overflow). 2.4 counts an ACK of anything else as a failed
// cookie.
func (h *Host) cookiesOut(s *sock) bool {
	age := h.queueRules().CookieAge
	if age == 0 {
		age = cookieAge
	}
	if sent := *h.cookieTime(s); sent != 0 && h.now.Sub(sent) <= age {
		return true
	}
	if h.queueRules().OldCounters {
		h.count[MibSyncookiesFailed]++
	}
	return false
}

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
func (h *Host) sendCookie(s *sock, f flow, lp *tcpstate.Listener, in tcpstate.Input, tos uint8) {
	h.count[MibSyncookiesSent]++
	if at := h.cookieTime(s); *at == 0 || h.now.Sub(*at) > cookieStep || h.queueRules().CookiesSimple {
		*at = h.now
	}
	key := h.cookieKey(f)
	lp.TSOffset = uint32(key)
	h.req = lp.AnswerCookie(key, in, h.req[:0])
	h.followRequest(s, f, dscp{tos, tos}, h.req)
}

// acceptCookie makes the connection whose cookie the segment acknowledges, and
// reports whether the segment was that (tcp_v4_cookie_check). A cookie finds no
// room either while the accept queue is full.
func (h *Host) acceptCookie(s *sock, p *Packet) bool {
	mode := h.sysctl.get(ctlSyncookies)
	if mode == 0 || !p.Seg.Flags.Has(tcpstate.ACK) || p.Seg.Flags.Has(tcpstate.SYN|tcpstate.RST) {
		return false
	}
	if h.queueRules().CookiesSimple && p.IPv6() || !h.cookiesOut(s) {
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
	// The SYN's DSCP and path are forgotten (cookie_tcp_reqsk_init).
	h.promote(s, f, request{Request: r, tos: p.TOS, txHash: h.nextTxHash(f, h.nextTxHash(f, 0))}, &lp, p)
	return true
}
