package gvisor

import (
	"bytes"
	"slices"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// writing is a send in progress: the buffer may take it in several parts.
type writing struct {
	file *file
	rest bytes.Reader
	opts tcpip.WriteOptions
	sent int64
	err  tcpip.Error
}

// step offers what is left and tells whether the call is over. (Sentry: Write
// and SendMsg; both treat a part that was taken as "would block".)
func (w *writing) step() bool {
	n, err := w.file.endpoint.Write(&w.rest, w.opts)
	w.sent += n
	w.err = err
	if err == nil {
		return w.rest.Len() == 0
	}
	return !wouldBlock(err)
}

// outcome is the return so far: octets that were taken hide an error (Sentry:
// HandleIOError). The Sentry raises no SIGPIPE for netstack's sockets.
func (w *writing) outcome() sock.Return {
	if w.sent > 0 {
		return value(w.sent)
	}
	return status(w.err)
}

// write follows the Sentry's write. Its time limit is SO_RCVTIMEO, for writes
// too (blockPolicy).
func (in *Instance) write(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	w := &writing{file: f}
	w.rest.Reset(slices.Clone(c.Data))
	return in.transmit(t, w, writeMask, f.nonblock, f.rcvtimeo)
}

// send follows the Sentry's sendto, and sendmsg when there are control
// messages. MSG_OOB and other flags that sendto does not know are ignored.
func (in *Instance) send(t sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	switch {
	case c.Flags&msgFastopen != 0:
		return sock.Return{}, true, unsupported("send: MSG_FASTOPEN: netstack has no TCP Fast Open and ignores it")
	case c.Flags&msgZerocopy != 0:
		return sock.Return{}, true, unsupported("send: MSG_ZEROCOPY: netstack has no zero copy and ignores it")
	case len(c.Control) > 0:
		return sock.Return{}, true, unsupported("send: control messages")
	}
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	w := &writing{file: f}
	w.opts.More, w.opts.EndOfRecord = c.Flags&msgMore != 0, c.Flags&msgEOR != 0
	w.rest.Reset(slices.Clone(c.Data))
	if c.AddrLen > 0 {
		full, errno := parseAddr(c.Addr, c.AddrLen)
		if errno != 0 {
			return fail(errno), true, nil
		}
		if !f.allows(c.Addr.Family, false) {
			return fail(einval), true, nil
		}
		full = f.mapAny(full, c.Addr.Family)
		w.opts.To = &full
	}
	return in.transmit(t, w, waiter.WritableEvents, f.nonblock || c.Flags&msgDontwait != 0, f.sndtimeo)
}

// transmit tries, and blocks until the whole is taken. A positive limit bounds
// the wait; a negative one never waits.
func (in *Instance) transmit(t sock.Thread, w *writing, mask waiter.EventMask, dontwait bool, limit time.Duration) (sock.Return, bool, error) {
	if w.step() || dontwait || limit < 0 {
		return w.outcome(), true, nil
	}
	p := in.park(t, func(late bool) (sock.Return, bool) {
		done := w.step() || late
		return w.outcome(), done
	})
	p.wait(w.file, mask)
	p.again()
	if limit > 0 {
		p.deadline(limit)
	}
	return sock.Return{}, false, nil
}
