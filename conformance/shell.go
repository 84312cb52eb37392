package conformance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// redirection matches > /dev/null, 2>&1, &> file and the like.
var redirection = regexp.MustCompile(`(\d|&)?>>?\s*(&\d|[^\s;|&]+)`)

func stripRedirections(cmd string) string {
	if strings.Contains(cmd, "|") {
		return cmd // a pipeline is for a shell
	}
	return strings.TrimSpace(redirection.ReplaceAllString(cmd, " "))
}

// splitCommands cuts a line at semicolons outside of quotes and drops its comment. A line with pipes or && is left whole.
func splitCommands(line string) []string {
	var list []string
	var quote byte
	start := 0
	cut := func(end int) {
		if s := strings.TrimSpace(line[start:end]); s != "" {
			list = append(list, s)
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t' || line[i-1] == ';'):
			cut(i)
			return list
		case c == ';':
			cut(i)
			start = i + 1
		}
	}
	cut(len(line))
	return list
}

// splitWords splits a command into words, resolving quotes and $((arithmetic)).
func splitWords(cmd string) ([]string, error) {
	cmd, err := expandArithmetic(cmd)
	if err != nil {
		return nil, err
	}
	var words []string
	var word strings.Builder
	var quote byte
	in := false
	for i := 0; i < len(cmd); i++ {
		switch c := cmd[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q: a quote is not closed", cmd)
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// expandArithmetic replaces each $((expression)) by its value.
func expandArithmetic(s string) (string, error) {
	for {
		start := strings.Index(s, "$((")
		if start < 0 {
			return s, nil
		}
		end := closing(s, start+1)
		if end < 0 || end-start < 4 || s[end-1] != ')' {
			return "", fmt.Errorf("%q: $(( is not closed", s)
		}
		p := &arithmetic{text: s[start+3 : end-1]}
		v, err := p.sum()
		if err == nil && p.peek() != 0 {
			err = fmt.Errorf("%q in %q", p.text[p.at:], p.text)
		}
		if err != nil {
			return "", fmt.Errorf("arithmetic: %w", err)
		}
		s = s[:start] + strconv.FormatInt(v, 10) + s[end+1:]
	}
}

// closing is the place of the parenthesis that closes the one at a place, -1 without one.
func closing(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// arithmetic evaluates + - * / % and parentheses over integers.
type arithmetic struct {
	text  string
	at    int
	depth int
}

// peek is the next character that is no blank, 0 at the end.
func (p *arithmetic) peek() byte {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *arithmetic) sum() (int64, error) {
	v, err := p.product()
	for err == nil && (p.peek() == '+' || p.peek() == '-') {
		op := p.text[p.at]
		p.at++
		var w int64
		if w, err = p.product(); op == '+' {
			v += w
		} else {
			v -= w
		}
	}
	return v, err
}

func (p *arithmetic) product() (int64, error) {
	v, err := p.atom()
	for err == nil && (p.peek() == '*' || p.peek() == '/' || p.peek() == '%') {
		op := p.text[p.at]
		p.at++
		w, aerr := p.atom()
		switch {
		case aerr != nil:
			return 0, aerr
		case op == '*':
			v *= w
		case w == 0:
			return 0, fmt.Errorf("division by zero in %q", p.text)
		case op == '/':
			v /= w
		default:
			v %= w
		}
	}
	return v, err
}

func (p *arithmetic) atom() (int64, error) {
	if p.peek() == '(' {
		if p.depth++; p.depth > 50 {
			return 0, fmt.Errorf("more than 50 parentheses in %q", p.text)
		}
		p.at++
		v, err := p.sum()
		if err == nil && p.peek() != ')' {
			err = fmt.Errorf("a parenthesis is not closed in %q", p.text)
		}
		p.at++
		return v, err
	}
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("0123456789abcdefABCDEFxX", p.text[p.at]) >= 0 {
		p.at++
	}
	v, err := strconv.ParseInt(p.text[start:p.at], 0, 64)
	if err != nil {
		return 0, fmt.Errorf("a number was expected at %q", p.text[start:])
	}
	return v, nil
}
