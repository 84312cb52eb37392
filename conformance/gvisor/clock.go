package gvisor

import (
	"container/heap"
	"sync"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// epoch is the monotonic reading at the instance's time 0. It is not zero,
// because netstack takes a zero MonotonicTime for "never" (tcp.Endpoint's
// lastOutOfWindowAckTime, for one).
const epoch = time.Hour

// wallEpoch is the wall clock at time 0: 2020-09-13T12:26:40Z.
const wallEpoch = 1_600_000_000

// clock is a tcpip.Clock that moves only when told. Deadlines are rounded up to
// whole microseconds, the resolution of scripts. Its methods may be called from
// netstack's worker, hence the mutex; timers run on the goroutine that drives
// the instance.
type clock struct {
	mu    sync.Mutex
	now   sock.Time // guarded by mu
	armed timerHeap // guarded by mu
	seq   uint64    // guarded by mu; orders equal deadlines
}

// timer is an entry of the heap, or idle when its index is idle.
type timer struct {
	clock *clock
	fire  func()
	at    sock.Time
	seq   uint64
	index int
}

const idle = -1

// Now implements tcpip.Clock.
func (c *clock) Now() time.Time {
	return time.Unix(wallEpoch, int64(c.time())*1000)
}

// NowMonotonic implements tcpip.Clock.
func (c *clock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(epoch + time.Duration(c.time())*time.Microsecond)
}

// AfterFunc implements tcpip.Clock.
func (c *clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &timer{clock: c, fire: f, index: idle}
	t.Reset(d)
	return t
}

// time is the current time.
func (c *clock) time() sock.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set moves the clock on to t; it never goes back.
func (c *clock) set(t sock.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = max(c.now, t)
}

// pop disarms the first timer that is due at or before until, moves the clock
// to its deadline and returns it; nil when there is none.
func (c *clock) pop(until sock.Time) *timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.armed) == 0 || c.armed[0].at > until {
		return nil
	}
	t := heap.Pop(&c.armed).(*timer)
	c.now = max(c.now, t.at)
	return t
}

// Stop implements tcpip.Timer.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index == idle {
		return false
	}
	heap.Remove(&t.clock.armed, t.index)
	return true
}

// Reset implements tcpip.Timer. A deadline that has passed fires at the next
// step of the instance, never inside the caller, who may hold locks that the
// timer's function takes.
func (t *timer) Reset(d time.Duration) {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index != idle {
		heap.Remove(&c.armed, t.index)
	}
	us := sock.Time(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		us++
	}
	c.seq++
	t.at, t.seq = c.now+max(us, 0), c.seq
	heap.Push(&c.armed, t)
}

// timerHeap implements heap.Interface: earliest deadline first, and among equals
// the one armed first. (netstack's own ManualClock fires equals in map order.)
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = idle
	return t
}
