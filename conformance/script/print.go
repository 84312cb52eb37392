package script

import (
	"fmt"
	"strconv"
	"strings"
)

// String writes the script in one canonical form: one event a line, comments other than the head and //@ gone, definitions
// applied. Parsing the text gives the same script but for positions, Path and Defines, so it runs without any -D.
func (s *Script) String() string {
	w := &printer{}
	for _, line := range s.Doc {
		w.put(strings.TrimRight("// "+line, " "), "\n")
	}
	for _, o := range s.Options {
		w.put("--", o.Name)
		if o.HasValue {
			w.put("=", optionValue(o.Value))
		}
		w.put("\n")
	}
	w.commands(s.Init)
	for i := range s.Events {
		w.put(s.Events[i].String(), "\n")
	}
	w.commands(s.Cleanup)
	return w.String()
}

// String is the event as a line of a script, without the line end. Commands and code may make it several lines.
func (e *Event) String() string {
	w := &printer{}
	w.put(e.Time.String(), " ")
	switch {
	case e.Packet != nil:
		w.packet(e.Packet)
	case e.Call != nil:
		w.call(e.Call)
	case e.Command != nil:
		w.put("`", e.Command.Text, "`")
	case e.Code != nil:
		w.code(e.Code.Text)
	}
	if len(e.Why) > 0 {
		w.put(" //@", strings.Join(e.Why, ","))
	}
	return w.String()
}

// String is the time as a script writes it.
func (t TimeSpec) String() string {
	switch t.Kind {
	case TimeAny:
		return "*"
	case TimeAbsoluteRange:
		return seconds(t.Start) + "~" + seconds(t.End)
	case TimeRelativeRange:
		return "+" + seconds(t.Start) + "~+" + seconds(t.End)
	}
	text := seconds(t.Start)
	if t.Kind == TimeRelative {
		text = "+" + text
	}
	if t.Blocking {
		text += "..." + seconds(t.End)
	}
	return text
}

// seconds writes microseconds as seconds without trailing zeros.
func seconds(micros int64) string {
	text := strconv.FormatInt(micros/1_000_000, 10)
	if frac := micros % 1_000_000; frac != 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%06d", frac), "0")
	}
	return text
}

// String is the packet as a script writes it, from the direction on.
func (p *Packet) String() string {
	w := &printer{}
	w.packet(p)
	return w.String()
}

// String is the call with its expected result as a script writes it.
func (c *Syscall) String() string {
	w := &printer{}
	w.call(c)
	return w.String()
}

// String is the expression as a script writes it.
func (e *Expr) String() string {
	w := &printer{}
	w.expr(e)
	return w.String()
}

// optionValue quotes what would not be read as one token.
func optionValue(v string) string {
	toks, doc := lex(v)
	if len(toks) == 2 && len(doc) == 0 && toks[0].text == v && toks[0].end == len(v) && toks[0].kind >= tokInt && toks[0].kind <= tokIPv6 {
		return v
	}
	return `"` + v + `"`
}

// printer collects the text of a script.
type printer struct{ strings.Builder }

func (w *printer) put(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

// num writes a word and a number.
func (w *printer) num(word string, n uint64) {
	w.put(word, strconv.FormatUint(n, 10))
}

// list writes n items between commas.
func (w *printer) list(n int, item func(i int)) {
	for i := range n {
		if i > 0 {
			w.put(", ")
		}
		item(i)
	}
}

func (w *printer) commands(cs []Command) {
	for _, c := range cs {
		w.put("`", c.Text, "`\n")
	}
}

// code sets one-line code off with blanks; code of several lines has its own line ends there.
func (w *printer) code(text string) {
	before, after := " ", " "
	if strings.HasPrefix(text, "\n") {
		before = ""
	}
	if strings.HasSuffix(text, "\n") {
		after = ""
	}
	w.put("%{", before, text, after, "}%")
}

func (w *printer) call(c *Syscall) {
	if c.Thread != "" {
		w.put(c.Thread, ": ")
	}
	w.put(c.Name, "(")
	w.exprs(c.Args)
	w.put(") = ")
	w.expr(&c.Result)
	if c.Errno != "" {
		w.put(" ", c.Errno)
	}
	if c.Note != "" || c.Errno != "" {
		w.put(" (", c.Note, ")")
	}
}

func (w *printer) exprs(es []Expr) {
	w.list(len(es), func(i int) { w.expr(&es[i]) })
}

// brackets are what surrounds the elements of each composite kind.
var brackets = map[ExprKind][2]string{ExprArray: {"[", "]"}, ExprBraces: {"{", "}"}, ExprCall: {"(", ")"}}

func (w *printer) expr(e *Expr) {
	switch e.Kind {
	case ExprEllipsis:
		w.put("...")
	case ExprInt:
		w.integer(e)
	case ExprWord:
		w.put(e.Text)
	case ExprString:
		w.put(`"`, e.Text, `"`)
		if e.Open {
			w.put("...")
		}
	case ExprConcat, ExprOr:
		w.joined(e)
	case ExprAssign:
		w.assign(e)
	case ExprArray, ExprBraces, ExprCall:
		b := brackets[e.Kind]
		w.put(e.Text, b[0])
		w.exprs(e.Elems)
		w.put(b[1])
	case ExprMPLS:
		w.put("{")
		w.labels(e.Labels)
		w.put("}")
	case ExprGRE:
		w.put("{")
		w.gre(e.GRE)
		w.put("}")
	}
}

func (w *printer) integer(e *Expr) {
	if e.Hex {
		w.put("0x", strconv.FormatUint(uint64(e.Int), 16))
	} else {
		w.put(strconv.FormatInt(e.Int, 10))
	}
}

func (w *printer) joined(e *Expr) {
	sep := " "
	if e.Kind == ExprOr {
		sep = "|"
	}
	for i := range e.Elems {
		if i > 0 {
			w.put(sep)
		}
		w.expr(&e.Elems[i])
	}
}

func (w *printer) assign(e *Expr) {
	w.put(e.Text)
	if len(e.Elems) > 1 {
		w.put("(")
		w.expr(&e.Elems[1])
		w.put(")")
	}
	w.put("=")
	if len(e.Elems) > 0 {
		w.expr(&e.Elems[0])
	}
}
