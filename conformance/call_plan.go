package conformance

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// planner turns the arguments of one kind of call into a plan.
type planner func(a *args, p *plan)

// planners are the calls that scripts can make. Those of Google's runner that a sock.Call cannot say are refused by name
// (foreignCalls), so that a script that needs them is skipped and not failed.
var planners = map[string]planner{
	"socket": planSocket, "bind": planBind, "listen": planListen, "accept": planAccept, "accept4": planAccept,
	"connect": planConnect, "shutdown": planShutdown, "close": planClose, "dup": planDup, "dup2": planDup2, "dup3": planDup2,
	"read": planRead, "readv": planReadv, "recv": planRecv, "recvfrom": planRecv, "recvmsg": planRecvmsg,
	"write": planWrite, "writev": planWritev, "send": planSend, "sendto": planSendto, "sendmsg": planSendmsg,
	"recvmmsg": planRecvmmsg, "sendmmsg": planSendmmsg,
	"getsockopt": planGetsockopt, "setsockopt": planSetsockopt,
	"getsockname": planName, "getpeername": planName, "fcntl": planFcntl, "ioctl": planIoctl,
	"poll": planPoll, "epoll_create": planEpollCreate, "epoll_create1": planEpollCreate,
	"epoll_ctl": planEpollCtl, "epoll_wait": planEpollWait,
}

// planCall reads a call of the script against the descriptors and addresses of this moment.
func (e *engine) planCall(ev *script.Event) (*plan, error) {
	c := ev.Call
	build, ok := planners[c.Name]
	if !ok && !slices.Contains(foreignCalls, c.Name) {
		return nil, e.failf("call", aCall, c.Name)
	}
	if !ok {
		return nil, fmt.Errorf("line %d: system call %s: %w", c.Pos.Line, c.Name, ErrUnsupported)
	}
	p := &plan{ev: ev}
	a := &args{e: e, call: c}
	if c.Result.Kind != script.ExprEllipsis {
		p.want = a.value(&c.Result)
	}
	if c.Errno != "" {
		n, ok := errnos[c.Errno]
		if !ok {
			a.failf("errno %s, which is no known name", c.Errno)
		}
		p.errno = n
	}
	build(a, p)
	return p, a.err
}

func planSocket(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	d := &descriptor{family: a.e.cfg.family(), typ: int32(a.num(1)), proto: int32(a.num(2))}
	if a.at(0).Kind != script.ExprEllipsis {
		d.family = int32(a.num(0))
	}
	p.call = sock.Call{Op: sock.OpSocket, Domain: d.family, Type: d.typ, Proto: d.proto}
	p.fd = true
	p.after = func(r *sock.Return) error {
		if r.Value >= 0 {
			d.conn = a.e.newConn("", protoOf(d))
		}
		return a.e.addFD(p, r, d)
	}
}

// protoOf is the protocol on the wire of a socket.
func protoOf(d *descriptor) uint8 {
	switch {
	case d.proto == 1 || d.proto == 58:
		return uint8(d.proto)
	case d.typ&0xf == sockDgram:
		return sock.ProtoUDP
	}
	return sock.ProtoTCP
}

func planBind(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpBind, FD: a.fd(0)}
	a.addr(p, 1, a.e.cfg.sockAddr(a.e.cfg.local(), a.e.cfg.bindPort))
}

// addr fills in an address argument: `...` stands for the default, a number for an address of that family and nothing else.
func (a *args) addr(p *plan, i int, dflt sock.Addr) {
	switch x := a.at(i); x.Kind {
	case script.ExprEllipsis:
		p.call.Addr = dflt
	case script.ExprBraces:
		p.call.Addr = a.sockaddr(x)
	default:
		p.call.Addr = sock.Addr{Family: uint16(a.num(i))}
	}
	p.call.AddrLen = 16
	if p.call.Addr.Family == afInet6 {
		p.call.AddrLen = 28
	}
	if len(a.call.Args) > i+1 && a.at(i+1).Kind != script.ExprEllipsis {
		p.call.AddrLen = int32(a.num(i + 1))
	}
}

func planListen(a *args, p *plan) {
	if !a.count(2, 2) {
		return
	}
	p.call = sock.Call{Op: sock.OpListen, FD: a.fd(0), N: a.num(1)}
	p.after = func(*sock.Return) error {
		// Segments to come open children of this socket, whatever the call returned: a script may listen twice.
		if d := a.e.fds[int32(a.num(0))]; d != nil && d.conn != nil && p.want == 0 {
			d.conn.state = connListening
		}
		return nil
	}
}

func planAccept(a *args, p *plan) {
	if !a.count(3, 4) {
		return
	}
	p.call = sock.Call{Op: sock.OpAccept, FD: a.fd(0)}
	if len(a.call.Args) == 4 {
		p.call.Flags = int32(a.num(3))
	}
	p.fd = true
	p.after = func(r *sock.Return) error {
		return a.e.addFD(p, r, &descriptor{family: a.e.cfg.family(), conn: a.e.acceptedConn(r)})
	}
}

func planConnect(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpConnect, FD: a.fd(0)}
	a.addr(p, 1, a.e.cfg.sockAddr(a.e.cfg.remote(), a.e.cfg.connectPort))
	a.connecting(p)
}

// connecting notes that a socket is about to send a SYN: before the call, since the SYN comes before its return.
func (a *args) connecting(p *plan) {
	d := a.e.fds[int32(a.num(0))]
	if d == nil || d.conn == nil || a.err != nil {
		return
	}
	c := d.conn
	if p.call.Addr.Family == 0 { // AF_UNSPEC dissolves an association: the socket can connect again
		c.state = connNew
		return
	}
	if c.state != connNew {
		return
	}
	c.state = connConnecting
	c.live.remote = unmapped(p.call.Addr.AP)
	p.after = func(r *sock.Return) error {
		// A refusal before any SYN leaves a socket that may try somebody else.
		if r.Errno != 0 && r.Errno != sock.EINPROGRESS && c.state == connConnecting {
			c.state = connNew
		}
		return nil
	}
}

func planShutdown(a *args, p *plan) {
	if a.count(2, 2) {
		p.call = sock.Call{Op: sock.OpShutdown, FD: a.fd(0), N: a.num(1)}
	}
}

func planClose(a *args, p *plan) {
	if !a.count(1, 1) {
		return
	}
	p.call = sock.Call{Op: sock.OpClose, FD: a.fd(0)}
	p.after = func(r *sock.Return) error {
		if d := a.e.fds[int32(a.num(0))]; d != nil && r.Value == 0 {
			delete(a.e.fds, int32(a.num(0)))
		}
		return nil
	}
}

func planDup(a *args, p *plan) {
	if !a.count(1, 1) {
		return
	}
	p.call = sock.Call{Op: sock.OpDup, FD: a.fd(0)}
	a.duplicate(p)
}

// planDup2 is dup2 and dup3, onto a descriptor of the script.
func planDup2(a *args, p *plan) {
	if !a.count(2, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpDup2, FD: a.fd(0), Arg: int64(a.fd(1))}
	if len(a.call.Args) == 3 {
		p.call.Op, p.call.Flags = sock.OpDup3, int32(a.num(2))
	}
	p.fd = true
	p.after = func(r *sock.Return) error {
		if old := a.e.fds[int32(a.num(0))]; old != nil && r.Value >= 0 {
			a.e.fds[int32(a.num(1))] = &descriptor{live: int32(r.Value), family: old.family, typ: old.typ, proto: old.proto}
		}
		return nil
	}
}

// duplicate files the copy of a descriptor. The connection keeps its first one.
func (a *args) duplicate(p *plan) {
	p.fd = true
	p.after = func(r *sock.Return) error {
		d := descriptor{}
		if old := a.e.fds[int32(a.num(0))]; old != nil {
			d = *old
			d.conn = nil
		}
		return a.e.addFD(p, r, &d)
	}
}

func planFcntl(a *args, p *plan) {
	if !a.count(2, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpFcntl, FD: a.fd(0), N: a.num(1)}
	if len(a.call.Args) == 3 {
		p.call.Arg = a.num(2)
	}
	if p.call.N == symbols["F_DUPFD"] {
		a.duplicate(p)
	}
}
