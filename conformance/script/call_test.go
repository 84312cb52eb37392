package script

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func integer(n int64) Expr                  { return Expr{Kind: ExprInt, Int: n} }
func word(s string) Expr                    { return Expr{Kind: ExprWord, Text: s} }
func ellipsis() Expr                        { return Expr{} }
func composite(k ExprKind, es ...Expr) Expr { return Expr{Kind: k, Elems: es} }
func assign(name string, v ...Expr) Expr    { return Expr{Kind: ExprAssign, Text: name, Elems: v} }
func invoke(name string, args ...Expr) Expr { return Expr{Kind: ExprCall, Text: name, Elems: args} }
func text(s string) Expr                    { return Expr{Kind: ExprString, Text: s} }

func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		text string
		want Expr
	}{
		{"...", ellipsis()},
		{"-1", integer(-1)},
		{"010", integer(10)}, // as in Google's lexer, no octal
		{"'a'", integer('a')},
		{"0xffffffff", Expr{Kind: ExprInt, Int: 1<<32 - 1, Hex: true}},
		{"0xffffffffffffffff", Expr{Kind: ExprInt, Int: -1, Hex: true}},
		{"O_RDWR|O_NONBLOCK", composite(ExprOr, word("O_RDWR"), word("O_NONBLOCK"))},
		{"1 | 2 | A", composite(ExprOr, integer(1), integer(2), word("A"))},
		{`"a\"b\x00"`, text(`a\"b\x00`)},
		{`"abc"...`, Expr{Kind: ExprString, Text: "abc", Open: true}},
		{`"abc" "def"`, composite(ExprConcat, text("abc"), text("def"))},
		{"[]", composite(ExprArray)},
		{"[1, [2], ...]", composite(ExprArray, integer(1), composite(ExprArray, integer(2)), ellipsis())},
		{"{..., 10}", composite(ExprBraces, ellipsis(), integer(10))},
		{"{}", composite(ExprBraces)},
		{"{onoff=1, linger=0}", composite(ExprBraces, assign("onoff", integer(1)), assign("linger", integer(0)))},
		{"{fd=3, events=POLLIN|POLLOUT, revents=0}", composite(ExprBraces, assign("fd", integer(3)),
			assign("events", composite(ExprOr, word("POLLIN"), word("POLLOUT"))), assign("revents", integer(0)))},
		{`{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}`, composite(ExprBraces,
			assign("sa_family", word("AF_INET")), assign("sin_port", invoke("htons", integer(80))), assign("sin_addr", invoke("inet_addr", text("192.0.2.1"))))},
		{"{msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=0, msg_control=[]}", composite(ExprBraces,
			assign("msg_name", ellipsis(), ellipsis()), assign("msg_iov", composite(ExprArray, composite(ExprBraces, ellipsis(), integer(5))), integer(1)),
			assign("msg_flags", integer(0)), assign("msg_control", composite(ExprArray)))},
		{"f()", invoke("f")},
		{"{(label 1, tc 2, [S], ttl 3)}", Expr{Kind: ExprMPLS, Labels: []MPLSLabel{{Label: 1, TC: 2, Bottom: true, TTL: 3}}}},
		{"{flags [none] sum 1 off 2 key 3 seq 4}", Expr{Kind: ExprGRE, GRE: &GRE{Checksum: 1, Offset: 2, Key: 3, Sequence: 4}}},
		{"{flags=1}", composite(ExprBraces, assign("flags", integer(1)))},
	} {
		t.Run(c.text, func(t *testing.T) {
			call := oneEvent(t, "+0 f("+c.text+") = 0").Call
			require.Equal(t, []Expr{c.want}, call.Args)
		})
	}
}

func TestCallResults(t *testing.T) {
	for text, want := range map[string]Syscall{
		"close(3) = 0": {Result: integer(0)},
		"close(3) = -1 EBADF (Bad file descriptor)":               {Result: integer(-1), Errno: "EBADF", Note: "Bad file descriptor"},
		"close(3) = -1 EBADF(Bad  file\n fd)":                     {Result: integer(-1), Errno: "EBADF", Note: "Bad file fd"},
		"close(3) = -1 (Invalid Argument)":                        {Result: integer(-1), Note: "Invalid Argument"},
		"close(3) = 0x2 (flags O_RDWR|O_SYNC)":                    {Result: Expr{Kind: ExprInt, Int: 2, Hex: true}, Note: "flags O_RDWR|O_SYNC"},
		"close(3) = -1 ENOTSOCK (Socket operation on non-socket)": {Result: integer(-1), Errno: "ENOTSOCK", Note: "Socket operation on non-socket"},
		"close(3) = -1 EX (can't say)":                            {Result: integer(-1), Errno: "EX", Note: "can't say"},
		"close(3) = SYMBOL (note)":                                {Result: word("SYMBOL"), Note: "note"},
		"close(3) = A|B (note)":                                   {Result: composite(ExprOr, word("A"), word("B")), Note: "note"},
		"close(3) = [f(1)] (note)":                                {Result: composite(ExprArray, invoke("f", integer(1))), Note: "note"},
		"close(3) = ...":                                          {Result: ellipsis()},
		"t2: close(3) = 0":                                        {Thread: "t2", Result: integer(0)},
	} {
		t.Run(text, func(t *testing.T) {
			want.Name, want.Args = "close", []Expr{integer(3)}
			require.Equal(t, want, *oneEvent(t, "+0 "+text).Call)
		})
	}
}

func TestFieldFindsAMember(t *testing.T) {
	call := oneEvent(t, "+0 poll([{fd=3, events=POLLIN}], 1, 0) = 0").Call
	fd, ok := call.Args[0].Elems[0].Field("fd")
	require.True(t, ok)
	require.Equal(t, integer(3), *fd)
	_, ok = call.Args[0].Elems[0].Field("revents")
	require.False(t, ok)
	_, ok = call.Args[1].Field("fd")
	require.False(t, ok, "a number has no members")
}

func TestStringEscapes(t *testing.T) {
	for raw, want := range map[string]string{
		`abc`: "abc", `\\\"\f\n\r\t\v`: "\\\"\f\n\r\t\v", `\x00\xfFz`: "\x00\xffz", ``: "",
	} {
		e := text(raw)
		got, err := e.Bytes()
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	both := composite(ExprConcat, text(`a\n`), text(`b`))
	got, err := both.Bytes()
	require.NoError(t, err)
	require.Equal(t, "a\nb", string(got))
	for raw, msg := range map[string]string{`\q`: `\q`, `\x1`: "two hex digits", `\xg0`: "two hex digits", `\`: "ends"} {
		e := text(raw)
		_, err := e.Bytes()
		require.ErrorContains(t, err, msg)
	}
	number := integer(3)
	_, err = number.Bytes()
	require.ErrorContains(t, err, "string")
}

func TestDeepNestingIsAnErrorNotAStackOverflow(t *testing.T) {
	_, err := Parse("t", []byte("+0 f("+strings.Repeat("[", 1_000_000)))
	require.ErrorContains(t, err, "nested less deeply")
	deep := maxDepth - 2
	_, err = Parse("t", []byte("+0 f("+strings.Repeat("[", deep)+strings.Repeat("]", deep)+") = 0"))
	require.NoError(t, err)
}
