package sock

import (
	"math"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// request is a connection whose third segment is awaited, and whose it is.
type request struct {
	tcpstate.Request
	owner sockID // rsk_listener; noSock once that is closed
	saved string // the SYN's headers, for TCP_SAVED_SYN
	tos   uint8  // the SYN's DSCP (syn_tos)
	// The path of its SYN-ACK, and the label that it has where labels are reflected.
	txHash, label uint32
	group         groupName // of the owner, once that is closed
}

// requestTable holds the requests of all listeners by the connection's name, as
// Linux keeps them among the established ones (ehash). A listener only counts
// them: one that stops leaves them behind until a segment or a time-out finds
// that nobody listens, and gets them back when it listens again.
type requestTable struct {
	byFlow queue.Table[flow, request]
	timers queue.Deadlines[flow] // rsk_timer of each
}

// synCount is what a socket knows of the requests that name it (qlen and young
// of struct request_sock_queue).
type synCount struct {
	len   uint32
	young uint32 // of them, those whose SYN-ACK has not timed out
}

// putRequest makes a request of the listener s, whose queue has room
// (inet_csk_reqsk_queue_hash_add). Listeners bound the table, each by its own limit.
func (h *Host) putRequest(s *sock, f flow, r tcpstate.Request, p *Packet) {
	h.requests.byFlow.SetLimit(math.MaxInt32)
	h.requests.byFlow.Put(f, request{Request: r, owner: s.id, tos: p.TOS, txHash: h.nextTxHash(f, 0), label: s.replies(p)})
	s.syn.len++
	if r.Young() {
		s.syn.young++
	}
	h.watchRequest(s, f, h.requests.byFlow.Get(f))
}

// dropRequest takes a request out (inet_csk_reqsk_queue_drop).
func (h *Host) dropRequest(f flow) (request, bool) {
	r, ok := h.requests.byFlow.Delete(f)
	if !ok {
		return request{}, false
	}
	if s := h.sockAt(r.owner); s != nil {
		s.syn.len--
		if r.Young() {
			s.syn.young--
		}
	}
	h.unwatchRequest(r.owner, f)
	return r, true
}

// orphanRequests parts the requests from a socket that goes away. They run out
// by themselves; until then an ICMP error may still end one.
func (h *Host) orphanRequests(s *sock) {
	if s.syn.len == 0 {
		return
	}
	name := h.nameOf(s)
	for _, r := range h.requests.byFlow.All() {
		if r.owner == s.id {
			r.owner, r.group = noSock, name
		}
	}
	s.syn = synCount{}
}

// listenerOf is the listener that a request belongs to, nil when it has stopped.
func (h *Host) listenerOf(r *request) *sock {
	if s := h.sockAt(r.owner); s != nil && s.lst != nil {
		return s
	}
	return nil
}

// stepRequest lets a request take an input, and keeps its timer and its
// listener's counts up to date.
func (h *Host) stepRequest(s *sock, f flow, r *request, lp *tcpstate.Listener, in tcpstate.Input) {
	young := r.Young()
	h.req = r.Step(lp, in, h.req[:0])
	if young && !r.Young() {
		s.syn.young--
	}
	h.watchRequest(s, f, r)
}

// requestTimeout lets the SYN-ACK timers fire that are due. Those of a socket
// that listens no more just go.
func (h *Host) requestTimeout() {
	for range h.requests.timers.Len() {
		_, f, ok := h.requests.timers.PopDue(int64(h.now))
		if !ok {
			break
		}
		r := h.requests.byFlow.Get(f)
		s := h.listenerOf(r)
		if s == nil {
			h.expireElsewhere(f, r)
			continue
		}
		lp := h.listenParams(s, f)
		h.expireRequest(s, f, r, &lp)
	}
	h.armRequests()
}

// armRequests sets the host's timer to the earliest of all requests'.
func (h *Host) armRequests() {
	at, _, some := h.requests.timers.Min()
	h.arm(timerRequest, Time(at), some)
}

func (t *requestTable) clone() requestTable {
	return requestTable{t.byFlow.Clone(), t.timers.Clone()}
}

// fingerprint feeds the requests in the order of their arrival, and the order
// in which they time out.
func (t *requestTable) fingerprint(f *queue.Hash, now Time) {
	for k, r := range t.byFlow.All() {
		k.fingerprint(f)
		r.Fingerprint(f, now)
		f.U32(uint32(r.owner))
		f.Bytes([]byte(r.saved))
		f.U64(uint64(r.tos)<<32 | uint64(r.label))
		f.U64(uint64(r.group.at)<<32 | uint64(r.group.serial))
	}
	t.timers.Fingerprint(f, int64(now), func(k *flow, f *queue.Hash) { k.fingerprint(f) })
}
