package script

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

const flagMend = "flags are letters of FSRPEWAU, then . for ACK or a digit 0 to 7 for the ACE field; - for none"

// tcp reads a segment from its flags on.
func (p *parser) tcp(pkt *Packet) *TCP {
	seg := &TCP{Pos: p.peek().pos}
	seg.Flags = p.flags()
	seg.Seq, seg.Len = p.seqRange()
	if p.acceptWord("ack") {
		seg.Ack, seg.HasAck = uint32(p.number("an acknowledgment number", maxU32)), true
	}
	if p.acceptWord("win") {
		seg.Window, seg.HasWindow = uint16(p.number("a window", maxU16)), true
	}
	if p.acceptWord("urg") {
		seg.Urgent, seg.HasUrgent = uint16(p.number("an urgent pointer", maxU16)), true
	}
	// Without a number the runner could not fill the field of the segment that it sends (Google's tcp_packet.c).
	if pkt.Direction == Inbound && !seg.HasWindow {
		p.fail(p.peek(), `"win N"`, "an inbound segment needs its window")
	}
	open := p.peek()
	if !p.accept("<") {
		return seg
	}
	if p.peek().kind == tokEllipsis {
		p.advance()
		seg.AnyOptions = true
		if pkt.Direction == Inbound {
			p.fail(open, "the options of an inbound segment", "<...> means that options are not compared; write them or leave them out")
		}
	} else {
		seg.Options = p.tcpOptions(open)
	}
	p.punct(">", "TCP options are separated by commas and end with >")
	return seg
}

// flags reads the control bits: a word with an optional dot, a dot, a word with a fraction that holds the dot and the ACE digit, or -.
func (p *parser) flags() Flags {
	t := p.peek()
	switch {
	case t.is("-"):
		p.advance()
		return 0
	case t.is("."):
		p.advance()
		if n := p.peek(); n.kind == tokWord && n.off == t.end {
			p.fail(n, "blank after the dot", flagMend)
		}
		return ACK
	case t.kind == tokFloat:
		p.advance()
		return p.flagLetters(t)
	case t.kind != tokWord:
		p.fail(t, "TCP flags, udp or icmp", flagMend)
		return 0
	}
	p.advance()
	f := p.flagLetters(t)
	switch n := p.peek(); {
	case n.is("."):
		p.advance()
		f |= ACK
	case n.kind == tokFloat:
		p.advance()
		if rest := p.flagLetters(n); f&(ECE|CWR|AE) == 0 {
			f |= rest
		} else {
			p.fail(n, "either E, W, A or a digit", "a digit stands for all three bits of the ACE field")
		}
	}
	return f
}

var flagBits = map[byte]Flags{'F': FIN, 'S': SYN, 'R': RST, 'P': PSH, '.': ACK, 'U': URG, 'E': ECE, 'W': CWR, 'A': AE}

// flagLetters reads the letters of one token.
func (p *parser) flagLetters(t token) Flags {
	var f Flags
	digit := false
	for i := 0; i < len(t.text); i++ {
		c := t.text[i]
		bit, ok := flagBits[c]
		isACE := c >= '0' && c <= '7'
		if isACE {
			bit = Flags(c-'0') * ECE
		}
		pos := Pos{Line: t.pos.Line, Column: t.pos.Column + i}
		switch {
		case !ok && !isACE:
			p.failAt(pos, "flag letter "+strconv.QuoteRune(rune(c)), "TCP flags", flagMend)
		case isACE && f&(ECE|CWR|AE) != 0, digit && (isACE || bit&(ECE|CWR|AE) != 0):
			p.failAt(pos, "flag letter "+strconv.QuoteRune(rune(c)), "either E, W, A or one digit", "a digit stands for all three bits of the ACE field")
		}
		digit = digit || isACE
		f |= bit
	}
	return f
}

// seqRange reads `start:end(len)`. Sequence ranges do not wrap: they are relative to the initial sequence number.
func (p *parser) seqRange() (start uint32, n uint16) {
	first := p.peek()
	s := p.number("a sequence range start:end(length)", maxU32)
	p.punct(":", "a sequence range is start:end(length)")
	e := p.number("the end of the sequence range", maxU32)
	l := p.payload("a payload length")
	if p.err == nil && e != s+int64(l) {
		p.fail(first, fmt.Sprintf("a range whose end is start+length, %d:%d(%d)", s, s+int64(l), l), "SYN and FIN do not count")
	}
	return uint32(s), l
}

// maxTCPOptions is the room for options in a header: 15 words less the fixed five, RFC 9293 section 3.1.
const maxTCPOptions = 40

// tcpOptions reads the options up to the closing >.
func (p *parser) tcpOptions(open token) []TCPOption {
	var opts []TCPOption
	total := 0
	for p.err == nil {
		o := p.tcpOption()
		total += o.wireLen()
		opts = append(opts, o)
		if !p.accept(",") {
			break
		}
	}
	switch {
	case p.err != nil || !p.peek().is(">"):
	case total > maxTCPOptions:
		p.fail(open, fmt.Sprintf("at most %d bytes of TCP options, not %d", maxTCPOptions, total), "")
	case total%4 != 0:
		p.fail(open, fmt.Sprintf("TCP options of a multiple of 4 bytes, not %d", total), fmt.Sprintf("add %d nop", 4-total%4))
	}
	return opts
}

// wireLen is the option's length in the header, in bytes.
func (o TCPOption) wireLen() int {
	switch o.Kind {
	case OptNOP, OptEOL:
		return 1
	case OptMSS:
		return 4
	case OptWScale:
		return 3
	case OptSACKOK:
		return 2
	case OptTS:
		return 10
	case OptFastOpenExp:
		return 4 + len(o.Data)
	}
	return 2 + 8*len(o.Blocks) + len(o.Data) + 3*len(o.Counters)
}

// tcpOption reads one option.
func (p *parser) tcpOption() TCPOption {
	t := p.peek()
	o := TCPOption{Pos: t.pos}
	p.advance()
	switch {
	case t.isWord("nop"):
		o.Kind = OptNOP
	case t.isWord("eol"):
		o.Kind = OptEOL
	case t.isWord("sackOK"):
		o.Kind = OptSACKOK
	case t.isWord("mss"):
		o.Kind, o.Value = OptMSS, uint32(p.number("an MSS", maxU16))
	case t.isWord("wscale"):
		o.Kind, o.Value = OptWScale, uint32(p.number("a window scale", maxU8))
	case t.isWord("TS"):
		o.Kind = OptTS
		p.keyword("val")
		o.Value = uint32(p.number("a timestamp value", maxU32))
		p.keyword("ecr")
		o.Echo = uint32(p.number("a timestamp echo", maxU32))
	case t.isWord("sack"):
		o.Kind, o.Blocks = OptSACK, p.sackBlocks()
	case t.isWord("md5"):
		o.Kind, o.Data = OptMD5, p.blob(true)
	case t.isWord("FO"):
		o.Kind, o.Data = OptFastOpen, p.blob(false)
	case t.isWord("FOEXP"):
		o.Kind, o.Data = OptFastOpenExp, p.blob(false)
	case t.isWord("ECN"):
		o.Kind, o.Counters = OptAccECN, p.counters()
	default:
		p.fail(t, "a TCP option", optionMend(t))
	}
	return o
}

// optionMend shows the known options, or the right case of one.
func optionMend(t token) string {
	const known = "mss wscale sackOK nop eol TS sack md5 FO FOEXP ECN"
	for _, name := range strings.Fields(known) {
		if strings.EqualFold(name, t.text) {
			return "write " + name
		}
	}
	return "one of: " + known
}

func (p *parser) sackBlocks() []SACKBlock {
	var blocks []SACKBlock
	for len(blocks) == 0 || p.peek().kind == tokInt {
		var b SACKBlock
		b.Left = uint32(p.number("a SACK block left:right", maxU32))
		p.punct(":", "a SACK block is left:right")
		b.Right = uint32(p.number("the right edge of a SACK block", maxU32))
		if p.err != nil {
			return nil
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// blob reads bytes in hex, without a prefix. Text of digits alone is a number to the lexer; its source counts.
func (p *parser) blob(required bool) []byte {
	t := p.peek()
	if t.kind != tokWord && t.kind != tokInt {
		if required {
			p.fail(t, "bytes in hexadecimal", "")
		}
		return nil
	}
	data, err := hex.DecodeString(t.text)
	if err != nil {
		p.fail(t, "bytes in hexadecimal, two digits each", nameMend(t))
		return nil
	}
	p.advance()
	return data
}

var counterWords = map[string]AccECNField{"e0b": E0B, "ceb": CEB, "e1b": E1B}

// counters reads up to three AccECN counters. Their order on the wire is fixed: e0b ceb e1b or e1b ceb e0b.
func (p *parser) counters() []AccECNCounter {
	var cs []AccECNCounter
	for len(cs) < 3 {
		t := p.peek()
		field, ok := counterWords[t.text]
		if t.kind != tokWord || !ok {
			break
		}
		var fits bool
		switch len(cs) {
		case 0:
			fits = field != CEB
		case 1:
			fits = field == CEB
		default:
			fits = field != CEB && field != cs[0].Field
		}
		if !fits {
			p.fail(t, "the counters in the order e0b ceb e1b or e1b ceb e0b", "")
		}
		p.advance()
		cs = append(cs, AccECNCounter{Field: field, Value: uint32(p.number("a 24-bit counter", maxU24))})
	}
	if len(cs) == 0 {
		p.fail(p.peek(), "e0b or e1b", "")
	}
	return cs
}
