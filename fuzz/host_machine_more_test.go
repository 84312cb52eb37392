package fuzz

import (
	"net/netip"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/sock"
)

// More of what TestHostStateMachine does: what does not wait, is told, is shared,
// is interrupted, and datagrams.

// dup makes one more descriptor of a connection, which lives until the last is closed.
func (m *hostModel) dup(t *rapid.T) {
	fd, e := m.pick(t, accepted)
	if len(m.open) > 40 {
		t.Skip("enough descriptors")
	}
	twin := m.lowest()
	require.EqualValues(t, twin, m.must(sock.Call{Op: sock.OpDup, FD: fd}), "the lowest free descriptor")
	m.open[twin], m.ends[twin] = true, e
}

// shared reports whether another descriptor refers to the same end.
func (m *hostModel) shared(fd int32, e *modelEnd) bool {
	for other, o := range m.ends {
		if o == e && other != fd {
			return true
		}
	}
	return false
}

// impatient calls say at once that there is nothing, and leave no trace.
func (m *hostModel) impatient(t *rapid.T) {
	if m.serving != 0 && len(m.clients) == 0 && rapid.Bool().Draw(t, "accept") {
		m.must(sock.Call{Op: sock.OpFcntl, FD: m.serving, N: sock.F_SETFL, Arg: sock.O_NONBLOCK})
		r, ok := m.call(0, sock.Call{Op: sock.OpAccept, FD: m.serving})
		require.True(t, ok && sock.ErrnoName(r.Errno) == "EAGAIN", "accept of nobody: %v", sock.ErrnoName(r.Errno))
		m.must(sock.Call{Op: sock.OpFcntl, FD: m.serving, N: sock.F_SETFL})
		return
	}
	fd, e := m.pick(t, accepted)
	r, ok := m.call(0, sock.Call{Op: sock.OpRecv, FD: fd, Len: 1, Flags: sock.MSG_DONTWAIT | sock.MSG_PEEK})
	require.True(t, ok)
	switch {
	case len(e.stream) > 0:
		require.Equal(t, e.stream[:1], r.Data)
	case e.peer.ended:
		require.Zero(t, r.Value)
		require.Zero(t, r.Errno)
	default:
		require.Equal(t, "EAGAIN", sock.ErrnoName(r.Errno))
	}
}

// poll: a connection is readable when there is something to say, a listener when somebody waits.
func (m *hostModel) poll(t *rapid.T) {
	ask := []sock.PollFD{{FD: -1, Events: sock.POLLIN}}
	want := []bool{false}
	for fd := int32(3); fd < 64; fd++ {
		switch e := m.ends[fd]; {
		case e != nil && e.peer != nil:
			want = append(want, len(e.stream) > 0 || e.peer.ended)
		case fd == m.serving:
			want = append(want, len(m.clients) > 0)
		default:
			continue
		}
		ask = append(ask, sock.PollFD{FD: fd, Events: sock.POLLIN})
	}
	r, ok := m.call(0, sock.Call{Op: sock.OpPoll, Poll: ask, Timeout: 0})
	require.True(t, ok, "poll without patience returns")
	n := int64(0)
	for i := range ask {
		in := r.Poll[i].Revents&sock.POLLIN != 0
		require.Equal(t, want[i], in, "descriptor %d is readable", ask[i].FD)
		if r.Poll[i].Revents != 0 {
			n++
		}
	}
	require.Equal(t, n, r.Value, "poll counts those that it has something to say of")
}

// signal interrupts whoever waits; the call is to be made again, and what it had reserved is free.
func (m *hostModel) signal(t *rapid.T) {
	for th := sock.Thread(1); th < 5; th++ {
		w, waits := m.waits[th]
		if !waits {
			continue
		}
		out, err := m.run.input(func(h *sock.Host) []sock.Effect { return h.Interrupt(m.run.now, th, nil) })
		require.NoError(t, err)
		returns := 0
		for _, e := range out {
			if e.Kind == sock.Done {
				require.Equal(t, "ERESTARTSYS", sock.ErrnoName(e.Return.Errno))
				require.Equal(t, th, e.Return.Thread, "a signal is one thread's")
				returns++
			}
		}
		require.Equal(t, 1, returns)
		if delete(m.waits, th); w.op == sock.OpAccept {
			delete(m.open, w.fd)
		}
		return
	}
	t.Skip("nobody waits")
}

// modelMail is a UDP socket: what was sent to it and not read.
type modelMail struct {
	fd    int32
	queue [][]byte
}

var mailAddr = sock.Addr{Family: sock.AF_INET, AP: netip.MustParseAddrPort("127.0.0.1:5353")}

// mail is the socket of datagrams, made when it is needed first.
func (m *hostModel) mail() *modelMail {
	if m.box == nil {
		fd := m.lowest()
		require.EqualValues(m.t, fd, m.must(sock.Call{Op: sock.OpSocket, Domain: sock.AF_INET, Type: sock.SOCK_DGRAM}))
		m.open[fd] = true
		m.must(sock.Call{Op: sock.OpBind, FD: fd, Addr: mailAddr, AddrLen: 16})
		m.box = &modelMail{fd: fd}
	}
	return m.box
}

// post sends a datagram, which may be empty, and is one whatever was sent before.
func (m *hostModel) post(t *rapid.T) {
	b := m.mail()
	if len(b.queue) > 20 {
		t.Skip("full")
	}
	data := rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "data")
	require.EqualValues(t, len(data), m.must(sock.Call{Op: sock.OpSend, FD: b.fd, Data: data, Addr: mailAddr, AddrLen: 16}))
	b.queue = append(b.queue, data)
}

// collect reads the oldest datagram; what does not fit is gone.
func (m *hostModel) collect(t *rapid.T) {
	b := m.mail()
	room := rapid.IntRange(0, 1200).Draw(t, "room")
	r, ok := m.call(0, sock.Call{Op: sock.OpRecv, FD: b.fd, Len: int32(room), Flags: sock.MSG_DONTWAIT})
	require.True(t, ok)
	if len(b.queue) == 0 {
		require.Equal(t, "EAGAIN", sock.ErrnoName(r.Errno))
		return
	}
	first := b.queue[0]
	b.queue = b.queue[1:]
	require.Equal(t, string(first[:min(room, len(first))]), string(r.Data))
}
