//go:build linux

package kernel

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Settle returns when no thread is between waking up and its next sleep or return. A wake-up makes a thread runnable before the
// call or packet that brought it about is through, so that what such a thread does can be told apart from what comes later. It may
// wake another that has been looked at, as one who waits for an epoll wakes the next, so that all are looked at until nothing has
// changed. A thread that computes for more than a second is left alone.
func (in *instance) Settle() {
	give := time.Now().Add(time.Second)
	for last := -1; time.Now().Before(give); {
		busy, waited := in.look(give)
		if !waited && busy == last {
			return
		}
		last = busy
	}
}

// look waits until each thread, one after the other, sleeps or has returned. It tells how many sleep in a call, and whether it had to
// wait for any.
func (in *instance) look(give time.Time) (busy int, waited bool) {
	for _, t := range in.threads {
		for t.busy() && !t.asleep() && time.Now().Before(give) {
			waited = true
			time.Sleep(10 * time.Microsecond)
		}
		if t.busy() {
			busy++
		}
	}
	return busy, waited
}

// pipeSet is a signal mask with SIGPIPE in it, which is in the first word however long a word is.
var pipeSet = func() (set unix.Sigset_t) {
	set.Val[0] = 1 << (unix.SIGPIPE - 1)
	return set
}()

// blockSignals keeps SIGPIPE pending on the calling thread, to which alone a send raises it (sk_stream_error), so that it can be
// seen after the call; and SIGURG, by which Go's runtime asks a thread to let go of a goroutine, and which would end an epoll_wait
// that has just begun. The thread is never given back to Go.
func blockSignals() {
	set := pipeSet
	set.Val[0] |= 1 << (unix.SIGURG - 1)
	_ = unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil)
}

// interrupt is a signal that Go's runtime has a handler for, with SA_RESTART, and never sends itself.
const interrupt = unix.SIGWINCH

// tookPipe takes a pending SIGPIPE of the calling thread, and tells whether there was one.
func tookPipe() bool {
	var now unix.Timespec
	n, err := call6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&pipeSet)), 0, uintptr(unsafe.Pointer(&now)), 8, 0, 0)
	return err == 0 && n == uintptr(unix.SIGPIPE)
}
