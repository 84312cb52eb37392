package gvisor

import (
	"io"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// The events that read and write of the Sentry wait for (eventMaskRead,
// eventMaskWrite); recv and send wait for less.
const (
	readMask  = waiter.ReadableEvents | waiter.EventHUp | waiter.EventErr | waiter.EventRdHUp
	writeMask = waiter.WritableEvents | waiter.EventHUp | waiter.EventErr
)

// maxDatagram is the most that one datagram can carry.
const maxDatagram = 65535

// reading is a receive in progress: it may take several tries.
type reading struct {
	file  *file
	room  int32 // octets still wanted
	flags int32
	ret   sock.Return
}

// once takes what is there (Sentry: nonBlockingRead). It returns the number of
// octets and netstack's error.
func (r *reading) once() (int, tcpip.Error) {
	opts := tcpip.ReadOptions{Peek: r.flags&msgPeek != 0, NeedRemoteAddr: r.file.kind != sockStream}
	if r.file.kind == sockStream && r.flags&msgTrunc != 0 {
		return r.discard(opts)
	}
	buf := make([]byte, r.available())
	into := tcpip.SliceWriter(buf)
	res, err := r.file.endpoint.Read(&into, opts)
	if _, ok := err.(*tcpip.ErrBadBuffer); ok && r.room == 0 {
		err = nil
	}
	if err != nil {
		return 0, err
	}
	n := min(res.Count, len(buf))
	r.ret.Data = append(r.ret.Data, buf[:n]...)
	if r.file.kind != sockStream {
		r.ret.Addr, r.ret.AddrLen = sockaddr(r.file.family, res.RemoteAddr)
		// A datagram that does not fit loses its tail; MSG_TRUNC from the
		// caller asks for the whole length all the same.
		if res.Total > n {
			r.ret.MsgFlags |= msgTrunc
			if r.flags&msgTrunc != 0 {
				return res.Total, nil
			}
		}
		return n, nil
	}
	// What the reader takes is what auto-tuning of the receive buffer measures.
	if !opts.Peek && n != 0 {
		r.file.endpoint.ModerateRecvBuf(n)
	}
	return n, nil
}

// discard is MSG_TRUNC on a stream: octets are taken and not written.
func (r *reading) discard(opts tcpip.ReadOptions) (int, tcpip.Error) {
	w := &tcpip.LimitedWriter{W: io.Discard, N: int64(r.room)}
	res, err := r.file.endpoint.Read(w, opts)
	if err != nil {
		return 0, err
	}
	if opts.Peek {
		queued, err := r.file.endpoint.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		return min(int(r.room), queued), err
	}
	if res.Count != 0 {
		r.file.endpoint.ModerateRecvBuf(res.Count)
	}
	return res.Count, nil
}

// available is how much to make room for: what the caller wants, but no more
// than is there, so that a script's huge length costs nothing.
func (r *reading) available() int {
	most := maxDatagram
	if r.file.kind == sockStream {
		n, err := r.file.endpoint.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		if err != nil {
			n = 0
		}
		most = n
	}
	return min(max(int(r.room), 0), most)
}

// read follows the Sentry's read: length 0 returns at once, whatever the state.
func (in *Instance) read(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	switch {
	case f == nil:
		return fail(ebadf), true, nil
	case c.Len < 0:
		return fail(einval), true, nil
	case c.Len == 0:
		return value(0), true, nil
	}
	r := &reading{file: f, room: c.Len}
	return in.receive(t, r, readMask, f.nonblock)
}

// recv follows the Sentry's recvfrom and RecvMsg. MSG_OOB is let pass and
// means nothing: netstack has no urgent data.
func (in *Instance) recv(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	if c.Len < 0 || c.Flags&^recvKnown != 0 {
		return fail(einval), true, nil
	}
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	if c.Flags&msgErrqueue != 0 {
		return f.recvError(c), true, nil
	}
	r := &reading{file: f, room: c.Len, flags: c.Flags}
	return in.receive(t, r, waiter.ReadableEvents, f.nonblock || c.Flags&msgDontwait != 0)
}

// receive tries, and blocks when there is nothing, or less than MSG_WAITALL
// wants. SO_RCVTIMEO bounds the wait; a negative one never waits.
func (in *Instance) receive(t sock.Thread, r *reading, mask waiter.EventMask, dontwait bool) (sock.Return, bool, error) {
	dontwait = dontwait || r.file.rcvtimeo < 0
	if r.step() || dontwait {
		return r.outcome(), true, nil
	}
	p := in.park(t, func(late bool) (sock.Return, bool) {
		done := r.step() || late
		return r.outcome(), done
	})
	p.wait(r.file, mask)
	p.again()
	if d := r.file.rcvtimeo; d > 0 {
		p.deadline(d)
	}
	return sock.Return{}, false, nil
}

// step tries once and tells whether the call is over.
func (r *reading) step() bool {
	n, err := r.once()
	r.ret.Value += int64(n)
	if err != nil {
		if r.ret.Errno = errnoOf(err); wouldBlock(err) {
			return false
		}
		return true
	}
	r.ret.Errno = 0
	r.room -= int32(n)
	return r.flags&msgWaitall == 0 || r.file.kind != sockStream || r.room <= 0
}

// outcome is the return so far: octets that were read hide an error, which the
// next call then tells.
func (r *reading) outcome() sock.Return {
	if r.ret.Value == 0 && r.ret.Errno != 0 {
		return fail(r.ret.Errno)
	}
	ret := r.ret
	ret.Errno = 0
	return ret
}

// timeval is a struct timeval as a Duration, and whether its microseconds are
// within range (Linux: sock_set_timeout).
func timeval(b []byte) (time.Duration, bool) {
	sec, usec := int64(le64(b)), int64(le64(b[8:]))
	if usec < 0 || usec >= 1e6 {
		return 0, false
	}
	const most = int64(1<<63-1) / int64(time.Second)
	sec = min(max(sec, -most), most-1)
	return time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond, true
}
