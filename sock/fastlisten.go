package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// Bits of sysctl tcp_fastopen (include/net/tcp.h, TFO_*).
const (
	fastClient         = 1
	fastServer         = 2
	fastClientNoCookie = 4
	fastServerNoCookie = 0x200
	fastServerAll      = 0x400 // listeners need not ask for it
)

// fastQueue is what a listener keeps of Fast Open (struct fastopen_queue).
type fastQueue struct {
	maxQlen int32 // connections whose handshake is not over; 0 = no Fast Open (TCP_FASTOPEN)
	// qlen counts them, and those that a RST ended after they were accepted, for
	// a minute. It outlives shutdown and listen, and can be below 0 then.
	qlen int32
	keys fastKeys // the listener's own (TCP_FASTOPEN_KEY); none = the namespace's
	// resets are the ends of those minutes, oldest first (rskq_rst_head).
	resets []Time
}

// fastResetTime is how long a RST counts against max_qlen: a defence against
// SYNs with stolen cookies and a forged source.
const fastResetTime = tcpstate.Minute

// fastq is the socket's record, made when first needed.
func (s *sock) fastq() *fastQueue {
	if s.fq == nil {
		s.fq = &fastQueue{}
	}
	return s.fq
}

// tuneFast sets the listener's limit (fastopen_queue_tune).
func (h *Host) tuneFast(s *sock, n int32) {
	h.drawFastKey()
	s.fastq().maxQlen = int32(min(int64(n), h.sysctl.get(ctlSomaxconn)))
}

// fastListen readies the record of a socket that begins to listen
// (__inet_listen_sk, reqsk_queue_alloc).
func (h *Host) fastListen(s *sock, backlog int32) {
	const all = fastServer | fastServerAll
	if h.sysctl.get(ctlTCPFastopen)&all == all && s.maxFast() == 0 {
		h.tuneFast(s, backlog)
	}
	if s.fq != nil {
		s.fq.qlen, s.fq.resets = 0, nil
	}
}

// maxFast is TCP_FASTOPEN as it reads.
func (s *sock) maxFast() int32 {
	if s.fq == nil {
		return 0
	}
	return s.fq.maxQlen
}

// room reports whether another connection fits, and lets the oldest RST go once
// its minute is over (tcp_fastopen_queue_check).
func (q *fastQueue) room(h *Host) bool {
	if q == nil || q.maxQlen == 0 {
		return false
	}
	if q.qlen < q.maxQlen {
		return true
	}
	if len(q.resets) == 0 || q.resets[0] > h.now {
		h.count[MibTCPFastOpenListenOverflow]++
		return false
	}
	q.resets = append(q.resets[:0], q.resets[1:]...)
	q.qlen--
	return true
}

// tryFast decides whether the SYN makes a connection at once, and which cookie
// its SYN-ACK brings (tcp_try_fastopen).
func (h *Host) tryFast(s *sock, p *Packet) (accept bool, reply tcpstate.SynAckReply) {
	o, flags := &p.Seg.Opts, h.sysctl.get(ctlTCPFastopen)
	asked := o.Has(tcpstate.OptFastOpen)
	if asked && o.Cookie.Len == 0 {
		h.count[MibTCPFastOpenCookieReqd]++
	}
	if flags&fastServer == 0 || !asked && p.Seg.SeqLen() == 1 || !s.fq.room(h) {
		return false, reply
	}
	keys := &s.fq.keys
	if keys.n == 0 {
		keys = &h.fast.keys
	}
	match := 0
	switch {
	case flags&fastServerNoCookie != 0 || s.opt.fastNoCookie:
		h.count[MibTCPFastOpenPassive]++
		return true, reply
	case !asked:
		return false, reply
	case o.Cookie.Len > 0:
		match = keys.match(p, o.Cookie)
		if match == 0 {
			h.count[MibTCPFastOpenPassiveFail]++
		}
	}
	if match != 1 && keys.n > 0 { // a request, a cookie of no key or of the one that goes out of use
		reply.On, reply.Cookie = true, fastCookie(keys.key[0], p.Src, p.Dst)
		reply.Cookie.Exp = o.Cookie.Exp
	}
	if match == 0 {
		return false, reply
	}
	if match == 2 {
		h.count[MibTCPFastOpenPassiveAltKey]++
	}
	h.count[MibTCPFastOpenPassive]++
	return true, reply
}

// match is the number of the key that the cookie was made with, 0 for none
// (tcp_fastopen_cookie_gen_check).
func (k *fastKeys) match(p *Packet, got tcpstate.FastCookie) int {
	got.Exp = false
	for i := range int(k.n) {
		if fastCookie(k.key[i], p.Src, p.Dst) == got {
			return i + 1
		}
	}
	return 0
}

// fastAccept makes the connection of a SYN and puts it at the tail of the accept
// queue, in SYN-RECEIVED (tcp_fastopen_create_child, tcp_conn_request).
func (h *Host) fastAccept(af *afOps, s *sock, f flow, lp *tcpstate.Listener, in tcpstate.Input, p *Packet) {
	c := h.newChild(af, s, f, p, p.TOS)
	if s.opt.saveSyn != 0 {
		c.savedSyn = h.headersOf(p, s.opt.saveSyn == 2)
	}
	lp.Congestion = c.opt.congestion
	conn, out := lp.FastAccept(in, h.req[:0])
	h.attach(c, conn, lp.ISS)
	c.fastOwner = s.id
	s.fq.qlen++
	h.req = out
	for i := range out {
		h.countConn(conn, &out[i])
		h.follow(c, &out[i], p.Payload)
	}
	c.syncRx()
	h.armConn(c)
	s.lst.accept.Push(c.id)
	h.wake(s, wakeIn)
}

// fastOver takes a connection off its listener's count. A RST goes on counting
// when the connection was accepted already (reqsk_fastopen_remove).
func (h *Host) fastOver(c *sock, reset bool) {
	s := h.sockAt(c.fastOwner)
	c.fastOwner = noSock
	if s == nil || s.fq == nil {
		return
	}
	q := s.fq
	q.qlen--
	if reset && c.parent == noSock && s.lst != nil {
		q.resets = append(q.resets, h.now.Add(fastResetTime))
		q.qlen++
	}
}

// fastForget lets connections know that their listener is no more.
func (h *Host) fastForget(s *sock) {
	if s.fq == nil {
		return
	}
	for _, c := range h.socks {
		if c != nil && c.fastOwner == s.id {
			c.fastOwner = noSock
		}
	}
}

// handshakeBlocks reports that the handshake keeps the user from reading and
// writing: not on a connection that a SYN with data has made.
func (s *sock) handshakeBlocks() bool { return s.handshaking() && !s.conn.PassiveFastOpen() }

// clone copies the record.
func (q *fastQueue) clone() *fastQueue {
	if q == nil {
		return nil
	}
	c := *q
	c.resets = append([]Time(nil), q.resets...)
	return &c
}

// fingerprint feeds the record.
func (q *fastQueue) fingerprint(f *queue.Hash, now Time) {
	if q == nil {
		return
	}
	f.U64(uint64(uint32(q.maxQlen))<<32 | uint64(uint32(q.qlen)))
	q.keys.fingerprint(f)
	for _, t := range q.resets {
		f.U64(uint64(t - now))
	}
}

// fingerprint feeds the keys.
func (k *fastKeys) fingerprint(f *queue.Hash) {
	f.U32(uint32(k.n))
	for i := range k.key {
		f.U64(k.key[i][0])
		f.U64(k.key[i][1])
	}
}
