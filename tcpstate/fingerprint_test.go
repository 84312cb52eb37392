package tcpstate

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// anyOf reports whether path is one of the fields, or inside one.
func anyOf(path string, fields ...string) bool {
	for _, f := range fields {
		if path == f || strings.HasPrefix(path, f+".") {
			return true
		}
	}
	return false
}

// rings are the queues' own affair: their elements are looked at one by one.
var rings = []string{".q.list", ".rq.in", ".rq.ooo"}

// fill gives every number and truth value of the endpoint one value: all bits
// or none. What counts other fields stays in range.
func fill(c *Conn, ones bool) {
	n := uint64(0)
	if ones {
		n = 1<<64 - 1
	}
	visit(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value) {
		switch {
		case anyOf(path, rings...):
		case v.Kind() == reflect.Bool:
			v.SetBool(ones)
		case v.CanInt():
			v.SetInt(int64(n >> 1))
		case v.CanUint():
			v.SetUint(n)
		}
	})
	c.rcv.nsacks, c.q.sackSeenN = uint8(n&MaxSACK), uint8(n&MaxSACK)
	c.now = 1
}

// unprinted are the fields that the fingerprint leaves out, each with the reason.
var unprinted = []string{
	".now", ".snd.una", ".rcv.nxt", ".opt.tsOffset", // where it reckons from
	".arrived.ts", ".arrived.val", ".arrived.label", ".rtt.local", ".snd.bars", // set by each step before it looks
	".q.turns.now", ".q.turns.newest", ".q.turns.measured", // how they stand to those of buffers is printed there
	// What TCP_INFO tells of, and Check.
	".stat.badEdge", ".stat.rateAppLimited", ".stat.chrono", ".stat.rtoRecoveries", ".stat.segsIn", ".stat.dataSegsOut",
	".stat.deliveredCE", ".stat.rcvOOOPack", ".stat.rateDelivered", ".stat.rateInterval", ".stat.appLimited",
	".stat.rtoStamp", ".stat.rtoTime", ".stat.chronoStart", ".stat.chronos", ".stat.deliveredAt",
	".stat.bytesReceived", ".stat.bytesSent", ".stat.bytesRetrans",
	".stat.lost",     // of which only what one step adds
	".opt.wndUnheld", // how .snd.wnd stands to .snd.maxWnd
	// Looked at with a bound, or in one state: TestFingerprintKnowsCountsAsFarAsTheyMatter.
	".stat.totalRTO", ".stat.segsOut", ".stat.dataSegsIn", ".stat.delivered", ".stat.reordSeen", ".stat.bytesAcked",
}

// counts are full already in an endpoint of ones; a round trip of ones is none,
// and an algorithm of ones is not CUBIC.
var counts = []string{".rcv.nsacks", ".q.sackSeenN", ".rtt.minima.at", ".ca.cubic.roundStart", ".ca.cubic.lastAck"}

// fastUnprinted are those of Fast Open's part.
var fastUnprinted = []string{
	".req.MSS", ".req.Clamp", ".req.SndWScale", // the connection has taken them
	".req.Acked", ".req.ECNRcv", ".req.TSOffset", ".req.TSFirst", ".req.TSLast", ".req.Deadline", // a request's alone
}

// inactive are those that count only where another field says so, which is off
// in an endpoint of zeros.
var inactive = []string{
	".rcv.dup", ".rcv.sacks", ".q.sackSeen", ".q.hint", ".urg.seq", ".timers.since", ".ca.cubic.lastTime", ".ca.cubic.lastAck",
}

// fullFast is a part in Fast Open with every bit set.
func fullFast() *fastOpen {
	f := &fastOpen{}
	visit(reflect.ValueOf(f).Elem(), "", func(_ string, v reflect.Value) {
		switch {
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.CanInt():
			v.SetInt(1 << 40)
		case v.CanUint():
			v.SetUint(1<<64 - 1)
		}
	})
	f.cookie.Len = uint8(len(f.cookie.Val))
	return f
}

// elements are the buffers of all three queues.
func elements(c *Conn, each func(p any)) {
	for i := range c.q.list.Len() {
		each(c.q.at(i))
	}
	for i := range c.rq.in.Len() {
		each(c.rq.in.At(i))
	}
	for i := range c.rq.ooo.Len() {
		each(c.oooAt(i))
	}
}

// crowded has buffers in every queue: some sent and some not, some of them
// received in order and some beyond two holes.
func crowded(t *testing.T) *Conn {
	w := transfer(t)
	w.call(Send, 100)
	w.arrive(data(2000, 10, 1000))
	w.arrive(data(2100, 10, 1000))
	w.arrive(data(3000, 10, 1000))
	require.Equal(t, []int{2, 1, 2}, []int{w.c.q.list.Len(), w.c.rq.in.Len(), w.c.rq.ooo.Len()})
	return w.c
}

// TestFingerprintKnowsEveryField: two endpoints that differ in one field that a
// later step may look at have different fingerprints, whatever the others hold.
func TestFingerprintKnowsEveryField(t *testing.T) {
	for _, ones := range []bool{false, true} {
		c := crowded(t)
		fill(c, ones)
		if ones {
			c.fo = fullFast()
		} else {
			c.ca.algo = Cubic // there is none of number 0
		}
		was, n := c.Fingerprint(1), 0
		try := func(path string) {
			n++
			require.NotEqual(t, was, c.Fingerprint(1), "all ones %v: %s", ones, path)
		}
		changed(c, func(path string) {
			if !anyOf(path, rings...) && !anyOf(path, unprinted...) && (ones || !anyOf(path, inactive...)) && !(ones && anyOf(path, counts...)) {
				try(path)
			}
		})
		require.Greater(t, n, 130)
		elements(c, func(p any) {
			changed(p, func(path string) {
				if !anyOf(path, ".appLimited", ".firstSent", ".delivAt", ".turn", ".own", ".heard") { // of the delivery rate, which TCP_INFO tells; TestFingerprintKnowsWhoseTurnCameFirst, and below
					try(path)
				}
			})
		})
		if ones {
			changed(c.fo, func(path string) {
				if !anyOf(path, fastUnprinted...) {
					try(".fo" + path)
				}
			})
		}
		// What is told of more briefly than it is.
		for _, change := range []func(){
			func() { c.opt.tsRecentAt = 1 - min(c.opt.tsRecentAt, 1) },
		} {
			old := *c
			change()
			try("another")
			*c = old
		}
		require.Equal(t, was, c.Fingerprint(1))
	}
}

// TestFingerprintKnowsCountsAsFarAsTheyMatter: Step asks whether there was one, or one more, and no further.
func TestFingerprintKnowsCountsAsFarAsTheyMatter(t *testing.T) {
	c := crowded(t)
	c.snd.maxWnd, c.stat.delivered, c.stat.bytesAcked, c.stat.segsOut, c.stat.dataSegsIn = 1000, 0, 0, 0, 0
	for name, e := range map[string]struct {
		change func()
		shows  bool
	}{
		"delivered, as Fast Open asks":      {func() { c.stat.delivered, c.q.at(0).delivered, c.rack.lastDelivered = 1, 1, 1 }, true},
		"a round ago":                       {func() { c.stat.delivered++ }, true},
		"reordering was seen":               {func() { c.stat.reordSeen = 1 }, true},
		"acknowledged, below the window":    {func() { c.stat.bytesAcked = 999 }, true},
		"something was sent":                {func() { c.stat.segsOut = 1 }, true},
		"data came":                         {func() { c.stat.dataSegsIn = 1 }, true},
		"a buffer counts for the rate":      {func() { c.q.at(0).delivAt = 1 - min(c.q.at(0).delivAt, 1) }, true},
		"time-outs, in SYN-SENT":            {func() { c.stat.totalRTO = 3 }, true},
		"time-outs, once it is established": {func() { c.stat.totalRTO = 3 }, false},
	} {
		b, old := *c.q.at(0), *c
		was := c.Fingerprint(1)
		if strings.HasSuffix(name, "SYN-SENT") {
			c.state = SynSent
			was = c.Fingerprint(1)
		}
		e.change()
		require.Equal(t, e.shows, was != c.Fingerprint(1), name)
		*c = old
		*c.q.at(0) = b
	}
	more := func(n uint32) uint64 {
		c.stat.delivered, c.stat.segsOut, c.stat.dataSegsIn, c.stat.reordSeen = 2+n, 1+n, 1+n, 1+n
		c.stat.bytesAcked, c.rack.lastDelivered = 1000+uint64(n), n
		for i := range c.q.list.Len() {
			c.q.at(i).delivered = 1 + n
		}
		return c.Fingerprint(1)
	}
	require.Equal(t, more(0), more(77))
}

// TestEqualLooksIntoTheQueues: buffers count as fields do, and so does Fast Open.
func TestEqualLooksIntoTheQueues(t *testing.T) {
	c := crowded(t)
	same, n := c.Clone(), 0
	elements(c, func(p any) {
		changed(p, func(path string) {
			n++
			require.False(t, c.Equal(same), path)
			require.False(t, same.Equal(c), path)
		})
	})
	require.Greater(t, n, 30)
	require.True(t, c.Equal(same))
	c.fo = fullFast()
	require.False(t, c.Equal(same), "Fast Open has a part in one only")
	require.False(t, same.Equal(c), "Fast Open has a part in one only")
	same = c.Clone()
	require.True(t, c.Equal(same))
	changed(c.fo, func(path string) { require.False(t, c.Equal(same), "fo%s", path) })
}

// moved is the endpoint with its send stream begun x later, its receive stream
// y and its clock ms milliseconds: which field reckons in which of them is
// what this table says.
func moved(c *Conn, x, y, ms uint32) {
	receive := []string{".rcv", ".ack", ".urg", ".snd.wl1", ".rq", ".fo.req.IRS"}
	tick := []string{".timers.since", ".ca.cubic.epoch", ".ca.cubic.lastTime", ".ca.retransStamp", ".opt.tsRecent", ".arrived.ecr",
		".rcv.lastEcr", ".fo.req.TSRecent"}
	micros := []string{".ca.cubic.roundStart", ".ca.cubic.lastAck"}
	shift := func(path string, v reflect.Value) {
		switch {
		case anyOf(path, rings...):
		case v.Type() == reflect.TypeFor[Seq]() && anyOf(path, receive...):
			v.SetUint(uint64(uint32(v.Uint()) + y))
		case v.Type() == reflect.TypeFor[Seq]():
			v.SetUint(uint64(uint32(v.Uint()) + x))
		case v.Type() == reflect.TypeFor[Time]() && Time(v.Int()) != never:
			v.SetInt(v.Int() + int64(ms)*Millisecond)
		case anyOf(path, tick...):
			v.SetUint(uint64(uint32(v.Uint()) + ms))
		case anyOf(path, micros...):
			v.SetUint(uint64(uint32(v.Uint()) + ms*1000))
		}
	}
	visit(reflect.ValueOf(c).Elem(), "", shift)
	elements(c, func(p any) {
		at := ".q"
		if _, ok := p.(*rxBuffer); ok {
			at = ".rq"
		}
		visit(reflect.ValueOf(p).Elem(), at, shift)
	})
	visit(reflect.ValueOf(c.fo).Elem(), ".fo", shift)
}

// TestFingerprintIsRelative: whatever the fields hold, it does not matter where
// the streams and the clock began.
func TestFingerprintIsRelative(t *testing.T) {
	c := crowded(t)
	fill(c, true)
	n := uint64(7)
	visit(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value) { // times and numbers, each another
		n = n * 2862933555777941757 % (1 << 31)
		switch v.Type() {
		case reflect.TypeFor[Time]():
			v.SetInt(int64(n) + 1)
		case reflect.TypeFor[Seq]():
			v.SetUint(n * 3)
		}
	})
	c.fo, c.ca.cubic.epoch, c.ca.cubic.lastTime, c.timers.since = fullFast(), 1000, 2000, 3000
	d := c.Clone()
	moved(d, 1<<31+77, 1<<30+5, 123_456)
	require.False(t, c.Equal(d))
	require.Equal(t, c.Fingerprint(Time(40*Second)), d.Fingerprint(Time(40*Second+123_456*Millisecond)))
}

// TestFingerprintKnowsWhoseTurnCameFirst: of what was sent at one time the order counts, and nothing else of the turns.
func TestFingerprintKnowsWhoseTurnCameFirst(t *testing.T) {
	c := crowded(t)
	for i := range c.q.list.Len() {
		c.q.at(i).sent = c.now
	}
	c.rack.xmit = c.now
	turns := func(newest, first, second uint16) uint64 {
		c.q.turns.newest, c.q.at(0).turn, c.q.at(1).turn = newest, first, second
		return c.Fingerprint(c.now)
	}
	was := turns(10, 10, 10)
	require.Equal(t, was, turns(20, 20, 20))
	for _, other := range [][3]uint16{{9, 10, 10}, {11, 10, 10}, {10, 10, 9}, {10, 10, 11}} {
		require.NotEqual(t, was, turns(other[0], other[1], other[2]), other)
	}
	c.rack.xmit = c.now - 1
	was = turns(10, 10, 10)
	require.Equal(t, was, turns(9, 12, 12))
	require.NotEqual(t, was, turns(9, 12, 13))
}

// TestFingerprintKnowsWhatTheSenderStillHas: of a buffer of pages, that this host itself sent.
func TestFingerprintKnowsWhatTheSenderStillHas(t *testing.T) {
	c := crowded(t)
	b := c.rq.in.At(0)
	b.frags = 1
	was := c.Fingerprint(1)
	for _, seq := range []*Seq{&b.own, &b.heard} {
		*seq = seq.Add(1)
		require.NotEqual(t, was, c.Fingerprint(1))
		was = c.Fingerprint(1)
	}
}
