//go:build linux

package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// thread is an operating-system thread inside an instance's namespace that makes the calls of one of a script's threads. It waits
// for work in a read(2), not in the Go scheduler, which would need two more switches to wake it.
type thread struct {
	in   *instance
	id   sock.Thread
	tid  int
	work int // eventfd: there is a call, a function or the end
	halt int // eventfd: poll, which shutdown cannot end, watches it

	call    sock.Call
	f       func() error
	ferr    chan error
	quit    bool
	state   atomic.Uint32
	stopped chan struct{}
}

// The states of a thread.
const (
	idle uint32 = iota
	given
	running
)

// newThread starts a thread and runs its set-up, whose error is returned.
func (in *instance) newThread(setUp func() error) (*thread, error) {
	t := &thread{in: in, work: -1, halt: -1, ferr: make(chan error, 1), stopped: make(chan struct{})}
	var err error
	if t.work, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if t.halt, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		unix.Close(t.work)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	go t.begin(setUp)
	if err := <-t.ferr; err != nil {
		<-t.stopped
		t.free()
		return nil, err
	}
	return t, nil
}

// begin binds the goroutine to a thread for good: it is in a namespace of its own, so it must not run anything else, and ends
// with the goroutine. The process's first thread is spared, since /proc/self means its namespace.
func (t *thread) begin(setUp func() error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go t.begin(setUp) // on another thread, as this one is taken until then
		time.Sleep(time.Millisecond)
		runtime.UnlockOSThread()
		return
	}
	defer close(t.stopped)
	t.tid = unix.Gettid()
	err := setUp()
	t.ferr <- err
	if err != nil {
		return
	}
	realTime(0)
	blockSignals()
	t.loop()
}

func (t *thread) loop() {
	var eight [8]byte
	for {
		if _, err := unix.Read(t.work, eight[:]); err != nil {
			if err == unix.EINTR {
				continue
			}
			return
		}
		switch {
		case t.quit:
			return
		case t.f != nil:
			t.ferr <- t.f()
		default:
			t.perform()
		}
	}
}

// perform makes the call and reports its return with the time.
func (t *thread) perform() {
	t.state.Store(running)
	r := invoke(&t.call, t.halt)
	at := t.in.Now()
	r.Thread, r.SIGPIPE = t.id, r.Errno == sock.EPIPE && tookPipe()
	t.in.mu.Lock()
	t.in.done = append(t.in.done, conformance.Event{Kind: conformance.CallDone, At: at, Return: r})
	t.in.mu.Unlock()
	t.state.Store(idle)
	signal(t.in.wake)
}

func (t *thread) busy() bool { return t.state.Load() != idle }

// start gives the thread a call.
func (t *thread) start(c sock.Call) {
	t.call = c
	t.state.Store(given)
	signal(t.work)
}

// do runs a function on the thread.
func (t *thread) do(f func() error) error {
	t.f = f
	signal(t.work)
	err := <-t.ferr
	t.f = nil
	return err
}

// asleep tells whether the thread has entered the kernel with its call and sleeps there.
func (t *thread) asleep() bool {
	if t.state.Load() != running || !t.sleeps() {
		return false
	}
	// In a futex or a nanosleep it is Go that waits, on the way into the call or out of it. Where the kernel does not tell, that is rare. A task
	// that is being woken on another processor still has a call here, so this alone would not do.
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", t.tid))
	if err != nil {
		return true
	}
	nr, _, _ := bytes.Cut(b, []byte(" "))
	n, err := strconv.Atoi(string(nr)) // "running", or -1 outside of any call
	// It still sleeps: else it may have gone from such a sleep into its call, and be held up there by a lock.
	return err == nil && n >= 0 && n != unix.SYS_FUTEX && n != unix.SYS_NANOSLEEP && t.sleeps()
}

// sleeps tells whether the thread sleeps, wherever, so that a signal or an event can wake it.
func (t *thread) sleeps() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", t.tid))
	if err != nil {
		return false
	}
	i := bytes.LastIndexByte(b, ')') // the name before it may hold anything
	return i >= 0 && i+2 < len(b) && b[i+2] == 'S'
}

// stop ends the thread. Its call, if it is in one, has been woken by then, but for epoll_wait, which any signal ends, and a connect or a
// send that the peer's SYN has crossed: shutdown does nothing in SYN-RECEIVED, and a signal has the call made again, which waits no more.
func (t *thread) stop() error {
	signal(t.halt)
	for give := time.Now().Add(2 * time.Second); t.busy(); time.Sleep(100 * time.Microsecond) {
		_ = unix.Tgkill(unix.Getpid(), t.tid, interrupt)
		if time.Now().After(give) {
			return errors.New("a thread stays blocked in a system call: it ends with the process")
		}
	}
	t.quit = true
	signal(t.work)
	<-t.stopped
	t.free()
	return nil
}

func (t *thread) free() {
	unix.Close(t.work)
	unix.Close(t.halt)
}

func signal(fd int) { _, _ = unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// realTime asks for the lowest real-time priority for a thread (0: this one), as Google's runner does. Without permission
// everything works, with more jitter.
func realTime(tid int) {
	if runtime.NumCPU() > 1 { // on one processor it might starve everything else
		_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 20}, 0)
	}
}

// normalTime takes it back from this thread.
func normalTime() {
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0)
}
