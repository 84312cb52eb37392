package conformance

import (
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// unmapped is an address as it travels: IPv4 inside an AF_INET6 socket is plain IPv4 on the wire.
func unmapped(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func planRead(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpRead, FD: a.fd(0)}
	a.room(p, 1)
}

// room reads a buffer and its length into a call that receives.
func (a *args) room(p *plan, i int) {
	if a.buffer(i) {
		p.call.Fault |= sock.FaultData
	}
	p.call.Len = a.size(i + 1)
}

// data reads a buffer and its length into a call that sends: zeros, as in Google's runner, or the octets of a string, which RAW
// and ping sockets need, with zeros behind. A null buffer is a nil Data that may have a length.
func (a *args) data(p *plan, i int) {
	if x := a.at(i); x.Kind == script.ExprString || x.Kind == script.ExprConcat {
		b, err := x.Bytes()
		if err != nil {
			a.failf("argument %d: %v", i+1, err)
		}
		p.call.Len = a.size(i + 1)
		p.call.Data = make([]byte, p.call.Len)
		copy(p.call.Data, b)
		return
	}
	null := a.buffer(i)
	n := a.size(i + 1)
	p.call.Len = n
	if null {
		p.call.Fault |= sock.FaultData
	} else {
		p.call.Data = make([]byte, n)
	}
}

func planReadv(a *args, p *plan) {
	if a.count(3, 3) {
		p.call = sock.Call{Op: sock.OpRead, FD: a.fd(0), Len: a.iov(a.at(1), a.num(2))}
	}
}

// planRecv is recv and recvfrom.
func planRecv(a *args, p *plan) {
	n := 4
	if a.call.Name == "recvfrom" {
		n = 6
	}
	if !a.count(n, n) {
		return
	}
	p.call = sock.Call{Op: sock.OpRecv, FD: a.fd(0), Flags: int32(a.num(3)), HasControlRoom: true}
	a.room(p, 1)
	if n == 6 {
		a.fromAddr(p, a.at(4))
	}
}

func planRecvmsg(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	m := a.msghdr(a.at(1))
	p.call = sock.Call{Op: sock.OpRecv, FD: a.fd(0), Flags: int32(a.num(2)), Len: m.length, HasControlRoom: true, ControlLen: m.controlRoom()}
	if p.want < 0 {
		return // a failed call writes nothing that could be compared
	}
	p.check = func(r *sock.Return) (string, string) {
		if int64(r.MsgFlags) != m.flags {
			return fmt.Sprintf("msg_flags 0x%x", m.flags), fmt.Sprintf("msg_flags 0x%x", r.MsgFlags)
		}
		return a.e.compareControl(m, r.Control)
	}
	a.fromAddr(p, m.name)
}

func planWrite(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpWrite, FD: a.fd(0)}
	a.data(p, 1)
}

func planWritev(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	n := a.iov(a.at(1), a.num(2))
	p.call = sock.Call{Op: sock.OpWrite, FD: a.fd(0), Len: n, Data: make([]byte, n)}
}

func planSend(a *args, p *plan) {
	if !a.count(4, 4) {
		return
	}
	p.call = sock.Call{Op: sock.OpSend, FD: a.fd(0), Flags: int32(a.num(3))}
	a.data(p, 1)
}

func planSendto(a *args, p *plan) {
	if !a.count(6, 6) {
		return
	}
	p.call = sock.Call{Op: sock.OpSend, FD: a.fd(0), Flags: int32(a.num(3))}
	a.data(p, 1)
	if v, err := number(a.at(4)); err == nil && v == 0 && a.at(4).Text == "NULL" {
		return
	}
	a.addr(p, 4, a.e.cfg.sockAddr(a.e.cfg.remote(), a.e.cfg.connectPort))
	a.connecting(p)
}

// maxFrags is MAX_SKB_FRAGS: how many separate buffers one packet holds. Up to there it makes no difference that all buffers of
// a call are passed on as one.
const maxFrags = 17

func planSendmsg(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	m := a.msghdr(a.at(1))
	if m.pieces > maxFrags && a.num(2)&symbols["MSG_ZEROCOPY"] != 0 {
		a.unsupported("zero-copy from %d buffers, more than a packet has fragments", m.pieces)
	}
	p.call = sock.Call{Op: sock.OpSend, FD: a.fd(0), Flags: int32(a.num(2)), Len: m.length, Data: a.gathered(m),
		Control: m.control}
	if m.named {
		p.call.Addr, p.call.AddrLen = a.msgName(m.name)
		a.connecting(p)
	}
}

// msghdr is a struct msghdr as a script writes it.
type msghdr struct {
	named   bool
	name    *script.Expr // as written, nil for none
	length  int32
	iov     *script.Expr // the buffers
	pieces  int
	flags   int64
	control []sock.Control // what is sent, or what is expected
	room    int32          // msg_controllen, for what is received; -1 for as much as is expected
}

func (a *args) msghdr(x *script.Expr) *msghdr {
	m := &msghdr{room: -1}
	if x.Kind != script.ExprBraces {
		a.failf("%s, where a {msg_name...} was expected", x)
		return m
	}
	for i := range x.Elems {
		f := &x.Elems[i]
		if f.Kind != script.ExprAssign || len(f.Elems) == 0 {
			a.failf("%s in a msghdr", f)
			return m
		}
		v := &f.Elems[0]
		switch f.Text {
		case "msg_name":
			m.name, m.named = v, v.Kind == script.ExprEllipsis || v.Kind == script.ExprBraces
		case "msg_iov":
			count := int64(len(v.Elems))
			if len(f.Elems) > 1 {
				count = a.value(&f.Elems[1])
			}
			m.length = a.iov(v, count)
			m.iov, m.pieces = v, filled(v)
		case "msg_flags":
			m.flags = a.value(v)
		case "msg_control":
			a.control(m, v)
		case "msg_controllen":
			a.controllen(m, v)
		default:
			a.failf("member %s of a msghdr", f.Text)
		}
	}
	return m
}

// gathered are the octets of a message's buffers: zeros, or those of a string with zeros behind, as in data.
func (a *args) gathered(m *msghdr) []byte {
	b, at := make([]byte, m.length), 0
	if m.iov == nil {
		return b
	}
	for i := range m.iov.Elems {
		el := &m.iov.Elems[i]
		if el.Kind != script.ExprBraces || len(el.Elems) != 2 || at > len(b) {
			continue
		}
		if from := &el.Elems[0]; from.Kind == script.ExprString || from.Kind == script.ExprConcat {
			octets, err := from.Bytes()
			if err != nil {
				a.failf("%v", err)
			}
			copy(b[at:], octets)
		}
		at += int(a.value(&el.Elems[1]))
	}
	return b
}

// filled counts the entries of an iovec array that have room for something.
func filled(x *script.Expr) int {
	n := 0
	for i := range x.Elems {
		if el := &x.Elems[i]; el.Kind == script.ExprBraces && len(el.Elems) == 2 && el.Elems[1].Int != 0 {
			n++
		}
	}
	return n
}
