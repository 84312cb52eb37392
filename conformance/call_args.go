package conformance

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// args reads the arguments of one call. The first error sticks, so that builders can read all they need and ask once.
type args struct {
	e    *engine
	call *script.Syscall
	err  error
}

func (a *args) failf(format string, v ...any) {
	if a.err == nil {
		a.err = a.e.failf(a.call.Name, "arguments that the call has", fmt.Sprintf(format, v...))
	}
}

// unsupported marks an argument that a sock.Call has no room for.
func (a *args) unsupported(format string, v ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("line %d: %s: %s: %w", a.call.Pos.Line, a.call.Name, fmt.Sprintf(format, v...), ErrUnsupported)
	}
}

func (a *args) count(least, most int) bool {
	if n := len(a.call.Args); n < least || n > most {
		a.failf("%d arguments, the call has %d", n, least)
	}
	return a.err == nil
}

var noExpr script.Expr

func (a *args) at(i int) *script.Expr {
	if i >= len(a.call.Args) {
		return &noExpr
	}
	return &a.call.Args[i]
}

// num evaluates an argument that is a number.
func (a *args) num(i int) int64 {
	v, err := number(a.at(i))
	if err != nil {
		a.failf("argument %d: %v", i+1, err)
	}
	return v
}

// number evaluates numbers, names and their ORs.
func number(x *script.Expr) (int64, error) {
	switch x.Kind {
	case script.ExprInt:
		return x.Int, nil
	case script.ExprWord:
		if v, ok := symbols[x.Text]; ok {
			return v, nil
		}
		if v, ok := errnos[x.Text]; ok {
			return int64(v), nil
		}
		return 0, fmt.Errorf("%s is no known name", x.Text)
	case script.ExprOr:
		var all int64
		for i := range x.Elems {
			v, err := number(&x.Elems[i])
			if err != nil {
				return 0, err
			}
			all |= v
		}
		return all, nil
	case script.ExprCall:
		if (x.Text == "htons" || x.Text == "htonl") && len(x.Elems) == 1 {
			return number(&x.Elems[0]) // ports and addresses are kept in host order until they are laid out
		}
	}
	return 0, fmt.Errorf("%s is no number", x)
}

// bracketed evaluates [n].
func bracketed(x *script.Expr) (int64, error) {
	if x.Kind != script.ExprArray || len(x.Elems) != 1 {
		return 0, fmt.Errorf("%s is not of the form [n]", x)
	}
	return number(&x.Elems[0])
}

// fd maps the script's descriptor to the live one. A number that the script never got stands for one that is not open.
func (a *args) fd(i int) int32 {
	n := int32(a.num(i))
	return a.liveFD(n)
}

// notOpen is added to descriptors that a script makes up, so that they cannot hit one that is open for another reason.
const notOpen = 1 << 20

func (a *args) liveFD(n int32) int32 {
	if d := a.e.fds[n]; d != nil {
		return d.live
	}
	if n < 0 {
		return n
	}
	if a.call.Errno != "EBADF" {
		a.failf("descriptor %d, which is not open", n)
	}
	return n + notOpen
}

// buffer tells whether a buffer argument is NULL; otherwise it is `...`.
func (a *args) buffer(i int) (null bool) {
	x := a.at(i)
	if x.Kind == script.ExprEllipsis {
		return false
	}
	if v, err := number(x); err == nil && v == 0 {
		return true
	}
	a.failf("argument %d: %s, where ... or NULL was expected", i+1, x)
	return false
}

// size is a number of octets for a buffer. What does not fit one is left to stacks that can pass it on as it is.
func (a *args) size(i int) int32 {
	n := a.num(i)
	if n < 0 || n > 1<<30 {
		a.unsupported("a buffer of %d octets", n)
		return 0
	}
	return int32(n)
}

// iov is the total length of an iovec array [{..., 10}, {..., 20}] whose number of entries is an argument of its own.
func (a *args) iov(x *script.Expr, count int64) int32 {
	if x.Kind != script.ExprArray {
		a.failf("%s, where an array of {..., length} was expected", x)
		return 0
	}
	if int64(len(x.Elems)) != count {
		a.failf("an iovec array of %d entries said to have %d", len(x.Elems), count)
	}
	var total int64
	for i := range x.Elems {
		el := &x.Elems[i]
		if el.Kind != script.ExprBraces || len(el.Elems) != 2 {
			a.failf("%s, where {..., length} was expected", el)
			return 0
		}
		n, err := number(&el.Elems[1])
		if err != nil || n < 0 || total+n > 1<<30 {
			a.failf("%s as the length of an iovec", &el.Elems[1])
			return 0
		}
		total += n
	}
	return int32(total)
}

// sockaddr evaluates {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("1.2.3.4")} and its IPv6 sibling.
func (a *args) sockaddr(x *script.Expr) sock.Addr {
	var addr sock.Addr
	ip, port := netip.IPv4Unspecified(), uint16(0)
	for i := range x.Elems {
		m := &x.Elems[i]
		if m.Kind != script.ExprAssign {
			a.failf("%s in a socket address", m)
			return addr
		}
		v := &m.Elems[0]
		switch m.Text {
		case "sa_family", "sin_family", "sin6_family":
			addr.Family = uint16(a.value(v))
		case "sin_port", "sin6_port":
			port = uint16(a.value(v))
		case "sin_addr", "sin6_addr":
			ip = a.address(v)
		case "sin6_flowinfo":
			addr.Flow = uint32(a.value(v))
		case "sin6_scope_id":
			addr.Scope = uint32(a.value(v))
		default:
			a.failf("member %s of a socket address", m.Text)
		}
	}
	if addr.Family == afInet6 && ip.Is4() {
		ip = netip.IPv6Unspecified()
	}
	addr.AP = netip.AddrPortFrom(ip, port)
	return addr
}

func (a *args) value(x *script.Expr) int64 {
	v, err := number(x)
	if err != nil {
		a.failf("%v", err)
	}
	return v
}

// address evaluates inet_addr("1.2.3.4"), inet_pton-like calls, plain strings and INADDR_ANY.
func (a *args) address(x *script.Expr) netip.Addr {
	if x.Kind == script.ExprCall && len(x.Elems) > 0 && x.Text != "htonl" {
		x = &x.Elems[len(x.Elems)-1]
	}
	if b, err := x.Bytes(); err == nil {
		ip, err := netip.ParseAddr(string(b))
		if err != nil {
			a.failf("%v", err)
		}
		return ip
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(a.value(x)))))
}
