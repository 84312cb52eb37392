package story

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// player does the deeds of a story to the model as scripts find it, and writes down what comes of them.
type player struct {
	in    *model.Instance
	lines []line
	conns map[ends]*conn
	open  map[sock.Thread]int // calls that wait, by the line in which they began
	made  int32               // the newest descriptor
	udps  map[int32]bool      // descriptors of UDP sockets
	err   error
	// echoes: a time stamp is echoed that nobody sent.
	echoes bool
	// local and peer are the ends of what scripts send; the peer is whoever sends first.
	local, peer netip.Addr
	parts       map[uint16]string // datagrams that leave in parts, by identification
	due         string            // the rule that the next line shows
	begun       int               // the first line of what happens now
	shift       sock.Thread       // added to threads, so that all may wait
	mark        Mark
}

// line is one event of a script.
type line struct {
	at, end sock.Time // end: when a call that waited returned
	call    *sock.Call
	thread  sock.Thread
	text    string
	waited  bool
	shows   string // the rule that the script is about, if it shows here
}

// ends tell a connection: the stack's port, 0 for one that it chose, and the peer's end.
type ends struct {
	local uint16
	peer  netip.AddrPort
}

// conn is what is known of a connection.
type conn struct {
	n           int    // in order of appearance
	port        uint16 // the stack's
	first, peer tcpstate.Seq
	known, met  bool // first and peer are
	stamps      []uint32
}

// The world of scripts (Google's run_all.py), and the prefixes of its addresses. IPv6's are those of package fuzz.
var (
	scriptLocal6 = netip.MustParseAddr("fd00::1")
	scriptLocal  = netip.MustParseAddrPort("192.168.0.1:8080")
	scriptPeer   = netip.MustParseAddrPort("192.0.2.1:8080")
)

// play does a story. Deeds are at least a gap apart.
func play(s *Story, mark Mark, gap tcpstate.Duration) (*player, error) {
	p, err := playOn(s, mark, gap, 0)
	if errors.Is(err, errWaits) {
		return playOn(s, mark, gap, 1)
	}
	return p, err
}

func playOn(s *Story, mark Mark, gap tcpstate.Duration, shift sock.Thread) (*player, error) {
	mtu := int(s.MTU)
	if mtu == 0 {
		mtu = 1500
	}
	in, err := model.Stack{}.Start(conformance.Setup{LocalV4: scriptLocal.Addr(), PrefixV4: 16, LocalV6: scriptLocal6, PrefixV6: 48, MTU: mtu})
	if err != nil {
		return nil, err
	}
	p := &player{in: in.(*model.Instance), conns: map[ends]*conn{}, open: map[sock.Thread]int{}, udps: map[int32]bool{}, mark: mark, shift: shift,
		local: scriptLocal.Addr(), peer: scriptPeer.Addr(), parts: map[uint16]string{}}
	p.meet(s)
	for _, c := range s.Sysctls {
		if err := p.in.Command(conformance.SysctlCommand(c[0], c[1])); err != nil {
			return nil, err
		}
	}
	var last tcpstate.Time
	for i := range s.Deeds {
		d := &s.Deeds[i]
		wait := gap
		if i == 0 {
			wait = 0
		} else {
			wait = max(wait, d.At.Sub(last))
		}
		last = d.At
		if p.do(d, wait); p.err != nil {
			return p, p.err
		}
	}
	p.finish(gap)
	return p, p.err
}

func (p *player) failf(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// errWaits: a call of the thread that makes the others waits.
var errWaits = errors.New("a call waits of the thread that makes the others")

// early is how long before a timer of the stack a deed comes that its story has before that timer.
const early = 5 * tcpstate.Millisecond

// do does one deed after a wait.
func (p *player) do(d *Deed, wait tcpstate.Duration) {
	until := p.in.Now().Add(wait)
	at, ok := p.in.Deadline()
	switch {
	case d.Tick && ok:
		p.begun = len(p.lines)
		p.pass(at)
		return
	case !d.Tick && ok && at <= until:
		until = max(p.in.Now(), min(until, at.Add(-early)))
	}
	p.pass(until)
	p.begun = len(p.lines)
	switch {
	case d.Signal:
		p.add(line{at: p.in.Now(), text: fmt.Sprintf("signal(t%d) = 0", d.Thread+p.shift)})
		p.note(p.in.Interrupt(d.Thread + p.shift))
	case d.Call != nil:
		p.call(d.Thread+p.shift, *d.Call)
	case d.Packet != nil:
		p.inject(*d.Packet)
	}
	p.pass(p.in.Now())
}

func (p *player) note(err error) {
	if err != nil {
		p.failf("%w", err)
	}
}

// mostEvents bounds what one deed may bring about.
const mostEvents = 10_000

// pass lets time pass.
func (p *player) pass(until sock.Time) {
	for range mostEvents {
		ev, ok, err := p.in.Advance(until)
		if p.note(err); err != nil || !ok {
			return
		}
		switch ev.Kind {
		case conformance.PacketOut:
			p.sent(&ev)
		case conformance.CallDone:
			p.returned(&ev)
		default:
			p.ruled(&ev)
		}
	}
	p.failf("more than %d events at once", mostEvents)
}

// marked is how an event is marked, "" for not at all.
func (p *player) marked(ev *conformance.Event) string {
	if p.mark == nil {
		return ""
	}
	return p.mark(ev)
}

// ruled marks the line at hand if what it brought about is to be marked.
func (p *player) ruled(ev *conformance.Event) {
	switch mark := p.marked(ev); {
	case mark == "":
	case p.begun < len(p.lines) && p.lines[p.begun].at == ev.At:
		p.lines[p.begun].shows = mark
	default: // time alone did it: the script sees it with what comes next
		p.due = mark
	}
}

// add appends a line.
func (p *player) add(l line) {
	l.shows, p.due = p.due, ""
	p.lines = append(p.lines, l)
}

func (p *player) call(th sock.Thread, c sock.Call) {
	if _, waits := p.open[th]; waits {
		p.failf("a call of a thread that waits in another")
		return
	}
	if c.Op == sock.OpSend && p.udps[c.FD] { // scripts' datagrams are zeros
		c.Data = make([]byte, len(c.Data))
	}
	p.add(line{at: p.in.Now(), call: &c, thread: th})
	p.open[th] = len(p.lines) - 1
	p.note(p.in.Call(th, c))
	p.pass(p.in.Now())
	if i, waits := p.open[th]; waits {
		p.lines[i].waited = true
		if th == 0 {
			p.note(errWaits)
		}
	}
}

// returned completes the line of a call.
func (p *player) returned(ev *conformance.Event) {
	i, ok := p.open[ev.Return.Thread]
	if !ok {
		return
	}
	delete(p.open, ev.Return.Thread)
	l := &p.lines[i]
	text, err := spell(*l.call, &ev.Return)
	if p.note(err); err != nil {
		return
	}
	l.text, l.end = text, ev.At
	if c := l.call; ev.Return.Value >= 0 && (c.Op == sock.OpSocket || c.Op == sock.OpAccept) {
		p.made = int32(ev.Return.Value)
		p.udps[p.made] = c.Op == sock.OpSocket && c.Type&0xF == sock.SOCK_DGRAM && (c.Proto == 0 || c.Proto == sock.IPPROTO_UDP)
	}
	p.ruled(ev)
}

// inject hands the stack a packet, in the numbers of its connection.
func (p *player) inject(q sock.Packet) {
	for _, a := range [...]netip.Addr{q.Dst, q.ICMP.Quote.Src} {
		if a.IsValid() && a != p.local {
			p.failf("a packet to %v: scripts' packets go to one address", a)
			return
		}
	}
	if q.Src != p.peer {
		p.failf("a packet from %v: scripts' packets come from one address", q.Src)
		return
	}
	var text string
	switch {
	case q.Opaque:
		text = p.part(&q)
	case q.Proto == sock.ProtoTCP:
		text = p.segment(&q)
	case q.Proto == sock.ProtoICMP:
		text = p.message(&q)
	case q.Proto == sock.ProtoUDP:
		text = p.udp(&q)
	default:
		p.failf("a packet of protocol %d", q.Proto)
	}
	if q.Proto != sock.ProtoTCP && p.made == 0 { // packets need a socket that they could be about
		p.call(0, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_DGRAM, Proto: sock.IPPROTO_UDP})
		p.begun = len(p.lines)
	}
	if p.err != nil {
		return
	}
	b, err := packetio.Encode(nil, &q)
	if p.note(err); err != nil {
		return
	}
	if q.Proto == sock.ProtoTCP && !q.Opaque {
		c := p.conns[endsOf(q.DstPort, netip.AddrPortFrom(q.Src, q.SrcPort))]
		text = c.label() + farMark(&q) + tcpText(&q.Seg, b, c, true)
	}
	p.add(line{at: p.in.Now(), text: "< " + text})
	p.note(p.in.Inject(b))
}

// finish ends calls that still wait, and shows that time has passed.
func (p *player) finish(gap tcpstate.Duration) {
	const tries = 4
	for range tries {
		for th := sock.Thread(1); th < 6; th++ {
			i, waits := p.open[th]
			if !waits || p.err != nil {
				continue
			}
			c := p.lines[i].call
			fd := c.FD
			if c.Op == sock.OpPoll && len(c.Poll) > 0 {
				fd = c.Poll[0].FD
			}
			p.pass(p.in.Now().Add(max(gap, tcpstate.Millisecond)))
			p.call(0, sock.Call{Op: sock.OpShutdown, FD: fd, N: sock.SHUT_RDWR})
		}
	}
	if len(p.open) > 0 {
		p.failf("a call that never returns")
	}
	if n := len(p.lines); n > 0 && p.lines[n-1].at < p.in.Now() {
		p.call(0, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM})
	}
}
