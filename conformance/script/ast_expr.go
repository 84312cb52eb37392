package script

// ExprKind tags an Expr.
type ExprKind uint8

// The kinds of expression. The right-hand comments show a form and name the fields in use.
const (
	ExprEllipsis ExprKind = iota // ...                 nothing
	ExprInt                      // 7  -1  0x1f  'a'    Int, Hex
	ExprWord                     // SOCK_STREAM         Text
	ExprString                   // "abc\x00"           Text (verbatim between the quotes; see Bytes), Open for "abc"...
	ExprConcat                   // "abc" "def"         Elems, two or more ExprString
	ExprOr                       // A | B               Elems, two or more, none of them ExprOr
	ExprAssign                   // name = v  msg_iov(1) = [...]   Text is the name, Elems[0] the value, Elems[1] what stands in parentheses
	ExprArray                    // [a, b]              Elems
	ExprBraces                   // {a, b}  {fd=3, events=POLLIN}  Elems, those with names being ExprAssign
	ExprCall                     // htons(80)           Text is the name, Elems the arguments
	ExprMPLS                     // {(label 1, tc 0, [S], ttl 255)}   Labels
	ExprGRE                      // {flags [none], sum 0, off 0, key 0, seq 0}   GRE
)

// Expr is an expression in a system call. Structures keep their generic form (ExprBraces with named elements), so that a new one
// needs no change here; Field finds a member.
type Expr struct {
	Pos  Pos
	Kind ExprKind
	Int  int64
	// Hex makes the printer write Int in base 16, as the source did. A negative Int is then its 64-bit pattern.
	Hex    bool
	Text   string
	Open   bool
	Elems  []Expr
	Labels []MPLSLabel
	GRE    *GRE
}

// Field is the value of the member with that name in a {name=value, ...} expression.
func (e *Expr) Field(name string) (*Expr, bool) {
	if e.Kind != ExprBraces {
		return nil, false
	}
	for i := range e.Elems {
		if m := &e.Elems[i]; m.Kind == ExprAssign && m.Text == name && len(m.Elems) > 0 {
			return &m.Elems[0], true
		}
	}
	return nil, false
}
