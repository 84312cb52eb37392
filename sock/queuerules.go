package sock

import (
	"cmp"
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// QueueRules are how a kernel bounds and prunes the queues of a listener, where
// kernels differ. The zero value is a current kernel's.
type QueueRules struct {
	// SynTableLog: the SYN queue is full at 2^k requests, k from this up to the
	// first that reaches tcp_max_syn_backlog when listen is called
	// (tcp_listen_start of 2.4). 0: it is full beyond the backlog.
	SynTableLog uint8
	// YoungRoom: a SYN that meets a full accept queue still gets in while fewer
	// young requests than this wait (tcp_v4_conn_request of 2.4).
	YoungRoom uint32
	// SweepSlots: requests are in a table of this many slots, of which a timer
	// looks at SweepBudget every SweepEvery (tcp_synack_timer of 2.4). They are
	// their listener's and end with it. 0: each has a timer of its own.
	SweepSlots, SweepBudget uint32
	SweepEvery              tcpstate.Duration
	// CookieAge is how long after a cookie was sent ACKs are looked at for one;
	// 0 means two periods of a minute (TCP_SYNCOOKIE_VALID).
	CookieAge tcpstate.Duration
	// CookiesSimple: cookies are IPv4's alone, and never sent while there is room.
	CookiesSimple bool
	// OldCounters: SYNs that come to nothing count as AttemptFails, and SYN-ACKs
	// that are sent again not at all.
	OldCounters bool
}

// queueRules24 are those of 2.4 (net/ipv4/tcp.c, tcp_ipv4.c, tcp_timer.c and
// syncookies.c): 512 slots (TCP_SYNQ_HSIZE), looked at every fifth of a second
// so that each comes up twice within the initial time-out.
var queueRules24 = QueueRules{
	SynTableLog: 6, YoungRoom: 2, SweepSlots: 512, SweepBudget: 68, SweepEvery: 200 * tcpstate.Millisecond,
	CookieAge: 3 * tcpstate.Second, CookiesSimple: true, OldCounters: true,
}

// queueRules are those of the kernel that the host is.
func (h *Host) queueRules() *QueueRules { return &h.sysctl.profile.Queues }

// synTableLog is the logarithm of the SYN table's size, 0 for none.
func (h *Host) synTableLog() uint8 {
	k := h.queueRules().SynTableLog
	for limit := h.sysctl.get(ctlMaxSynBacklog); k != 0 && k < 31 && 1<<k < limit; {
		k++
	}
	return k
}

// requestsFull is inet_csk_reqsk_queue_is_full, and tcp_synq_is_full of 2.4.
func (s *sock) requestsFull() bool {
	if k := s.lst.synLog; k != 0 {
		return s.syn.len>>k != 0
	}
	return s.syn.len > s.lst.backlog
}

// crowded tells whether the SYN queue is so full that old requests make room
// for young ones (reqsk_timer_handler, tcp_synack_timer of 2.4).
func (s *sock) crowded() bool {
	if k := s.lst.synLog; k != 0 {
		return s.syn.len>>(k-1) != 0
	}
	return uint64(s.syn.len)*2 > uint64(max(8, s.lst.backlog))
}

// synqSlot is the slot of a request (tcp_v4_synq_hash and tcp_v6_synq_hash of
// 2.4 on a little-endian machine).
func (f *flow) synqSlot(slots uint32) uint32 {
	a, port := f.remote.Addr().As16(), f.remote.Port()
	x := uint32(a[12]) | uint32(a[13])<<8 | uint32(a[14])<<16 | uint32(a[15])<<24
	x ^= uint32(port>>8 | port<<8)
	x ^= x >> 16
	x ^= x >> 8
	return x & (slots - 1)
}

// overdue is a request that a sweep has to look at, and how far from the hand.
type overdue struct {
	f    flow
	away uint32
}

// sweep looks at the next slots of a listener's table for requests that are
// overdue, slot by slot and the newest of a slot first (tcp_synack_timer of 2.4).
func (h *Host) sweep(s *sock) {
	if s.lst == nil || s.syn.len == 0 {
		return
	}
	q := h.queueRules()
	h.due = h.due[:0]
	for f, r := range h.requests.byFlow.All() {
		away := (f.synqSlot(q.SweepSlots) - s.lst.hand) & (q.SweepSlots - 1)
		if r.owner == s.id && r.Deadline <= h.now && away < q.SweepBudget {
			h.due = append(h.due, overdue{f, away})
		}
	}
	slices.Reverse(h.due)
	slices.SortStableFunc(h.due, func(a, b overdue) int { return cmp.Compare(a.away, b.away) })
	s.lst.hand = (s.lst.hand + q.SweepBudget) & (q.SweepSlots - 1)
	crowded, syn := s.crowded(), s.syn // as they were when the sweep began
	for i := range h.due {
		f := h.due[i].f
		lp := h.listenParams(s, f)
		lp.Crowded, lp.Queued, lp.Young = crowded, syn.len, syn.young
		h.expireRequest(s, f, h.requests.byFlow.Get(f), &lp)
	}
	h.arm(timerSweep|timer(uint32(s.id)), h.now.Add(q.SweepEvery), s.syn.len > 0)
}

// expireRequest lets a request's time-out come.
func (h *Host) expireRequest(s *sock, f flow, r *request, lp *tcpstate.Listener) {
	h.countTimeout()
	h.stepRequest(s, f, r, lp, tcpstate.Input{Kind: tcpstate.Timeout, Now: h.now})
	stuck := !r.Acked && len(h.req) > 0 && h.strands(s, f.remote.Addr()) // inet_rtx_syn_ack failed
	if _, gone := h.followRequest(s, f, dscp{syn: r.tos}, h.req); gone || stuck {
		h.emit(Dropped, rule.RequestExpired, s.id)
		h.dropRequest(f)
	}
}

// watchRequest sets the timer of a request that came or moved: its own, or the
// sweep's when it is the first.
func (h *Host) watchRequest(s *sock, f flow, r *request) {
	if h.queueRules().SweepSlots == 0 {
		h.requests.timers.Set(f, int64(r.Deadline))
		h.armRequests()
		return
	}
	if k := timerSweep | timer(uint32(s.id)); s.syn.len == 1 {
		if _, on := h.timers.Get(k); !on {
			h.arm(k, h.now.Add(h.tcp.RTOInit), true)
		}
	}
}

// unwatchRequest takes the timer of a request that goes.
func (h *Host) unwatchRequest(owner sockID, f flow) {
	if h.requests.timers.Clear(f) {
		h.armRequests()
	}
	if s := h.sockAt(owner); s != nil && s.syn.len == 0 {
		h.arm(timerSweep|timer(uint32(s.id)), 0, false)
	}
}

// endRequests ends the requests of a listener that stops, where they are its own
// (tcp_listen_stop of 2.4).
func (h *Host) endRequests(s *sock) {
	if h.queueRules().SweepSlots == 0 {
		return
	}
	for f, r := range h.requests.byFlow.All() {
		if r.owner == s.id {
			h.dropRequest(f)
		}
	}
}

// fingerprint feeds what the rules made of the queues.
func (l *listener) fingerprint(f *queue.Hash, now Time) {
	f.U32(l.backlog)
	f.U64(uint64(l.synLog)<<32 | uint64(l.hand))
	l.accept.Fingerprint(f, queue.HashInteger[sockID])
	fingerprintCookie(f, l.cookieSent, now)
}
