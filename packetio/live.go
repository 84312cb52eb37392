package packetio

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Wire is where a host's packets come from and go to in real time: a [TUN], or
// whatever moves IP packets. Read returns an error that is os.ErrDeadlineExceeded
// at the deadline.
type Wire interface {
	Read(packet []byte) (int, error)
	Write(packet []byte) (int, error)
	SetReadDeadline(time.Time) error
}

// Live runs a host against the real clock and a wire to others.
type Live struct {
	mu    sync.Mutex
	fresh []func(now sock.Time) error // programs to start
	wire  Wire
	crew  *crew
	begin time.Time
}

// NewLive ties a host to a wire.
func NewLive(h *sock.Host, w Wire) *Live {
	l := &Live{wire: w, begin: time.Now()}
	l.crew = newCrew(h, func(_ sock.Time, b []byte) {
		if _, err := w.Write(b); err != nil && l.crew.err == nil {
			l.crew.err = err
		}
	})
	return l
}

// now is the host's time: microseconds, from a minute on.
func (l *Live) now() sock.Time {
	return sock.Time(tcpstate.Minute).Add(time.Since(l.begin).Microseconds())
}

// Start gives a thread a program, which Run runs. The error of a thread that has
// one already is Run's.
func (l *Live) Start(id sock.Thread, p Program) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = append(l.fresh, func(now sock.Time) error { return l.crew.start(now, id, p) })
}

// longestRead bounds a wait for a packet, so that the end of the context and new
// programs are noticed.
const longestRead = 5 * time.Millisecond

// Run moves packets, lets timers fire and programs run until the context ends,
// which is no error, and ends programs that still wait then. An error is the
// wire's.
func (l *Live) Run(ctx context.Context) error {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.crew.close()
	}()
	buf := make([]byte, MaxPacket)
	for ctx.Err() == nil {
		if err := l.wire.SetReadDeadline(time.Now().Add(l.patience())); err != nil {
			return err
		}
		n, err := l.wire.Read(buf)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := l.event(buf[:n]); err != nil {
			return err
		}
	}
	return nil
}

// event handles a packet, if one came, and the timers that are due.
func (l *Live) event(packet []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, start := range l.fresh {
		if err := start(now); err != nil {
			return err
		}
	}
	l.fresh = nil
	if at, ok := l.crew.host.Deadline(); ok && at <= now {
		l.crew.take(now, l.crew.host.Tick(now, nil))
	}
	if len(packet) > 0 {
		l.crew.deliver(now, packet)
	}
	return l.crew.err
}

// patience is how long to wait for a packet: until the next timer.
func (l *Live) patience() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := longestRead
	if at, ok := l.crew.host.Deadline(); ok {
		wait = min(wait, time.Duration(max(at.Sub(l.now()), 0))*time.Microsecond)
	}
	return max(wait, time.Microsecond)
}

// Ended reports whether all programs have ended.
func (l *Live) Ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.fresh) == 0 && l.crew.waiting() == nil
}
