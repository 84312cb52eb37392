package story

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// style is how a story is told.
type style struct {
	mark Mark
	gap  tcpstate.Duration // that deeds are at least apart
	// leaves: what the stack sends and no script can write is left out, with a comment. Otherwise the story ends there.
	leaves bool
}

// player does the deeds of a story to the model as scripts find it, and writes down what comes of them.
type player struct {
	style
	in      *model.Instance
	done    int // deeds
	lines   []line
	conns   map[ends]*conn
	open    map[sock.Thread]int  // calls that wait, by the line in which they began
	made    int32                // the newest descriptor
	sockets int                  // that calls made
	labels  int                  // of connections
	streams bool                 // some sockets are TCP's
	calls   map[sock.Thread]bool // threads that make any in the story
	udps    map[int32]bool       // descriptors of UDP sockets
	err     error
	// echoes: a time stamp is echoed that nobody sent.
	echoes bool
	// local and peer are the ends of what scripts send; the peer is whoever sends first.
	local, peer netip.Addr
	parts       map[uint16]string // datagrams that leave in parts, by identification
	deaf        bool              // an ICMP message was left out, behind which a script finds no other
	due         string            // the rule that the next line shows
	begun       int               // the first line of what happens now
	shift       sock.Thread       // added to threads, so that all may wait
	again       *sock.Call        // a getsockopt to make once more
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
	sockets     int  // that there were when it began
	lost        bool // a packet of it was left out, behind which a script finds no other
}

// play does a story. Deeds are at least a gap apart. It ends with the first that no script can say: the player says why then, and
// has what came before.
func play(s *Story, how style) *player {
	named := sock.Thread(1) // the shift that gives every thread a name
	if slices.ContainsFunc(s.Deeds, func(d Deed) bool { return d.Signal && d.Thread == 0 }) {
		return playOn(s, how, named) // a script's first thread has none for a signal to be sent to
	}
	p := playOn(s, how, -s.onlyThread())
	if errors.Is(p.err, errWaits) {
		return playOn(s, how, named)
	}
	return p
}

// mostDeeds bounds a story: a script that is longer is read by nobody.
const mostDeeds = 2000

func playOn(s *Story, how style, shift sock.Thread) (p *player) {
	p = &player{style: how, conns: map[ends]*conn{}, open: map[sock.Thread]int{}, udps: map[int32]bool{}, calls: map[sock.Thread]bool{}, shift: shift,
		local: scriptLocal.Addr(), peer: scriptPeer.Addr(), parts: map[uint16]string{}}
	defer p.survive()
	p.meet(s)
	if p.start(s); p.err != nil {
		return p
	}
	var last tcpstate.Time
	for i := range s.Deeds {
		if i == mostDeeds {
			p.failf("more than %d deeds", mostDeeds)
			return p
		}
		d := &s.Deeds[i]
		wait := how.gap
		if i == 0 {
			wait = 0
		} else {
			wait = max(wait, d.At.Sub(last))
		}
		last = d.At
		if p.do(d, wait); p.err != nil {
			return p
		}
		p.done++
	}
	p.finish(how.gap)
	return p
}

// survive ends a story where the model panics.
func (p *player) survive() {
	if v := recover(); v != nil {
		p.failf("the model panics: %v", v)
	}
}

// start makes the model of a story's world.
func (p *player) start(s *Story) {
	mtu := int(s.MTU)
	if mtu == 0 {
		mtu = matrix.UsualMTU
	}
	in, err := model.Stack{}.Start(conformance.Setup{LocalV4: scriptLocal.Addr(), PrefixV4: 16, LocalV6: p.here6(storyLocal6), PrefixV6: 48, MTU: mtu})
	if p.note(err); err != nil {
		return
	}
	p.in = in.(*model.Instance)
	for _, c := range s.Sysctls {
		p.note(p.in.Command(conformance.SysctlCommand(c[0], c[1])))
	}
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
	case d.Signal && !p.calls[d.Thread+p.shift]: // nobody is there to get it
	case d.Signal:
		p.add(line{at: p.in.Now(), text: fmt.Sprintf("signal(t%d) = 0", d.Thread+p.shift)})
		p.note(p.in.Interrupt(d.Thread + p.shift))
	case d.Sysctl != nil:
		p.write(d.Sysctl[0], d.Sysctl[1])
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
	case adorned(&q):
		p.failf("a packet with a header of IP that no script can write")
	case q.Proto == sock.ProtoTCP:
		text = p.segment(&q)
	case q.Proto == sock.ProtoICMP, q.Proto == sock.ProtoICMPv6:
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
