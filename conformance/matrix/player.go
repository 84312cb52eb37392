package matrix

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Player plays steps on one instance of a stack and spells what comes of them.
type Player struct {
	inst    conformance.Instance
	fds     []int32                   // by slot
	calls   map[sock.Thread]sock.Call // each thread's latest
	raws    map[int32]bool            // descriptors of RAW sockets, whose port is their protocol
	speller speller
	// settings are the sysctls that the instance took.
	settings []string
	refused  error
}

// Outcome is what one step brought about.
type Outcome struct {
	// Returns are the calls that returned, by order of thread; the step's own and others that it woke.
	Returns []Returned
	Packets []string // that left, in their order
	Details []string // what each of them has besides, see detail
	Seen    []Seen   // the same, for whoever plays the peer
}

// Seen is a packet that the stack sent, in the numbers of [Packet]. Local is the identifier of an ICMP message that quotes nothing.
type Seen struct {
	At            sock.Time // by the instance's clock
	Text          string    // the packet in words
	Proto         uint8
	Src, Dst      netip.Addr
	Local         int
	Remote        uint16
	Flags         tcpstate.Flags
	Seq, Ack, Len uint32
	Payload       int // octets behind the header of a datagram
	// Stamp is the time stamp that it has, by a clock of the stack's own, if it is Stamped.
	Stamped bool
	Stamp   uint32
}

// Returned is a call's result in words.
type Returned struct {
	Thread sock.Thread
	Text   string
	At     sock.Time // by the instance's clock
	Made   bool      // a descriptor
	Slot   int32     // its slot
	Return sock.Return
}

// of is the result of a thread's call; false when it has not returned.
func (o *Outcome) of(t sock.Thread) (string, bool) {
	for i := range o.Returns {
		if o.Returns[i].Thread == t {
			return o.Returns[i].Text, true
		}
	}
	return "", false
}

// Settings are the sysctls that the instance took, as name=value, with values of several numbers quoted.
func (p *Player) Settings() (list []string) { return p.settings }

// NewPlayer boots an instance in the world of all cells.
func NewPlayer(s conformance.Stack) (*Player, error) { return NewPlayerIn(s, World{}) }

// NewPlayerIn boots an instance in a world.
func NewPlayerIn(s conformance.Stack, w World) (*Player, error) {
	inst, err := s.Start(w.setup())
	if err != nil {
		return nil, err
	}
	p := &Player{inst: inst, calls: map[sock.Thread]sock.Call{}, raws: map[int32]bool{}}
	for _, c := range slices.Concat(sysctls, w.Sysctls) {
		command := conformance.SysctlCommand(c[0], c[1])
		err := inst.Command(command)
		switch {
		case err == nil:
			_, setting, _ := strings.Cut(command, "-q ")
			p.settings = append(p.settings, setting)
		case !errors.Is(err, conformance.ErrUnsupported):
			return nil, errors.Join(err, inst.Close())
		}
	}
	return p, nil
}

// Close ends the instance.
func (p *Player) Close() error { return p.inst.Close() }

// tick is how far a virtual clock goes in a step: about what a call takes on a real one.
const tick = 20 * tcpstate.Microsecond

// Play carries a step out and waits until nothing goes on any more.
func (p *Player) Play(s *Step) (Outcome, error) {
	until := p.inst.Now().Add(max(s.Wait, tick))
	if err := p.Begin(s); err != nil {
		return Outcome{}, err
	}
	return p.settle(until)
}

// Begin carries a step out and lets no time pass: what comes of it, the next Pass tells.
func (p *Player) Begin(s *Step) error {
	switch {
	case s.Call != nil:
		return p.call(s)
	case s.Packet != nil:
		return p.inject(p.speller.packet(s.Packet))
	case s.Whole != nil:
		return p.inject(p.speller.whole(s.Whole))
	case s.Signal:
		return p.signal(s.Thread)
	case s.Sysctl != nil:
		p.refused = p.inst.Command(conformance.SysctlCommand(s.Sysctl[0], s.Sysctl[1]))
	}
	return nil
}

// Refused is why the stack did not take the sysctl that a step wrote last; nil if it did.
func (p *Player) Refused() error { return p.refused }

// signal sends a signal to a thread.
func (p *Player) signal(t sock.Thread) error {
	in, ok := p.inst.(conformance.Interrupter)
	if !ok {
		return fmt.Errorf("signals: %w", conformance.ErrUnsupported)
	}
	return in.Interrupt(t)
}

func (p *Player) call(s *Step) error {
	c := *s.Call
	c.FD = p.fd(c.FD)
	if c.Op == sock.OpEpollCtl {
		c.Arg = int64(p.fd(int32(c.Arg)))
	}
	if c.Poll != nil {
		c.Poll = append([]sock.PollFD(nil), c.Poll...)
		for i := range c.Poll {
			c.Poll[i].FD = p.fd(c.Poll[i].FD)
		}
	}
	t := max(1, s.Thread)
	p.calls[t] = c
	if c.Op == sock.OpSocket && c.Type&0xf == sock.SOCK_RAW {
		p.speller.protos = append(p.speller.protos, uint16(c.Proto)) // which it shows as its port
	}
	return p.inst.Call(t, c)
}

// noFD is no descriptor of anybody's.
const noFD = 100_000

// fd is the stack's number of a slot. A slot that never came to be is a descriptor that is not open.
func (p *Player) fd(slot int32) int32 {
	if slot < 0 || int(slot) >= len(p.fds) {
		return noFD
	}
	return p.fds[slot]
}

func (p *Player) inject(q *sock.Packet) error {
	b, err := packetio.Encode(nil, q)
	if err != nil {
		return fmt.Errorf("packet %+v: %w", *q, err)
	}
	p.speller.inbound(b)
	return p.inst.Inject(b)
}

// Now is the instance's clock.
func (p *Player) Now() sock.Time { return p.inst.Now() }

// Deadline is when the stack next does something by itself; false when it never will, or does not tell.
func (p *Player) Deadline() (sock.Time, bool) {
	if d, ok := p.inst.(interface{ Deadline() (sock.Time, bool) }); ok {
		return d.Deadline()
	}
	return 0, false
}

// Shows reports whether what the stack does by itself at that time can be seen from outside, as far as it tells.
func (p *Player) Shows(at sock.Time) bool {
	s, ok := p.inst.(interface{ Shows(at sock.Time) bool })
	return !ok || s.Shows(at)
}

// Lag lets time pass over the stack's timers, which fire late then, with the next Pass. Of a real clock it does nothing.
func (p *Player) Lag(until sock.Time) {
	if l, ok := p.inst.(interface{ Lag(until sock.Time) }); ok {
		l.Lag(until)
	}
}

// Tick is the resolution of the stack's timers, in microseconds; 0 when they are exact.
func (p *Player) Tick() tcpstate.Duration {
	if t, ok := p.inst.(interface{ Tick() tcpstate.Duration }); ok {
		return t.Tick()
	}
	return 0
}

// Edge is a time at which a tick of the clock is that the stack counts jiffies by; not ok for one that does not tell.
func (p *Player) Edge() (edge sock.Time, ok bool) {
	if t, ok := p.inst.(interface{ Edge() sock.Time }); ok && p.Tick() > 0 {
		return t.Edge(), true
	}
	return 0, false
}

// Pass lets time pass until the instance's clock shows the time given, and tells what happened by itself.
func (p *Player) Pass(until sock.Time) (Outcome, error) { return p.settle(until) }

// maxEvents bounds what a step may bring about.
const maxEvents = 10_000

// Queues counts what waits at the listener in a slot; false when it is none, or the stack does not tell.
func (p *Player) Queues(slot int32) (syn, accept int, ok bool) {
	q, can := p.inst.(interface {
		Queues(fd int32) (syn, accept int, err error)
	})
	if !can {
		return 0, 0, false
	}
	syn, accept, err := q.Queues(p.fd(slot))
	return syn, accept, err == nil
}

// settle collects what happens until the given time, and after it all that is under way.
func (p *Player) settle(until sock.Time) (o Outcome, err error) {
	if s, realClock := p.inst.(interface{ Settle() }); realClock {
		s.Settle()
	}
	for range maxEvents {
		ev, ok, err := p.inst.Advance(max(until, p.inst.Now()))
		if err != nil || !ok {
			sortReturns(o.Returns)
			return o, err
		}
		switch ev.Kind {
		case conformance.PacketOut:
			if forRouters(ev.Packet) {
				continue
			}
			o.Packets, o.Details = append(o.Packets, p.speller.outbound(ev.Packet, ev.At)), append(o.Details, detail(ev.Packet))
			if seen, ok := p.speller.seen(ev.Packet); ok {
				seen.At, seen.Text = ev.At, o.Packets[len(o.Packets)-1]
				o.Seen = append(o.Seen, seen)
			}
		case conformance.CallDone:
			r := p.returned(ev.Return)
			r.At = ev.At
			o.Returns = append(o.Returns, r)
		}
	}
	return o, fmt.Errorf("more than %d events in one step", maxEvents)
}

// Add appends what came of another step.
func (o *Outcome) Add(b Outcome) {
	o.Returns, o.Seen = append(o.Returns, b.Returns...), append(o.Seen, b.Seen...)
	o.Packets, o.Details = append(o.Packets, b.Packets...), append(o.Details, b.Details...)
}

// returned files a new descriptor under the next slot, and spells the return.
func (p *Player) returned(r sock.Return) Returned {
	c := p.calls[r.Thread]
	p.speller.raw = p.raws[c.FD]
	text := p.speller.result(&c, &r)
	made := makes(&c) && r.Value >= 0
	if made {
		p.raws[int32(r.Value)] = c.Op == sock.OpSocket && c.Type&0xf == sock.SOCK_RAW || c.Op != sock.OpSocket && p.raws[c.FD]
		p.fds = append(p.fds, int32(r.Value))
	}
	return Returned{Thread: r.Thread, Text: text, Made: made, Slot: int32(len(p.fds) - 1), Return: r}
}

// makes tells which calls return a descriptor.
func makes(c *sock.Call) bool {
	switch c.Op {
	case sock.OpSocket, sock.OpAccept, sock.OpDup, sock.OpEpollCreate:
		return true
	}
	return c.Op == sock.OpFcntl && (c.N == sock.F_DUPFD || c.N == sock.F_DUPFD_CLOEXEC)
}

func sortReturns(list []Returned) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].Thread < list[j-1].Thread; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}
