package story

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

var tcpSocket = sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}

// listening is a story that begins with a listener, descriptor 3.
func listening() *Story {
	s := &Story{}
	s.Call(0, 0, tcpSocket)
	s.Call(0, 0, sock.Call{Op: sock.OpBind, FD: 3, Addr: sock.Addr{Family: sock.AF_INET, AP: scriptLocal}, AddrLen: 16})
	s.Call(0, 0, sock.Call{Op: sock.OpListen, FD: 3, N: 1})
	return s
}

// arrives is a segment from the peer. Its numbers count from the first of either side.
func arrives(seg tcpstate.Segment) sock.Packet {
	return sock.Packet{Src: scriptPeer.Addr(), SrcPort: scriptPeer.Port(), Dst: scriptLocal.Addr(), DstPort: scriptLocal.Port(), Proto: sock.ProtoTCP, TTL: 64, Seg: seg}
}

// mustScript is a script that tells a story in whole.
func mustScript(t *testing.T, s *Story) string {
	text, err := s.Script("// A title")
	require.NoError(t, err, text)
	require.NoError(t, Passes(text), text)
	return text
}

// partScript is a script that ends for a reason, and can be read nonetheless.
func partScript(t *testing.T, s *Story, why string) string {
	text, err := s.Script("// A title")
	require.ErrorContains(t, err, why, text)
	require.Contains(t, text, "// It ends here: ")
	_, err = script.Parse("part.pkt", []byte(text))
	require.NoError(t, err, text)
	return text
}

func TestAScriptTellsWhatTheModelDoes(t *testing.T) {
	s := listening()
	s.MTU = 576
	s.Set("net.ipv4.tcp_sack", "0")
	s.Packet(0, arrives(tcpstate.Segment{Flags: tcpstate.SYN, Wnd: 1000}))
	s.Packet(0, arrives(tcpstate.Segment{Flags: tcpstate.ACK, Seq: 1, Ack: 1, Wnd: 1000}))
	s.Call(0, 0, sock.Call{Op: sock.OpAccept, FD: 3})
	text := mustScript(t, s)
	require.True(t, strings.HasPrefix(text, "// A title\n--mtu=576\n`sysctl -q net.ipv4.tcp_sack=0`\n0 socket(..., SOCK_STREAM, 0) = 3\n"), text)
	require.Contains(t, text, "> c1: S. 0:0(0) ack 1 win ")
	require.Contains(t, text, "accept(3, ..., ...) = 4")
}

func TestAScriptEndsWhereNoScriptHasWords(t *testing.T) {
	s := listening()
	s.Call(0, 0, sock.Call{Op: sock.OpSetresuid})
	s.Call(0, 0, tcpSocket)
	text := partScript(t, s, "scripts have no setresuid like that")
	require.Contains(t, text, "listen(3, 1) = 0\n0.503 counter(OutSegs) = 0\n// It ends here")
	require.NoError(t, Passes(text))
}

func TestAScriptNamesOnceWhatItLeavesUnsaid(t *testing.T) {
	s := listening()
	s.CannotSay("this")
	s.CannotSay("that")
	s.CannotSay("this")
	require.Contains(t, mustScript(t, s), "// A title\n// Not said here: this\n// Not said here: that\n0 socket")
}

func TestACallThatNeverReturnsIsAComment(t *testing.T) {
	s := &Story{}
	s.Call(0, 0, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_DGRAM})
	s.Call(0, 1, sock.Call{Op: sock.OpPoll, Timeout: -1, Poll: []sock.PollFD{{FD: -1}, {FD: -1}}})
	text := partScript(t, s, "a call that never returns")
	require.Contains(t, text, "\n// 0.001 t1: poll([{fd=-1, events=0x0, revents=0x0}, {fd=-1, events=0x0, revents=0x0}], 2, -1) does not return\n")
}

// A RST to what acknowledges nothing begins at 0 (RFC 9293 3.10.7.1), which no script can write: they count from the first number.
// What comes later on that connection would be taken for it.
func TestWhatNoScriptCanWriteOfThePacketsSentIsLeftOut(t *testing.T) {
	s := &Story{}
	s.Call(0, 0, tcpSocket)
	s.Call(0, 0, sock.Call{Op: sock.OpFcntl, FD: 3, N: sock.F_SETFL, Arg: sock.O_NONBLOCK})
	s.Call(0, 0, sock.Call{Op: sock.OpConnect, FD: 3, Addr: sock.Addr{Family: sock.AF_INET, AP: scriptPeer}, AddrLen: 16})
	s.Call(0, 0, sock.Call{Op: sock.OpClose, FD: 3})
	for _, seg := range []tcpstate.Segment{{Flags: tcpstate.SYN}, {Flags: tcpstate.ACK, Seq: 1, Ack: 1}} {
		p := arrives(seg)
		p.DstPort = 0
		s.Packet(0, p)
	}
	text := mustScript(t, s)
	require.Contains(t, text, "// Left out: 0.004 > 192.168.0.1 to 192.0.2.1, protocol 6, 40 octets: a RST that begins at no number")
	require.Contains(t, text, "40 octets: behind one that is left out")
	_, err := s.Write("", nil, Gaps[0])
	require.ErrorContains(t, err, "a RST that begins at no number", "Write tells all or nothing")
}

func TestASysctlThatIsRefusedIsLeftOut(t *testing.T) {
	s := listening()
	s.Written(0, "net.ipv4.tcp_sack", "0")
	s.Written(0, "net.ipv4.tcp_sack", "many")
	text := mustScript(t, s)
	require.Contains(t, text, "\n0.003 `sysctl -q net.ipv4.tcp_sack=0`\n")
	require.Contains(t, text, "\n// Left out: 0.004 `sysctl -q net.ipv4.tcp_sack=many`: ")
}

// A thread that nobody has a name for gets no signal; the first one gets a name.
func TestASignalToTheFirstThreadGivesItAName(t *testing.T) {
	s := listening()
	s.Signal(0, 0)
	s.Signal(0, 2)
	text := mustScript(t, s)
	require.Contains(t, text, " t1: listen(3, 1) = 0\n0.003 signal(t1) = 0\n")
	require.NotContains(t, text, "t3")
}

// An option is read once more in a room of its length, where a script states its value.
func TestAValueThatIsShorterThanTheRoomIsReadAgain(t *testing.T) {
	s := listening()
	s.Call(0, 0, sock.Call{Op: sock.OpGetsockopt, FD: 3, Level: sock.SOL_IP, Name: sock.IP_TTL, Len: 300})
	require.Contains(t, mustScript(t, s), "getsockopt(3, SOL_IP, IP_TTL, ..., [300]) = 0\n0.003 getsockopt(3, SOL_IP, IP_TTL, [64], [4]) = 0\n")
}

func TestEventsAreMarked(t *testing.T) {
	s := listening()
	s.Packet(0, arrives(tcpstate.Segment{Flags: tcpstate.SYN, Wnd: 1000}))
	text, err := s.Write("// A title", func(ev *conformance.Event) string {
		if ev.Kind == conformance.PacketOut {
			return "here"
		}
		return ""
	}, Gaps[0])
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(text, "//@here\n"), text)
}

// What panics is where a story ends, not where the telling does.
func TestAPanicEndsAScript(t *testing.T) {
	s := listening()
	s.Packet(0, sock.Packet{Src: scriptPeer.Addr(), Dst: scriptLocal.Addr(), Opaque: true})
	require.Contains(t, partScript(t, s, "the model panics: "), "listen(3, 1) = 0\n")
}

func TestAStoryIsBounded(t *testing.T) {
	s := &Story{}
	for range mostDeeds + 1 {
		s.Call(0, 0, sock.Call{Op: sock.OpClose, FD: -1})
	}
	partScript(t, s, "more than 2000 deeds")
}

// Of a story whose first deed no script can say there is no script, rather than one without an event.
func TestAStoryThatCannotBeginHasNoScript(t *testing.T) {
	s := &Story{}
	p := arrives(tcpstate.Segment{Flags: tcpstate.SYN, Wnd: 1000})
	p.Dst = scriptPeer.Addr()
	s.Packet(0, p)
	text, err := s.Script("// A title")
	require.ErrorContains(t, err, "scripts' packets go to one address")
	require.Empty(t, text)
}

// What the tables of a kernel's netfilter answer is of its build; the socket layer's own options of the same numbers are asked for.
func TestAListAsksForNoNumberOfNetfilters(t *testing.T) {
	asks := func(level, name int32) int {
		s := &Story{}
		s.Call(0, 0, sock.Call{Op: sock.OpGetsockopt, FD: 3, Level: level, Name: name, Len: 1000})
		s.Call(0, 0, sock.Call{Op: sock.OpSetsockopt, FD: 3, Level: level, Name: name, Data: make([]byte, 4)})
		return len(s.List().Steps)
	}
	require.Zero(t, asks(sock.SOL_IP, 64))
	require.Zero(t, asks(sock.SOL_IP, 97))
	require.Zero(t, asks(sock.SOL_IPV6, 80))
	require.Equal(t, 2, asks(sock.SOL_IPV6, sock.IPV6_TCLASS))
	require.Equal(t, 2, asks(sock.SOL_IP, sock.IP_TTL))
	require.Equal(t, 2, asks(sock.SOL_TCP, 97))
}

func TestAListMakesNoSocketOfAProtocolThatTheModelLacks(t *testing.T) {
	const udp = 17
	for _, c := range []struct {
		typ, proto int32
		made       bool
	}{
		{sock.SOCK_DGRAM, udpLite, false}, {sock.SOCK_DGRAM | sock.SOCK_NONBLOCK, udpLite, false}, {sock.SOCK_STREAM, mptcp, false},
		{sock.SOCK_PACKET, 0, false}, {sock.SOCK_RAW, udpLite, true}, {sock.SOCK_DGRAM, udp, true}, {sock.SOCK_STREAM, udp, true},
	} {
		s := &Story{}
		s.Call(0, 0, sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: c.typ, Proto: c.proto})
		require.Equal(t, c.made, len(s.List().Steps) == 1, "type %d, protocol %d", c.typ, c.proto)
	}
}

// What a program makes of the number that a segment acknowledges is chance.
func TestAListAttachesNoProgramThatReadsTheAcknowledgedNumber(t *testing.T) {
	attaches := func(in sock.SockFilter) int {
		s := &Story{}
		s.Call(0, 0, sock.Call{Op: sock.OpSetsockopt, FD: 3, Level: sock.SOL_SOCKET, Name: sock.SO_ATTACH_FILTER, Data: make([]byte, 16), Filter: []sock.SockFilter{in}})
		return len(s.List().Steps)
	}
	require.Zero(t, attaches(sock.SockFilter{Code: 0x30, K: 9}))
	require.Zero(t, attaches(sock.SockFilter{Code: 0x20, K: 8}))
	require.Equal(t, 1, attaches(sock.SockFilter{Code: 0x30, K: 13}))
	require.Equal(t, 1, attaches(sock.SockFilter{Code: 0x20, K: 0xfffff004}))
	require.Equal(t, 1, attaches(sock.SockFilter{Code: 0x06, K: 9}))
}
