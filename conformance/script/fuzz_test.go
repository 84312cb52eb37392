package script

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse checks that no text makes the parser panic or hang, that every mistake has a place inside the text, and that a script which is
// read survives being printed.
func FuzzParse(f *testing.F) {
	for _, m := range mistakes {
		f.Add(strings.ReplaceAll(m, "|", "\n"), "")
	}
	for _, s := range seeds {
		f.Add(s, "X=1")
		f.Add(s, "socket=`a`")
	}
	if root := os.Getenv("SOCKSPEC_PACKETDRILL"); root != "" {
		addScripts(f, root)
	}
	f.Fuzz(func(t *testing.T, src, define string) {
		var defines []Define
		if d, err := ParseDefine(define); err == nil {
			defines = append(defines, d)
		}
		s, err := Parse("f", []byte(src), defines...)
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
	})
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

// seeds hold every construct at least once.
var seeds = []string{
	"// Title\n--mtu=1500 --define=X=3\n`a`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+.1~+.2 > c: S. 0:0(0) ack 1 <...> //@A,B\n`b`",
	"+0 < [ect0] PU. 1:11(10) ack 1 win 5 urg 3 <mss 1,nop,wscale 2,TS val 1 ecr 2,sackOK,sack 1:2 3:4,eol,eol>",
	"* > (tos 0x1, flowlabel 0x2) 1 > 2 .7 1:1(0) ack 1 <FO abcd,FOEXP ab,nop,ECN e0b 1 ceb 2>",
	"0~1 > ipv4 [ttl 5] 1.2.3.4 > 5.6.7.8: gre flags [key present] sum 0 off 0 key 1 seq 2: mpls (label 1, tc 1, [S], ttl 1): icmp unreachable frag_needed mtu 9 id 1 [1:2(1)]",
	"+0...1 t: recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 5}], msg_flags=A|B}, 0x1f) = -1 EAGAIN (no, can't)",
	"+0 f({fd=1, e=[]}, \"a\\\"\"..., \"b\" \"c\", htons(8), {(label 1, tc 2, ttl 3)}, {flags 0x1 sum 1 off 1 key 1 seq 1}) = 0x2 (flags O_RDWR)",
	"+0 %{ print(1)\n }% +1 `true`/* c */ +2 > encap psp spi 0x1 - 1:1(0) +3 < udp 1 > 2 (3)",
	"+0 > ipv6 fd00::1 > ::ffff:1.2.3.4 : . 1:1(0) <md5 00ff>",
}
