package tcpstate

import "github.com/sockspec/sockspec/tcpstate/rule"

// fastOpen is what TCP Fast Open (RFC 7413) adds to a connection. One that has
// nothing to do with it has none.
type fastOpen struct {
	flags fastFlags
	fail  FastFailure
	// pending: the connection was made by a SYN whose SYN-ACK nobody has
	// acknowledged yet. req is its request (fastopen_rsk).
	pending bool
	req     Request
	cookie  FastCookie // to go with the SYN, with fastOffer
}

// fastFlags are the bits that Linux keeps in struct tcp_sock.
type fastFlags uint8

const (
	fastDefer     fastFlags = 1 << iota // connect waits for data to go with the SYN (DEFER_CONNECT)
	fastOffer                           // the next SYN carries the option; retransmissions do only with fastAgain
	fastOption                          // our SYN carried it (syn_fastopen)
	fastExp                             // in its experimental form (syn_fastopen_exp)
	fastData                            // our SYN carried data (syn_data)
	fastDataAcked                       // data in a SYN, ours or the peer's, was taken (syn_data_acked)
	fastChild                           // made by the peer's SYN (syn_fastopen_child)
	fastAgain                           // SYNs that are sent again ask for a cookie: another send waits (fastopen_req)
)

// FastFailure says why data in our SYN did not get through, as
// tcpi_fastopen_client_fail has it.
type FastFailure uint8

// The failures.
const (
	FastNoCookie         FastFailure = 1 + iota // there was none to send (TFO_COOKIE_UNAVAILABLE)
	FastDataNotAcked                            // the SYN-ACK left it out (TFO_DATA_NOT_ACKED)
	FastSynRetransmitted                        // so it did, after a time-out (TFO_SYN_RETRANSMITTED)
)

// FastMode is how an Open takes part in Fast Open.
type FastMode uint8

// The modes.
const (
	FastNot FastMode = iota // a SYN as ever
	// FastDeferred: no SYN yet. A later Open sends it (TCP_FASTOPEN_CONNECT).
	FastDeferred
	// FastAsk: the SYN carries no data, and the option if Seg.Opts has it.
	FastAsk
	// FastSend: the SYN carries data as well, up to N octets.
	FastSend
)

// setFastAgain is the option FastAgain.
func (c *Conn) setFastAgain(on bool) {
	switch {
	case on && c.fo == nil:
		c.fo = &fastOpen{flags: fastAgain}
	case on:
		c.fo.flags |= fastAgain
	case c.fo != nil:
		c.fo.flags &^= fastAgain
	}
}

// AsksAgain reports the option FastAgain.
func (c *Conn) AsksAgain() bool { return c.fast(fastAgain) }

// fast reports whether any of the bits is set.
func (c *Conn) fast(f fastFlags) bool { return c.fo != nil && c.fo.flags&f != 0 }

// openFast prepares the part that an Open takes in Fast Open, and reports
// whether data may go with the SYN (tcp_send_syn_data up to its fallback).
func (c *Conn) openFast(in *Input) bool {
	if in.Fast == FastNot {
		c.fo = nil
		return false
	}
	c.fo = &fastOpen{}
	if o := &in.Seg.Opts; o.Has(OptFastOpen) {
		c.fo.flags |= fastOffer
		c.fo.cookie = o.Cookie
	}
	c.opt.mssClamp = uint16(c.opt.advMSS) // unless the peer's is remembered
	if m := in.Seg.Opts.MSS; m != 0 {
		c.opt.mssClamp = m
	}
	if in.Fast != FastSend {
		c.fo.cookie.Len = 0
		if c.fast(fastOffer) {
			c.fo.fail = FastNoCookie
		}
		return false
	}
	if u := c.user.userMSS; u != 0 {
		c.opt.mssClamp = min(c.opt.mssClamp, u)
	}
	c.syncMSS(c.snd.mtu.octets())
	return true
}

// maxSynData is what one fragment of the socket's page holds, the most that a
// SYN carries where the path would carry more (SKB_FRAG_PAGE_ORDER).
const maxSynData = 32768

// sendSynData sends the SYN with up to n octets of data. They are queued behind
// the SYN as a segment of their own, so that a time-out sends a plain SYN again
// and the ACK of the SYN alone sends them at once (tcp_send_syn_data).
func (c *Conn) sendSynData(n uint32) {
	p := Params{Cfg: c.cfg, MTU: c.snd.mtu.octets(), IPv6: c.ipv6}
	room := max(min(p.mtuMSS(), uint32(c.opt.mssClamp)), uint32(c.cfg.MinSndMSS))
	n = min(n, room-min(room, 40), maxSynData) // room for all options that a middlebox might add
	syn := *c.q.at(0)
	c.q.list.PushBack(buffer{
		seq: c.snd.write, end: c.snd.write.Add(n), flags: PSH, true: bufOverhead + int32(n), pcount: 1, sent: c.now,
	})
	c.schedule(max(bufOverhead, int32(n)))
	c.charge(&c.snd.queued, bufOverhead+int32(n))
	c.snd.write = c.snd.write.Add(n)
	c.q.head, c.q.packetsOut = 2, 2
	if n > 0 {
		c.startChrono(chronoBusy)
		c.fo.flags |= fastData
	}
	c.tell(Sent, rule.SynData).N = n
	at := len(c.out)
	c.emit(syn.seq, n, syn.flags, 1, rule.SynData)
	c.out[at].Cost = bufOverhead + int32(n)
	c.q.at(0).sent, c.q.at(0).turn = c.now, c.q.turns.now
	c.rateSent(c.q.at(1))
}

// fastOpenOption puts the option into the first SYN, of whatever kind
// (tcp_syn_options).
func (c *Conn) fastOpenOption(o *Options) {
	f := c.fo
	switch {
	case c.fast(fastOffer):
	case c.fast(fastAgain):
		f.cookie = FastCookie{}
	default:
		return
	}
	o.Set |= OptFastOpen
	o.Cookie = f.cookie
	f.flags = f.flags&^fastOffer | fastOption
	if f.cookie.Exp {
		f.flags |= fastExp
	}
}

// fastSynAck looks what became of the attempt, tells what to remember of the
// peer, and sends data again that the SYN-ACK left out. True: it did
// (tcp_rcv_fastopen_synack).
func (c *Conn) fastSynAck(s *Segment) bool {
	if !c.fast(fastOption | fastData) {
		return false
	}
	f := c.fo
	unacked := f.flags&fastData != 0 && c.q.head > 0
	c.tellCookie(s)
	if unacked {
		f.fail = FastDataNotAcked
		if c.stat.totalRetrans > 0 {
			f.fail = FastSynRetransmitted
		}
		for i := range c.q.head {
			c.markLost(c.q.at(i))
		}
		c.tell(SynDataLost, rule.SynDataLost)
		c.retransmitUncongested(rule.SynDataLost)
		return true
	}
	if f.flags&fastData != 0 {
		f.flags |= fastDataAcked
		c.tell(SynDataAcked, rule.SynDataAcked)
		if c.stat.delivered > 1 {
			c.stat.delivered-- // one packet, though two buffers
		}
	}
	c.takeSynData(s)
	return false
}

// tellCookie tells the caller what to remember: the peer's MSS, its cookie, and
// which form of the option to try next time.
func (c *Conn) tellCookie(s *Segment) {
	o := c.tell(CookieLearned, rule.CookieLearned)
	o.Seg.Opts = Options{Set: OptMSS, MSS: c.opt.mssClamp}
	if o.Seg.Opts.MSS == c.user.userMSS {
		o.Seg.Opts.MSS = s.Opts.MSS // as the peer said, not as the user cut it
	}
	switch {
	case !c.fast(fastOption): // an unsolicited cookie
	case s.Opts.Has(OptFastOpen):
		o.Seg.Opts.Set |= OptFastOpen
		o.Seg.Opts.Cookie = s.Opts.Cookie
	case c.stat.totalRetrans > 0 || c.fast(fastData):
	case c.fast(fastExp):
		o.N = 2 // neither form worked: back to the standard's
	default:
		o.N = 1 // the experimental form next
	}
}

// takeSynData queues what a SYN or SYN-ACK carries behind it (tcp_fastopen_add_skb).
func (c *Conn) takeSynData(s *Segment) {
	end := s.End()
	if end == c.rcv.nxt {
		return
	}
	data := *s
	data.Seq, data.Flags = s.Seq.Add(1), s.Flags&^SYN
	c.stat.segsIn = 1
	if s.Len > 0 {
		c.stat.dataSegsIn++
	}
	b := c.rxBufferOf(&data)
	c.storeSegment(&data, data.Seq, b.end, rule.SynDataTaken)
	c.rq.in.PushBack(b)
	c.buy(&c.rcv.rmem, b.true)
	c.rcv.nxt = end
	c.fo.flags |= fastDataAcked
	c.stat.bytesReceived = uint64(s.Len)
	if s.Flags.Has(FIN) {
		c.finReceived()
	}
}

// fastBlackhole tells that something between here and the peer may have
// swallowed what followed a Fast Open: it is to be left alone for a while
// (tcp_fastopen_active_disable).
func (c *Conn) fastBlackhole() { c.tell(Blackholed, rule.FastBlackhole) }

// fastTimedOut looks for a blackhole at a time-out: the third in a row, or the
// last (tcp_fastopen_active_detect_blackhole).
func (c *Conn) fastTimedOut(expired bool) {
	if n := c.ca.retransmits; c.fast(fastOption|fastData|fastDataAcked) && (n == 2 || n < 2 && expired) {
		c.fastBlackhole()
		c.tell(SynDataLost, rule.FastBlackhole)
	}
}

// FastDeferred reports that the SYN waits for data to go with it.
func (c *Conn) FastDeferred() bool { return c.fast(fastDefer) }

// FastVerdict is what the end of a connection says of Fast Open on its path:
// bad when it ended with a FIN out of order and nothing else, good when data came
// (tcp_fastopen_active_disable_ofo_check).
func (c *Conn) FastVerdict() (bad, good bool) {
	if !c.fast(fastOption) {
		return false, false
	}
	if c.stat.dataSegsIn > 0 {
		return false, true
	}
	return c.rq.ooo.Len() == 1 && c.rq.ooo.At(c.rq.ooo.First()).fin, false
}
