package script

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTimeForms(t *testing.T) {
	const packet = " > . 1:1(0) ack 1"
	for text, want := range map[string]TimeSpec{
		"0" + packet:                    {},
		"1.5" + packet:                  {Start: 1_500_000, End: 1_500_000},
		".000001" + packet:              {Start: 1, End: 1},
		"+.1" + packet:                  {Kind: TimeRelative, Start: 100_000, End: 100_000},
		"+ 0.1" + packet:                {Kind: TimeRelative, Start: 100_000, End: 100_000},
		"+0.0000019" + packet:           {Kind: TimeRelative, Start: 1, End: 1},                 // cut, as in parser.y
		"+1.001" + packet:               {Kind: TimeRelative, Start: 1_001_000, End: 1_001_000}, // exact, unlike doubles
		"*" + packet:                    {Kind: TimeAny},
		"1~1.5" + packet:                {Kind: TimeAbsoluteRange, Start: 1_000_000, End: 1_500_000},
		"+.1~+.2" + packet:              {Kind: TimeRelativeRange, Start: 100_000, End: 200_000},
		"+0...0.010 accept(3) = 4":      {Kind: TimeRelative, End: 10_000, Blocking: true},
		"+.1 ...2 accept(3) = 4":        {Kind: TimeRelative, Start: 100_000, End: 2_000_000, Blocking: true},
		"0.1...0.1 t2: accept(3) = 4":   {Start: 100_000, End: 100_000, Blocking: true},
		"999999999.999999 close(3) = 0": {Start: 999_999_999_999_999, End: 999_999_999_999_999},
	} {
		t.Run(text, func(t *testing.T) { require.Equal(t, want, oneEvent(t, text).Time) })
	}
}

func TestCommandsAndCode(t *testing.T) {
	s, err := Parse("t", []byte("// Title\n//\n//  indented\n--mtu=1500\n`init \\` x`\n`second`\n"+
		"+0 `sysctl -q a=b`\n+1 %{ x = {1: 2}\nprint(x) }%\n`cleanup`"))
	require.NoError(t, err)
	requireRoundTrip(t, s)
	require.Equal(t, []string{"Title", "", " indented"}, s.Doc)
	require.Equal(t, []Command{{Pos{5, 1}, "init \\` x"}, {Pos{6, 1}, "second"}}, s.Init)
	require.Equal(t, &Command{Pos{7, 4}, "sysctl -q a=b"}, s.Events[0].Command)
	require.Equal(t, &Code{Pos{8, 4}, "x = {1: 2}\nprint(x)"}, s.Events[1].Code)
	require.Equal(t, []Command{{Pos{10, 1}, "cleanup"}}, s.Cleanup)
	require.Equal(t, Pos{8, 1}, s.Events[1].Pos)
}

func TestCommentsAreBlanks(t *testing.T) {
	s, err := Parse("t", []byte("/* head **/ # more\r\n+0/* * / */close(3)//x\n=/**/0 # end"))
	require.NoError(t, err)
	require.Empty(t, s.Doc)
	require.Len(t, s.Events, 1)
	require.Equal(t, "close", s.Events[0].Call.Name)
}

func TestOptions(t *testing.T) {
	s, err := Parse("t", []byte(`--tolerance_usecs=14000 --ip_version=ipv4
--strict_segments --local_ip=fd::1 --remote_ip=192.0.2.1 // comment
--init_scripts="a b.sh" --mss=-1
+0 close(3) = 0`))
	require.NoError(t, err)
	requireRoundTrip(t, s)
	for i := range s.Options {
		s.Options[i].Pos = Pos{}
	}
	require.Equal(t, []Option{
		{Name: "tolerance_usecs", Value: "14000", HasValue: true}, {Name: "ip_version", Value: "ipv4", HasValue: true},
		{Name: "strict_segments"}, {Name: "local_ip", Value: "fd::1", HasValue: true}, {Name: "remote_ip", Value: "192.0.2.1", HasValue: true},
		{Name: "init_scripts", Value: "a b.sh", HasValue: true}, {Name: "mss", Value: "-1", HasValue: true},
	}, s.Options)
}

func TestDirectivesBelongToTheirEvent(t *testing.T) {
	s, err := Parse("t", []byte(`//@HEAD is an ordinary comment: no event came yet
+0 > R 1:1(0) //@RST_NO_SOCKET
+0 > R 1:1(0) //@A, @B-2 c3,,D
+0 > R 1:1(0) // @no-directive
+0 close(3) //@X
  = 0 //@Y
+0 close(4) = 0 +0 close(5) = 0 //@Z
`))
	require.NoError(t, err)
	requireRoundTrip(t, s)
	var why [][]string
	for _, e := range s.Events {
		why = append(why, e.Why)
	}
	require.Equal(t, [][]string{{"RST_NO_SOCKET"}, {"A", "B-2", "c3", "D"}, nil, {"X", "Y"}, nil, {"Z"}}, why)
}

func TestPositionsOfNodes(t *testing.T) {
	s, err := Parse("t", []byte("\n+0 < c2: [ect0] S 0:0(0) win 1 <mss 5>\n\t+0...1 t: f(3, {a=[4]}) = 0"))
	require.NoError(t, err)
	p, c := s.Events[0].Packet, s.Events[1].Call
	require.Equal(t, Pos{2, 1}, s.Events[0].Pos)
	require.Equal(t, Pos{2, 4}, p.Pos)
	require.Equal(t, Pos{2, 10}, p.IP.Pos)
	require.Equal(t, Pos{2, 17}, p.TCP.Pos)
	require.Equal(t, Pos{2, 33}, p.TCP.Options[0].Pos)
	require.Equal(t, Pos{3, 2}, s.Events[1].Pos)
	require.Equal(t, Pos{3, 12}, c.Pos)
	require.Equal(t, Pos{3, 14}, c.Args[0].Pos)
	require.Equal(t, Pos{3, 20}, c.Args[1].Elems[0].Elems[0].Pos)
}

func TestPrintedForm(t *testing.T) {
	for in, want := range map[string]string{
		"+ .10  >  PF. 1:1001( 1000 )ack  1":        "+0.1 > FP. 1:1001(1000) ack 1\n",
		"0 socket(...,SOCK_STREAM , IPPROTO_TCP)=3": "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
		"+0 %{assert x}%":                           "+0 %{ assert x }%\n",
		"+0 recvmsg(4, {msg_iov(1)=[{...,0}], msg_flags=A|B}, 0) = -1 EAGAIN(Try  again) //@R": "+0 recvmsg(4, {msg_iov(1)=[{..., 0}], msg_flags=A|B}, 0) = -1 EAGAIN (Try again) //@R\n",
	} {
		s, err := Parse("t", []byte(in))
		require.NoError(t, err)
		require.Equal(t, want, s.String())
	}
}

func TestDerivedValues(t *testing.T) {
	require.True(t, oneEvent(t, "+1~+2 > . 1:1(0)").Time.IsRelative())
	require.False(t, oneEvent(t, "1~2 > . 1:1(0)").Time.IsRelative())
	seg := oneEvent(t, "+0 > PE. 1:1001(1000)").Packet.TCP
	require.EqualValues(t, 1001, seg.End())
	require.EqualValues(t, 1, seg.Flags.ACE())
	require.EqualValues(t, 6, oneEvent(t, "+0 > .6 1:1(0)").Packet.TCP.Flags.ACE())
	require.False(t, seg.Flags.Has(PSH|SYN), "all bits must be there")
}

// A run of digits too long for a number is still a cookie, and elsewhere a mistake with its place.
func TestLongDigitsAreNoNumber(t *testing.T) {
	_, err := Parse("t", []byte("+0 > . 99999999999999999999:1(0)"))
	require.ErrorContains(t, err, `1:8: found word "99999999999999999999", expected a sequence range`)
}

func TestMessagesNameWhatStandsThere(t *testing.T) {
	for text, found := range map[string]string{
		`+0 > "s"`:      `string "s"`,
		"+0 > `c`":      "command \"c\"",
		"+0 > %{ x }%":  `code block "x"`,
		"+0 > 1.2.3.4":  "address 1.2.3.4",
		"+0 > ipv6 ...": `"..."`,
		"+0 close(3) = 0 " + "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz (x) y": `word "y"`,
		"+0 > " + "`abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz`":                `command "abcdefghijklmnopqrstuvwxyzabcdefghijk..."`,
	} {
		_, err := Parse("t", []byte(text))
		require.ErrorContains(t, err, "found "+found+",")
	}
}
