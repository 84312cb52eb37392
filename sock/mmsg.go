package sock

import (
	"slices"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// Msg is one message of sendmmsg or recvmmsg (struct mmsghdr), as the call has it
// or as its return does.
type Msg struct {
	// Addr is where to send to, AddrLen its length as given, 0 for none; received,
	// whom it is from, and the address's true length.
	Addr    Addr
	AddrLen int32
	Data    []byte
	// Len is the room of a message to receive, octets; with nil Data of one to send
	// it means FaultData. In a Return it is how much was moved (msg_len).
	Len     int32
	Control []Control
	// HasControlRoom and ControlLen are the room of a message to receive for control
	// messages, as a Call's.
	HasControlRoom bool
	ControlLen     int32
	Flags          int32 // msg_flags of what was received
}

// maxBatch is how many messages one sendmmsg sends at most (UIO_MAXIOV).
const maxBatch = 1024

// batch is how far a sendmmsg or recvmmsg has come. Between two inputs all of it
// is the thread's own memory.
type batch struct {
	got   []Msg
	limit Time // recvmmsg's: no message more from then on; forever for none
}

// sysSendmmsg is sendmmsg(2): sendmsg until one fails, or sends less than it has.
// An error shows only where it is the first's (__sys_sendmmsg).
func sysSendmmsg(h *Host, t *thread) outcome {
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	t.call.Msgs = t.call.Msgs[:min(len(t.call.Msgs), maxBatch)]
	if len(t.call.Msgs) == 0 {
		return done(0)
	}
	return h.sendRest(s, t, h.sendOne(s, t))
}

func sendmmsgResume(h *Host, t *thread) outcome {
	s := h.socks[t.sock]
	return h.sendRest(s, t, s.ops.sendAgain(h, s, t))
}

// sendOne begins the next message. The security hook is not asked again about the
// address that the one before went to (____sys_sendmsg).
func (h *Host) sendOne(s *sock, t *thread) outcome {
	at := len(t.batch.got)
	m := &t.call.Msgs[at]
	t.begin()
	t.call.Addr, t.call.AddrLen, t.call.Data, t.call.Len, t.call.Control = m.Addr, m.AddrLen, m.Data, m.Len, m.Control
	t.call.Fault = 0
	if m.Data == nil && m.Len > 0 {
		t.call.Fault = FaultData
	}
	if err := checkAddr(&t.call); err != 0 {
		return fail(err)
	}
	if !h.controlFits(s, m.Control) {
		return fail(ENOBUFS)
	}
	same := at > 0 && m.AddrLen > 0 && m.AddrLen == t.call.Msgs[at-1].AddrLen && m.Addr == t.call.Msgs[at-1].Addr
	if !same {
		if err := h.ask(SocketSendmsg, s); err != 0 {
			return fail(err)
		}
	}
	return s.ops.sendmsg(h, s, t)
}

// arrive lets what a message has sent to ourselves arrive before the next one:
// Linux delivers it as the socket is unlocked (do_softirq), while threads that it
// wakes have to wait for a processor.
func (h *Host) arrive() {
	caller := h.caller
	for n := 0; len(h.loop) > 0 && n < maxRounds; n++ {
		if h.deliverNext(); len(h.loop) == 0 {
			h.releaseBacklog()
		}
	}
	h.caller = caller
}

// sendRest goes on after a message came to o.
func (h *Host) sendRest(s *sock, t *thread, o outcome) outcome {
	for range maxBatch {
		at := len(t.batch.got)
		switch {
		case o.park:
			return h.parkBatch(t)
		case o.err != 0 && at == 0:
			return o
		case o.err != 0:
			return t.giveBatch()
		}
		t.batch.got = append(t.batch.got, Msg{Len: int32(o.value)})
		n := int64(len(t.call.Msgs[at].Data))
		probes := s.dg != nil && t.call.Flags&MSG_PROBE != 0 && n > 0 // nothing was taken
		if at+1 == len(t.call.Msgs) || o.value < n || probes {
			break
		}
		h.arrive()
		o = h.sendOne(s, t)
	}
	return t.giveBatch()
}

// sysRecvmmsg is recvmmsg(2): recvmsg until one fails, or the time is up, which is
// looked at between two messages only; Data is the time-out, a struct timespec
// (do_recvmmsg).
func sysRecvmmsg(h *Host, t *thread) outcome {
	if len(t.call.Data) >= 16 {
		sec, nsec := rd64(t.call.Data), rd64(t.call.Data[8:])
		if sec < 0 || nsec < 0 || nsec >= 1e9 {
			return fail(EINVAL)
		}
		t.batch.limit = h.now // of none at all: it is over at once
		if sec|nsec != 0 {
			t.batch.limit = h.now.Add(min(sec, maxSeconds)*tcpstate.Second + nsec/1000)
		}
	}
	s, err := h.enterSock(t)
	if err != 0 {
		return fail(err)
	}
	if t.call.Flags&MSG_ERRQUEUE == 0 {
		if err := s.takeErr(); err != 0 {
			return fail(err)
		}
	}
	if len(t.call.Msgs) == 0 {
		return done(0)
	}
	return h.recvRest(s, t, h.recvOne(s, t))
}

// maxSeconds bounds a time-out well within what Time holds.
const maxSeconds = 1 << 31

func recvmmsgResume(h *Host, t *thread) outcome {
	return h.recvRest(h.socks[t.sock], t, recvResume(h, t))
}

// recvOne begins the next message; the security hook is asked about the first.
func (h *Host) recvOne(s *sock, t *thread) outcome {
	at := len(t.batch.got)
	t.begin()
	m := &t.call.Msgs[at]
	t.call.Len, t.call.HasControlRoom, t.call.ControlLen = m.Len, m.HasControlRoom, m.ControlLen
	if t.call.Len < 0 {
		return fail(EINVAL)
	}
	if at == 0 {
		if err := h.ask(SocketRecvmsg, s); err != 0 {
			return fail(err)
		}
	}
	return t.giveHeader(s.ops.recvmsg(h, s, t))
}

// recvRest goes on after a message came to o. An error after the first message is
// kept for the next call, but that there is none at hand.
func (h *Host) recvRest(s *sock, t *thread, o outcome) outcome {
	for range len(t.call.Msgs) {
		switch {
		case o.park:
			return h.parkBatch(t)
		case o.err != 0 && len(t.batch.got) == 0:
			return o
		case o.err != 0:
			if o.err != EAGAIN {
				s.err = o.err
			}
			return h.giveRemaining(t)
		}
		h.keepMessage(t, o.value)
		if t.call.Flags&MSG_WAITFORONE != 0 {
			t.call.Flags |= MSG_DONTWAIT
		}
		if len(t.batch.got) == len(t.call.Msgs) || t.batch.limit <= h.now || t.ret.MsgFlags&MSG_OOB != 0 {
			break
		}
		h.arrive()
		o = h.recvOne(s, t)
	}
	return h.giveRemaining(t)
}

// begin makes the thread what it is when a call begins.
func (t *thread) begin() {
	t.done, t.in = 0, t.in[:0]
	t.connected, t.fast, t.late = false, false, 0
	t.hole, t.peekAt, t.came, t.peekFrom = 0, 0, 0, 0
	t.ret = Return{Thread: t.id, SIGPIPE: t.ret.SIGPIPE}
}

// keepMessage notes what was received; the octets lie in the input's memory.
func (h *Host) keepMessage(t *thread, n int64) {
	r := &t.ret
	m := Msg{Addr: r.Addr, AddrLen: r.AddrLen, Data: h.grab(len(r.Data)), Len: int32(n), Flags: r.MsgFlags}
	copy(m.Data, r.Data)
	m.Control = append(m.Control, r.Control...)
	t.batch.got = append(t.batch.got, m)
}

// giveRemaining is giveBatch with what is left of the time-out.
func (h *Host) giveRemaining(t *thread) outcome {
	o := t.giveBatch()
	if t.batch.limit != forever {
		left := max(t.batch.limit.Sub(h.now), 0)
		t.in = t.in[:0]
		t.put64(uint64(left / tcpstate.Second))
		t.put64(uint64(left % tcpstate.Second * 1000))
		t.ret.Data = t.in
	}
	return o
}

// giveBatch returns what was done.
func (t *thread) giveBatch() outcome {
	t.ret = Return{Thread: t.id, Msgs: t.batch.got, SIGPIPE: t.ret.SIGPIPE}
	return done(int64(len(t.batch.got)))
}

// parkBatch waits within a message. A thread that has waited for an earlier one
// is parked already, and has new patience.
func (h *Host) parkBatch(t *thread) outcome {
	if t.parked {
		t.batch.got = cloneMsgs(t.batch.got)
		h.arm(timerThread|timer(t.id), t.until, t.until != forever)
	}
	return parks()
}

// cloneMsgs copies messages with their memory.
func cloneMsgs(list []Msg) []Msg {
	c := slices.Clone(list)
	for i := range c {
		m := &c[i]
		m.Data, m.Control = slices.Clone(m.Data), cloneControl(m.Control)
	}
	return c
}

// cloneControl copies control messages with their memory.
func cloneControl(list []Control) []Control {
	c := slices.Clone(list)
	for i := range c {
		c[i].Data = slices.Clone(c[i].Data)
	}
	return c
}

// fingerprintMsgs feeds messages.
func fingerprintMsgs(f *queue.Hash, list []Msg) {
	f.U64(uint64(len(list)))
	for i := range list {
		m := &list[i]
		m.Addr.fingerprint(f)
		f.U64(uint64(uint32(m.AddrLen))<<32 | uint64(uint32(m.Len)))
		f.Bytes(m.Data)
		f.U64(uint64(uint32(m.Flags))<<32 | uint64(uint32(m.ControlLen)))
		f.Bool(m.HasControlRoom)
		fingerprintControl(f, m.Control)
	}
}

// fingerprintControl feeds control messages.
func fingerprintControl(f *queue.Hash, list []Control) {
	f.U64(uint64(len(list)))
	for i := range list {
		c := &list[i]
		f.U64(uint64(uint32(c.Level))<<32 | uint64(uint32(c.Type)))
		f.Bytes(c.Data)
	}
}

// fingerprint feeds how far the call has come, time counted from now.
func (b *batch) fingerprint(f *queue.Hash, now Time) {
	fingerprintMsgs(f, b.got)
	if b.limit != forever {
		f.U64(uint64(b.limit - now))
	}
}
