package script

import (
	"net/netip"
	"strconv"
	"strings"
)

// number reads what begins like a number: an integer, a fraction, an address, or nothing when a longer word begins here.
func (l *lexer) number() (token, bool) {
	rest := l.src[l.off:]
	if n := ipv6Len(rest); n > 0 {
		return l.make(tokIPv6, n), true
	}
	sign := 0
	if rest[0] == '-' {
		sign = 1
	}
	digits := digitLen(rest[sign:])
	if sign == 0 && digits > 0 {
		if n := ipv4Len(rest); n > 0 {
			return l.make(tokIPv4, n), true
		}
	}
	// A fraction needs a digit after the point, so 0...1 is the integer 0 before an ellipsis.
	whole := sign + digits
	if len(rest) > whole && rest[whole] == '.' {
		if frac := digitLen(rest[whole+1:]); frac > 0 {
			return l.make(tokFloat, whole+1+frac), true
		}
	}
	word := wordLen(rest)
	switch {
	case digits == 0, sign == 0 && word > digits && !isHexWord(rest[:word]):
		return token{}, false
	case sign == 0 && word > digits:
		return l.integer(tokHex, word), true
	}
	return l.integer(tokInt, whole), true
}

// integer makes a numeric token. A leading zero means nothing in a script: Google's lexer reads 010 as ten. Hexadecimal numbers may use all
// 64 bits, as masks do.
func (l *lexer) integer(kind tokenKind, n int) token {
	text := l.src[l.off : l.off+n]
	var num int64
	var err error
	if kind == tokHex {
		var bits uint64
		bits, err = strconv.ParseUint(text[2:], 16, 64)
		num = int64(bits)
	} else {
		num, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil {
		// An over-long run of digits is no number but may be a fast-open cookie or a digest, which are hex text.
		return l.make(tokWord, n)
	}
	t := l.make(kind, n)
	t.num = num
	return t
}

func digitLen(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isHexWord(s string) bool {
	return len(s) > 2 && s[:2] == "0x" && hexLen(s[2:]) == len(s)-2
}

func hexLen(s string) int {
	n := 0
	for n < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
		n++
	}
	return n
}

// ipv4Len is the length of the dotted quad at the start of s, or 0. Octets are checked by the parser, which can say what is wrong.
func ipv4Len(s string) int {
	n := 0
	for i := range 4 {
		if i > 0 {
			if n >= len(s) || s[n] != '.' {
				return 0
			}
			n++
		}
		d := digitLen(s[n:])
		if d == 0 {
			return 0
		}
		n += d
	}
	return n
}

// ipv6Len is the length of the longest IPv6 address at the start of s, or 0. A sequence range 1:1001 is none: an address has
// two colons in a row or seven in all.
func ipv6Len(s string) int {
	n := 0
	for n < len(s) && n < len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") && strings.IndexByte("0123456789abcdefABCDEF:.", s[n]) >= 0 {
		n++
	}
	run := s[:n]
	if !strings.Contains(run, "::") && strings.Count(run, ":") < 7 {
		return 0
	}
	for ; n > 1; n-- {
		if a, err := netip.ParseAddr(run[:n]); err == nil && a.Is6() {
			return n
		}
	}
	return 0
}
