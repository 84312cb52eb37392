package script

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
)

// parseSeed does what FuzzParse does with a seed.
func parseSeed(s fuzzSeed) (*Script, []error) {
	var defines []Define
	d, err := ParseDefine(s.define)
	if err == nil {
		defines = append(defines, d)
	}
	script, bad := Parse("f", []byte(s.src), defines...)
	return script, []error{err, bad}
}

// constructs is what there is in a syntax tree.
type constructs struct{ reach.Set }

// kind notes one of n kinds.
func (r constructs) kind(name string, n int, is int) {
	for k := range n {
		r.See(name+" "+strconv.Itoa(k), k == is)
	}
}

func (r constructs) exprs(list []Expr) {
	for i := range list {
		r.kind("ExprKind", int(ExprGRE)+1, int(list[i].Kind))
		r.exprs(list[i].Elems)
	}
}

func (r constructs) packet(p *Packet) {
	r.kind("Direction", int(Outbound)+1, int(p.Direction))
	r.kind("ECNCheck", int(WholeTOS)+1, int(p.IP.ECN))
	for _, h := range p.Outer {
		r.kind("HeaderKind", int(HeaderMPLS)+1, int(h.Kind))
	}
	if m := p.ICMP; m != nil {
		r.kind("EchoKind", int(EchoRaw)+1, int(m.Echo))
		r.See("ICMP "+m.Type+" "+m.Code, true)
	}
	if p.TCP != nil {
		r.tcp(p.TCP)
	}
}

func (r constructs) tcp(seg *TCP) {
	for bit := FIN; bit <= AE; bit <<= 1 {
		r.See("flag "+strconv.Itoa(int(bit)), seg.Flags.Has(bit))
	}
	for _, o := range seg.Options {
		r.kind("OptionKind", int(OptAccECN)+1, int(o.Kind))
		for _, c := range o.Counters {
			r.kind("AccECNField", int(E1B)+1, int(c.Field))
		}
	}
}

// Every field of the syntax tree is filled by a seed, and every kind of node is made.
func TestSeedsReachEveryConstruct(t *testing.T) {
	r := constructs{reach.Set{}}
	r.Fields(Script{})
	for _, m := range slices.Concat(icmpV4, icmpV6) {
		r.See("ICMP "+m.name+" ", false)
		for _, code := range m.codes {
			r.See("ICMP "+m.name+" "+code.name, false)
		}
	}
	for _, seed := range fuzzSeeds() {
		s, _ := parseSeed(seed)
		if s == nil {
			continue
		}
		r.Fields(s)
		for _, e := range s.Events {
			r.kind("TimeKind", int(TimeRelativeRange)+1, int(e.Time.Kind))
			if e.Packet != nil {
				r.packet(e.Packet)
			}
			if e.Call != nil {
				r.exprs(append(e.Call.Args, e.Call.Result))
			}
		}
	}
	require.Empty(t, r.Missed(nil), "no seed has these")
}

// Every message is said about a seed: each text in the source of lexer and parser that stands for one is in an error.
func TestSeedsMakeEveryMistake(t *testing.T) {
	var said strings.Builder
	for _, seed := range fuzzSeeds() {
		_, errs := parseSeed(seed)
		for _, err := range errs {
			var e *Error
			if errors.As(err, &e) {
				said.WriteString(strings.Join([]string{e.Found, e.Expected, e.Mend, ""}, "\n"))
			} else if err != nil {
				said.WriteString(err.Error() + "\n")
			}
		}
	}
	files, err := filepath.Glob("[lp]*er*.go")
	require.NoError(t, err)
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	r := reach.Set{}
	require.NoError(t, r.Messages(said.String(), files...))
	require.Greater(t, len(r), 80, "messages are found")
	require.Empty(t, r.Missed(map[string]string{
		"definitions that can be read": "of a program that makes a Define without ParseDefine",
	}), "no seed makes these mistakes")
}
