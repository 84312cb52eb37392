package script

import "strconv"

// ipSpec reads the bracket about the IP header, or nothing. Round brackets mean the same as square ones.
func (p *parser) ipSpec() IPSpec {
	open := p.peek()
	closing := "]"
	switch {
	case open.is("("):
		closing = ")"
	case !open.is("["):
		return IPSpec{}
	}
	p.advance()
	spec := IPSpec{Pos: open.pos}
	if !p.peek().isWord("frag") {
		p.marks(&spec)
	}
	if p.peek().isWord("frag") || p.accept(",") {
		p.frag(&spec)
	}
	p.punct(closing, "")
	return spec
}

// marks reads what Google's grammar has in the bracket.
func (p *parser) marks(spec *IPSpec) {
	if p.acceptWord("ttl") {
		spec.TTL, spec.HasTTL = uint8(p.number("a TTL", maxU8)), true
		return
	}
	hasMark := p.mark(spec)
	if hasMark && p.peek().is(",") && p.peekAt(1).isWord("frag") {
		return
	}
	if p.peek().isWord("flowlabel") || hasMark && p.accept(",") {
		p.keyword("flowlabel")
		spec.FlowLabel, spec.HasFlowLabel = uint32(p.hex("a flow label", maxU20)), true
	} else if !hasMark {
		p.fail(p.peek(), "noecn, ect0, ect1, ect01, ce, tos 0x.., flowlabel 0x.., ttl N or frag START:END", "")
	}
}

// frag reads `frag START:END[+] [id N]`.
func (p *parser) frag(spec *IPSpec) {
	p.keyword("frag")
	spec.HasFrag = true
	f, first := &spec.Frag, p.peek()
	f.Start = uint16(p.number("the fragment's first octet", maxU16))
	p.punct(":", "a fragment is START:END, with + behind it when more follow")
	f.End = uint16(p.number("the octet behind the fragment", maxU16))
	if f.Start%8 != 0 || f.End < f.Start {
		p.fail(first, "a fragment that begins at a multiple of 8 and does not end before", "")
	}
	f.More = p.accept("+")
	if p.acceptWord("id") {
		f.ID = uint32(p.number("an identification", maxU32))
	}
}

var ecnWords = map[string]ECNCheck{"noecn": NotECT, "ect0": ECT0, "ect1": ECT1, "ce": CE, "ect01": ECT01, "tos": WholeTOS}

// mark reads what the bracket says about the traffic class.
func (p *parser) mark(spec *IPSpec) bool {
	t := p.peek()
	ecn, ok := ecnWords[t.text]
	if !ok || t.kind != tokWord {
		return false
	}
	p.advance()
	spec.ECN = ecn
	if ecn == WholeTOS {
		spec.TOS = uint8(p.hex("a TOS byte", maxU8))
	}
	return true
}

// hex reads a number that Google's grammar wants in hexadecimal.
func (p *parser) hex(what string, limit int64) int64 {
	if t := p.peek(); t.kind != tokHex {
		mend := ""
		if t.kind == tokInt {
			mend = "write 0x" + strconv.FormatInt(max(t.num, 0), 16)
		}
		p.fail(t, what+" in hexadecimal", mend)
		return 0
	}
	return p.inRange(what, limit)
}
