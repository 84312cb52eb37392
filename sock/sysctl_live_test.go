//go:build linux && amd64

package sock

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sysctlEdges are values around every limit that a sysctl may have, and words
// that are no number.
func sysctlEdges(row *control) (words []string) {
	seen := map[string]bool{}
	add := func(w string) {
		if !seen[w] {
			words, seen[w] = append(words, w), true
		}
	}
	for _, n := range []int64{row.lo, row.hi, 0, 1, 2, 4, 5, 10, 31, 48, 63, 100, 127, 255, 1000, 1023, 1024, 4608, 32767, 32768, 60000, 60999, 65535, 86400, 100000, 120000, maxJiffySecs, 1 << 20, 3 << 20, 4 << 20, 17179869, maxInt32, 1 << 32, 99999999999} {
		for d := int64(-1); d <= 1; d++ {
			if n == maxInt64 && d == 1 {
				continue // as unsigned: the model counts to 2^63-1
			}
			add(strconv.FormatInt(n+d, 10))
			if n > 0 {
				add(strconv.FormatInt(-n-d, 10))
			}
		}
	}
	for _, w := range strings.Split("0x10,-0x2,0X1f,010,08,0x,0b1,0o7,1_0,+1,--1,-,1x,abc,1.5,1 2,1 2 3,3 2 1,1 2 3 4,1 abc,abc 1,1 -1 2,5000 6000,6000 5000,2000 70000,1 2x, 7,,0000000000000000000001,00000000000000000001", ",") {
		add(w)
	}
	return words
}

// inJiffies reports whether how much a sysctl takes hangs on how long the
// kernel's jiffy is: no value in between is compared.
func inJiffies(row *control, w string) bool {
	n, err := strconv.ParseInt(w, 0, 64)
	return row.hi == maxJiffySecs && err == nil && max(n, -n) > maxJiffySecs && max(n, -n) <= maxInt32/100
}

// Every sysctl of a namespace takes and refuses what the kernel's does, and
// reads back as the kernel's then does.
func TestSysctlsTakeAndRefuseWhatTheLiveKernelDoes(t *testing.T) {
	newLive(t)
	tick := tickOf(t)
	h := New(HostConfig{})
	n := 0
	for i := range controls {
		row := &controls[i]
		path := "/proc/sys/" + strings.ReplaceAll(row.name, ".", "/")
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o200 == 0 || !strings.HasPrefix(row.name, "net.") {
			continue // the whole machine's, or of another version
		}
		initial, _ := h.Sysctl(row.name)
		for _, w := range sysctlEdges(row) {
			if inJiffies(row, w) {
				continue
			}
			require.NoError(t, os.WriteFile(path, []byte(initial+"\n"), 0), row.name)
			require.NoError(t, h.SetSysctl(row.name, initial), row.name)
			want := os.WriteFile(path, []byte(w+"\n"), 0) == nil
			got := h.SetSysctl(row.name, w)
			if want != (got == nil) {
				t.Errorf("%s = %q: kernel takes it: %v, model: %v", row.name, w, want, got)
			}
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			shown, _ := h.Sysctl(row.name)
			if k := strings.TrimSpace(string(b)); k != inTicks(row, shown, tick) {
				t.Errorf("%s after %q: kernel reads %q, model %q", row.name, w, k, shown)
			}
			n++
		}
		require.NoError(t, os.WriteFile(path, []byte(initial+"\n"), 0), row.name)
		require.NoError(t, h.SetSysctl(row.name, initial), row.name)
	}
	t.Log(n, "values")
}

// tickOf is the kernel's jiffy in milliseconds: what it makes of one.
func tickOf(t *testing.T) int64 {
	const path = "/proc/sys/net/ipv4/tcp_invalid_ratelimit"
	require.NoError(t, os.WriteFile(path, []byte("1\n"), 0))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	require.NoError(t, err)
	return n
}

// inTicks is a number of milliseconds as a kernel with longer jiffies shows it.
func inTicks(row *control, shown string, tick int64) string {
	for _, id := range sysctlMillis {
		if n, err := strconv.ParseInt(shown, 10, 64); row.id == id && err == nil {
			return fmt.Sprint((n + tick - 1) / tick * tick)
		}
	}
	return shown
}
