package script

// maxDepth bounds the nesting of expressions, and with it the stack that a script can make the parser use.
const maxDepth = 50

// exprList reads one or more expressions between commas, in brackets of some kind.
func (p *parser) exprList() []Expr {
	defer func(was bool) { p.noCall = was }(p.noCall)
	p.noCall = false
	list := []Expr{p.expr()}
	for p.accept(",") {
		list = append(list, p.expr())
	}
	return list
}

// expr reads an expression: terms joined by |. An assignment takes all the rest, so name=A|B is name=(A|B).
func (p *parser) expr() Expr {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.peek(), "an expression that is nested less deeply", "")
	}
	defer func() { p.depth-- }()
	first := p.term()
	if !p.peek().is("|") {
		return first
	}
	or := Expr{Pos: first.Pos, Kind: ExprOr, Elems: []Expr{first}}
	for p.accept("|") {
		or.Elems = append(or.Elems, p.term())
	}
	return or
}

// term reads an expression without | at its outermost level.
func (p *parser) term() Expr {
	t := p.peek()
	switch {
	case t.kind == tokEllipsis:
		p.advance()
		return Expr{Pos: t.pos, Kind: ExprEllipsis}
	case t.kind == tokInt, t.kind == tokHex:
		p.advance()
		return Expr{Pos: t.pos, Kind: ExprInt, Int: t.num, Hex: t.kind == tokHex}
	case t.kind == tokString:
		return p.strings()
	case t.kind == tokWord:
		return p.wordExpr()
	case t.is("["):
		p.advance()
		e := Expr{Pos: t.pos, Kind: ExprArray}
		if !p.peek().is("]") {
			e.Elems = p.exprList()
		}
		p.punct("]", "elements are separated by commas")
		return e
	case t.is("{"):
		return p.braces()
	}
	p.fail(t, "an expression", "a number, a name, a string, ..., [list] or {struct}")
	return Expr{}
}

// wordExpr reads a symbol, a call such as htons(80), or an assignment such as fd=3 or msg_iov(1)=[...].
func (p *parser) wordExpr() Expr {
	t := p.advance()
	e := Expr{Pos: t.pos, Kind: ExprWord, Text: t.text}
	if p.peek().is("(") && !p.noCall {
		e.Kind = ExprCall
		e.Elems = p.arguments("")
	}
	if !p.peek().is("=") || e.Kind == ExprCall && len(e.Elems) != 1 {
		return e
	}
	p.advance()
	value := p.expr()
	return Expr{Pos: t.pos, Kind: ExprAssign, Text: t.text, Elems: append([]Expr{value}, e.Elems...)}
}

// strings reads one string, an open one ("abc"...), or several in a row, which are joined as in C.
func (p *parser) strings() Expr {
	var parts []Expr
	for p.peek().kind == tokString {
		t := p.advance()
		parts = append(parts, Expr{Pos: t.pos, Kind: ExprString, Text: t.text})
	}
	if len(parts) > 1 {
		return Expr{Pos: parts[0].Pos, Kind: ExprConcat, Elems: parts}
	}
	if p.peek().kind == tokEllipsis {
		p.advance()
		parts[0].Open = true
	}
	return parts[0]
}

// braces reads {a, b}, whose elements may have names, or one of the two structures with a notation of their own.
func (p *parser) braces() Expr {
	open := p.advance()
	e := Expr{Pos: open.pos, Kind: ExprBraces}
	next, after := p.peek(), p.peekAt(1)
	switch {
	case next.is("("):
		e.Kind, e.Labels = ExprMPLS, p.mplsStack()
	case next.isWord("flags", "Flags") && (after.is("[") || after.kind == tokInt || after.kind == tokHex):
		e.Kind, e.GRE = ExprGRE, p.gre()
	case !next.is("}"):
		e.Elems = p.exprList()
	}
	p.punct("}", "members are separated by commas")
	return e
}
