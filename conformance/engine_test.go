package conformance

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

// exchange is a script with one of everything: a handshake, an accept, a write whose segment carries all that is compared.
const exchange = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 700 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 700>
+.1 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 800 ecr 100>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 1000) = 1000
+0 > [ect0] P. 1:1001(1000) ack 1 win 229 <nop,nop,TS val 200 ecr 800>
+.1 < . 1:1(0) ack 1001 win 257 <nop,nop,TS val 900 ecr 200>
`

func ts(val, ecr uint32) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kindTS, 10}, val)
	return binary.BigEndian.AppendUint32(b, ecr)
}

// server is a fake that does what exchange expects; mutate may spoil the data segment.
func server(mutate func(*segment)) *fake {
	f := &fake{}
	f.packet = func(f *fake, s *segment) {
		if s.flags.Has(script.SYN) {
			opts := append([]byte{kindMSS, 4, 5, 180, kindSACKOK, 2}, ts(liveTS, 700)...)
			f.send(0, segment{flags: script.SYN | script.ACK, ack: s.seq + 1, window: 65535, options: opts})
		}
	}
	f.call = func(f *fake, t sock.Thread, c sock.Call) {
		f.answer(t, c)
		if c.Op != sock.OpWrite {
			return
		}
		s := segment{flags: script.ACK | script.PSH, seq: 1, ack: 1, window: 229, tos: 2,
			options: append([]byte{kindNOP, kindNOP}, ts(liveTS+100, 800)...), payload: make([]byte, len(c.Data)),
			why: []string{"NAGLE_PASSES"}}
		at := s.at
		if mutate != nil {
			mutate(&s)
			at = s.at
		}
		if s.flags != 0 {
			f.send(at, s)
		}
	}
	return f
}

func TestExchangePassesAcrossTheWrapOfSequenceNumbers(t *testing.T) {
	f := server(nil)
	r := play(t, f, exchange)
	requirePass(t, r)
	require.Equal(t, liveISN+1001, f.peer.ack, "an inbound ack counts from the stack's real initial number")
	_, ecr := findTS(f.peer.options)
	require.Equal(t, liveTS+100, be32(ecr), "an inbound ecr is the value that the stack really sent")
	require.Len(t, r.Trace, 5)
	require.Equal(t, 9, r.Trace[3].Line)
	require.Equal(t, []string{"NAGLE_PASSES"}, r.Trace[3].Why)
}

// Each comparison fails when, and only when, its own field is wrong.
func TestEachFieldOfAPacketIsCompared(t *testing.T) {
	for what, mutate := range map[string]func(*segment){
		"tcp_fin":        func(s *segment) { s.flags |= script.FIN },
		"tcp_syn":        func(s *segment) { s.flags |= script.SYN; s.seq -= liveISN },
		"tcp_rst":        func(s *segment) { s.flags |= script.RST },
		"tcp_psh":        func(s *segment) { s.flags &^= script.PSH },
		"tcp_ack":        func(s *segment) { s.flags &^= script.ACK },
		"tcp_urg":        func(s *segment) { s.flags |= script.URG },
		"tcp_ece":        func(s *segment) { s.flags |= script.ECE },
		"tcp_cwr":        func(s *segment) { s.flags |= script.CWR },
		"tcp_ae":         func(s *segment) { s.flags |= script.AE },
		"tcp_seq":        func(s *segment) { s.seq++ },
		"tcp_ack_seq":    func(s *segment) { s.ack++ },
		"tcp_window":     func(s *segment) { s.window++ },
		"tcp_urg_ptr":    func(s *segment) { s.urgent = 1 },
		"traffic class":  func(s *segment) { s.tos = 1 },
		"payload length": func(s *segment) { s.payload = make([]byte, 1001) },
		"payload octets": func(s *segment) { s.payload[999] = 1 },
		"TCP options":    func(s *segment) { s.options = append([]byte{kindNOP, kindNOP, kindNOP, kindNOP}, s.options...) },
		"TCP option TS val 200 ecr 800": func(s *segment) {
			s.options[len(s.options)-1]++
		},
		"time":   func(s *segment) { s.at = 4001 },
		"packet": func(s *segment) { s.flags = 0 }, // sends nothing
	} {
		t.Run(what, func(t *testing.T) {
			r := play(t, server(mutate), exchange)
			requireFail(t, r, 9, what)
			require.Contains(t, r.Failure.Error(), "test.pkt:9: ")
		})
	}
}

func TestReservedBitsAreCompared(t *testing.T) {
	f := server(nil)
	call := f.call
	f.call = func(f *fake, th sock.Thread, c sock.Call) {
		call(f, th, c)
		for _, ev := range f.events {
			if ev.Kind == PacketOut {
				ev.Packet[20+12] |= 2
			}
		}
	}
	requireFail(t, play(t, f, exchange), 9, "tcp_reserved_bits")
}

func TestOptionOrderIsCompared(t *testing.T) {
	requireFail(t, play(t, server(func(s *segment) { s.options = append(s.options[2:], kindNOP, kindNOP) }), exchange), 9, "TCP options")
}

func TestTimeMayBeOffByTheTolerance(t *testing.T) {
	late := func(d sock.Time) func(*segment) { return func(s *segment) { s.at = d } }
	requirePass(t, play(t, server(late(4000)), exchange))
	requireFail(t, play(t, server(late(10)), "--tolerance_usecs=9\n"+exchange), 10, "time")
	requirePass(t, play(t, server(late(10)), "--tolerance_usecs=9\n"+exchange, script.Option{Name: "tolerance_usecs", Value: "10"}))
}

func TestAnExtraPacketIsTakenForTheNextExpected(t *testing.T) {
	f := server(nil)
	packet := f.packet
	f.packet = func(f *fake, s *segment) {
		packet(f, s)
		if s.flags == script.ACK {
			f.send(0, segment{flags: script.ACK, seq: 1, ack: 1, window: 229, options: append([]byte{kindNOP, kindNOP}, ts(liveTS, 800)...)})
		}
	}
	requireFail(t, play(t, f, exchange), 9, "payload length")
}

// split makes the data segment leave in two.
func split(f *fake, first int, spoil func(*segment)) {
	f.call = func(f *fake, t sock.Thread, c sock.Call) {
		f.answer(t, c)
		if c.Op != sock.OpWrite {
			return
		}
		opts := append([]byte{kindNOP, kindNOP}, ts(liveTS+100, 800)...)
		f.send(0, segment{flags: script.ACK, seq: 1, ack: 1, window: 229, tos: 2, options: opts, payload: make([]byte, first)})
		s := segment{flags: script.ACK | script.PSH, seq: 1 + uint32(first), ack: 1, window: 229, tos: 2, options: opts,
			payload: make([]byte, 1000-first)}
		if spoil != nil {
			spoil(&s)
		}
		f.send(s.at, s)
	}
}

func TestOfSegmentsThatAreOneTheFirstMayNotBeEarly(t *testing.T) {
	late := strings.Replace(exchange, "+0 > [ect0]", "+.2 > [ect0]", 1)
	f := server(nil)
	split(f, 500, func(s *segment) { s.at = 200_000 })
	r := play(t, f, late)
	requireFail(t, r, 9, "time")
}

func TestSegmentsThatFollowEachOtherAreOne(t *testing.T) {
	for _, c := range []struct {
		name  string
		first int
		spoil func(*segment)
		what  string
	}{
		{"halves", 500, nil, ""},
		{"a shorter last one", 700, nil, ""},
		{"a gap", 500, func(s *segment) { s.seq++ }, "tcp_seq of a further segment"},
		{"another ack", 500, func(s *segment) { s.ack++ }, "tcp_ack_seq of a further segment"},
		{"another window", 500, func(s *segment) { s.window++ }, "tcp_window of a further segment"},
		{"too much", 500, func(s *segment) { s.payload = make([]byte, 501) }, "payload length"},
		{"another flag", 500, func(s *segment) { s.flags |= script.URG }, "flags of a further segment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := server(nil)
			split(f, c.first, c.spoil)
			r := play(t, f, exchange)
			if c.what == "" {
				requirePass(t, r)
			} else {
				requireFail(t, r, 9, c.what)
			}
		})
	}
	f := server(nil)
	split(f, 500, nil)
	requireFail(t, play(t, f, "--strict_segments\n"+exchange), 10, "payload length")
}

func TestAMissingSecondHalfIsNamed(t *testing.T) {
	r := play(t, server(func(s *segment) { s.payload = s.payload[:600] }), exchange)
	requireFail(t, r, 9, "packet")
	require.Contains(t, r.Failure.Got, "only")
}

func TestSystemCallResultsAreCompared(t *testing.T) {
	const call = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(3, ..., 10) = "
	with := func(r sock.Return) *fake {
		return &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
			if c.Op == sock.OpSocket {
				f.answer(t, c)
				return
			}
			f.done(f.now, t, r)
		}}
	}
	requirePass(t, play(t, with(sock.Return{Value: 10}), call+"10"))
	requireFail(t, play(t, with(sock.Return{Value: 9}), call+"10"), 2, "read result")
	requirePass(t, play(t, with(sock.Return{Value: -1, Errno: 11}), call+"-1 EAGAIN (Resource temporarily unavailable)"))
	r := play(t, with(sock.Return{Value: -1, Errno: 107}), call+"-1 EAGAIN (...)")
	requireFail(t, r, 2, "read errno")
	require.Equal(t, "-1 ENOTCONN", r.Failure.Got)
	requireFail(t, play(t, with(sock.Return{Value: -1, Errno: 11}), call+"0"), 2, "read result")
}

func TestACallThatBlocksWhereItShouldReturnFails(t *testing.T) {
	f := &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
		if c.Op == sock.OpSocket {
			f.answer(t, c)
		}
	}}
	requireFail(t, play(t, f, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 read(3, ..., 10) = 0"), 2, "read")
}

func TestBlockingCallsMustReturnOnTime(t *testing.T) {
	returning := func(after sock.Time) *fake {
		return &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
			if c.Op == sock.OpRead && after >= 0 {
				f.done(f.now+after, t, sock.Return{Value: 10})
			} else if c.Op != sock.OpRead {
				f.answer(t, c)
			}
		}}
	}
	const text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...0.2 read(3, ..., 10) = 10\n+.3 close(3) = 0\n"
	requirePass(t, play(t, returning(200_000), text))
	requirePass(t, play(t, returning(225_000), text)) // 12.5 % of 0.2 s
	requireFail(t, play(t, returning(226_000), text), 2, "time")
	requireFail(t, play(t, returning(100_000), text), 2, "time")
	requireFail(t, play(t, returning(-1), text[:strings.Index(text, "+.3")]), 2, "system call")
}

func TestOneBlockingCallAtATimeOnEachThread(t *testing.T) {
	f := func() *fake {
		return &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
			if c.Op == sock.OpRead {
				f.done(f.now+2_000_000, t, sock.Return{Value: 10})
			} else {
				f.answer(t, c)
			}
		}}
	}
	const head = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0...2 read(3, ..., 10) = 10\n"
	requireFail(t, play(t, f(), head+"+0...2 read(3, ..., 10) = 10\n+3 close(3) = 0"), 3, "read")
	requirePass(t, play(t, f(), head+"+0...2 t2: read(3, ..., 10) = 10\n+0...2 t3: read(3, ..., 10) = 10\n"+
		"+3 close(3) = 0"))
}

func TestOutputsOfCallsAreCompared(t *testing.T) {
	const head = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
	for _, c := range []struct {
		call string
		ret  sock.Return
		ok   bool
	}{
		{"getsockopt(3, SOL_SOCKET, SO_ERROR, [7], [4]) = 0", sock.Return{Data: []byte{7, 0, 0, 0}}, true},
		{"getsockopt(3, SOL_SOCKET, SO_ERROR, [7], [4]) = 0", sock.Return{Data: []byte{8, 0, 0, 0}}, false},
		{"getsockopt(3, SOL_SOCKET, SO_ERROR, [7], [4]) = 0", sock.Return{Data: []byte{7}}, false},
		{"ioctl(3, SIOCINQ, [10]) = 0", sock.Return{Data: []byte{10, 0, 0, 0}}, true},
		{"ioctl(3, SIOCINQ, [10]) = 0", sock.Return{Data: []byte{11, 0, 0, 0}}, false},
		{"poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1", sock.Return{Value: 1, Poll: []sock.PollFD{{Revents: 1}}}, true},
		{"poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1", sock.Return{Value: 1, Poll: []sock.PollFD{{Revents: 5}}}, false},
		{"recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_TRUNC}, 0) = 10", sock.Return{Value: 10, MsgFlags: 0x20}, true},
		{"recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, 0) = 10", sock.Return{Value: 10, MsgFlags: 0x20}, false},
		{"getsockname(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"1.2.3.4\")}, ...) = 0", sock.Return{}, false},
	} {
		t.Run(fmt.Sprint(c.call, c.ok), func(t *testing.T) {
			f := &fake{call: func(f *fake, th sock.Thread, k sock.Call) {
				if k.Op == sock.OpSocket {
					f.answer(th, k)
				} else {
					f.done(f.now, th, c.ret)
				}
			}}
			r := play(t, f, head+"+0 "+c.call)
			if c.ok {
				requirePass(t, r)
			} else {
				require.Equal(t, Fail, r.Verdict)
				require.Contains(t, r.Failure.What, "output")
			}
		})
	}
}

func TestDescriptorsAreTheStacksOwn(t *testing.T) {
	var closed []int32
	f := &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
		if c.Op == sock.OpClose {
			closed = append(closed, c.FD)
		}
		f.answer(t, c)
	}}
	requirePass(t, play(t, f, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 socket(..., SOCK_STREAM, 0) = 4\n+0 close(4) = 0\n+0 close(3) = 0"))
	require.Equal(t, []int32{107, 100}, closed)
}

func TestAnUnknownDescriptorIsOneThatIsNotOpen(t *testing.T) {
	var hit int32
	f := &fake{call: func(f *fake, t sock.Thread, c sock.Call) {
		hit = c.FD
		f.done(f.now, t, sock.Return{Value: -1, Errno: 9})
	}}
	requirePass(t, play(t, f, "0 close(9) = -1 EBADF (...)"))
	require.Greater(t, hit, int32(notOpen), "no descriptor of this process")
	requireFail(t, play(t, &fake{}, "0 close(9) = 0"), 1, "close")
}

func TestWhatTheStackCannotDoIsASkip(t *testing.T) {
	r := play(t, &fake{}, "0 splice(3, NULL, 4, NULL, 1, 0) = 1")
	require.Equal(t, Skip, r.Verdict)
	require.Contains(t, r.Reason, "splice")
	f := &fake{command: func(string) error { return fmt.Errorf("no such sysctl: %w", ErrUnsupported) }}
	r = play(t, f, "`sysctl -q net.ipv4.tcp_nonsense=1`\n0 socket(..., SOCK_STREAM, 0) = 3")
	require.Equal(t, Skip, r.Verdict)
	require.Contains(t, r.Reason, "no such sysctl")
}

func TestACancelledContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := script.Parse("test.pkt", []byte(exchange))
	require.NoError(t, err)
	f := server(func(*segment) { cancel() })
	r := Run(ctx, s, f, Options{})
	require.Equal(t, Skip, r.Verdict)
	require.True(t, f.closed)
	require.Equal(t, sock.Time(100_000), r.Elapsed, "at once")

	f = server(nil)
	require.Equal(t, Skip, Run(ctx, s, f, Options{}).Verdict)
	require.Nil(t, f.events, "a run that is over before it begins starts no stack")
}

type broken struct{ fake }

func (*broken) Start(Setup) (Instance, error) { return nil, errors.New("no permission") }

func TestAStackThatDoesNotStartIsNoFailureOfTheScript(t *testing.T) {
	s, err := script.Parse("test.pkt", []byte(exchange))
	require.NoError(t, err)
	r := Run(t.Context(), s, &broken{}, Options{})
	require.Equal(t, Skip, r.Verdict)
	require.Contains(t, r.Reason, "no permission")
}

func TestQueueLengthsAreCompared(t *testing.T) {
	const text = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1) = 0\n+0 syn_queue(3) = 2\n+0 accept_queue(3) = 1\n"
	requirePass(t, play(t, &fake{queues: [2]int{2, 1}}, text))
	requireFail(t, play(t, &fake{queues: [2]int{1, 1}}, text), 3, "syn_queue")
	requireFail(t, play(t, &fake{queues: [2]int{2, 2}}, text), 4, "accept_queue")
}

func TestCountersAreCompared(t *testing.T) {
	const text = "0 counter(ListenDrops) = 3\n"
	counting := func(names map[string]uint64) *fake { return &fake{counters: names} }
	requirePass(t, play(t, counting(map[string]uint64{"ListenDrops": 3}), text))
	requireFail(t, play(t, counting(map[string]uint64{"ListenDrops": 2}), text), 1, "counter")
	require.Equal(t, Skip, play(t, counting(map[string]uint64{}), text).Verdict, "a stack without that counter")
	requireFail(t, play(t, counting(nil), "0 counter(ListenDrop) = 3\n"), 1, "counter")
	const linuxs = "0 counter(TcpTimeoutRehash) = 3\n"
	require.Equal(t, Skip, play(t, counting(map[string]uint64{}), linuxs).Verdict, "the model keeps it neither")
	requirePass(t, play(t, counting(map[string]uint64{"TcpTimeoutRehash": 3}), linuxs))
	requirePass(t, play(t, counting(map[string]uint64{"OfALaterKernel": 3}), "0 counter(OfALaterKernel) = 3\n"))
}

func TestRulesAreComparedOnStacksThatNameThem(t *testing.T) {
	with := func(rule string) string {
		return strings.Replace(exchange, "ecr 800>\n+.1", "ecr 800> //@"+rule+"\n+.1", 1)
	}
	requirePass(t, play(t, server(nil), with("NAGLE_PASSES")))
	requireFail(t, play(t, server(nil), with("NAGLE_HOLDS")), 9, "rule")
	requirePass(t, play(t, server(func(s *segment) { s.why = nil }), with("NAGLE_HOLDS")))
}

func TestTheFirstEventIsAtTimeZeroAndTimeRunsForward(t *testing.T) {
	requireFail(t, play(t, &fake{}, "1 socket(..., SOCK_STREAM, 0) = 3"), 1, "time")
	requireFail(t, play(t, &fake{}, "0 socket(..., SOCK_STREAM, 0) = 3\n1 close(3) = 0\n.5 socket(..., SOCK_STREAM, 0) = 3"), 3, "time")
}

func TestTimeRangesAndAnyTime(t *testing.T) {
	late := func(d tcpstate.Duration) *fake { return server(func(s *segment) { s.at = sock.Time(d) }) }
	with := func(when string) string {
		return strings.Replace(exchange, "+0 > [ect0]", when+" > [ect0]", 1)
	}
	requirePass(t, play(t, late(300_000), with("+.2~+.4")))
	requireFail(t, play(t, late(500_000), with("+.2~+.4")), 9, "time")
	requireFail(t, play(t, late(100_000), with("+.2~+.4")), 9, "time")
	requirePass(t, play(t, late(90_000_000), with("*")))
}

// sundial is a fake on a real clock, as its grain tells the engine.
type sundial struct {
	fake
	steps int
}

func (s *sundial) Align() {}

func (s *sundial) Advance(until sock.Time) (Event, bool, error) {
	s.steps++
	return s.fake.Advance(until)
}

func (s *sundial) Start(Setup) (Instance, error) { return s, nil }

// virtual is the same without a grain.
type virtual struct{ *sundial }

func (v virtual) Start(Setup) (Instance, error) { return struct{ Instance }{v.sundial}, nil }

func TestVirtualTimeGoesToTheNextEventAtOnce(t *testing.T) {
	s, err := script.Parse("test.pkt", []byte("0 socket(..., SOCK_STREAM, 0) = 3\n+999999999 socket(..., SOCK_STREAM, 0) = 4"))
	require.NoError(t, err)
	clock := &sundial{}
	requirePass(t, Run(t.Context(), s, virtual{clock}, Options{}))
	require.Less(t, clock.steps, 20)

	s.Events[1].Time.Start = 1_000_000
	s.Events[1].Time.End = 1_000_000
	grained := &sundial{}
	requirePass(t, Run(t.Context(), s, grained, Options{}))
	require.GreaterOrEqual(t, grained.steps, 10, "on a real clock a cancelled context is noticed within a slice")
}
