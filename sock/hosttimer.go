package sock

import "github.com/sockspec/sockspec/tcpstate"

// timer names what a deadline belongs to: kind in the upper half, index in the lower.
type timer uint64

const (
	timerConn    timer = iota << 32 // a connection's own timers, by sockID
	timerRequest                    // the earliest of all requests'
	timerSweep                      // a listener's table of requests, by sockID
	timerThread                     // a parked thread's time-out, by Thread
	timerFrag                       // the earliest of all datagrams' that wait for fragments
)

// arm sets or clears a deadline.
func (h *Host) arm(k timer, at Time, on bool) {
	if on {
		h.timers.Set(k, int64(at))
		return
	}
	h.timers.Clear(k)
}

// Deadline is when Tick has to be called next; false when nothing is to come.
func (h *Host) Deadline() (Time, bool) {
	if len(h.run) > 0 {
		return h.now, true
	}
	t, _, ok := h.timers.Min()
	return Time(t), ok
}

// Tick lets every timer fire that is due, in the order of their deadlines.
func (h *Host) Tick(now Time, out []Effect) []Effect {
	h.enter(now, out)
	for range maxRounds {
		_, k, ok := h.timers.PopDue(int64(h.now))
		if !ok {
			break
		}
		switch id := int32(uint32(k)); k &^ (1<<32 - 1) {
		case timerConn:
			if s := h.sockAt(sockID(id)); s != nil {
				h.step(s, tcpstate.Input{Kind: tcpstate.Timeout})
			}
		case timerRequest:
			h.requestTimeout()
		case timerSweep:
			if s := h.sockAt(sockID(id)); s != nil {
				h.sweep(s)
			}
		case timerFrag:
			h.fragTimeout()
		case timerThread:
			h.resume(Thread(id)) // which finds that its patience has ended
		}
		h.settle()
	}
	return h.leave()
}
