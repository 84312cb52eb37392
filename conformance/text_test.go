package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// commands are what a stack is told when a script with that set-up runs.
func commands(t *testing.T, setUp string) []string {
	t.Helper()
	f := &fake{}
	requirePass(t, play(t, f, "`"+setUp+"`\n0 socket(..., SOCK_STREAM, 0) = 3"))
	return f.commands
}

func TestSysctlsReachTheStackInOneForm(t *testing.T) {
	for setUp, want := range map[string][]string{
		"sysctl -q net.ipv4.tcp_sack=0":                                    {"sysctl -q net.ipv4.tcp_sack=0"},
		"sysctl -qw net.ipv4.tcp_sack=0 net.ipv4.tcp_dsack=1":              {"sysctl -q net.ipv4.tcp_sack=0", "sysctl -q net.ipv4.tcp_dsack=1"},
		`sysctl -q net.ipv4.tcp_rmem="4096  540000 $((15*1024*1024))"`:     {`sysctl -q net.ipv4.tcp_rmem="4096 540000 15728640"`},
		"../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0":     {"sysctl -q net.ipv4.tcp_timestamps=0"},
		"set_sysctls.py \\\n /proc/sys/net/ipv4/tcp_a=1\\\n /proc/sys/b=2": {"sysctl -q net.ipv4.tcp_a=1", "sysctl -q b=2"},
		"sysctl -q a.b=1; sysctl -q c.d=2 # and not sysctl -q e.f=3":       {"sysctl -q a.b=1", "sysctl -q c.d=2"},
		"sysctl -q a.b=1 > /dev/null 2>&1 && sysctl -q c.d=2":              {"sysctl -q a.b=1", "sysctl -q c.d=2"},
		"sysctl -q a.b=1 &> /dev/null || sysctl -q c.d=2":                  {"sysctl -q a.b=1"},
		"tc qdisc add dev tun0 root pfifo":                                 nil,
		"ip tcp_metrics flush all > /dev/null 2>&1":                        nil,
		"nstat | grep -q x":                            {"nstat | grep -q x"},
		"tc qdisc replace dev tun0 root pfifo limit 0": {"tc qdisc replace dev tun0 root pfifo limit 0"},
	} {
		require.Equal(t, want, commands(t, setUp), setUp)
	}
}

func TestShellScriptsBesideTheScriptAreRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "common"), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "x"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "common", "set.sh"), []byte("#!/bin/bash\n# sets\nsysctl -q a.b=$((2 * (3 + 4)))\n"), 0o644))
	s, err := script.Parse(filepath.Join(dir, "x", "y.pkt"), []byte("`../common/set.sh`\n0 socket(..., SOCK_STREAM, 0) = 3"))
	require.NoError(t, err)
	f := &fake{}
	requirePass(t, Run(t.Context(), s, f, Options{}))
	require.Equal(t, []string{"sysctl -q a.b=14"}, f.commands)
}

func TestAFailingCommandFailsTheScriptUnlessAnotherFollows(t *testing.T) {
	broken := func(cmd string) error {
		if strings.HasPrefix(cmd, "broken") {
			return fmt.Errorf("exit status 1")
		}
		return nil
	}
	const rest = "\n0 socket(..., SOCK_STREAM, 0) = 3"
	requireFail(t, play(t, &fake{command: broken}, "`broken`"+rest), 1, "command")
	requirePass(t, play(t, &fake{command: broken}, "`broken ; sysctl -q a=1`"+rest))
	requirePass(t, play(t, &fake{command: broken}, "`broken || sysctl -q a=1`"+rest))
	requireFail(t, play(t, &fake{command: broken}, "`broken && sysctl -q a=1`"+rest), 1, "command")
	requireFail(t, play(t, &fake{}, "`missing.sh`"+rest), 1, "command")
}

func TestArithmeticIsTheShells(t *testing.T) {
	for in, want := range map[string]string{"$((1+2*3))": "7", "$(( (1+2)*3 ))": "9", "a$((0x10))b$((7%4))": "a16b3", "$((10-2-3))": "5", "$((9/2))": "4"} {
		got, err := expandArithmetic(in)
		require.NoError(t, err)
		require.Equal(t, want, got, in)
	}
	for _, bad := range []string{"$((1/0))", "$((", "$((x))", "$((1+))", "$((1 2))", "$((" + strings.Repeat("(", 100) + "))"} {
		_, err := expandArithmetic(bad)
		require.Error(t, err, bad)
	}
}

func TestTheShellReaderEndsOnAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z =;|&#"'$()\\>\n]|\$\(\(|sysctl -q |2>&1){0,40}`).Draw(t, "text")
		e := &engine{inst: &fake{}, script: &script.Script{Path: "/nowhere/x.pkt"}}
		_ = e.shell(text, 0)
		_ = rewriteCode(text)
	})
}

// runBlocks runs code blocks against a TCP_INFO whose congestion window is 10 and whose window scales are 7 and 8.
func runBlocks(t *testing.T, blocks ...string) Result {
	t.Helper()
	text := "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
	for _, b := range blocks {
		text += "+0 %{ " + b + " }%\n"
	}
	f := &fake{call: func(f *fake, th sock.Thread, c sock.Call) {
		if c.Op != sock.OpGetsockopt {
			f.answer(th, c)
			return
		}
		info := make([]byte, 248)
		info[0], info[6], info[80] = 1, 0x87, 10
		f.done(f.now, th, sock.Return{Data: info})
	}}
	return play(t, f, text)
}

func TestCodeIsPythonEnough(t *testing.T) {
	for _, ok := range []string{
		"assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd",
		"assert tcpi_snd_wscale == 7; assert tcpi_rcv_wscale == 8",
		"assert 9 <= tcpi_snd_cwnd <= 11, 'cwnd=%d' % tcpi_snd_cwnd",
		"assert 1 < 2 < 3 and 4 < 5 < 6 or 9 < 8 < 7",
		"assert (tcpi_options & TCPI_OPT_SACK) == 0, tcpi_options",
		"assert tcpi_state == TCP_ESTABLISHED and tcpi_ca_state == TCP_CA_Open # fine",
		"assert TCP_INFINITE_SSTHRESH == 0x7fffffff",
		"assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd; \\\n   assert tcpi_lost == 0, tcpi_lost",
		"if tcpi_snd_cwnd > 5:\n  assert tcpi_snd_cwnd == 10\nelse:\n  assert False",
		"assert max(1, 2) == 2 and len('a;b') == 3",
	} {
		requirePass(t, runBlocks(t, ok))
	}
	for _, bad := range []string{
		"assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd", "assert 11 <= tcpi_snd_cwnd <= 12", "assert 9 <= tcpi_snd_cwnd <= 9",
		"assert False", "assert tcpi_nonsense == 1", "x = 1/0", "while True:\n  pass",
	} {
		r := runBlocks(t, bad)
		requireFail(t, r, 2, "code")
	}
	require.Equal(t, "10", runBlocks(t, "assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd").Failure.Got)
	require.Equal(t, Skip, runBlocks(t, "import os").Verdict)
}

func TestCodeBlocksShareTheirVariables(t *testing.T) {
	r := runBlocks(t, "cwnd = 9", "cwnd += 1; print(cwnd)", "assert tcpi_snd_cwnd == cwnd")
	requirePass(t, r)
	require.Equal(t, []string{"10"}, r.Output)
}

func TestAPacketSurvivesWritingAndReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := segment{proto: sock.ProtoTCP, ttl: rapid.Uint8().Draw(t, "ttl"), tos: rapid.Uint8().Draw(t, "tos"),
			src: defaultLocalV4, dst: defaultRemoteV4.Addr(), sport: rapid.Uint16().Draw(t, "sport"), dport: 80,
			seq: rapid.Uint32().Draw(t, "seq"), ack: rapid.Uint32().Draw(t, "ack"),
			flags: script.Flags(rapid.IntRange(0, 511).Draw(t, "flags")), window: 7, urgent: 9,
			options: make([]byte, 4*rapid.IntRange(0, 10).Draw(t, "options")), payload: rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "payload")}
		if rapid.Bool().Draw(t, "v6") {
			s.src, s.dst, s.flow = defaultLocalV6, defaultRemoteV6.Addr(), 0x12345
		}
		b := s.bytes()
		got, err := parsePacket(b)
		require.NoError(t, err)
		got.slot = 0
		if len(got.payload) == 0 {
			got.payload = s.payload
		}
		require.Equal(t, fmt.Sprintf("%+v", s), fmt.Sprintf("%+v", *got))
		for i := range b {
			_, _ = parsePacket(b[:i]) // cut short: an error, no panic
		}
	})
}

func TestOptionsArePrintedAsTheyAreWritten(t *testing.T) {
	const all = "mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7"
	text := "0 < S 0:0(0) win 1 <" + all + ">\n+0 < . 1:1(0) ack 1 win 1 <nop,nop,sack 1:2 3:4,FO abcd,nop,ECN e0b 1 ceb 2 e1b 3>\n"
	s, err := script.Parse("x", []byte(text))
	require.NoError(t, err)
	b, err := encodeOptions(s.Events[0].Packet.TCP.Options)
	require.NoError(t, err)
	require.Equal(t, all, printOptions(b))
	for _, o := range s.Events[1].Packet.TCP.Options {
		require.NotContains(t, printOptions(appendOption(nil, &o)), "kind")
	}
	require.Equal(t, "kind 0509", printOptions([]byte{5, 9}))
}
