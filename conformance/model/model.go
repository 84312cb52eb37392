// Package model runs scripts on the machine itself: a sock.Host behind the wire
// codec, on a virtual clock. Waiting costs nothing and every run is the same.
package model

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

// Stack is the model as a conformance.Stack.
type Stack struct {
	tick tcpstate.Duration // see Ticking
}

// Ticking is a model with jiffies of that length, to be compared with a kernel that has such; 0 is the usual 1 ms.
func (s Stack) Ticking(tick tcpstate.Duration) conformance.Stack {
	s.tick = tick
	return s
}

// Name implements conformance.Stack.
func (Stack) Name() string { return "model" }

// Available implements conformance.Stack: the model needs nothing.
func (Stack) Available() error { return nil }

// profiles are the kernels that the model can be, by the name that --profile takes.
var profiles = []*sock.Profile{&sock.Linux, &sock.Linux24}

// Start implements conformance.Stack.
func (st Stack) Start(s conformance.Setup) (conformance.Instance, error) {
	p, err := profile(s.Profile)
	if err != nil {
		return nil, err
	}
	if st.tick > 0 {
		own := *p
		own.Tick, p = st.tick, &own
	}
	return &Instance{host: sock.New(sock.HostConfig{
		Addrs: []netip.Prefix{
			netip.PrefixFrom(s.LocalV4, s.PrefixV4), netip.PrefixFrom(s.LocalV6, s.PrefixV6),
		},
		MTU: uint32(s.MTU), Seed: s.Seed, Profile: p, FirstFile: 3,
	})}, nil
}

func profile(name string) (*sock.Profile, error) {
	names := make([]string, len(profiles))
	for i, p := range profiles {
		if names[i] = p.Name; name == p.Name || name == "" && i == 0 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no profile %q: use one of %s", name, strings.Join(names, ", "))
}

// Instance is one host and its clock.
type Instance struct {
	host    *sock.Host
	now     sock.Time
	effects []sock.Effect
	packet  sock.Packet
	events  []conformance.Event // not yet reported, in order
	next    int
	calls   map[sock.Thread]sock.Call // the latest of each thread
}

// epoch is the host's time when the script's clock shows 0: a host that has
// been up for a while, since its time 0 means "never", and since TCP gives up at
// once where it has lost the time since when it sends again, unless the host is
// younger than what that would take (retransmits_timed_out).
const epoch = sock.Time(24 * 60 * tcpstate.Minute)

// maxSteps bounds what may happen at one instant.
const maxSteps = 100_000

// Now implements conformance.Instance.
func (in *Instance) Now() sock.Time { return in.now }

// Epoch is the host's time when the clock shows 0: what time stamps count from.
func (in *Instance) Epoch() sock.Time { return epoch }

// Call implements conformance.Instance.
func (in *Instance) Call(t sock.Thread, c sock.Call) error {
	if err := lacks(&c); err != nil {
		return err
	}
	if in.calls == nil {
		in.calls = map[sock.Thread]sock.Call{}
	}
	in.calls[t] = c
	in.take(in.host.Call(in.now+epoch, t, c, in.effects[:0]))
	return nil
}

// Interrupt implements conformance.Interrupter.
func (in *Instance) Interrupt(t sock.Thread) error {
	in.take(in.host.Interrupt(in.now+epoch, t, in.effects[:0]))
	return nil
}

// Inject implements conformance.Instance. A packet that the codec refuses is a
// drop with a reason, as it would be in Linux's IP layer. When it is only its
// transport that is broken, the host sees it nonetheless: its RAW sockets do.
func (in *Instance) Inject(packet []byte) error {
	if err := packetio.Decode(packet, &in.packet); err != nil {
		var d *packetio.DropError
		if errors.As(err, &d) {
			in.events = append(in.events, conformance.Event{Kind: conformance.Ruled, At: in.now, Why: []string{string(d.Reason)}})
			err = nil
		}
		if err != nil || !in.packet.Opaque {
			return err
		}
	}
	in.take(in.host.Deliver(in.now+epoch, &in.packet, in.effects[:0]))
	return nil
}

// Advance implements conformance.Instance.
func (in *Instance) Advance(until sock.Time) (conformance.Event, bool, error) {
	for range maxSteps {
		if in.next < len(in.events) {
			ev := in.events[in.next]
			in.next++
			return ev, true, nil
		}
		in.events, in.next = in.events[:0], 0
		at, ok := in.host.Deadline()
		if !ok || at-epoch > until {
			in.now = max(in.now, until)
			return conformance.Event{}, false, nil
		}
		in.now = max(in.now, at-epoch)
		in.take(in.host.Tick(in.now+epoch, in.effects[:0]))
	}
	return conformance.Event{}, false, fmt.Errorf("model: more than %d steps at %d us", maxSteps, in.now)
}

// Lag lets time pass over timers that are due: they fire late, with the next Advance, as those of a kernel do that fire at its ticks.
func (in *Instance) Lag(until sock.Time) { in.now = max(in.now, until) }

// Deadline is when something happens by itself; false when nothing will.
func (in *Instance) Deadline() (sock.Time, bool) {
	at, ok := in.host.Deadline()
	return at - epoch, ok
}

// Shows reports whether what happens by itself at that time, when it is due, sends a packet or ends a call. It is tried on a copy.
func (in *Instance) Shows(at sock.Time) bool {
	effects := in.host.Clone().Tick(at+epoch, nil)
	return slices.ContainsFunc(effects, func(e sock.Effect) bool { return e.Kind == sock.Transmit || e.Kind == sock.Done })
}

// take turns effects into events. What is only named (drops, changes of state)
// is reported for itself, so that a script can ask for it.
func (in *Instance) take(effects []sock.Effect) {
	in.effects = effects
	var again []sock.Thread // calls that a signal broke and SA_RESTART makes once more
	for i := range effects {
		e := &effects[i]
		if e.Kind == sock.Done && e.Return.Errno == sock.ERESTARTSYS {
			again = append(again, e.Return.Thread)
			continue
		}
		ev := conformance.Event{At: in.now, Why: []string{e.Why.String()}}
		switch e.Kind {
		case sock.Transmit:
			ev.Kind = conformance.PacketOut
			b, err := packetio.Encode(nil, &e.Packet)
			if err != nil {
				ev.Kind, ev.Why = conformance.Ruled, append(ev.Why, err.Error())
			}
			ev.Packet = b
		case sock.Done:
			ev.Kind, ev.Return = conformance.CallDone, keep(e.Return)
		case sock.Changed:
			ev.Kind, ev.From, ev.To = conformance.Ruled, e.From, e.To
		default:
			ev.Kind = conformance.Ruled
		}
		in.events = append(in.events, ev)
	}
	for _, t := range again {
		in.take(in.host.Call(in.now+epoch, t, in.calls[t], nil))
	}
}

// keep copies what a return refers to, which the host's next input would reuse.
func keep(r sock.Return) sock.Return {
	r.Data = append([]byte(nil), r.Data...)
	r.Poll = append([]sock.PollFD(nil), r.Poll...)
	r.Control = append([]sock.Control(nil), r.Control...)
	return r
}

// Command implements conformance.Instance: sysctls, in the one form that the
// engine uses, and the command that forgets what is remembered of peers.
func (in *Instance) Command(cmd string) error {
	if name, value, ok := conformance.ParseSysctl(cmd); ok {
		if _, known := in.host.Sysctl(name); !known {
			return fmt.Errorf("sysctl %s: the model has none of that name: %w", name, conformance.ErrUnsupported)
		}
		return in.host.SetSysctl(name, value)
	}
	if flush := strings.Fields(cmd); len(flush) > 2 && strings.Join(flush[:3], " ") == "ip tcp_metrics flush" {
		in.host.FlushMetrics()
		return nil
	}
	return fmt.Errorf("command %q: the model has no shell, only sysctl: %w", cmd, conformance.ErrUnsupported)
}

// Close implements conformance.Instance.
func (in *Instance) Close() error {
	in.host = nil
	return nil
}

// Queues implements conformance.Queuer.
func (in *Instance) Queues(fd int32) (syn, accept int, err error) {
	syn, accept, errno := in.host.Queues(fd)
	if errno != 0 {
		return 0, 0, fmt.Errorf("descriptor %d: %v", fd, errno)
	}
	return syn, accept, nil
}

// Counters implements conformance.Counterer.
func (in *Instance) Counters() (map[string]uint64, error) {
	all := map[string]uint64{}
	counters := in.host.Counters()
	for name, n := range counters.All() {
		all[name] = n
	}
	return all, nil
}
