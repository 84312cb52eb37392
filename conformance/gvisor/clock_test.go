package gvisor

import (
	"slices"
	"testing"
	"time"

	"github.com/sockspec/sockspec/sock"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"pgregory.net/rapid"
)

func TestClockFiresEqualDeadlinesInTheOrderTheyWereArmed(t *testing.T) {
	c := &clock{}
	var fired []int
	timers := make([]tcpip.Timer, 20)
	for i := range timers {
		timers[i] = c.AfterFunc(time.Millisecond, func() { fired = append(fired, i) })
	}
	timers[3].Reset(time.Millisecond) // now the last
	require.True(t, timers[5].Stop())
	require.False(t, timers[5].Stop())
	for tm := c.pop(sock.Time(2000)); tm != nil; tm = c.pop(2000) {
		require.EqualValues(t, 1000, c.time())
		tm.fire()
	}
	want := []int{0, 1, 2, 4}
	for i := 6; i < len(timers); i++ {
		want = append(want, i)
	}
	require.Equal(t, append(want, 3), fired)
	require.False(t, timers[0].Stop(), "a timer that has fired")
}

func TestClockRoundsDeadlinesUpAndNeverIntoThePast(t *testing.T) {
	c := &clock{}
	c.set(100)
	c.set(50)
	require.EqualValues(t, 100, c.time())
	for _, d := range []time.Duration{-time.Hour, 0, 1, 999, 1000, 1001} {
		c.AfterFunc(d, func() {})
	}
	var at []sock.Time
	for tm := c.pop(200); tm != nil; tm = c.pop(200) {
		at = append(at, tm.at)
	}
	require.Equal(t, []sock.Time{100, 100, 101, 101, 101, 102}, at)
	// Zero is "never" to netstack.
	require.NotEqual(t, tcpip.MonotonicTime{}, (&clock{}).NowMonotonic())
}

// The heap against a list that is searched from end to end.
func TestClockFiresWhatAListWouldFire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			timer *timer
			at    sock.Time
			armed int
		}
		c := &clock{}
		var all []*entry
		armed := 0
		arm := func(e *entry, d int) {
			armed++
			e.at, e.armed = c.time()+sock.Time(d), armed
		}
		t.Repeat(map[string]func(*rapid.T){
			"arm": func(t *rapid.T) {
				d := rapid.IntRange(0, 5).Draw(t, "delay")
				e := &entry{timer: c.AfterFunc(time.Duration(d)*time.Microsecond, func() {}).(*timer)}
				arm(e, d)
				all = append(all, e)
			},
			"reset": func(t *rapid.T) {
				if len(all) > 0 {
					e := rapid.SampledFrom(all).Draw(t, "timer")
					d := rapid.IntRange(0, 5).Draw(t, "delay")
					e.timer.Reset(time.Duration(d) * time.Microsecond)
					arm(e, d)
				}
			},
			"stop": func(t *rapid.T) {
				if len(all) > 0 {
					e := rapid.SampledFrom(all).Draw(t, "timer")
					require.Equal(t, e.armed != 0, e.timer.Stop())
					e.armed = 0
				}
			},
			"pop": func(t *rapid.T) {
				until := c.time() + sock.Time(rapid.IntRange(0, 3).Draw(t, "until"))
				var first *entry
				for _, e := range all {
					if e.armed != 0 && e.at <= until &&
						(first == nil || e.at < first.at || e.at == first.at && e.armed < first.armed) {
						first = e
					}
				}
				got := c.pop(until)
				if first == nil {
					require.Nil(t, got)
					c.set(until)
					return
				}
				require.Same(t, first.timer, got)
				first.armed = 0
			},
			"": func(t *rapid.T) {
				live := slices.DeleteFunc(slices.Clone(all), func(e *entry) bool { return e.armed == 0 })
				require.Len(t, c.armed, len(live))
			},
		})
	})
}
