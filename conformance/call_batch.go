package conformance

import (
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// batchEntry is a struct mmsghdr as a script writes it: {msg_hdr={...}, msg_len=10}, where msg_len is what the call is expected
// to put there; what is stated of a message that the call does not reach counts for nothing.
type batchEntry struct {
	*msghdr
	moved  int64
	stated bool
}

// batch reads the array of struct mmsghdr, of as many entries as the argument behind it says.
func (a *args) batch(i int) (list []batchEntry) {
	x := a.at(i)
	if x.Kind != script.ExprArray || int64(len(x.Elems)) != a.num(i+1) {
		a.failf("argument %d: %s, where an array of %d {msg_hdr={...}, msg_len=N} was expected", i+1, x, a.num(i+1))
		return nil
	}
	for k := range x.Elems {
		e := batchEntry{msghdr: &msghdr{room: -1}}
		for j := range x.Elems[k].Elems {
			f := &x.Elems[k].Elems[j]
			switch {
			case f.Kind != script.ExprAssign || len(f.Elems) == 0:
				a.failf("%s in a mmsghdr", f)
			case f.Text == "msg_hdr":
				e.msghdr = a.msghdr(&f.Elems[0])
			case f.Text == "msg_len":
				e.moved, e.stated = a.value(&f.Elems[0]), true
			default:
				a.failf("member %s of a mmsghdr", f.Text)
			}
		}
		list = append(list, e)
	}
	return list
}

// planSendmmsg is sendmmsg(fd, [{msg_hdr={...}}, ...], n, flags).
func planSendmmsg(a *args, p *plan) {
	if !a.count(4, 4) {
		return
	}
	list := a.batch(1)
	p.call = sock.Call{Op: sock.OpSendmmsg, FD: a.fd(0), Flags: int32(a.num(3))}
	for _, e := range list {
		m := sock.Msg{Data: a.gathered(e.msghdr), Len: e.length, Control: e.control}
		if e.named {
			m.Addr, m.AddrLen = a.msgName(e.name)
		}
		p.call.Msgs = append(p.call.Msgs, m)
	}
	p.check = a.checkBatch(list, false)
}

// planRecvmmsg is recvmmsg(fd, [{msg_hdr={...}, msg_len=10}, ...], n, flags, {tv_sec=1, tv_nsec=0} or NULL).
func planRecvmmsg(a *args, p *plan) {
	if !a.count(5, 5) {
		return
	}
	list := a.batch(1)
	p.call = sock.Call{Op: sock.OpRecvmmsg, FD: a.fd(0), Flags: int32(a.num(3))}
	if x := a.at(4); x.Kind == script.ExprBraces {
		p.call.Data = make([]byte, 16)
		for i := range x.Elems {
			at, v := p.call.Data, uint64(a.value(&x.Elems[i].Elems[0]))
			if x.Elems[i].Text == "tv_nsec" {
				at = at[8:]
			}
			binary.LittleEndian.PutUint64(at, v)
		}
	}
	for _, e := range list {
		p.call.Msgs = append(p.call.Msgs, sock.Msg{Len: e.length, HasControlRoom: true, ControlLen: e.controlRoom()})
	}
	p.check = a.checkBatch(list, true)
}

// checkBatch compares what became of each message.
func (a *args) checkBatch(list []batchEntry, received bool) func(r *sock.Return) (string, string) {
	return func(r *sock.Return) (string, string) {
		for i := range min(len(r.Msgs), len(list)) {
			e, m := &list[i], &r.Msgs[i]
			switch {
			case e.stated && int64(m.Len) != e.moved:
				return fmt.Sprintf("msg_len %d of message %d", e.moved, i), fmt.Sprintf("msg_len %d", m.Len)
			case !received:
				continue
			case int64(m.Flags) != e.flags:
				return fmt.Sprintf("msg_flags 0x%x of message %d", e.flags, i), fmt.Sprintf("msg_flags 0x%x", m.Flags)
			}
			if e.name != nil && e.name.Kind == script.ExprBraces {
				if want := a.sockaddr(e.name); m.Addr.Family != want.Family || m.Addr.AP != want.AP {
					return "from " + addrString(want), "from " + addrString(m.Addr)
				}
			}
			if want, got := a.e.compareControl(e.msghdr, m.Control); want != got {
				return want, got
			}
		}
		return "", ""
	}
}

// msgName is the address that a message is for.
func (a *args) msgName(x *script.Expr) (sock.Addr, int32) {
	to := a.e.cfg.sockAddr(a.e.cfg.remote(), a.e.cfg.connectPort)
	if x.Kind == script.ExprBraces {
		to = a.sockaddr(x)
	}
	if to.Family == afInet6 {
		return to, 28
	}
	return to, 16
}
