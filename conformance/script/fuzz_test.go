package script

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/shrink"
)

// FuzzParse checks that no text makes the parser panic or hang, that every mistake has a place inside the text, and that a script which is
// read survives being printed.
func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds() {
		f.Add(s.src, s.define)
	}
	if root := os.Getenv("SOCKSPEC_PACKETDRILL"); root != "" {
		addScripts(f, root)
	}
	f.Fuzz(func(t *testing.T, src, define string) {
		parseTarget.Check(t, fuzzSeed{src, define})
	})
}

func checkParse(t require.TestingT, src, define string) {
	s, err := Parse("f", []byte(src), defined(define)...)
	if err == nil {
		requireRoundTrip(t, s)
		return
	}
	var e *Error
	require.True(t, errors.As(err, &e))
	lines := strings.Split(src, "\n")
	require.LessOrEqual(t, e.Line, len(lines))
	require.Positive(t, e.Line)
	require.Positive(t, e.Column)
	require.LessOrEqual(t, e.Column, len(lines[e.Line-1])+1)
	require.NotEmpty(t, e.Found)
	require.NotEmpty(t, e.Expected)
	_ = e.Detail()
}

// defined is a definition of the command line, if it is one.
func defined(define string) (defines []Define) {
	if d, err := ParseDefine(define); err == nil {
		defines = append(defines, d)
	}
	return defines
}

// parseTarget: what it finds is told as the script, and as what the parser makes of it.
var parseTarget = shrink.Target[fuzzSeed]{
	Name: "FuzzParse",
	Run:  func(t shrink.T, in fuzzSeed) { checkParse(t, in.src, in.define) },
	Shrink: func(in fuzzSeed, fails func(fuzzSeed) bool) fuzzSeed {
		define := shrink.Text(in.define, func(define string) bool { return fails(fuzzSeed{in.src, define}) })
		return fuzzSeed{shrink.Text(in.src, func(src string) bool { return fails(fuzzSeed{src, define}) }), define}
	},
	Args: func(in fuzzSeed) []any { return []any{in.src, in.define} },
	Tell: func(logf shrink.Logf, in fuzzSeed) {
		logf("a script, defined %q:\n%s", in.define, in.src)
		logf("a test of package script:\n%s", shrink.TestCase("ParseFound", fmt.Sprintf("checkParse(t, %q, %q)", in.src, in.define)))
		s, err := Parse("f", []byte(in.src), defined(in.define)...)
		if err != nil {
			logf("the parser says: %v", err)
			return
		}
		logf("printed:\n%s", s)
	},
}

func addScripts(f *testing.F, root string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".pkt") {
			return err
		}
		src, err := os.ReadFile(path)
		f.Add(string(src), "")
		return err
	})
	require.NoError(f, err)
}

// fuzzSeed is a script and a definition of the command line.
type fuzzSeed struct{ src, define string }

// fuzzSeeds hold every construct, and make every mistake, at least once: reach_test.go holds them to it.
func fuzzSeeds() (all []fuzzSeed) {
	for _, m := range append(moreMistakes, mistakes...) {
		all = append(all, fuzzSeed{strings.ReplaceAll(m, "|", "\n"), ""})
	}
	for _, s := range seeds {
		all = append(all, fuzzSeed{s, "X=1"}, fuzzSeed{s, "socket=`a`"})
	}
	icmp := ""
	for _, m := range slices.Concat(icmpV4, icmpV6) {
		icmp += "+0 > icmp " + m.name + "\n"
		for _, code := range m.codes {
			icmp += "+0 > icmp " + m.name + " " + code.name + "\n"
		}
	}
	return append(all, fuzzSeed{icmp, "="}, fuzzSeed{icmp, "X="})
}

// seeds hold every construct at least once.
var seeds = []string{
	"// Title\n--mtu=1500 --define=X=3\n`a`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+.1~+.2 > c: S. 0:0(0) ack 1 <...> //@A,B\n`b`",
	"+0 < [ect0] PU. 1:11(10) ack 1 win 5 urg 3 <mss 1,nop,wscale 2,TS val 1 ecr 2,sackOK,sack 1:2 3:4,eol,eol>",
	"* > [tos 0x1, flowlabel 0x2] 1 > 2 .7 1:1(0) ack 1 <FO abcd,FOEXP abcd,nop,nop,ECN e0b 1 ceb 2>",
	"+0 > [noecn] FRWAE. 1:1(0) ack 1 <ECN e1b 1 ceb 2 e0b 3,nop>\n+0 > [ect1] . 1:1(0) ack 1\n+0 > [ect01] . 1:1(0) ack 1\n+0 > [ce, frag 1480:2008] . 1:1(0) ack 1",
	"+0 < [frag 0:1480+ id 7] udp (2000)\n+0 > icmp unreachable port_unreachable [udp (1000)]\n+0 > icmp unreachable port_unreachable [raw (5)]",
	"0~1 > ipv4 [ttl 5] 1.2.3.4 > 5.6.7.8: gre flags [key present] sum 0 off 0 key 1 seq 2: mpls (label 1, tc 1, [S], ttl 1): icmp unreachable frag_needed mtu 9 id 1 [1:2(1)]",
	"+0...1 t: recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=A|B}, 0x1f) = -1 EAGAIN (no, can't)",
	"+0 f({fd=1, e=[]}, \"a\\\"\"..., \"b\" \"c\", htons(8), {(label 1, tc 2, ttl 3)}, {flags 0x1 sum 1 off 1 key 1 seq 1}) = 0x2 (flags O_RDWR)",
	"+0 %{ print(1)\n }% +1 `true`/* c */ +2 > encap psp spi 0x1 - 1:1(0) +3 < udp 1 > 2 (3)",
	"+0 > ipv6 fd00::1 > ::ffff:1.2.3.4 : . 1:1(0) <md5 00ff>",
}

// moreMistakes are scripts with one mistake each, like mistakes, whose messages say all that there is to say.
var moreMistakes = []string{
	"+0 > gre x", "+0 > gre flags x", "+0 > gre flags 1 sum x", "+0 > gre flags 1 sum 0 off x", "+0 > gre flags 1 sum 0 off 0 key x",
	"+0 > gre flags 1 sum 0 off 0 key 0 seq x", "+0 > mpls (label x", "+0 > mpls (label 1, tc x", "+0 > mpls (label 1, tc 1, ttl x",
	"+0 > ipv4 1.2.3.4 5.6.7.8", "+0 > ipv6 fd00::1 fd00::2", "+0 > ipv4 1.2.3.4 > 5.6.7.8 .", "+0 > encap psp spi x",
	"+0 > [ttl x] . 1:1(0)", "+0 > [flowlabel x] . 1:1(0)", "+0 > [frag x] . 1:1(0)", "+0 > [frag 0 5] . 1:1(0)", "+0 > [frag 0:x] . 1:1(0)",
	"+0 > [frag 4:8] . 1:1(0)", "+0 > [frag 0:8 id x] . 1:1(0)", "+0 > udp (x)", "+0 > icmp unreachable frag_needed mtu x", "+0 > icmp echo_request id x",
	"+0 > . 1:1(0) ack 1 urg x", "+0 > . 1:1(0) <TS val x>", "+0 > . 1:1(0) <TS val 1 ecr x>", "+0 > . 1:1(0) <wscale x>", "+0 > . 1:1(0) <sack x>",
	"+0 > . 1:1(0) <sack 1:x>", "+0 > . 1:1(0) <ECN x>", "+0 > . 1:1(0) <ECN e0b x>",
	"+0~+x > . 1:1(0)", "+0...x f() = 0", "+0 f([1 2]) = 0", "+0 f(" + strings.Repeat("[", maxDepth+1),
}
