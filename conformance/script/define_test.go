package script

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDefinitionsReplaceWords(t *testing.T) {
	src := "--define=PROTO=IPPROTO_TCP --define=CC=\"reno\" --define=CMD=`ls`\n--define=N=7\n" +
		"CMD\n+0 socket(..., N, PROTO) = N\n+0 setsockopt(3, A, B, CC, 4) = 0\n+0 > FLAGS 1:1(0) ack N <FO COOKIE,nop,nop>\n"
	s, err := Parse("t", []byte(src), Define{"COOKIE", "3021b9d889017eeb"}, Define{"FLAGS", "P."}, Define{"B", "TCP_CONGESTION"})
	require.NoError(t, err)
	requireRoundTrip(t, s)
	require.Equal(t, "ls", s.Init[0].Text)
	require.Equal(t, "+0 socket(..., 7, IPPROTO_TCP) = 7", s.Events[0].String())
	require.Equal(t, `+0 setsockopt(3, A, TCP_CONGESTION, "reno", 4) = 0`, s.Events[1].String())
	require.Equal(t, "+0 > P. 1:1(0) ack 7 <FO 3021b9d889017eeb,nop,nop>", s.Events[2].String())
	require.Empty(t, s.Options, "--define is no option of the run")
	require.Len(t, s.Defines, 7)
	require.Equal(t, Pos{4, 16}, s.Events[0].Call.Args[1].Pos, "the place is the name's")
}

func TestDefinitionsOfTheCallerWin(t *testing.T) {
	s, err := Parse("t", []byte("--define=X=own\n+0 f(X) = 0"), Define{"X", "outer"})
	require.NoError(t, err)
	require.Equal(t, "outer", s.Events[0].Call.Args[0].Text)
}

func TestDefinitionsAreNotLookedUpAgainAndSpareKeywords(t *testing.T) {
	s, err := Parse("t", []byte("+0 f(A, B, win) = 0 //@A"), Define{"A", "B"}, Define{"B", "0x10"}, Define{"win", "3"})
	require.NoError(t, err)
	require.Equal(t, []Expr{word("B"), integer(16), word("win")}, bare(s).Events[0].Call.Args)
	require.Equal(t, []string{"A"}, s.Events[0].Why, "a directive is a comment")
}

func TestDirectiveSurvivesTheDefinitionBeforeIt(t *testing.T) {
	s, err := Parse("t", []byte("+0 f() = R //@W"), Define{"R", "A|B"})
	require.NoError(t, err)
	require.Equal(t, "+0 f() = A|B //@W", s.Events[0].String())
}

func TestDefinedOptionValue(t *testing.T) {
	s, err := Parse("t", []byte("--local_ip=ADDR\n+0 f() = 0"), Define{"ADDR", `"192.0.2.9"`})
	require.NoError(t, err)
	require.Equal(t, "192.0.2.9", s.Options[0].Value)
}

func TestDefinedNumbersAreCs(t *testing.T) {
	for value, want := range map[string]int64{"010": 8, "0x1F": 31, "-7": -7, "42": 42} {
		s, err := Parse("t", []byte("+0 f(V) = 0"), Define{"V", value})
		require.NoError(t, err)
		require.Equal(t, integer(want), bare(s).Events[0].Call.Args[0])
	}
	// 0b12 is a number for Go and part of a cookie for C.
	s, err := Parse("t", []byte("+0 < S 0:0(0) win 1 <FO V>"), Define{"V", "0b10"})
	require.NoError(t, err)
	require.Equal(t, []byte{0x0b, 0x10}, s.Events[0].Packet.TCP.Options[0].Data)
}

func TestParseDefine(t *testing.T) {
	d, err := ParseDefine(`CC="a=b"`)
	require.NoError(t, err)
	require.Equal(t, Define{"CC", `"a=b"`}, d)
	for _, bad := range []string{"", "X", "=1", "a-b=1", "X=", `X="open`, "X=`open"} {
		_, err := ParseDefine(bad)
		require.Error(t, err, bad)
	}
	_, err = Parse("t", []byte("+0 f() = 0"), Define{"X", `"open`})
	require.ErrorContains(t, err, "closing")
}
