package conformance

import (
	"context"
	"sort"
	"testing"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
)

// liveISN is the fake stack's initial sequence number: close enough to 2^32 that everything wraps.
var liveISN = uint32(0xfffffff0)

// liveTS is the fake stack's time stamp clock at time 0.
var liveTS = uint32(0xffffff00)

// fake is a stack scripted in Go under virtual time: what it does to calls and packets is up to the test.
type fake struct {
	now      sock.Time
	events   []Event
	commands []string
	closed   bool
	nextFD   int64
	peer     segment // the last packet that came in
	queues   [2]int
	counters map[string]uint64

	call    func(f *fake, t sock.Thread, c sock.Call)
	packet  func(f *fake, s *segment)
	command func(cmd string) error
}

func (f *fake) Now() sock.Time { return f.now }

func (f *fake) Call(t sock.Thread, c sock.Call) error {
	if f.call != nil {
		f.call(f, t, c)
		return nil
	}
	f.answer(t, c)
	return nil
}

// answer is what a stack without surprises returns.
func (f *fake) answer(t sock.Thread, c sock.Call) {
	r := sock.Return{}
	switch c.Op {
	case sock.OpSocket, sock.OpAccept, sock.OpDup, sock.OpEpollCreate:
		r.Value = f.nextFD
		f.nextFD += 7
	case sock.OpRead, sock.OpRecv:
		r.Value = int64(c.Len)
	case sock.OpWrite, sock.OpSend:
		r.Value = int64(len(c.Data))
	}
	f.done(f.now, t, r)
}

func (f *fake) done(at sock.Time, t sock.Thread, r sock.Return) {
	r.Thread = t
	f.add(Event{Kind: CallDone, At: at, Return: r})
}

func (f *fake) add(ev Event) {
	f.events = append(f.events, ev)
	sort.SliceStable(f.events, func(i, j int) bool { return f.events[i].At < f.events[j].At })
}

// send emits a segment to whoever sent the last one; seq and ack are as in a script, relative to the initial numbers.
func (f *fake) send(after sock.Time, s segment) {
	s.src, s.dst, s.sport, s.dport = f.peer.dst, f.peer.src, f.peer.dport, f.peer.sport
	s.proto, s.ttl = sock.ProtoTCP, 64
	s.seq += liveISN
	f.add(Event{Kind: PacketOut, At: f.now + after, Packet: s.bytes(), Why: s.why})
}

func (f *fake) Inject(p []byte) error {
	s, err := parsePacket(p)
	if err != nil {
		return err
	}
	f.peer = *s
	if f.packet != nil {
		f.packet(f, s)
	}
	return nil
}

func (f *fake) Advance(until sock.Time) (Event, bool, error) {
	if len(f.events) > 0 && f.events[0].At <= until {
		ev := f.events[0]
		f.events = f.events[1:]
		f.now = max(f.now, ev.At)
		return ev, true, nil
	}
	f.now = max(f.now, until)
	return Event{}, false, nil
}

func (f *fake) Command(cmd string) error {
	f.commands = append(f.commands, cmd)
	if f.command != nil {
		return f.command(cmd)
	}
	return nil
}

func (f *fake) Close() error { f.closed = true; return nil }

func (f *fake) Queues(int32) (int, int, error) { return f.queues[0], f.queues[1], nil }

func (f *fake) Counters() (map[string]uint64, error) { return f.counters, nil }

func (f *fake) Name() string     { return "fake" }
func (f *fake) Available() error { return nil }
func (f *fake) Start(Setup) (Instance, error) {
	f.nextFD = 100 // other numbers than the script's
	return f, nil
}

// play parses and runs a script on a fake stack.
func play(t *testing.T, f *fake, text string, args ...script.Option) Result {
	t.Helper()
	s, err := script.Parse("test.pkt", []byte(text))
	require.NoError(t, err)
	r := Run(context.Background(), s, f, Options{Args: args})
	require.True(t, f.closed, "the instance is closed whatever happens")
	return r
}

func requirePass(t *testing.T, r Result) {
	t.Helper()
	require.Equal(t, Pass, r.Verdict, "%v %s", r.Failure, r.Reason)
}

func requireFail(t *testing.T, r Result, line int, what string) {
	t.Helper()
	require.Equal(t, Fail, r.Verdict, r.Reason)
	require.Equal(t, what, r.Failure.What, r.Failure.Error())
	require.Equal(t, line, r.Failure.Line, r.Failure.Error())
}
