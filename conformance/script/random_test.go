package script

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRandomScriptsSurviveThePrinter draws trees rather than text, so that every field takes every value that the language can say.
func TestRandomScriptsSurviveThePrinter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { requireRoundTrip(t, drawScript(t)) })
}

func drawScript(t *rapid.T) *Script {
	return &Script{
		Doc:     rapid.SliceOfN(rapid.StringMatching(`( ?[a-z]+/*\*?)*`), 0, 3).Draw(t, "doc"),
		Options: rapid.SliceOfN(rapid.Custom(drawOption), 0, 3).Draw(t, "options"),
		Init:    rapid.SliceOfN(rapid.Custom(drawCommand), 0, 2).Draw(t, "init"),
		Events:  rapid.SliceOfN(rapid.Custom(drawEvent), 1, 5).Draw(t, "events"),
		Cleanup: rapid.SliceOfN(rapid.Custom(drawCommand), 0, 2).Draw(t, "cleanup"),
	}
}

var (
	genName   = rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,8}`).Filter(func(s string) bool { return !reserved[s] })
	genMaybe  = rapid.Bool()
	genString = rapid.StringMatching(`([ -!#-\[\]-~]|\\[\\"nrtvf]|\\x[0-9a-f]{2}|\n)*`)
)

func drawOption(t *rapid.T) Option {
	o := Option{Name: rapid.StringMatching(`[a-z_0-9]{1,8}`).Filter(func(s string) bool { return s != "define" }).Draw(t, "name")}
	if o.HasValue = genMaybe.Draw(t, "has value"); o.HasValue {
		o.Value = rapid.OneOf(genName, genString, rapid.SampledFrom([]string{"", "1.2.3.4", "fd::1", "-5", "0x1f", ".5", "...", "--x", "//a"})).Draw(t, "value")
	}
	return o
}

func drawCommand(t *rapid.T) Command {
	return Command{Text: rapid.StringMatching("([ -\\[\\]-_a-~]|\\\\[`a-z\\\\]|\n)*").Draw(t, "command")}
}

func drawEvent(t *rapid.T) Event {
	e := Event{Why: rapid.SliceOfN(rapid.StringMatching(`[A-Za-z0-9_-]{1,9}`), 0, 3).Draw(t, "why")}
	start, span := rapid.Int64Range(0, maxSeconds*1_000_000-1).Draw(t, "start"), int64(0)
	e.Time = TimeSpec{Kind: rapid.SampledFrom([]TimeKind{TimeAbsolute, TimeRelative}).Draw(t, "kind")}
	switch rapid.IntRange(0, 3).Draw(t, "action") {
	case 0:
		c := drawCommand(t)
		e.Command = &c
	case 1:
		e.Code = &Code{Text: rapid.StringMatching(`(\n|[!-|~]([ -|~]|\n)*[!-|~]|)`).Draw(t, "code")}
	case 2:
		e.Call = drawCall(t)
		if e.Time.Blocking = genMaybe.Draw(t, "blocking"); e.Time.Blocking {
			span = rapid.Int64Range(0, maxSeconds*1_000_000-1-start).Draw(t, "span")
		}
	case 3:
		e.Packet = drawPacket(t)
		if e.Packet.Direction == Outbound {
			e.Time.Kind = TimeKind(rapid.IntRange(0, 4).Draw(t, "any kind"))
		}
		if e.Time.IsRange() {
			span = rapid.Int64Range(0, maxSeconds*1_000_000-1-start).Draw(t, "span")
		}
	}
	if e.Time.Kind != TimeAny {
		e.Time.Start, e.Time.End = start, start+span
	}
	return e
}

func drawCall(t *rapid.T) *Syscall {
	c := &Syscall{Name: genName.Draw(t, "name")}
	if genMaybe.Draw(t, "labelled") {
		c.Thread = genName.Draw(t, "thread")
	}
	for range rapid.IntRange(0, 3).Draw(t, "args") {
		c.Args = append(c.Args, drawExpr(t, 3))
	}
	c.Result = drawResult(t)
	if genMaybe.Draw(t, "noted") {
		c.Note = rapid.StringMatching(`[A-Za-z][a-z',./:;-]{0,5}( [a-z0-9.]+){0,3}`).Filter(noComment).Draw(t, "note")
		if genMaybe.Draw(t, "failed") {
			c.Errno = genName.Draw(t, "errno")
		}
	}
	return c
}

// noComment keeps texts out that would hold a comment, or a quote pair that reads as a character.
func noComment(s string) bool {
	toks, _ := lex(s + ")")
	for _, k := range toks {
		if k.kind != tokWord && k.kind != tokInt && k.kind != tokFloat && k.kind != tokPunct && k.kind != tokEOF && k.kind != tokEllipsis {
			return false
		}
	}
	return len(toks) > 1 && toks[len(toks)-2].is(")")
}

// drawResult avoids expressions that the language has no way to write as a result: a call, whose parenthesis would be the note.
func drawResult(t *rapid.T) Expr {
	for {
		if e := drawExpr(t, 2); !beginsNote(e) {
			return e
		}
	}
}

// beginsNote tells whether a parenthesis stands in the expression outside all brackets.
func beginsNote(e Expr) bool {
	switch e.Kind {
	case ExprCall:
		return true
	case ExprAssign:
		return len(e.Elems) > 1 || beginsNote(e.Elems[0])
	case ExprOr:
		return slices.ContainsFunc(e.Elems, beginsNote)
	}
	return false
}

func drawExpr(t *rapid.T, depth int) Expr {
	top := int(ExprGRE)
	if depth == 0 {
		top = int(ExprString)
	}
	e := Expr{Kind: ExprKind(rapid.IntRange(0, top).Draw(t, "kind"))}
	switch e.Kind {
	case ExprInt:
		e.Int, e.Hex = rapid.Int64().Draw(t, "int"), genMaybe.Draw(t, "hex")
	case ExprWord:
		e.Text = genName.Draw(t, "word")
	case ExprString:
		e.Text, e.Open = genString.Draw(t, "string"), genMaybe.Draw(t, "open")
	case ExprConcat:
		for range rapid.IntRange(2, 3).Draw(t, "parts") {
			e.Elems = append(e.Elems, Expr{Kind: ExprString, Text: genString.Draw(t, "part")})
		}
	case ExprOr:
		e.Elems = drawOperands(t, depth)
	case ExprAssign:
		e.Text, e.Elems = genName.Draw(t, "member"), []Expr{drawExpr(t, depth-1)}
		if genMaybe.Draw(t, "sized") {
			e.Elems = append(e.Elems, drawExpr(t, depth-1))
		}
	case ExprArray, ExprBraces, ExprCall:
		if e.Kind == ExprCall {
			e.Text = genName.Draw(t, "function")
		}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			e.Elems = append(e.Elems, drawExpr(t, depth-1))
		}
	case ExprMPLS:
		e.Labels = drawLabels(t, 1)
	case ExprGRE:
		e.GRE = drawGRE(t)
	}
	return e
}

// drawOperands leaves out what | cannot hold: another |, and an assignment, which would swallow the rest.
func drawOperands(t *rapid.T, depth int) []Expr {
	var es []Expr
	for len(es) < 2 {
		if e := drawExpr(t, depth-1); e.Kind != ExprOr && e.Kind != ExprAssign {
			es = append(es, e)
		}
	}
	return es
}

func drawLabels(t *rapid.T, least int) []MPLSLabel {
	var ls []MPLSLabel
	for range rapid.IntRange(least, 3).Draw(t, "labels") {
		ls = append(ls, MPLSLabel{Label: rapid.Uint32Range(0, maxU20).Draw(t, "label"), TC: rapid.Uint8Range(0, 7).Draw(t, "tc"),
			Bottom: genMaybe.Draw(t, "bottom"), TTL: rapid.Uint8().Draw(t, "ttl")})
	}
	return ls
}

func drawGRE(t *rapid.T) *GRE {
	return &GRE{Flags: rapid.Uint16().Draw(t, "flags"), Checksum: rapid.Uint16().Draw(t, "sum"), Offset: rapid.Uint16().Draw(t, "off"),
		Key: rapid.Uint32().Draw(t, "key"), Sequence: rapid.Uint32().Draw(t, "seq")}
}

func drawIP(t *rapid.T, top ECNCheck) IPSpec {
	s := drawMarks(t, top)
	if s.HasFrag = rapid.IntRange(0, 7).Draw(t, "fragment") == 0; s.HasFrag {
		s.Frag = FragSpec{Start: 8 * rapid.Uint16Range(0, 99).Draw(t, "eights"), More: rapid.Bool().Draw(t, "more"), ID: rapid.Uint32().Draw(t, "id")}
		s.Frag.End = s.Frag.Start + rapid.Uint16Range(0, 99).Draw(t, "octets")
	}
	return s
}

func drawMarks(t *rapid.T, top ECNCheck) IPSpec {
	if rapid.IntRange(0, 5).Draw(t, "ttl form") == 0 {
		return IPSpec{TTL: rapid.Uint8().Draw(t, "ttl"), HasTTL: true}
	}
	s := IPSpec{ECN: ECNCheck(rapid.IntRange(0, int(top)).Draw(t, "ecn"))}
	if genMaybe.Draw(t, "tos") {
		s.ECN, s.TOS = WholeTOS, rapid.Uint8().Draw(t, "tos byte")
	}
	if s.HasFlowLabel = genMaybe.Draw(t, "labelled"); s.HasFlowLabel {
		s.FlowLabel = rapid.Uint32Range(0, maxU20).Draw(t, "flow label")
	}
	return s
}

func drawHeader(t *rapid.T) Header {
	h := Header{Kind: HeaderKind(rapid.IntRange(0, 3).Draw(t, "header"))}
	addr := func(what string, n int) netip.Addr {
		a, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0, 1, 0xfe, 0xff}), n, n).Draw(t, what))
		return a
	}
	switch h.Kind {
	case HeaderIPv4:
		h.IP, h.Src, h.Dst = drawIP(t, CE), addr("src", 4), addr("dst", 4)
	case HeaderIPv6:
		h.IP, h.Src, h.Dst = drawIP(t, CE), addr("src", 16), addr("dst", 16)
	case HeaderGRE:
		if genMaybe.Draw(t, "fields") {
			h.GRE = drawGRE(t)
		}
	case HeaderMPLS:
		h.Labels = drawLabels(t, 0)
	}
	return h
}

func drawPacket(t *rapid.T) *Packet {
	p := &Packet{Direction: Direction(rapid.IntRange(0, 1).Draw(t, "direction"))}
	if genMaybe.Draw(t, "labelled") {
		p.Conn = genName.Draw(t, "conn")
	}
	for range rapid.IntRange(0, 2).Draw(t, "headers") {
		p.Outer = append(p.Outer, drawHeader(t))
	}
	top := CE + ECNCheck(p.Direction) // ECT01 is for outbound packets
	kind := rapid.IntRange(0, 4).Draw(t, "protocol")
	if kind == 0 {
		top = ECNNotStated
	}
	p.IP = drawIP(t, top)
	if kind != 1 && genMaybe.Draw(t, "ports") {
		p.Ports = &Ports{Src: rapid.Uint16().Draw(t, "src"), Dst: rapid.Uint16().Draw(t, "dst")}
	}
	switch kind {
	case 0:
		p.UDP = &UDP{Len: rapid.Uint16().Draw(t, "len")}
	case 1:
		p.ICMP = drawICMP(t)
	default:
		if rapid.IntRange(0, 5).Draw(t, "psp") == 0 {
			p.PSP = &PSP{SPI: rapid.Uint32().Draw(t, "spi")}
		}
		p.TCP = drawTCP(t, p.Direction)
	}
	return p
}

func drawICMP(t *rapid.T) *ICMP {
	table := rapid.SampledFrom([][]icmpType{icmpV4, icmpV6}).Draw(t, "version")
	typ := rapid.SampledFrom(table).Draw(t, "type")
	m := &ICMP{Type: typ.name, Echo: EchoKind(rapid.IntRange(0, 3).Draw(t, "echo"))}
	if len(typ.codes) > 0 && genMaybe.Draw(t, "coded") {
		m.Code = rapid.SampledFrom(typ.codes).Draw(t, "code").name
	}
	if m.HasMTU = genMaybe.Draw(t, "has mtu"); m.HasMTU {
		m.MTU = rapid.Int64Range(0, maxU32).Draw(t, "mtu")
	}
	if m.HasID = genMaybe.Draw(t, "has id"); m.HasID {
		m.ID = rapid.Uint16().Draw(t, "id")
	}
	if m.Echo != EchoNone {
		m.Len = rapid.Uint16().Draw(t, "quoted")
	}
	if m.Echo == EchoTCP {
		m.Seq = rapid.Uint32Range(0, maxU32-maxU16).Draw(t, "seq")
	}
	return m
}

func drawTCP(t *rapid.T, dir Direction) *TCP {
	seg := &TCP{Flags: Flags(rapid.IntRange(0, 1<<9-1).Draw(t, "flags")), Len: rapid.Uint16().Draw(t, "len"),
		Seq: rapid.Uint32Range(0, maxU32-maxU16).Draw(t, "seq")}
	if seg.HasAck = genMaybe.Draw(t, "has ack"); seg.HasAck {
		seg.Ack = rapid.Uint32().Draw(t, "ack")
	}
	if seg.HasWindow = dir == Inbound || genMaybe.Draw(t, "has window"); seg.HasWindow {
		seg.Window = rapid.Uint16().Draw(t, "window")
	}
	if seg.HasUrgent = genMaybe.Draw(t, "has urgent"); seg.HasUrgent {
		seg.Urgent = rapid.Uint16().Draw(t, "urgent")
	}
	if seg.AnyOptions = dir == Outbound && rapid.IntRange(0, 5).Draw(t, "any options") == 0; !seg.AnyOptions {
		seg.Options = drawTCPOptions(t)
	}
	return seg
}

// drawTCPOptions fills the room and pads to whole words, as the header wants.
func drawTCPOptions(t *rapid.T) []TCPOption {
	var opts []TCPOption
	total := 0
	for range rapid.IntRange(0, 6).Draw(t, "options") {
		o := drawTCPOption(t)
		if total+o.wireLen() <= maxTCPOptions {
			total += o.wireLen()
			opts = append(opts, o)
		}
	}
	for ; total%4 != 0; total++ {
		opts = append(opts, TCPOption{Kind: OptNOP})
	}
	return opts
}

func drawTCPOption(t *rapid.T) TCPOption {
	o := TCPOption{Kind: OptionKind(rapid.IntRange(0, int(OptAccECN)).Draw(t, "option"))}
	data := rapid.SliceOfN(rapid.Byte(), 0, 18)
	switch o.Kind {
	case OptMSS:
		o.Value = rapid.Uint32Range(0, maxU16).Draw(t, "mss")
	case OptWScale:
		o.Value = rapid.Uint32Range(0, maxU8).Draw(t, "wscale")
	case OptTS:
		o.Value, o.Echo = rapid.Uint32().Draw(t, "val"), rapid.Uint32().Draw(t, "ecr")
	case OptSACK:
		for range rapid.IntRange(1, 4).Draw(t, "blocks") {
			o.Blocks = append(o.Blocks, SACKBlock{rapid.Uint32().Draw(t, "left"), rapid.Uint32().Draw(t, "right")})
		}
	case OptMD5:
		o.Data = append(data.Draw(t, "digest"), 0x5a) // never empty
	case OptFastOpen, OptFastOpenExp:
		o.Data = data.Draw(t, "cookie")
	case OptAccECN:
		order := rapid.SampledFrom([][]AccECNField{{E0B, CEB, E1B}, {E1B, CEB, E0B}}).Draw(t, "order")
		for _, f := range order[:rapid.IntRange(1, 3).Draw(t, "counters")] {
			o.Counters = append(o.Counters, AccECNCounter{f, rapid.Uint32Range(0, maxU24).Draw(t, "counter")})
		}
	}
	return o
}
