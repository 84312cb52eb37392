package script

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write the present messages into testdata/errors.golden")

// mistakes are scripts with one mistake each; their messages stand in testdata/errors.golden, in this order. A | stands for a line end.
var mistakes = []string{
	// Frame of a script.
	"",
	"// only a comment",
	"`init`",
	"--mtu=",
	"--define=X",
	"--define=X=",
	"--mtu 1500|+0 close(3) = 0",
	"+0 close(3) = 0|`cleanup`|+0 close(4) = 0",
	"+0 close(3) = 0|--mtu=1500",
	// Things left open.
	"+0 write(4, \"abc, 3) = 3|+0 close(4) = 0",
	"+0 `sysctl -q|",
	"+0 %{ assert x|",
	"+0 close(3) = 0 /* forever",
	"+0 close(3) = 0 \x01",
	"+0 close(3) = 0 → 1",
	// Times.
	"close(3) = 0",
	"-1 close(3) = 0",
	"+0,1 close(3) = 0",
	"+0.1.2 close(3) = 0",
	"1s close(3) = 0",
	"+0~0.1 > . 1:1(0) ack 1",
	"0.2~0.1 > . 1:1(0) ack 1",
	"+0~+0.1 close(3) = 0",
	"+0~+0.1 < . 1:1(0) ack 1 win 1",
	"* close(3) = 0",
	"+0.2...0.1 accept(3) = 4",
	"0~1...2 accept(3) = 4",
	"+1000000000 close(3) = 0",
	"+0|+0 close(3) = 0",
	// Packets.
	"+0 S 0:0(0)",
	"+0 > 0:0(0)",
	"+0 > X. 0:0(0)",
	"+0 > .P 1:2(1) ack 1",
	"+0 > SE.5 1:2(1) ack 1",
	"+0 > .55 1:2(1) ack 1",
	"+0 > . 1:2 ack 1",
	"+0 > . 1:3(1) ack 1",
	"+0 > . 1-3(2) ack 1",
	"+0 > . 4294967296:1(0)",
	"+0 > . 4294967295:4295032830(65535)",
	"+0 > . 1:65537(65536)",
	"+0 > . 1:1(0) ack",
	"+0 > . 1:1(0) ack ISS",
	"+0 > . 1:1(0) ack 0x1",
	"+0 > . 1:1(0) win 10 ack 1",
	"+0 < . 1:1(0) ack 1",
	"+0 < . 1:1(0) ack 1 win 65536",
	"+0 < . 1:1(0) ack 1 win 5 <...>",
	"+0 < [ect01] . 1:1(0) ack 1 win 5",
	"+0 > [tos 16] . 1:1(0) ack 1",
	"+0 > [ecn] . 1:1(0) ack 1",
	"+0 > [ttl 64, ce] . 1:1(0) ack 1",
	"+0 > [ect0] udp (5)",
	"+0 > udp 5",
	"+0 > tcp 1:1(0)",
	"+0 < icmp unreachabel",
	"+0 < icmp unreachable no_way",
	"+0 > ipv4 fd00::1 > 192.0.2.2: . 1:1(0)",
	"+0 > ipv4 300.0.2.1 > 192.0.2.2: . 1:1(0)",
	"+0 > gre flags [odd] sum 0 off 0 key 0 seq 0: . 1:1(0)",
	"+0 > 70000 > 80 S 0:0(0)",
	// TCP options.
	"+0 > S 0:0(0) <mss 1460,sackok,nop,nop>",
	"+0 > S 0:0(0) <mss 1460,wat>",
	"+0 > S 0:0(0) <mss 1460,wscale 7>",
	"+0 > S 0:0(0) <mss 1460",
	"+0 > S 0:0(0) <mss MSS>",
	"+0 > S 0:0(0) <TS val 1>",
	"+0 > S 0:0(0) <FO abc,nop,nop>",
	"+0 > S 0:0(0) <FO COOKIE,nop,nop>",
	"+0 > S 0:0(0) <sack 1,nop,nop>",
	"+0 > S 0:0(0) <ECN ceb 1,nop,nop,nop>",
	"+0 > S 0:0(0) <sack 1:2 3:4 5:6 7:8 9:10,nop,nop>",
	// System calls.
	"+0 close(3)",
	"+0 close(3) =",
	"+0 close(3 = 0",
	"+0 close(3,) = 0",
	"+0 close(1.5) = 0",
	"+0 close(3) = -1 EBADF",
	"+0 close(3) = -1 EBADF (Bad file descriptor|+0 close(4) = 0",
	"+0 poll([{fd=3, events=POLLIN], 1, 0) = 0",
	"+0 2close(3) = 0",
	"+0 f({(label 5)}) = 0",
	// Directives.
	"+0 close(3) = 0|//@RULE",
	"+0 close(3) = 0 //@no.dots",
	"+0 close(3) = 0 //@",
	"+0 close(3) = 0|`cleanup` //@RULE",
}

func TestMessagesShowPlaceExpectationAndMend(t *testing.T) {
	var got []string
	for _, m := range mistakes {
		_, err := Parse("s.pkt", []byte(strings.ReplaceAll(m, "|", "\n")))
		var e *Error
		require.True(t, errors.As(err, &e), "%q must be a mistake", m)
		got = append(got, e.Detail())
	}
	const golden, separator = "testdata/errors.golden", "\n----\n"
	if *rewrite {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(strings.Join(got, separator)+"\n"), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	wants := strings.Split(strings.TrimSuffix(string(want), "\n"), separator)
	require.Len(t, wants, len(got), "go test -rewrite writes the file anew")
	for i := range got {
		require.Equal(t, wants[i], got[i], "go test -rewrite writes the file anew")
	}
}

func TestFirstMistakeIsShownThoughALaterOneIsLexical(t *testing.T) {
	_, err := Parse("s.pkt", []byte("+0 close(3) 0\n+0 `open"))
	require.ErrorContains(t, err, `s.pkt:1:13: found number 0, expected "="`)
}

func TestMessageWithoutPathBeginsWithThePlace(t *testing.T) {
	_, err := Parse("", []byte("+0\t\tclose(3)"))
	require.ErrorContains(t, err, "1:13: found end of file")
	require.True(t, strings.HasPrefix(err.Error(), "1:13: "))
	var e *Error
	require.True(t, errors.As(err, &e))
	require.True(t, strings.HasSuffix(e.Detail(), "\n+0\t\tclose(3)\n  \t\t        ^"), "the caret's line keeps the tabs")
}

func TestUnreadableFileIsNoScriptError(t *testing.T) {
	_, err := ParseFile("testdata/absent.pkt")
	require.ErrorIs(t, err, os.ErrNotExist)
}
