package script

import (
	"encoding/hex"
	"fmt"
)

// escapes are the one-letter escapes of a string (Google's script.c). There the first two fall through to \f by an oversight.
var escapes = map[byte]byte{'\\': '\\', '"': '"', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// Bytes is what a string, or several in a row, stand for. It fails on other expressions and on unknown escapes.
func (e *Expr) Bytes() ([]byte, error) {
	switch e.Kind {
	case ExprString:
		return unescape(e.Text)
	case ExprConcat:
		var all []byte
		for i := range e.Elems {
			part, err := e.Elems[i].Bytes()
			if err != nil {
				return nil, err
			}
			all = append(all, part...)
		}
		return all, nil
	}
	return nil, fmt.Errorf("%d:%d: expected a string, not %s", e.Pos.Line, e.Pos.Column, e)
}

func unescape(s string) ([]byte, error) {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		i++
		if i == len(s) {
			return nil, fmt.Errorf("string %q ends in a backslash", s)
		}
		if s[i] == 'x' {
			b, err := hex.DecodeString(s[i+1 : min(i+3, len(s))])
			if err != nil || len(b) != 1 {
				return nil, fmt.Errorf(`string %q: expected two hex digits after \x`, s)
			}
			out = append(out, b[0])
			i += 2
			continue
		}
		c, ok := escapes[s[i]]
		if !ok {
			return nil, fmt.Errorf(`string %q: unknown escape \%c; known are \\ \" \f \n \r \t \v \xHH`, s, s[i])
		}
		out = append(out, c)
	}
	return out, nil
}
