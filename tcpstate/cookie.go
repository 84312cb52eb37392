package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// SYN cookies (RFC 4987 section 3.6): the initial sequence number keeps what a
// request would, so that a flood of SYNs costs nothing. Linux's layout: a hash
// of the flow, the peer's number, the minute in the upper 8 bits, and in the
// lower 24 a hash of flow and minute plus the index of the peer's MSS.

const (
	cookieBits   = 24
	cookieMask   = 1<<cookieBits - 1
	cookieMaxAge = 2 // minutes (MAX_SYNCOOKIE_AGE)

	cookieMaxAge24 = 4 // of 2.4 (COUNTER_TRIES)
)

// The MSS that a cookie can keep, least first (msstab of syncookies.c, IPv4 and IPv6).
var (
	cookieMSS4 = [...]uint16{536, 1300, 1440, 1460}
	cookieMSS6 = [...]uint16{1280 - 60, 1480 - 60, 1500 - 60, 9000 - 60}
)

// cookieMSS24 is the table of 2.4.
var cookieMSS24 = [...]uint16{64, 256, 512, 536, 1024, 1440, 1460, 4312}

func (p *Params) cookieMSS() []uint16 {
	switch {
	case p.cfg().Requests.PlainCookies:
		return cookieMSS24[:]
	case p.IPv6:
		return cookieMSS6[:]
	}
	return cookieMSS4[:]
}

// cookieAge is for how many periods a cookie is good.
func (p *Params) cookieAge() uint32 {
	if p.cfg().Requests.PlainCookies {
		return cookieMaxAge24
	}
	return cookieMaxAge
}

// AnswerCookie answers a SYN with a cookie and keeps nothing. key is a keyed
// hash of the flow's addresses and ports, the same for its later ACK. Without
// timestamps there is nowhere to keep window scale, SACK and ECN, so they are
// not offered (tcp_conn_request, want_cookie).
func (l *Listener) AnswerCookie(key uint64, in Input, out []Output) []Output {
	syn := in.Seg
	if l.cfg().Requests.PlainCookies {
		syn.Opts.Set &^= OptTS
	}
	if !syn.Opts.Has(OptTS) || l.cfg().Timestamps == 0 {
		syn.Opts.Set &^= OptWScale | OptSACKOK
		syn.Flags &^= ECE | CWR
	}
	r := Request{IRS: syn.Seq, MSS: l.defaultPeerMSS(), AdvMSS: l.advMSS(), TSOffset: l.TSOffset, ECNRcv: syn.ECN}
	r.agree(l, &syn)
	table := l.cookieMSS()
	i := len(table) - 1
	for i > 0 && r.MSS < table[i] {
		i--
	}
	r.ISS = makeCookie(key, syn.Seq, cookieTime(in.Now), uint32(i))
	r.openWindow(l)
	out = r.emitSynAck(in.Now, r.AdvMSS, &SynAckReply{}, rule.SynCookie, out)
	if r.TSOK {
		o := &out[len(out)-1].Seg.Opts
		o.TSVal = r.cookieStamp(in.Now)
	}
	return out
}

// CookieRequest recovers the request from the ACK that completes the handshake.
// valid tells whether a cookie of ours is acknowledged, ok whether the options
// in its timestamp can be ours as well (cookie_v4_check).
func (l *Listener) CookieRequest(key uint64, in Input) (r Request, valid, ok bool) {
	ack := &in.Seg
	if !ack.Flags.Has(ACK) || ack.Flags.Has(RST) {
		return Request{}, false, false
	}
	irs := ack.Seq.Sub(1)
	i, valid := l.readCookie(key, ack.Ack.Sub(1), irs, cookieTime(in.Now))
	if !valid {
		return Request{}, false, false
	}
	r = Request{IRS: irs, ISS: ack.Ack.Sub(1), MSS: l.cookieMSS()[i], AdvMSS: l.advMSS(), TSOffset: l.TSOffset}
	if !r.recallStamp(l, ack) {
		return Request{}, true, false
	}
	// Linux counts the window anew, in segments of the peer's size instead of ours.
	r.openWindowIn(l, uint32(r.MSS))
	return r, true, true
}

func cookieTime(now Time) uint32 { return uint32(Duration(now) / Minute) }

func cookieHash(key uint64, count uint32) uint32 {
	var h queue.Hash
	h.U64(key)
	h.U32(count)
	return uint32(h.Sum() >> 32)
}

func makeCookie(key uint64, irs Seq, minute, data uint32) Seq {
	return Seq(cookieHash(key, ^uint32(0)) + uint32(irs) + minute<<cookieBits +
		(cookieHash(key, minute)+data)&cookieMask)
}

// readCookie takes the layers off again (check_tcp_syn_cookie).
func (p *Params) readCookie(key uint64, cookie, irs Seq, minute uint32) (data uint32, ok bool) {
	v := uint32(cookie) - cookieHash(key, ^uint32(0)) - uint32(irs)
	age := (minute - v>>cookieBits) & 0xff
	if age >= p.cookieAge() {
		return 0, false
	}
	data = (v - cookieHash(key, minute-age)) & cookieMask
	return data, data < uint32(len(p.cookieMSS()))
}

// The lowest bits of the SYN-ACK's timestamp keep the other options: four of
// window scale (15 for none), SACK, ECN (cookie_init_timestamp).
const (
	stampBits   = 6
	stampNoScal = 15
	stampSACK   = 1 << 4
	stampECN    = 1 << 5
)

// cookieStamp is a timestamp that is not later than now and keeps the options.
func (r *Request) cookieStamp(now Time) uint32 {
	v := uint32(stampNoScal)
	if r.WScaleOK {
		v = uint32(r.SndWScale)
	}
	if r.SACKOK {
		v |= stampSACK
	}
	if r.ECNOK {
		v |= stampECN
	}
	clock := tsClock(now)
	ts := clock>>stampBits<<stampBits | v
	if ts > clock {
		ts -= 1 << stampBits
	}
	return ts + r.TSOffset
}

// recallStamp reads the options back from the echo (cookie_timestamp_decode);
// false when they cannot be ours.
func (r *Request) recallStamp(l *Listener, ack *Segment) bool {
	if !ack.Opts.Has(OptTS) || l.cfg().Timestamps == 0 || l.cfg().Requests.PlainCookies {
		return true // no timestamp was seen, so none was sent
	}
	v := ack.Opts.TSEcr - r.TSOffset
	if ack.Opts.TSEcr == 0 {
		v, r.TSOffset = 0, 0 // an echo of none is read as it is
	}
	r.TSOK, r.TSRecent = true, ack.Opts.TSVal
	r.SACKOK, r.ECNOK = v&stampSACK != 0, v&stampECN != 0 && l.cfg().ECN != 0 // cookie_ecn_ok asks once more
	if r.SACKOK && !l.cfg().SACK {
		return false
	}
	if scale := uint8(v & 15); scale != stampNoScal {
		r.WScaleOK, r.SndWScale = true, scale
		return l.cfg().WindowScaling
	}
	return true
}
