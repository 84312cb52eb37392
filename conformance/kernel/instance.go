//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"golang.org/x/sys/unix"
)

// instance is one namespace with its device and threads. The goroutine that made it drives it.
type instance struct {
	tun    *packetio.TUN
	drain  sync.WaitGroup // the goroutine that empties the device
	packet int            // packet socket on the device
	wake   int            // eventfd: a call has returned
	base   int64          // realtime nanoseconds of time 0
	netns  int            // the namespace, for further threads
	cpu    *unix.CPUSet   // where its threads run; nil for anywhere

	owner   *thread // made the namespace; runs commands
	threads map[sock.Thread]*thread
	fds     map[int32]bool // descriptors that calls have opened

	mu   sync.Mutex
	done []conformance.Event // calls that returned, to be fetched

	queue []conformance.Event // in order of time
	buf   []byte
}

func newInstance(setup conformance.Setup, oneCPU bool) (_ *instance, err error) {
	in := &instance{packet: -1, wake: -1, netns: -1, threads: map[sock.Thread]*thread{}, fds: map[int32]bool{}}
	runtime.LockOSThread()
	defer func() {
		if err != nil {
			_ = in.Close()
		}
	}()
	in.base = time.Now().UnixNano()
	if in.wake, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	if in.owner, err = in.newThread(func() error { return in.makeWorld(setup) }); err != nil {
		return nil, err
	}
	in.buf = make([]byte, packetio.MaxPacket)
	if oneCPU {
		in.cpu = pickCPU()
	}
	if err = in.pin(); err != nil {
		return nil, err
	}
	realTime(0)
	in.drain.Add(1)
	go in.drainDevice()
	return in, nil
}

// drainDevice takes packets off the device as a network card would, so that the kernel sees them sent; TCP minds what is still
// in the device's queue (skb_still_in_host_queue). Their contents come from the packet socket.
func (in *instance) drainDevice() {
	defer in.drain.Done()
	b := make([]byte, 64)
	for {
		if _, err := in.tun.Read(b); err != nil {
			return
		}
	}
}

// Now is the time since Start in microseconds.
func (in *instance) Now() sock.Time { return in.micros(time.Now().UnixNano()) }

func (in *instance) micros(ns int64) sock.Time { return sock.Time((ns - in.base) / 1000) }

// Epoch is time 0 in microseconds since 1970: the time stamps that the kernel gives to programs count from there.
func (in *instance) Epoch() sock.Time { return sock.Time(in.base / 1000) }

// Inject hands the kernel a packet from the device.
func (in *instance) Inject(p []byte) error {
	_, err := in.tun.Write(p)
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("the kernel refuses the packet: %w", err)
	}
	return err
}

// Advance waits for the next event in a way that is exact to a few microseconds: asleep until shortly before the time, then
// looking.
func (in *instance) Advance(until sock.Time) (conformance.Event, bool, error) {
	for {
		if err := in.collect(); err != nil {
			return conformance.Event{}, false, err
		}
		if len(in.queue) > 0 {
			ev := in.queue[0]
			in.queue = in.queue[1:]
			return ev, true, nil
		}
		left := int64(until) - int64(in.Now())
		if left <= 0 {
			return conformance.Event{}, false, nil
		}
		in.sleep(time.Duration(max(0, left-spin)) * time.Microsecond)
	}
}

// spin is how long before a time, in microseconds, sleeping ends and looking begins: what waking up takes on a virtual machine.
const spin = 100

// sleep waits until a packet or a return is there, or until the time is up.
func (in *instance) sleep(d time.Duration) {
	fds := [2]unix.PollFd{{Fd: int32(in.packet), Events: unix.POLLIN}, {Fd: int32(in.wake), Events: unix.POLLIN}}
	ts := unix.NsecToTimespec(int64(d))
	_, _ = unix.Ppoll(fds[:], &ts, nil) // interrupted or not, the caller looks again
}

// collect fetches what has happened. Returns come first: whatever a call sent before it returned is then in the packet socket
// too, and sorting puts it before the return.
func (in *instance) collect() error {
	var eight [8]byte
	_, _ = unix.Read(in.wake, eight[:])
	in.mu.Lock()
	fresh := in.done
	in.done = nil
	in.mu.Unlock()
	for _, ev := range fresh {
		in.note(ev.Return)
	}
	fresh, err := in.sniff(fresh)
	in.tun.Drain() // drainDevice may be late, and TCP would see what was sent still under way
	if err != nil || len(fresh) == 0 {
		return err
	}
	in.queue = append(in.queue, fresh...)
	sort.SliceStable(in.queue, func(i, j int) bool { return in.queue[i].At < in.queue[j].At })
	return nil
}

// note keeps count of the descriptors that are open, so that Close can get blocked calls out of them.
func (in *instance) note(r sock.Return) {
	t := in.threads[r.Thread]
	if t == nil || r.Value < 0 {
		return
	}
	switch t.call.Op {
	case sock.OpSocket, sock.OpAccept, sock.OpEpollCreate, sock.OpDup, sock.OpDup2, sock.OpDup3:
		in.fds[int32(r.Value)] = true
	}
}

// prompt tells which calls never wait and do not ask for the caller's namespace. They are made at once, without the 100
// microseconds that handing them to another thread takes.
func prompt(op sock.Op) bool {
	switch op {
	case sock.OpBind, sock.OpListen, sock.OpGetsockopt, sock.OpSetsockopt, sock.OpGetsockname, sock.OpGetpeername,
		sock.OpFcntl, sock.OpIoctl, sock.OpEpollCtl, sock.OpShutdown:
		return true
	}
	return false
}

// Call hands a call to its thread and waits until it has returned or sleeps in the kernel, so that whatever the script does next
// really comes after it.
func (in *instance) Call(id sock.Thread, c sock.Call) error {
	t := in.threads[id]
	if prompt(c.Op) && (t == nil || !t.busy()) {
		r := invoke(&c, -1)
		r.Thread = id
		if c.Op == sock.OpFcntl && (c.N == unix.F_DUPFD || c.N == unix.F_DUPFD_CLOEXEC) && r.Value >= 0 {
			in.fds[int32(r.Value)] = true
		}
		in.queue = append(in.queue, conformance.Event{Kind: conformance.CallDone, At: in.Now(), Return: r})
		return nil
	}
	if t == nil {
		var err error
		if t, err = in.newThread(in.enter); err != nil {
			return err
		}
		t.id = id
		in.threads[id] = t
	}
	if err := supported(&c); err != nil {
		return err
	}
	if t.busy() {
		return fmt.Errorf("thread %d is in a call already", id)
	}
	if c.Op == sock.OpClose {
		// close frees the number before it lingers: from here on it may be another instance's.
		delete(in.fds, c.FD)
	}
	t.start(c)
	in.settle(t)
	return nil
}

// Interrupt sends a thread a signal whose handler does nothing.
func (in *instance) Interrupt(id sock.Thread) error {
	t := in.threads[id]
	if t == nil || !t.busy() {
		return nil
	}
	if err := unix.Tgkill(unix.Getpid(), t.tid, interrupt); err != nil {
		return fmt.Errorf("signal to thread %d: %w", id, err)
	}
	time.Sleep(100 * time.Microsecond) // until it has been taken, the thread still looks asleep
	in.settle(t)
	return nil
}

// settle waits until a thread's call has returned or sleeps in the kernel.
func (in *instance) settle(t *thread) {
	for wait := 20 * time.Microsecond; ; wait = 100 * time.Microsecond {
		if !t.busy() || t.asleep() {
			return
		}
		fd := []unix.PollFd{{Fd: int32(in.wake), Events: unix.POLLIN}}
		ts := unix.NsecToTimespec(int64(wait))
		_, _ = unix.Ppoll(fd, &ts, nil)
	}
}

// Close ends calls that still block, the threads, and with the last descriptor the namespace.
func (in *instance) Close() error {
	defer runtime.UnlockOSThread()
	normalTime()
	in.unpin()
	for fd := range in.fds {
		_ = unix.Shutdown(int(fd), unix.SHUT_RDWR) // wakes accept, connect, read, write and poll
		_ = unix.SetNonblock(int(fd), true)        // see stop
	}
	var err error
	for _, t := range in.threads {
		err = errors.Join(err, t.stop())
	}
	for _, ev := range in.done { // descriptors that came with calls nobody waited for any more
		in.note(ev.Return)
	}
	for fd := range in.fds {
		_ = unix.Close(int(fd))
	}
	if in.owner != nil {
		err = errors.Join(err, in.owner.stop())
	}
	if in.tun != nil {
		err = errors.Join(err, in.tun.Close())
		in.drain.Wait()
	}
	for _, fd := range []int{in.packet, in.netns, in.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	return err
}
