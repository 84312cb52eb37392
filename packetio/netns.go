//go:build linux

package packetio

import (
	"errors"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// errNoReturn says that f ended its goroutine instead of returning.
var errNoReturn = errors.New("packetio: the function left by runtime.Goexit")

// InNetNS runs f on a thread of its own in a fresh network namespace, where lo is
// up, and returns what f returns. Sockets, TUN devices and /proc/thread-self/net
// that f uses belong to the namespace; a goroutine that f starts does not. The
// namespace lives as long as anything in it is open. Needs root
// (CAP_SYS_ADMIN): a process without it starts itself anew with the clone flags
// CLONE_NEWUSER and CLONE_NEWNET instead, as only a process of one thread may
// enter a new user namespace. Errors of the set-up are *TUNError.
func InNetNS(f func() error) error {
	done := make(chan error, 2)
	var run func()
	run = func() {
		// Never unlocked: the thread is spoiled for others, and ends with the goroutine.
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() { // /proc/self means the first thread's namespace
			defer runtime.UnlockOSThread()
			go run() // on another thread, as this one is held until then
			time.Sleep(time.Millisecond)
			return
		}
		// A test's FailNow ends the goroutine inside f; the caller must not wait for ever.
		defer func() { done <- errNoReturn }()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- &TUNError{Op: "unshare", Name: "network namespace", Err: err,
				Hint: "run as root, or start the process in `unshare -Urn`"}
			return
		}
		if err := ConfigureLink("lo", LinkConfig{}); err != nil {
			done <- err
			return
		}
		done <- f()
	}
	go run()
	return <-done
}
