package story

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// call makes a call of a thread, as far as a script can make it.
func (p *player) call(th sock.Thread, c sock.Call) {
	if _, waits := p.open[th]; waits {
		p.failf("a call of a thread that waits in another")
		return
	}
	c, err := p.sayable(c)
	asked := p.spellCall(&c, &sock.Return{})
	switch {
	case err != nil:
		p.failf("%v: %w", c.Op, err)
		return
	case asked == "":
		p.failf("scripts have no %v like that", c.Op)
		return
	}
	p.add(line{at: p.in.Now(), call: &c, thread: th, asked: asked})
	p.open[th] = len(p.lines) - 1
	p.note(p.in.Call(th, c))
	p.pass(p.in.Now())
	if again := p.again; again != nil {
		p.again = nil
		p.call(th, *again)
	}
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
	text, err := p.spell(*l.call, &ev.Return)
	if p.note(err); err != nil {
		return
	}
	l.text, l.end = text, ev.At
	if c := l.call; ev.Return.Value >= 0 && (c.Op == sock.OpSocket || c.Op == sock.OpAccept) {
		p.made = int32(ev.Return.Value)
		p.sockets++
		p.streams = p.streams || c.Op == sock.OpSocket && c.Type&0xF == sock.SOCK_STREAM
		p.udps[p.made] = c.Op == sock.OpSocket && c.Type&0xF == sock.SOCK_DGRAM && (c.Proto == 0 || c.Proto == sock.IPPROTO_UDP)
	}
	p.ruled(ev)
	p.readAgain(l.call, &ev.Return)
}

// aftermath is how long a story is watched after its end: longer than it takes most timers to fire that should have been armed.
const aftermath = 500 * tcpstate.Millisecond

// count states at the end how many segments TCP sent: a script does not mind one that it does not expect.
func (p *player) count() {
	if p.in == nil || !p.streams {
		return
	}
	defer p.survive()
	p.pass(p.in.Now().Add(aftermath))
	if all, err := p.in.Counters(); err == nil {
		p.add(line{at: p.in.Now(), text: fmt.Sprintf("counter(OutSegs) = %d", all["OutSegs"])})
	}
}

// readAgain reads an option once more that is shorter than the room was: a script states a value of the room's length only.
func (p *player) readAgain(c *sock.Call, r *sock.Return) {
	if n := len(r.Data); c.Op != sock.OpGetsockopt || r.Value < 0 || n == 0 || n >= int(c.Len) || n > mostShown || !p.leaves {
		return
	}
	again := *c
	again.Len = int32(len(r.Data))
	p.again = &again
}

// write makes an administrator write a sysctl. What the stack refuses is left out: a script would end there.
func (p *player) write(name, value string) {
	cmd := conformance.SysctlCommand(name, value)
	l := line{at: p.in.Now(), text: "`" + cmd + "`"}
	if err := p.in.Command(cmd); err != nil {
		l.left = err.Error()
	}
	p.add(l)
}
