package main

// waitBugs are in who waits and who is woken.
var waitBugs = []file{
	{"sock/epoll.go", []bug{
		{"epolls in a circle", "check left out", "", `c.N == EPOLL_CTL_ADD && nested && h.epollLoops(at, h.files[f].epoll)`, `false`},
		{"EPOLLEXCLUSIVE first among the watchers", "order", "", `!exclusive`, `true`},
		{"EPOLL_CTL_MOD does not look again", "lost wake-up", "", `h.epollItem(it, 1) != 0 && !it.linked`, `false`},
		{"epoll watched twice", "errno", "", `c.N == EPOLL_CTL_ADD && slot >= 0`, `false`},
	}},
	{"sock/epoll_wait.go", []bug{
		{"exclusive watchers all told", "wake-one", "", `events&EPOLLEXCLUSIVE == 0 || !sleeps`, `true`},
		{"what is left on the list wakes nobody", "lost wake-up", "ep.waiters.Remove(t.id)", `if ep.ready.Len() > 0 {
		h.run = ep.waiters.WakeOne(h.run)
	}`, ``},
		{"events that nobody asked for link an item", "check left out", "", `events&^epPrivate == 0 || events&mask == 0`, `events&^epPrivate == 0`},
		{"epoll's waiters in order of arrival", "order", "", `ep.waiters.AddFirst(t.id)`, `ep.waiters.Add(t.id, true)`},
		{"edge-triggered item reported again", "epoll edge", "", `it.events&EPOLLET == 0`, `true`},
		{"level-triggered item reported once", "epoll edge", "", `it.events&EPOLLET == 0`, `false`},
		{"one-shot item fires again", "epoll edge", "", `it.events &= epPrivate`, ``},
	}},
	{"sock/poll.go", []bug{
		{"poll for room asks for no wake-up", "lost wake-up", "", `s.conn.WantSpace()`, ``},
		{"no POLLHUP when both ways are shut", "poll", "", `shut == tcpstate.ShutRead|tcpstate.ShutWrite || st == tcpstate.Closed`, `st == tcpstate.Closed`},
		{"listener always readable", "poll", "func tcpPoll(", `s.lst.accept.Len() > 0`, `true`},
		{"shut down for reading is not readable", "poll", "", `shut&tcpstate.ShutRead != 0`, `false`},
		{"poll of a descriptor that is none waits", "poll", "", `return POLLNVAL`, `return 0`},
	}},
	{"sock/accept.go", []bug{
		{"listener's IPv4 operations not inherited", "state lost", "", `s.ops4 || !af.ipv6`, `!af.ipv6`},
		{"all who accept are woken", "wake-one", "func tcpAccept(", `return h.parkOn(t, s, true)`, `return h.parkOn(t, s, false)`},
		{"error queue shared with the listener", "state left over", "", `c.groups, c.anycast, c.dg = nil, nil, nil`, `c.groups, c.anycast = nil, nil`},
		{"child has its listener's algorithm, told or not", "state left over", "", `lp.ISS, lp.TSOffset, lp.Congestion = r.ISS, r.TSOffset, c.opt.congestion`, `lp.ISS, lp.TSOffset = r.ISS, r.TSOffset`},
		{"new connection wakes nobody", "lost wake-up", "", `h.wake(s, wakeIn)`, ``},
		{"accept of a listener that stopped waits on", "AC-07", "case s.state() != tcpstate.Listen:", `s.state() != tcpstate.Listen`, `false`},
		{"waiting accept keeps no descriptor", "check left out", "", `o.park && t.fd >= 0`, `false`},
		{"accepted socket is not connected", "AC-10", "", `ssConnected`, `ssUnconnected`},
		{"empty queue: wrong errno", "errno", "func tcpAccept(", `fail(EAGAIN)`, `fail(EINVAL)`},
	}},
	{"sock/thread.go", []bug{
		{"file closed under a waiter goes away", "close under a waiter", "", `h.hold(t, t.file)`, ``},
		{"epoll not told", "lost wake-up", "func (h *Host) wakeShared(", `h.epollNotify(s, mask, n)`, ``},
		{"waiter that left still on the list", "state left over", "", `s.waiters.Remove(t.id)`, ``},
		{"time-out of a wait not set", "lost wake-up", "", `h.arm(timerThread|timer(t.id), t.until, t.until != forever)`, ``},
		{"finite wait restarted after a signal", "AC-08", "", `t.until == forever`, `true`},
		{"patience one tick too long", "edge", "", `t.until > h.now`, `t.until >= h.now`},
		{"one thread makes two calls at once", "check left out", "func (h *Host) Call(", `t.parked`, `false`},
	}},
}
