package tcpstate

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryFieldIsBroughtToTheNearestThatAKernelCanHave: below the least and above
// the most; the bounds are those of net/ipv4/sysctl_net_ipv4.c, or of the type.
func TestEveryFieldIsBroughtToTheNearestThatAKernelCanHave(t *testing.T) {
	const days12 = Duration(1 << 40)
	for name, f := range map[string]struct {
		at          func(*Config) any
		least, most Duration
	}{
		"Timestamps":        {func(c *Config) any { return &c.Timestamps }, 0, 2},
		"ECN":               {func(c *Config) any { return &c.ECN }, 0, 2},
		"AppWin":            {func(c *Config) any { return &c.AppWin }, 0, 31},
		"SynRetries":        {func(c *Config) any { return &c.SynRetries }, 0, 127}, // MAX_TCP_SYNCNT
		"SynLinearTimeouts": {func(c *Config) any { return &c.SynLinearTimeouts }, 0, 127},
		"RTOMin":            {func(c *Config) any { return &c.RTOMin }, 1, 120 * Second},
		"RTOMax":            {func(c *Config) any { return &c.RTOMax }, Second, 120 * Second}, // TCP_RTO_MAX_SEC
		"RTOInit":           {func(c *Config) any { return &c.RTOInit }, Millisecond, 120 * Second},
		"FinTimeout":        {func(c *Config) any { return &c.FinTimeout }, 0, days12},
		"TimeWaitLen":       {func(c *Config) any { return &c.TimeWaitLen }, Millisecond, days12},
		"KeepaliveTime":     {func(c *Config) any { return &c.KeepaliveTime }, -days12, days12},
		"KeepaliveIntvl":    {func(c *Config) any { return &c.KeepaliveIntvl }, 0, days12},
		"CompSACKDelay":     {func(c *Config) any { return &c.CompSACKDelay }, 0, Second},
		"CompSACKSlack":     {func(c *Config) any { return &c.CompSACKSlack }, 0, Second},
		"MinRTTWindow":      {func(c *Config) any { return &c.MinRTTWindow }, 0, 86400 * Second}, // one_day_secs
		"InvalidRatelimit":  {func(c *Config) any { return &c.InvalidRatelimit }, 0, days12},
		"Tick":              {func(c *Config) any { return &c.Tick }, 1, 10 * Millisecond}, // HZ 100
		"RmemMax":           {func(c *Config) any { return &c.RmemMax }, 1, math.MaxInt32},
		"Rmem[2]":           {func(c *Config) any { return &c.Rmem[2] }, 1, math.MaxInt32},
		"Wmem[0]":           {func(c *Config) any { return &c.Wmem[0] }, 1, math.MaxInt32},
		"Reordering":        {func(c *Config) any { return &c.Reordering }, 1, math.MaxUint32},
		"MaxReordering":     {func(c *Config) any { return &c.MaxReordering }, 1, math.MaxUint32},
		"InitCwnd":          {func(c *Config) any { return &c.InitCwnd }, 1, math.MaxUint16},
		"PingpongThresh":    {func(c *Config) any { return &c.PingpongThresh }, 1, math.MaxUint8},
		"MinTSOSegs":        {func(c *Config) any { return &c.MinTSOSegs }, 1, math.MaxUint8},
		"MinSndMSS":         {func(c *Config) any { return &c.MinSndMSS }, 48, math.MaxUint16}, // TCP_MIN_SND_MSS
		"BaseMSS":           {func(c *Config) any { return &c.BaseMSS }, 48, math.MaxUint16},
	} {
		for _, v := range []Duration{math.MinInt64, -1, 0, f.least - 1, f.least, f.least + 1, f.most - 1, f.most, f.most + 1, math.MaxInt64} {
			cfg := Linux()
			if !put(f.at(&cfg), v) {
				continue // no value of the field's type
			}
			require.Equal(t, min(max(v, f.least), f.most), get(f.at(cfg.bounded())), "%s = %d", name, v)
		}
	}
}

// put stores v in the number that p points at, if it can hold it.
func put(p any, v Duration) bool {
	switch p := p.(type) {
	case *uint8:
		*p = uint8(v)
	case *uint16:
		*p = uint16(v)
	case *uint32:
		*p = uint32(v)
	case *int32:
		*p = int32(v)
	case *Duration:
		*p = v
	}
	return get(p) == v
}

func get(p any) Duration {
	switch p := p.(type) {
	case *uint8:
		return Duration(*p)
	case *uint16:
		return Duration(*p)
	case *uint32:
		return Duration(*p)
	case *int32:
		return Duration(*p)
	case *Duration:
		return *p
	}
	panic(fmt.Sprintf("%T", p))
}

// TestLinuxIsWhatANewNamespaceHas: the figures of ip-sysctl.rst in their units
// there, read off a namespace of 6.18.
func TestLinuxIsWhatANewNamespaceHas(t *testing.T) {
	c := Linux()
	for name, d := range map[string][2]Duration{
		"tcp_fin_timeout, s":         {60, c.FinTimeout / Second},
		"TCP_TIMEWAIT_LEN, s":        {60, c.TimeWaitLen / Second},
		"tcp_keepalive_time, s":      {7200, c.KeepaliveTime / Second},
		"tcp_keepalive_intvl, s":     {75, c.KeepaliveIntvl / Second},
		"tcp_rto_min_us":             {200_000, c.RTOMin},
		"tcp_rto_max_ms":             {120_000, c.RTOMax / Millisecond},
		"TCP_TIMEOUT_INIT, s":        {1, c.RTOInit / Second},
		"tcp_comp_sack_delay_ns":     {1_000_000, c.CompSACKDelay * 1000},
		"tcp_comp_sack_slack_ns":     {100_000, c.CompSACKSlack * 1000},
		"tcp_min_rtt_wlen, s":        {300, c.MinRTTWindow / Second},
		"tcp_invalid_ratelimit, ms":  {500, c.InvalidRatelimit / Millisecond},
		"a jiffy of HZ 1000, µs":     {1000, c.Tick},
		"tcp_rmem[2], octets":        {33554432, Duration(c.Rmem[2])},
		"tcp_wmem[2], octets":        {4194304, Duration(c.Wmem[2])},
		"net.core.rmem_max, octets":  {4194304, Duration(c.RmemMax)},
		"tcp_notsent_lowat, octets":  {4294967295, Duration(c.NotSentLowat)},
		"tcp_rmem[0] and [1], octet": {4096 + 131072, Duration(c.Rmem[0] + c.Rmem[1])},
		"tcp_wmem[0] and [1], octet": {4096 + 16384, Duration(c.Wmem[0] + c.Wmem[1])},
	} {
		require.Equal(t, d[0], d[1], name)
	}
}

// TestSumIsTheOnesComplementSum: RFC 1071 section 1 word by word, for every length
// around the eight octets that are taken at a time and sums that carry.
func TestSumIsTheOnesComplementSum(t *testing.T) {
	words := func(acc uint64, b []byte) uint16 {
		sum := uint32(acc)
		for i := 0; i < len(b); i += 2 {
			w := uint32(b[i]) << 8
			if i+1 < len(b) {
				w |= uint32(b[i+1])
			}
			sum += w
		}
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		return uint16(sum)
	}
	for n := range 40 {
		for _, fill := range []byte{0, 1, 0x7f, 0xfe, 0xff} {
			b := make([]byte, n)
			for i := range b {
				b[i] = bits.RotateLeft8(fill, i)
			}
			for _, acc := range []uint64{0, 1, 0xffff} {
				require.Equal(t, words(acc, b), Fold(Sum(acc, b)), "%d octets like %x onto %x", n, fill, acc)
			}
		}
	}
	// A carry out of the 64 bits is one more, whether a word or the sum before brings it.
	ones := []byte{255, 255, 255, 255, 255, 255, 255, 255}
	require.EqualValues(t, 1, Sum(1, ones))
	require.EqualValues(t, 2, Sum(1, append(ones, 0, 0, 0, 0, 0, 0, 0, 1)))
	require.Equal(t, uint64(1<<63+1), Sum(math.MaxUint64, append([]byte{128, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0, 0, 0, 1)))
}
