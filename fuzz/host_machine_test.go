package fuzz

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// hostModel is what an application knows to hold of its sockets, in the
// simplest words: both ends of every connection live on one host.
type hostModel struct {
	t       *rapid.T
	run     *HostRun
	open    map[int32]bool       // descriptors, those that a waiting accept has reserved included
	ends    map[int32]*modelEnd  // connected sockets
	clients []int32              // connected and not accepted yet, oldest first
	serving int32                // the listener's descriptor, 0 for none
	backlog int                  //
	waits   map[sock.Thread]wait // calls that have not returned
	box     *modelMail           // nil before it is needed
	turns   int                  // how many have waited
	returns map[sock.Thread]sock.Return
}

// modelEnd is one end of a connection: the octets that it can read, and its peer.
type modelEnd struct {
	port   uint16
	peer   *modelEnd
	stream []byte // written by the peer and not read yet
	gone   bool   // closed
	ended  bool   // has sent its FIN
}

// wait is a parked call.
type wait struct {
	op sock.Op
	fd int32 // of the call; for accept, of what it will return
	at int   // how many had begun to wait before
}

var modelAddr = sock.Addr{Family: sock.AF_INET, AP: netip.MustParseAddrPort("127.0.0.1:8080")}

// TestHostStateMachine makes socket calls at random: descriptors are the lowest
// free ones, connections are accepted in the order in which they came, a queue
// has room for backlog + 1, octets arrive in order, and whoever waits is woken.
func TestHostStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &hostModel{t: t, run: NewHostRun(0), open: map[int32]bool{}, ends: map[int32]*modelEnd{}, waits: map[sock.Thread]wait{}}
		m.run.twins = false
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "serve": m.serve, "connect": m.connect, "overflow": m.overflow, "accept": m.accept,
			"send": m.send, "recv": m.recv, "shutdown": m.shutdown, "close": m.close, "time": m.time,
			"dup": m.dup, "impatient": m.impatient, "poll": m.poll, "signal": m.signal, "post": m.post, "collect": m.collect,
		})
		require.NoError(t, m.run.checkWaiters())
		require.NoError(t, m.run.Finish())
	})
}

// lowest is the descriptor that the next call has to give out.
func (m *hostModel) lowest() int32 {
	fd := int32(3)
	for m.open[fd] {
		fd++
	}
	return fd
}

// call makes a call and collects what returned, this call and parked ones.
func (m *hostModel) call(th sock.Thread, c sock.Call) (r sock.Return, returned bool) {
	out, err := m.run.Call(th, c)
	require.NoError(m.t, err)
	m.returns = map[sock.Thread]sock.Return{}
	for _, e := range out {
		if e.Kind == sock.Done {
			m.returns[e.Return.Thread] = e.Return
		}
	}
	r, returned = m.returns[th]
	delete(m.returns, th)
	return r, returned
}

// must is a call that succeeds at once.
func (m *hostModel) must(c sock.Call) int64 {
	r, ok := m.call(0, c)
	require.True(m.t, ok, "%v has to return at once", c.Op)
	require.Zero(m.t, r.Errno, "%v", c.Op)
	return r.Value
}

func (m *hostModel) socket() int32 {
	fd := m.lowest()
	require.EqualValues(m.t, fd, m.must(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_STREAM}), "the lowest free descriptor")
	m.open[fd] = true
	// Nagle's rule would hold octets back until a delayed ACK comes.
	m.must(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_TCP, Name: sock.TCP_NODELAY, Data: []byte{1, 0, 0, 0}})
	return fd
}

func (m *hostModel) serve(t *rapid.T) {
	if m.serving != 0 {
		t.Skip("listens")
	}
	fd := m.socket()
	m.backlog = rapid.IntRange(0, 3).Draw(t, "backlog")
	m.must(sock.Call{Op: sock.OpSetsockopt, FD: fd, Level: sock.SOL_SOCKET, Name: sock.SO_REUSEADDR, Data: []byte{1, 0, 0, 0}})
	m.must(sock.Call{Op: sock.OpBind, FD: fd, Addr: modelAddr, AddrLen: 16})
	m.must(sock.Call{Op: sock.OpListen, FD: fd, N: int64(m.backlog)})
	m.serving = fd
}

// connect succeeds at once as long as the accept queue has room; a waiting accept takes it.
func (m *hostModel) connect(t *rapid.T) {
	if m.serving == 0 || len(m.clients) > m.backlog {
		t.Skip("nobody listens, or the queue is full")
	}
	fd := m.socket()
	m.must(sock.Call{Op: sock.OpConnect, FD: fd, Addr: modelAddr, AddrLen: 16})
	returns := m.returns
	r, _ := m.call(0, sock.Call{Op: sock.OpGetsockname, FD: fd})
	m.ends[fd] = &modelEnd{port: r.Addr.AP.Port()}
	m.clients = append(m.clients, fd)
	for th, r := range returns {
		w := m.waits[th]
		require.Equal(t, sock.OpAccept, w.op, "only who accepts is woken")
		delete(m.waits, th)
		for _, o := range m.waits {
			require.True(t, o.op != sock.OpAccept || o.at > w.at, "who has waited longest is woken")
		}
		require.EqualValues(t, w.fd, r.Value)
		m.accepted(r)
	}
}

// overflow: a SYN that finds the accept queue full is dropped, and changes nothing.
func (m *hostModel) overflow(t *rapid.T) {
	if m.serving == 0 || len(m.clients) <= m.backlog {
		t.Skip("there is room")
	}
	before := m.run.Host.Counters()[sock.MibListenOverflows]
	fd := m.socket()
	m.must(sock.Call{Op: sock.OpFcntl, FD: fd, N: sock.F_SETFL, Arg: sock.O_NONBLOCK})
	r, _ := m.call(0, sock.Call{Op: sock.OpConnect, FD: fd, Addr: modelAddr, AddrLen: 16})
	require.Equal(t, "EINPROGRESS", sock.ErrnoName(r.Errno))
	require.Equal(t, before+1, m.run.Host.Counters()[sock.MibListenOverflows])
	m.must(sock.Call{Op: sock.OpClose, FD: fd})
	delete(m.open, fd)
}

// accept returns the oldest connection, or waits with a descriptor reserved.
func (m *hostModel) accept(t *rapid.T) {
	if m.serving == 0 {
		t.Skip("nobody listens")
	}
	th := m.idle(t)
	fd := m.lowest()
	m.open[fd] = true
	r, ok := m.call(th, sock.Call{Op: sock.OpAccept, FD: m.serving})
	require.Equal(t, len(m.clients) > 0, ok, "accept returns if and only if someone came")
	if !ok {
		m.turns++
		m.waits[th] = wait{sock.OpAccept, fd, m.turns}
		return
	}
	require.EqualValues(t, fd, r.Value, "the lowest free descriptor")
	m.accepted(r)
}

// accepted pairs what accept returned with the client that came first.
func (m *hostModel) accepted(r sock.Return) {
	client := m.ends[m.clients[0]]
	m.clients = m.clients[1:]
	require.Equal(m.t, client.port, r.Addr.AP.Port(), "first come, first accepted")
	end := &modelEnd{peer: client, port: r.Addr.AP.Port()}
	client.peer = end
	m.ends[int32(r.Value)] = end
}

func (m *hostModel) idle(t *rapid.T) sock.Thread {
	for th := sock.Thread(1); th < 5; th++ {
		if _, busy := m.waits[th]; !busy {
			return th
		}
	}
	t.Skip("all threads wait")
	return 0
}

// pick chooses a connected descriptor that fits.
func (m *hostModel) pick(t *rapid.T, fits func(fd int32, e *modelEnd) bool) (int32, *modelEnd) {
	var fds []int32
	for fd := int32(3); fd < 64; fd++ {
		if e := m.ends[fd]; e != nil && fits(fd, e) {
			fds = append(fds, fd)
		}
	}
	if len(fds) == 0 {
		t.Skip("no such connection")
	}
	fd := rapid.SampledFrom(fds).Draw(t, "fd")
	return fd, m.ends[fd]
}

func accepted(_ int32, e *modelEnd) bool { return e.peer != nil }

// send takes all octets, since buffers are large; a thread that waits to receive returns with them.
func (m *hostModel) send(t *rapid.T) {
	fd, e := m.pick(t, func(_ int32, e *modelEnd) bool {
		return e.peer != nil && !e.ended && !e.peer.gone && len(e.peer.stream) < 20_000
	})
	data := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "data")
	require.EqualValues(t, len(data), m.must(sock.Call{Op: sock.OpSend, FD: fd, Data: data}))
	e.peer.stream = append(e.peer.stream, data...)
	m.received()
}

// received takes the returns of threads that waited to receive.
func (m *hostModel) received() {
	for th, r := range m.returns {
		w := m.waits[th]
		require.Equal(m.t, sock.OpRecv, w.op)
		delete(m.waits, th)
		m.took(m.ends[w.fd], r)
	}
}

// took: what was received is what was sent, and no more.
func (m *hostModel) took(e *modelEnd, r sock.Return) {
	require.Zero(m.t, r.Errno)
	require.LessOrEqual(m.t, len(r.Data), len(e.stream))
	require.Equal(m.t, string(e.stream[:len(r.Data)]), string(r.Data))
	e.stream = e.stream[len(r.Data):]
}

// recv returns octets or the end of the stream, or waits.
func (m *hostModel) recv(t *rapid.T) {
	fd, e := m.pick(t, func(fd int32, e *modelEnd) bool {
		return accepted(fd, e) && !m.waiting(sock.OpRecv, fd)
	})
	th := m.idle(t)
	r, ok := m.call(th, sock.Call{Op: sock.OpRecv, FD: fd, Len: int32(rapid.IntRange(1, 3000).Draw(t, "room"))})
	require.Equal(t, len(e.stream) > 0 || e.peer.ended, ok, "recv returns if and only if there is something to say")
	if !ok {
		m.turns++
		m.waits[th] = wait{sock.OpRecv, fd, m.turns}
		return
	}
	require.Equal(t, len(e.stream) == 0, len(r.Data) == 0)
	m.took(e, r)
}

func (m *hostModel) shutdown(t *rapid.T) {
	fd, e := m.pick(t, func(_ int32, e *modelEnd) bool { return e.peer != nil && !e.ended && !e.peer.gone })
	m.must(sock.Call{Op: sock.OpShutdown, FD: fd, N: sock.SHUT_WR})
	e.ended = true
	m.received()
}

// close of an end that has read everything is orderly; its peer reads the end of the stream.
func (m *hostModel) close(t *rapid.T) {
	fd, e := m.pick(t, func(fd int32, e *modelEnd) bool {
		return e.peer != nil && len(e.stream) == 0 && !m.waiting(sock.OpRecv, fd)
	})
	m.must(sock.Call{Op: sock.OpClose, FD: fd})
	last := !m.shared(fd, e)
	delete(m.ends, fd)
	delete(m.open, fd)
	if !last { // another descriptor is of the same connection
		require.Empty(t, m.returns)
		return
	}
	e.gone, e.ended = true, true
	m.received()
}

func (m *hostModel) time(t *rapid.T) {
	require.NoError(t, m.run.Wait(rapid.Int64Range(0, 100*tcpstate.Second).Draw(t, "wait"), false))
}

// check: whoever waits does so for a reason.
func (m *hostModel) check(t *rapid.T) {
	require.Len(t, m.run.parked, len(m.waits), "threads that wait")
	for _, w := range m.waits {
		switch w.op {
		case sock.OpAccept:
			require.Empty(t, m.clients, "a thread waits although a connection does")
		case sock.OpRecv:
			e := m.ends[w.fd]
			require.False(t, len(e.stream) > 0 || e.peer.ended, "a thread waits although there is something to read")
		}
	}
}

// waiting reports whether a thread waits in op on fd.
func (m *hostModel) waiting(op sock.Op, fd int32) bool {
	for _, w := range m.waits {
		if w.op == op && w.fd == fd {
			return true
		}
	}
	return false
}
