package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// planSetsockopt lays the value out and cuts it, or fills it up with zeros, to the length given. A number
// is the address of no value: -1, say. NULL is none, since IPv6's options take it for 0 (do_ipv6_setsockopt).
func planSetsockopt(a *args, p *plan) {
	if !a.count(5, 5) {
		return
	}
	p.call = sock.Call{Op: sock.OpSetsockopt, FD: a.fd(0), Level: int32(a.num(1)), Name: int32(a.num(2))}
	var value []byte
	if a.at(3).Kind == script.ExprInt {
		p.call.Fault, p.call.Len = sock.FaultData, a.size(4)
		return
	}
	if x := filterOf(a.at(3)); x != nil {
		value, p.call.Filter = a.filter(x)
	} else {
		value = a.optionValue(a.at(3))
	}
	n := a.size(4)
	if a.err != nil {
		return
	}
	p.call.Data = append(value, make([]byte, max(0, int(n)-len(value)))...)[:n]
	p.call.Len = n
}

// optionValue is an option's value as the kernel takes it: [n] is an int, "..." the octets, {onoff=1, linger=2} a struct linger,
// {tv_sec=1, tv_usec=0} a struct timeval.
func (a *args) optionValue(x *script.Expr) []byte {
	le := binary.LittleEndian
	switch x.Kind {
	case script.ExprString, script.ExprConcat:
		b, err := x.Bytes()
		if err != nil {
			a.failf("%v", err)
		}
		return b
	case script.ExprArray:
		var b []byte
		for i := range x.Elems {
			b = le.AppendUint32(b, uint32(a.value(&x.Elems[i])))
		}
		return b
	case script.ExprBraces:
		var b []byte
		for i := range x.Elems {
			m := &x.Elems[i]
			if m.Kind != script.ExprAssign {
				a.unsupported("the value %s", x)
				return nil
			}
			v := uint64(a.value(&m.Elems[0]))
			switch m.Text {
			case "onoff", "l_onoff", "linger", "l_linger":
				b = le.AppendUint32(b, uint32(v))
			case "tv_sec", "tv_usec":
				b = le.AppendUint64(b, v)
			default:
				a.unsupported("the value %s", x)
				return nil
			}
		}
		return b
	}
	a.unsupported("the value %s", x)
	return nil
}

func planGetsockopt(a *args, p *plan) {
	if !a.count(5, 5) {
		return
	}
	n, err := bracketed(a.at(4))
	if err != nil {
		a.failf("argument 5: %v", err)
		return
	}
	p.call = sock.Call{Op: sock.OpGetsockopt, FD: a.fd(0), Level: int32(a.num(1)), Name: int32(a.num(2)), Len: int32(n)}
	x := a.at(3)
	if x.Kind == script.ExprEllipsis || p.want < 0 {
		return // nothing stated about the value
	}
	if f := filterOf(x); f != nil {
		p.checkFilter(a, f)
		return
	}
	want := a.optionValue(x)
	number := x.Kind == script.ExprArray
	p.check = func(r *sock.Return) (string, string) {
		if len(r.Data) != int(n) {
			return fmt.Sprintf("a value of %d octets", n), fmt.Sprintf("a value of %d octets", len(r.Data))
		}
		if number && len(want) == 4 && len(r.Data) <= 4 {
			return fmt.Sprint(littleInt(want)), fmt.Sprint(littleInt(r.Data))
		}
		if bytes.Equal(want, r.Data) {
			return "", ""
		}
		return fmt.Sprintf("%q", want), fmt.Sprintf("%q", r.Data)
	}
}

// littleInt reads a little-endian int of up to four octets.
func littleInt(b []byte) int32 {
	var four [4]byte
	copy(four[:], b)
	return int32(binary.LittleEndian.Uint32(four[:]))
}

// planIoctl compares the int that the request wrote.
func planIoctl(a *args, p *plan) {
	if !a.count(2, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpIoctl, FD: a.fd(0), N: a.num(1)}
	if len(a.call.Args) == 2 {
		return
	}
	want, err := bracketed(a.at(2))
	if err != nil {
		a.failf("argument 3: %v", err)
		return
	}
	p.call.Arg, p.call.Len = want, 4
	if p.want < 0 || a.call.Args[1].Text == "FIONBIO" {
		return
	}
	p.check = func(r *sock.Return) (string, string) {
		return fmt.Sprint(int32(want)), fmt.Sprint(littleInt(r.Data))
	}
}

// planName is getsockname and getpeername: `...` for "not compared", or an address.
func planName(a *args, p *plan) {
	if !a.count(3, 3) {
		return
	}
	p.call = sock.Call{Op: sock.OpGetsockname, FD: a.fd(0)}
	if a.call.Name == "getpeername" {
		p.call.Op = sock.OpGetpeername
	}
	if room, err := bracketed(a.at(2)); err == nil {
		p.call.HasRoom, p.call.AddrLen = true, int32(room)
	}
	if a.at(1).Kind != script.ExprBraces || p.want < 0 {
		return
	}
	want := a.sockaddr(a.at(1))
	p.check = func(r *sock.Return) (string, string) {
		got := r.Addr
		if !got.AP.IsValid() && want.AP.Port() == 0 { // cut: of an address that names none the family is all
			got.AP = want.AP
		}
		return fmt.Sprintf("%d %s", want.Family, want.AP), fmt.Sprintf("%d %s", got.Family, got.AP)
	}
}
