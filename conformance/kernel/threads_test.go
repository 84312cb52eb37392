//go:build linux

package kernel

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// threadOp is something that happens while threads wait: a call of one of them,
// a packet, a signal.
type threadOp struct {
	Kind   string
	Thread sock.Thread // who calls, or whom it concerns
	N      int32
}

func (o threadOp) String() string { return fmt.Sprintf("%s(t%d, %d)", o.Kind, o.Thread, o.N) }

// races reports that two threads would run for the same thing: which one gets it
// is nobody's rule.
func (s *threadSide) races(o threadOp) bool {
	waits := func(op string) bool {
		for _, b := range s.busy {
			if b == op {
				return true
			}
		}
		return false
	}
	switch o.Kind {
	case "recv":
		return waits("recvmsg") || waits("poll")
	case "poll":
		return waits("recvmsg") || waits("accept4")
	case "accept":
		return waits("poll")
	case "signal": // a receive made again would use a number that this process may have given away
		return s.connClosed
	}
	return false
}

// do carries out an op; those that can't be are logged as skipped, on both sides.
func (s *threadSide) do(i int, o threadOp) error {
	s.log = append(s.log, fmt.Sprintf("%d %v", i, o))
	if s.races(o) {
		return nil
	}
	switch o.Kind {
	case "data":
		if err := s.segment(4000, tcpstate.ACK|tcpstate.PSH, s.seq, s.ack, o.N); err != nil {
			return err
		}
		s.seq = s.seq.Add(uint32(o.N))
	case "fin":
		if err := s.segment(4000, tcpstate.ACK|tcpstate.FIN, s.seq, s.ack, 0); err != nil {
			return err
		}
	case "rst":
		if err := s.segment(4000, tcpstate.ACK|tcpstate.RST, s.seq, s.ack, 0); err != nil {
			return err
		}
	case "arrive":
		s.children++
		if err := s.arrive(4000 + uint16(s.children)); err != nil {
			return err
		}
	case "signal":
		if err := s.in.(conformance.Interrupter).Interrupt(o.Thread); err != nil {
			return err
		}
	default:
		if s.busy[o.Thread] != "" || s.connClosed && o.Kind != "accept" {
			return nil
		}
		_, err := s.call(o.Thread, s.callOf(o))
		return err
	}
	_, err := s.settle(0)
	return err
}

// callOf is the system call of an op.
func (s *threadSide) callOf(o threadOp) sock.Call {
	timeval := func(ms int32) []byte {
		b := make([]byte, 16)
		us := ms * 1000
		b[8], b[9], b[10] = byte(us), byte(us>>8), byte(us>>16)
		return b
	}
	switch o.Kind {
	case "recv":
		return sock.Call{Op: sock.OpRecv, FD: s.conn, Len: 1 + o.N, Flags: []int32{0, sock.MSG_WAITALL, sock.MSG_PEEK}[o.N%3]}
	case "accept":
		return sock.Call{Op: sock.OpAccept, FD: s.listener}
	case "poll":
		fd := []int32{s.conn, s.listener}[o.N&1]
		events := []uint32{sock.POLLIN | sock.POLLRDHUP, sock.POLLIN, sock.POLLRDHUP, 0, sock.POLLOUT}[o.N/2%5] // of others it is not woken
		return sock.Call{Op: sock.OpPoll, Timeout: -1, Poll: []sock.PollFD{{FD: fd, Events: events}}}
	case "shutdown":
		return sock.Call{Op: sock.OpShutdown, FD: s.conn, N: int64(o.N % 3)}
	case "stop":
		return sock.Call{Op: sock.OpShutdown, FD: s.listener, N: sock.SHUT_RD}
	case "again":
		return sock.Call{Op: sock.OpListen, FD: s.listener, N: 5}
	case "disconnect":
		return sock.Call{Op: sock.OpConnect, FD: s.conn, AddrLen: 16}
	case "replace":
		return sock.Call{Op: sock.OpDup2, FD: s.listener, Arg: int64(s.conn)}
	case "timeout":
		fd := []int32{s.conn, s.listener}[o.N&1]
		return sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_RCVTIMEO, Data: timeval([]int32{0, 900, 800}[o.N%3])}
	case "lowat":
		return sock.Call{Op: sock.OpSetsockopt, FD: s.conn, Level: sock.SOL_SOCKET, Name: sock.SO_RCVLOWAT, Data: []byte{byte(1 + o.N%20), 0, 0, 0}}
	case "nonblock":
		return sock.Call{Op: sock.OpFcntl, FD: s.conn, N: sock.F_SETFL, Arg: int64(o.N%2) * sock.O_NONBLOCK}
	}
	s.connClosed = true
	return sock.Call{Op: sock.OpClose, FD: s.conn}
}

func drawThreadOp(t *rapid.T) threadOp {
	kind := rapid.SampledFrom([]string{
		"recv", "recv", "recv", "accept", "accept", "poll", "poll", "data", "data", "fin", "rst", "arrive", "arrive", "signal", "signal",
		"shutdown", "stop", "again", "disconnect", "replace", "timeout", "timeout", "lowat", "nonblock", "close",
	}).Draw(t, "kind")
	o := threadOp{kind, sock.Thread(rapid.IntRange(2, 4).Draw(t, "thread")), int32(rapid.IntRange(0, 30).Draw(t, "n"))}
	switch kind {
	case "recv", "accept", "poll", "signal":
	default:
		o.Thread = 1
	}
	if kind == "data" {
		o.N++
	}
	return o
}

// playThreads carries out the ops on a stack and gives its log.
func playThreads(st conformance.Stack, ops []threadOp) (log []string, err error) {
	in, err := st.Start(loadSetup)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := in.Close(); err == nil {
			err = e
		}
	}()
	s := &threadSide{in: in, busy: map[sock.Thread]string{}, listener: -1}
	if err := s.open(); err != nil {
		return nil, err
	}
	for i, o := range ops {
		if err := s.do(i, o); err != nil {
			return s.log, err
		}
	}
	// Whoever waits on the connection is let go, closed as it may be.
	for _, seq := range []tcpstate.Seq{s.seq, s.seq.Add(1)} {
		if err := s.segment(4000, tcpstate.ACK|tcpstate.RST, seq, s.ack, 0); err != nil {
			return s.log, err
		}
	}
	_, err = s.settle(0)
	return s.log, err
}

// TestBlockedThreadsReturnWhenAndWhatTheKernelsDo: threads wait in receive,
// accept and poll while the connection and its descriptor change under them.
func TestBlockedThreadsReturnWhenAndWhatTheKernelsDo(t *testing.T) {
	needKernel(t)
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOfN(rapid.Custom(drawThreadOp), 3, 16).Draw(t, "ops")
		got, err := playThreads(model.Stack{}, ops)
		require.NoError(t, err)
		var want []string
		for range 3 { // a busy machine may be late with a packet; a difference stays
			want, err = playThreads(Stack{}, ops)
			require.NoError(t, err)
			if slices.Equal(want, got) {
				return
			}
		}
		require.Equal(t, want, got, "the kernel's log, and the model's")
	})
}
