//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// Stack is the kernel that this process runs on.
type Stack struct {
	oneCPU bool // see OneCPU
}

// Name is "linux".
func (Stack) Name() string { return "linux" }

// Available tries a namespace with a TUN device, which is what takes privileges.
func (Stack) Available() error {
	probe.once.Do(func() {
		t, err := (&instance{}).newThread(func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("network namespace: %w", err)
			}
			tun, err := packetio.OpenTUN("tun0", true)
			if err != nil {
				return err
			}
			return tun.Close()
		})
		if err == nil {
			err = t.stop()
		}
		probe.err = err
	})
	if probe.err == nil {
		return nil
	}
	if errors.Is(probe.err, unix.EPERM) {
		return fmt.Errorf("no permission for a network namespace with a TUN device: run as root, or `unshare -Ur` this command: %w", probe.err)
	}
	return probe.err
}

var probe struct {
	once sync.Once
	err  error
}

// Note says what about this host makes scripts behave otherwise than on a stock kernel, empty when nothing does.
func (Stack) Note() string {
	notes := []string{Older()}
	if err := allowCubic(); err != nil {
		notes = append(notes, fmt.Sprintf("cubic is not allowed here (%v), so scripts run under %s: as root, write `reno cubic` to %s",
			err, readSysctl("net.ipv4.tcp_congestion_control"), allowedPath))
	}
	return strings.Trim(strings.Join(notes, "; "), "; ")
}

// Older says that this kernel is older than the one that the rules are of; empty when it is not. What such a kernel does otherwise
// is worth knowing, and no failure.
func Older() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return sock.OlderLinux(unix.ByteSliceToString(u.Release[:]))
}

// Truth is nil where this kernel can be used and is the one that the rules are of, or a later one; otherwise it says why not.
func Truth() error {
	if older := Older(); older != "" {
		return errors.New(older)
	}
	return Stack{}.Available()
}

// Parallel is how many scripts may run at once without pushing each other's events off their times. Scripts sleep nearly all the
// time, so it is far more than there are processors: on two of them 32 at once were as reliable as 4 (README.md, "Numbers").
func (Stack) Parallel() int { return min(16*runtime.NumCPU(), 64) }

// Start makes a namespace. The calling goroutine is bound to its thread until Close, since that thread may be given a real-time
// priority; it stays in its own namespace.
func (s Stack) Start(setup conformance.Setup) (conformance.Instance, error) {
	if err := s.Available(); err != nil {
		return nil, err
	}
	// A goroutine that comes out of a system call needs a processor slot at once. With as many slots as threads none waits for
	// the scheduler to take one back, which may last 10 ms.
	slots.Do(func() { runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4*Stack{}.Parallel())) })
	_ = allowCubic() // see Note
	in, err := newInstance(setup, s.oneCPU)
	if err != nil {
		return nil, err
	}
	return in, nil
}

var slots sync.Once

const allowedPath = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"

// allowCubic lets namespaces use cubic, Linux's default congestion control. Which ones they may choose is the first namespace's
// to say, and some hosts leave cubic out.
func allowCubic() error {
	cubic.once.Do(func() {
		b, err := os.ReadFile(allowedPath)
		if err != nil || contains(strings.Fields(string(b)), "cubic") {
			return // unreadable in a child namespace of old kernels: setting it will tell
		}
		cubic.err = os.WriteFile(allowedPath, []byte(strings.TrimSpace(string(b))+" cubic"), 0)
	})
	return cubic.err
}

var cubic struct {
	once sync.Once
	err  error
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
