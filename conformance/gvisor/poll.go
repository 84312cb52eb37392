package gvisor

import (
	"slices"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/waiter"
)

// poll follows the Sentry's doPoll. A negative timeout waits for ever; a
// descriptor below 0 is skipped.
func (in *Instance) poll(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	if len(c.Poll) > maxFiles {
		return fail(einval), true, nil
	}
	set := slices.Clone(c.Poll)
	files := make([]*file, len(set))
	for i := range set {
		files[i] = in.file(set[i].FD)
	}
	if ret := ready(set, files); ret.Value != 0 || c.Timeout == 0 {
		return ret, true, nil
	}
	p := in.park(t, func(late bool) (sock.Return, bool) {
		ret := ready(set, files)
		return ret, ret.Value != 0 || late
	})
	for i, f := range files {
		if f != nil {
			p.wait(f, interest(set[i]))
		}
	}
	p.again()
	if c.Timeout > 0 {
		const most = int64(1<<63-1) / int64(time.Millisecond)
		p.deadline(time.Duration(min(c.Timeout, most)) * time.Millisecond)
	}
	return sock.Return{}, false, nil
}

// interest is what is waited for: POLLERR and POLLHUP need not be asked for.
func interest(p sock.PollFD) waiter.EventMask {
	return waiter.EventMaskFromLinux(p.Events | pollErr | pollHup)
}

// ready fills in Revents and counts the entries that have any.
func ready(set []sock.PollFD, files []*file) sock.Return {
	ret := sock.Return{Poll: slices.Clone(set)}
	for i := range ret.Poll {
		p := &ret.Poll[i]
		p.Revents = 0
		switch f := files[i]; {
		case f != nil:
			p.Revents = f.endpoint.Readiness(interest(*p)).ToLinux() & (p.Events | pollErr | pollHup)
		case p.FD >= 0:
			p.Revents = pollNval
		}
		if p.Revents != 0 {
			ret.Value++
		}
	}
	return ret
}
