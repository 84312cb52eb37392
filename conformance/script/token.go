package script

import "strconv"

// tokenKind classifies a token as Google's lexer.l does, except that keywords are ordinary words here: the parser knows from the
// context which word it wants, so that a word such as `id` stays usable as a name.
type tokenKind uint8

const (
	tokEOF      tokenKind = iota
	tokInt                // 12 -1 'a'
	tokHex                // 0x1f: kept apart, since the grammar wants it in [tos 0x..]
	tokFloat              // 1.5 .5
	tokWord               // [A-Za-z0-9_]+ that is no number
	tokString             // "..."
	tokBacktick           // `...`
	tokCode               // %{...}%
	tokIPv4               // 192.0.2.1
	tokIPv6               // fd3d::1
	tokOption             // --name
	tokEllipsis           // ...
	tokPunct              // any other single character
	tokBad                // what the lexer could not read; text says what was expected, mend how to repair it
)

// token is one lexical unit.
type token struct {
	kind tokenKind
	// text is the payload: without quotes, backticks, %{ }% and leading --; the source text for the rest.
	text string
	num  int64 // tokInt and tokHex
	pos  Pos
	// off and end delimit the token in the source. Tokens that a definition put in share those of the word that they replace.
	off, end int
	endLine  int
	// why are the //@ directives between this token and the next.
	why  []directive
	mend string // tokBad
}

// directive is one //@ comment.
type directive struct {
	pos   Pos
	names []string
	// bad is the first piece of the comment that is no rule name.
	bad string
	// loose marks a comment that does not stand on the line on which the token before it ends.
	loose bool
}

// is tells whether the token is that punctuation.
func (t token) is(punct string) bool { return t.kind == tokPunct && t.text == punct }

// isWord tells whether the token is one of the words.
func (t token) isWord(words ...string) bool {
	if t.kind != tokWord {
		return false
	}
	for _, w := range words {
		if t.text == w {
			return true
		}
	}
	return false
}

// describe is the token as a phrase for Error.Found.
func (t token) describe() string {
	text := t.text
	if len(text) > 40 {
		text = text[:37] + "..."
	}
	switch t.kind {
	case tokEOF:
		return "end of file"
	case tokInt, tokHex, tokFloat:
		return "number " + text
	case tokWord:
		return "word " + strconv.Quote(text)
	case tokString:
		return "string " + strconv.Quote(text)
	case tokBacktick:
		return "command " + strconv.Quote(text)
	case tokCode:
		return "code block " + strconv.Quote(text)
	case tokIPv4, tokIPv6:
		return "address " + text
	case tokOption:
		return "option --" + text
	default:
		return strconv.Quote(text)
	}
}

// reserved are the words of Google's lexer.l that are keywords there. A -D definition never replaces one.
var reserved = func() map[string]bool {
	m := make(map[string]bool)
	for _, w := range []string{
		"sa_family", "sin_port", "sin_addr", "msg_name", "msg_iov", "msg_flags", "msg_control",
		"cmsg_data", "cmsg_level", "cmsg_type", "ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data",
		"scm_sec", "scm_nsec", "fd", "u32", "u64", "ptr", "events", "revents", "onoff", "linger", "htons",
		"ipv4", "ipv6", "icmp", "udp", "GREv0", "gre", "raw", "sum", "off", "key", "seq", "none", "checksum", "sequence#",
		"present", "encap", "psp", "spi", "mpls", "label", "tc", "ttl", "inet_addr", "inet6_addr", "ack", "eol", "ecr",
		"mss", "mtu", "nop", "sack", "sackOK", "md5", "TS", "FO", "FOEXP", "ECN", "e0b", "e1b", "ceb", "tos", "flowlabel",
		"flags", "Flags", "val", "win", "urg", "wscale", "ect01", "ect0", "ect1", "noecn", "ce", "id",
	} {
		m[w] = true
	}
	return m
}()
