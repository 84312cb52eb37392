package conformance

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// planPoll reads [{fd=4, events=POLLIN, revents=POLLIN}, ...], count, time-out.
func planPoll(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	x := a.at(0)
	if x.Kind != script.ExprArray || int64(len(x.Elems)) != a.num(1) {
		a.failf("%s with %d entries", x, a.num(1))
		return
	}
	p.call = sock.Call{Op: sock.OpPoll, Timeout: a.num(2)}
	want := make([]uint32, len(x.Elems))
	for i := range x.Elems {
		el := &x.Elems[i]
		fd, ok1 := el.Field("fd")
		events, ok2 := el.Field("events")
		revents, ok3 := el.Field("revents")
		if !ok1 || !ok2 || !ok3 {
			a.failf("%s, where {fd=..., events=..., revents=...} was expected", el)
			return
		}
		want[i] = uint32(a.value(revents))
		live := int32(a.value(fd))
		if live >= 0 && (a.e.fds[live] != nil || want[i] != uint32(symbols["POLLNVAL"])) {
			live = a.liveFD(live)
		} else if live >= 0 {
			live += notOpen
		}
		p.call.Poll = append(p.call.Poll, sock.PollFD{FD: live, Events: uint32(a.value(events))})
	}
	p.check = func(r *sock.Return) (string, string) { return comparePoll(want, r.Poll) }
}

func comparePoll(want []uint32, got []sock.PollFD) (string, string) {
	for i, w := range want {
		g := uint32(0)
		if i < len(got) {
			g = got[i].Revents
		}
		if g != w {
			return fmt.Sprintf("entry %d: %s", i, pollString(w)), fmt.Sprintf("entry %d: %s", i, pollString(g))
		}
	}
	return "", ""
}

// pollString names the bits of revents.
func pollString(v uint32) string {
	var names []string
	for _, n := range []string{"POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLRDNORM", "POLLRDBAND",
		"POLLWRNORM", "POLLWRBAND", "POLLRDHUP"} {
		if bit := uint32(symbols[n]); v&bit != 0 {
			names = append(names, n)
			v &^= bit
		}
	}
	if v != 0 || len(names) == 0 {
		names = append(names, fmt.Sprintf("0x%x", v))
	}
	return strings.Join(names, "|")
}

func planEpollCreate(a *args, p *plan) {
	if !a.count(1, 1) {
		return
	}
	p.call = sock.Call{Op: sock.OpEpollCreate}
	if a.call.Name == "epoll_create1" {
		p.call.Flags = int32(a.num(0))
	}
	p.fd = true
	p.after = func(r *sock.Return) error { return a.e.addFD(p, r, &descriptor{}) }
}

// epollEvent reads {events=..., fd=4} or with ptr, u32 or u64 in fd's place. A descriptor is mapped to its live number.
func (a *args) epollEvent(x *script.Expr) (events uint32, data uint64) {
	ev, ok := x.Field("events")
	if !ok {
		a.failf("%s, where {events=..., fd=...} was expected", x)
		return 0, 0
	}
	if fd, ok := x.Field("fd"); ok {
		return uint32(a.value(ev)), uint64(uint32(a.liveFD(int32(a.value(fd)))))
	}
	for _, name := range []string{"ptr", "u32", "u64"} {
		if v, ok := x.Field(name); ok {
			return uint32(a.value(ev)), uint64(a.value(v))
		}
	}
	a.failf("%s, which names no fd, ptr, u32 or u64", x)
	return 0, 0
}

func planEpollCtl(a *args, p *plan) {
	if !a.count(4, 4) {
		return
	}
	p.call = sock.Call{Op: sock.OpEpollCtl, FD: a.fd(0), N: a.num(1), Arg: int64(a.fd(2))}
	if a.at(3).Kind == script.ExprBraces {
		p.call.Events, p.call.UData = a.epollEvent(a.at(3))
	}
}

// planEpollWait compares the first event, as Google's runner does; an array of several compares them all in order. A call that
// returns none leaves zeros.
func planEpollWait(a *args, p *plan) {
	if !a.count(4, 4) {
		return
	}
	p.call = sock.Call{Op: sock.OpEpollWait, FD: a.fd(0), Len: int32(a.num(2)), Timeout: a.num(3)}
	if p.want < 0 || a.at(1).Kind == script.ExprEllipsis {
		return
	}
	list := []script.Expr{*a.at(1)}
	if a.at(1).Kind == script.ExprArray {
		list = a.at(1).Elems
	}
	var want []sock.PollFD
	for i := range list {
		events, data := a.epollEvent(&list[i])
		want = append(want, sock.PollFD{Revents: events, Data: data})
	}
	p.check = func(r *sock.Return) (string, string) {
		for i, w := range want {
			var g sock.PollFD
			if i < len(r.Poll) {
				g = r.Poll[i]
			}
			if w.Revents != g.Revents || w.Data != g.Data {
				return epollString(w), epollString(g)
			}
		}
		return "", ""
	}
}

func epollString(e sock.PollFD) string {
	return fmt.Sprintf("{events=%s, data=%d}", strings.ReplaceAll(pollString(e.Revents), "POLL", "EPOLL"), e.Data)
}
