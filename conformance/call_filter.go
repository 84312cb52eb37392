package conformance

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// filterOf is the program in {filter=[{0x28, 0, 0, 12}, ...]}, nil for any other value: instructions of four numbers (code, jt, jf,
// k), as tcpdump -dd prints them. Google's packetdrill has no way to write one.
func filterOf(x *script.Expr) *script.Expr {
	if x.Kind != script.ExprBraces || len(x.Elems) != 1 || x.Elems[0].Kind != script.ExprAssign || x.Elems[0].Text != "filter" {
		return nil
	}
	return &x.Elems[0].Elems[0]
}

// filter lays a program out: struct sock_fprog, whose pointer the stack fills in, and the instructions.
func (a *args) filter(x *script.Expr) ([]byte, []sock.SockFilter) {
	var prog []sock.SockFilter
	for i := range x.Elems {
		in := &x.Elems[i]
		if x.Kind != script.ExprArray || in.Kind != script.ExprBraces || len(in.Elems) != 4 {
			a.failf("the program %s: write it as [{code, jt, jf, k}, ...]", x)
			return nil, nil
		}
		n := func(j int) int64 { return a.value(&in.Elems[j]) }
		prog = append(prog, sock.SockFilter{Code: uint16(n(0)), JT: uint8(n(1)), JF: uint8(n(2)), K: uint32(n(3))})
	}
	fprog := make([]byte, 16)
	fprog[0], fprog[1], fprog[8] = byte(len(prog)), byte(len(prog)>>8), 1
	return fprog, prog
}

// checkFilter compares a program that is read back.
func (p *plan) checkFilter(a *args, x *script.Expr) {
	_, want := a.filter(x)
	p.check = func(r *sock.Return) (string, string) {
		if slices.Equal(want, r.Filter) {
			return "", ""
		}
		return fmt.Sprint(want), fmt.Sprint(r.Filter)
	}
}
