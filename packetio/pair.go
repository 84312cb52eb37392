package packetio

import (
	"fmt"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Pair is two hosts, the link between them and a clock that jumps from event to
// event: a conversation of minutes takes milliseconds, and the same every time.
type Pair struct {
	// Watch, when set, sees everything that either host does.
	Watch func(End, *sock.Effect)

	link  *Link
	crews [2]*crew
	now   sock.Time
	due   []Delivery
}

// maxEvents bounds a run of a Pair.
const maxEvents = 10_000_000

// NewPair joins host a to host b. The clock begins at a minute, since a host's
// time 0 means never.
func NewPair(a, b *sock.Host, link *Link) *Pair {
	p := &Pair{link: link, now: sock.Time(tcpstate.Minute)}
	for i, h := range []*sock.Host{a, b} {
		end := End(i)
		p.crews[i] = newCrew(h, func(now sock.Time, b []byte) { link.Send(now, end, b) })
		p.crews[i].watch = func(e *sock.Effect) {
			if p.Watch != nil {
				p.Watch(end, e)
			}
		}
	}
	return p
}

// Now is the time of the latest event.
func (p *Pair) Now() sock.Time { return p.now }

// Start lets a thread of the host at that end run a program. It runs at once, up
// to its first call that waits.
func (p *Pair) Start(at End, id sock.Thread, prog Program) error {
	return p.crews[at&1].start(p.now, id, prog)
}

// Run lets time pass until all programs have ended. The error says who waits for
// what when nothing can happen any more, or not before the time is over.
func (p *Pair) Run(limit tcpstate.Duration) error {
	return p.run(p.now.Add(limit), func() bool { return p.waiting() == "" })
}

// Settle lets time pass until nothing is left to happen: connections have ended,
// TIME-WAIT is over.
func (p *Pair) Settle(limit tcpstate.Duration) error {
	return p.run(p.now.Add(limit), func() bool { _, ok := p.deadline(); return !ok })
}

// run goes from event to event until stop says so.
func (p *Pair) run(end sock.Time, stop func() bool) error {
	for range maxEvents {
		for _, c := range p.crews {
			if c.err != nil {
				return c.err
			}
		}
		if stop() {
			return nil
		}
		at, ok := p.deadline()
		switch {
		case !ok:
			return fmt.Errorf("packetio: nothing will happen any more, and %s", p.waiting())
		case at > end:
			return fmt.Errorf("packetio: the time is over, and %s", p.waiting())
		}
		p.step(max(at, p.now))
	}
	return fmt.Errorf("packetio: %d events, and %s", maxEvents, p.waiting())
}

// deadline is when the next thing happens.
func (p *Pair) deadline() (at sock.Time, ok bool) {
	at, ok = p.link.Deadline()
	for _, c := range p.crews {
		if t, on := c.host.Deadline(); on && (!ok || t < at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// step lets happen what is due: timers first, then what the link delivers.
func (p *Pair) step(now sock.Time) {
	p.now = now
	for _, c := range p.crews {
		if at, ok := c.host.Deadline(); ok && at <= now {
			c.take(now, c.host.Tick(now, nil))
		}
	}
	p.due = p.link.Receive(now, p.due[:0])
	for _, d := range p.due {
		p.crews[d.To].deliver(now, d.Packet)
	}
}

// waiting says which program waits, "" when all have ended.
func (p *Pair) waiting() string {
	for i, c := range p.crews {
		if w := c.waiting(); w != nil {
			return fmt.Sprintf("thread %d of host %c waits in %v of descriptor %d", w.id, 'A'+i, w.call.Op, w.call.FD)
		}
	}
	return ""
}

// Close ends the programs that still wait.
func (p *Pair) Close() {
	for _, c := range p.crews {
		c.close()
	}
}
