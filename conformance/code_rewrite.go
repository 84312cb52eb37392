package conformance

import "strings"

// rewriteCode turns the Python that scripts use into Starlark: `assert X, Y` becomes check(X, Y), and a chain such as
// 1 <= x <= 2, which Starlark refuses, becomes a conjunction.
func rewriteCode(text string) string {
	var out strings.Builder
	for _, line := range logicalLines(text) {
		body := strings.TrimLeft(line, " \t")
		indent := line[:len(line)-len(body)]
		for i, st := range splitTop(body, ";") {
			if i > 0 {
				out.WriteByte('\n')
			}
			out.WriteString(indent + rewriteStatement(strings.TrimSpace(st)))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func rewriteStatement(st string) string {
	rest, ok := strings.CutPrefix(st, "assert")
	if !ok || rest == "" || !strings.ContainsRune(" \t(", rune(rest[0])) {
		return st
	}
	parts := splitTop(rest, ",")
	parts[0] = rewriteChain(strings.TrimSpace(parts[0]))
	return "check(" + strings.Join(parts, ",") + ")"
}

// rewriteChain makes a <= b <= c explicit, inside operands of and/or too.
func rewriteChain(x string) string {
	for _, word := range []string{" or ", " and "} {
		if parts := splitTop(x, word); len(parts) > 1 {
			for i := range parts {
				parts[i] = rewriteChain(parts[i])
			}
			return strings.Join(parts, word)
		}
	}
	var operands, operators []string
	start := 0
	scanTop(x, func(i int) int {
		for _, op := range []string{"<=", ">=", "==", "!=", "<<", ">>", "<", ">"} {
			if strings.HasPrefix(x[i:], op) {
				if op == "<<" || op == ">>" {
					return len(op)
				}
				operands, operators = append(operands, x[start:i]), append(operators, op)
				start = i + len(op)
				return len(op)
			}
		}
		return 1
	})
	if len(operators) < 2 {
		return x
	}
	operands = append(operands, x[start:])
	var pairs []string
	for i, op := range operators {
		pairs = append(pairs, operands[i]+" "+op+" "+operands[i+1])
	}
	return "(" + strings.Join(pairs, " and ") + ")"
}

// logicalLines joins lines that a backslash or an open bracket continues, and drops comments.
func logicalLines(text string) []string {
	var lines []string
	var cur strings.Builder
	depth := 0
	for _, line := range strings.Split(text, "\n") {
		end := len(line)
		scan(line, func(i, d int) int {
			if line[i] == '#' && i < end {
				end = i
			}
			return 1
		})
		line = strings.TrimRight(line[:end], " \t\r")
		joined := strings.HasSuffix(line, "\\")
		line = strings.TrimSuffix(line, "\\")
		cur.WriteString(line)
		depth += balance(line)
		if joined || depth > 0 {
			cur.WriteByte(' ')
			continue
		}
		lines = append(lines, cur.String())
		cur.Reset()
		depth = 0
	}
	if cur.Len() > 0 {
		lines = append(lines, cur.String())
	}
	return lines
}

// balance counts brackets opened and not closed.
func balance(s string) int {
	n := 0
	scan(s, func(i, _ int) int {
		switch s[i] {
		case '(', '[', '{':
			n++
		case ')', ']', '}':
			n--
		}
		return 1
	})
	return n
}

// splitTop splits at a separator outside of strings and brackets.
func splitTop(s, sep string) []string {
	var parts []string
	start := 0
	scanTop(s, func(i int) int {
		if !strings.HasPrefix(s[i:], sep) {
			return 1
		}
		parts = append(parts, s[start:i])
		start = i + len(sep)
		return len(sep)
	})
	return append(parts, s[start:])
}

// scanTop visits each place outside of strings and brackets; the callback says how far to go on.
func scanTop(s string, at func(i int) int) {
	scan(s, func(i, depth int) int {
		if depth > 0 || strings.IndexByte("()[]{}", s[i]) >= 0 {
			return 1
		}
		return at(i)
	})
}

// scan visits each place outside of strings with the depth of brackets around it.
func scan(s string, at func(i, depth int) int) {
	var quote byte
	depth := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
			i++
			continue
		case c == '"' || c == '\'':
			quote = c
			i++
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		}
		i += max(1, at(i, depth))
	}
}
