package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// fastHost is what a namespace keeps of Fast Open.
type fastHost struct {
	keys fastKeys // of servers' cookies
	// peers are what clients remember, oldest first (tcp_metrics).
	peers []fastPeer
	// disabled counts the times in a row that a path looked like a blackhole,
	// the latest at disabledAt (tfo_active_disable_times).
	disabled   uint32
	disabledAt Time
	// offer is what the user gives to go with a SYN, during one input only.
	offer []byte
	fault bool // and can't be read
}

// sockFast is what a socket keeps of an active Fast Open.
type sockFast struct {
	deferred    bool  // connect waits for data to go with the SYN (DEFER_CONNECT)
	fastReq     bool  // a Fast Open is under way, or asked for a cookie (fastopen_req)
	fastWaits   bool  // and has more to send than went with the SYN
	fastWatched bool  // the first after a while without (syn_fastopen_ch)
	fastJudged  bool  // its end has been looked at
	fastCopied  int64 // octets that went with the SYN
}

// fastPeer is what is remembered of a peer, by the pair of addresses (struct
// tcp_fastopen_metrics). Linux also counts lost SYNs, and since 4.14 heeds
// them no more.
type fastPeer struct {
	src, dst netip.Addr
	mss      uint16
	tryExp   uint8 // the form of the option to ask in: 1 experimental, once
	cookie   tcpstate.FastCookie
}

// maxFastPeers bounds what is remembered; the oldest is forgotten first.
const maxFastPeers = 1024

// fastPeer is what is remembered of the pair of addresses, nil if nothing.
func (h *Host) fastPeer(src, dst netip.Addr) *fastPeer {
	for i := range h.fast.peers {
		if p := &h.fast.peers[i]; p.src == src && p.dst == dst {
			return p
		}
	}
	return nil
}

// FlushMetrics forgets what is remembered of peers: their Fast Open cookies and
// MSS (ip tcp_metrics flush).
func (h *Host) FlushMetrics() { h.fast.peers = h.fast.peers[:0] }

// fastCookieCheck fills in what an Open needs for Fast Open, and reports whether
// data may go with the SYN: with a cookie, or where none is needed, unless paths
// look like blackholes (tcp_fastopen_cookie_check).
func (h *Host) fastCookieCheck(s *sock, in *tcpstate.Input) bool {
	o := &in.Seg.Opts
	o.Set |= tcpstate.OptFastOpen
	if p := h.fastPeer(s.source, s.remote.Addr()); p != nil {
		o.MSS, o.Cookie = p.mss, p.cookie
		if p.cookie.Len == 0 && p.tryExp == 1 {
			o.Cookie.Exp = true
		}
	}
	if h.fastDisabled(s) {
		o.Set &^= tcpstate.OptFastOpen
		return false
	}
	if s.opt.fastNoCookie || h.sysctl.get(ctlTCPFastopen)&fastClientNoCookie != 0 {
		o.Set &^= tcpstate.OptFastOpen
		return true
	}
	return o.Cookie.Len > 0
}

// fastOpenConn sends the SYN of a connect: as ever, or with what Fast Open adds;
// or puts it off until the user has data to go with it (tcp_v4_connect's end,
// tcp_fastopen_defer_connect).
func (h *Host) fastOpenConn(s *sock) {
	in := tcpstate.Input{Kind: tcpstate.Open}
	switch {
	case s.fastReq:
		h.fastSyn(s)
		return
	case s.opt.fastConnect && h.fastCookieCheck(s, &in):
		s.deferred = true
		in = tcpstate.Input{Kind: tcpstate.Open, Fast: tcpstate.FastDeferred}
	case s.opt.fastConnect:
		s.fastReq = true // so that the SYN asks for a cookie
		in.Fast = tcpstate.FastAsk
	}
	h.step(s, in)
}

// fastSyn sends the SYN with as much of the user's data as may go with it
// (tcp_connect, tcp_send_syn_data).
func (h *Host) fastSyn(s *sock) {
	in := tcpstate.Input{Kind: tcpstate.Open, Fast: tcpstate.FastAsk}
	if h.fastCookieCheck(s, &in) && !h.fast.fault {
		in.Fast, in.N = tcpstate.FastSend, uint32(len(h.fast.offer))
	}
	n, _ := h.stepWith(s, in, h.fast.offer)
	s.fastCopied = int64(n)
	s.fastWaits = in.Fast == tcpstate.FastAsk || s.fastCopied < int64(len(h.fast.offer))
}

// sendFast begins a send that opens the connection (tcp_sendmsg_fastopen).
func (h *Host) sendFast(s *sock, t *thread) outcome {
	c := &t.call
	unspec := c.AddrLen >= sizeofFamily && c.Addr.Family == AF_UNSPEC
	switch {
	case h.sysctl.get(ctlTCPFastopen)&fastClient == 0 || unspec:
		return h.sendError(s, t, EOPNOTSUPP)
	case s.fastReq:
		return h.sendError(s, t, EALREADY) // another one is under way
	}
	s.fastReq, s.fastCopied, s.fastWaits = true, 0, false
	h.fast.offer, h.fast.fault = c.Data, c.Fault&FaultData != 0 && c.Len > 0
	late := s.handshaking() && !s.deferred
	if s.deferred {
		h.fastSyn(s)
	}
	t.fast = true
	o := h.streamConnect(s, t, true)
	if late && o.park {
		s.fastWaits = true
		h.fastAgain(s, 1)
	}
	h.fast.offer, h.fast.fault = nil, false
	return h.sendFastEnd(s, t, o)
}

// fastAgain tells the machine whether a send waits that came after the SYN with another Fast Open, as one does that a signal broke and
// that is made again: SYNs ask for a cookie as long (tcp_syn_options).
func (h *Host) fastAgain(s *sock, n uint32) {
	h.step(s, tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.FastAgain, N: n})
}

// sendFastEnd goes on with the send once the connection is made, or has it
// return what went with the SYN.
func (h *Host) sendFastEnd(s *sock, t *thread, o outcome) outcome {
	if o.park {
		h.writePending(s, t, s.fastWaits)
		return o
	}
	t.fast = false
	if s.conn != nil && s.conn.AsksAgain() {
		h.fastAgain(s, 0)
	}
	if s.fastWaits {
		h.writePending(s, t, false)
	}
	if s.fastReq { // the connection is not over
		t.done = s.fastCopied
		s.fastReq, s.deferred = false, false
	}
	switch {
	case o.err == EINPROGRESS && t.done > 0:
		return done(t.done)
	case o.err != 0:
		t.done = 0
		return h.sendError(s, t, o.err)
	}
	return tcpSendAgain(h, s, t)
}

// fastNews does what the machine tells of Fast Open.
func (h *Host) fastNews(s *sock, o *tcpstate.Output) {
	switch o.Kind {
	case tcpstate.CookieLearned:
		h.fastLearn(s, o)
	case tcpstate.Blackholed:
		h.fastDisable()
	case tcpstate.RequestOver:
		h.fastOver(s, o.N != 0)
	}
}

// fastLearn remembers a peer's MSS and cookie (tcp_fastopen_cache_set).
func (h *Host) fastLearn(s *sock, o *tcpstate.Output) {
	p := h.fastPeer(s.source, s.remote.Addr())
	if p == nil {
		if len(h.fast.peers) >= maxFastPeers {
			h.fast.peers = append(h.fast.peers[:0], h.fast.peers[1:]...)
		}
		h.fast.peers = append(h.fast.peers, fastPeer{src: s.source, dst: s.remote.Addr()})
		p = &h.fast.peers[len(h.fast.peers)-1]
	}
	opts := &o.Seg.Opts
	if opts.MSS != 0 {
		p.mss = opts.MSS
	}
	if opts.Has(tcpstate.OptFastOpen) && opts.Cookie.Len > 0 {
		p.cookie = opts.Cookie
	} else if uint8(o.N) > p.tryExp && p.cookie.Len == 0 && !p.cookie.Exp {
		p.tryExp = uint8(o.N)
	}
}

// fastDisable ends active Fast Open for a while (tcp_fastopen_active_disable).
func (h *Host) fastDisable() {
	if h.sysctl.get(ctlTCPFastopenBlackhole) == 0 {
		return
	}
	h.fast.disabledAt = h.now
	h.fast.disabled++
	h.count[MibTCPFastOpenBlackhole]++
}

// fastDisabled reports that the while is not over: it doubles with each time, up
// to 64-fold. The first to try again is watched (tcp_fastopen_active_should_disable).
func (h *Host) fastDisabled(s *sock) bool {
	secs := h.sysctl.get(ctlTCPFastopenBlackhole)
	if secs == 0 || h.fast.disabled == 0 {
		return false
	}
	span := secs << min(h.fast.disabled-1, 6)
	if h.now.Sub(h.fast.disabledAt) < span*tcpstate.Second {
		return true
	}
	s.fastWatched = true
	return false
}

// fastJudge draws the conclusion from a connection that ends: what it says of
// its path (tcp_fastopen_active_disable_ofo_check).
func (h *Host) fastJudge(s *sock) {
	if s.conn == nil || s.fastJudged {
		return
	}
	s.fastJudged = true
	bad, good := s.conn.FastVerdict()
	switch {
	case bad:
		h.fastDisable()
	case good && s.fastWatched && !s.remote.Addr().IsLoopback():
		h.fast.disabled = 0
	}
}

// fastReset forgets a Fast Open under way (tcp_disconnect).
func (s *sock) fastReset() {
	s.sockFast = sockFast{fastWatched: s.fastWatched}
}

// clone copies the record.
func (f *fastHost) clone() fastHost {
	c := *f
	c.peers = append([]fastPeer(nil), f.peers...)
	c.offer = nil
	return c
}

// fingerprint feeds what later connections depend on.
func (f *fastHost) fingerprint(h *queue.Hash, now Time) {
	f.keys.fingerprint(h)
	h.U32(f.disabled)
	if f.disabled > 0 {
		h.U64(uint64(now - f.disabledAt))
	}
	for i := range f.peers {
		p := &f.peers[i]
		for _, a := range [...]netip.Addr{p.src, p.dst} {
			b := a.As16()
			h.Bytes(b[:])
		}
		h.U64(uint64(p.mss)<<32 | uint64(p.tryExp)<<8 | uint64(p.cookie.Len))
		h.Bool(p.cookie.Exp)
		h.Bytes(p.cookie.Bytes())
	}
}
