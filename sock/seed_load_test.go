package sock

import (
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// old is a bench of a kernel of the 2.4 series.
func (b *bench) old() *bench {
	return newBench(b.T, func(c *HostConfig) { c.Profile = &Linux24 })
}

// sysctl sets a sysctl.
func (b *bench) sysctl(name, value string) {
	b.Helper()
	require.NoError(b, b.h.SetSysctl(name, value))
}

// syns sends n SYNs, each from another port, and counts the SYN-ACKs.
func (b *bench) syns(from uint16, n int) (answered int) {
	b.Helper()
	for i := range n {
		b.newPeer(from + uint16(i)).syn()
	}
	for i := range b.wire {
		if b.wire[i].Seg.Flags == tcpstate.SYN|tcpstate.ACK {
			answered++
		}
	}
	b.wire, b.whys = nil, nil
	return answered
}

// loadRules are those about full queues, with both columns of their figures.
var loadRules = []seedRule{
	{"LI-05", "now the SYN queue is bounded by the backlog", func(b *bench) {
		b.sysctl("net.ipv4.tcp_syncookies", "0")
		b.listener(3)
		require.Equal(b, 4, b.syns(4000, 10))
		require.EqualValues(b, 6, b.h.count[MibTCPReqQFullDrop])
	}},
	{"LI-05", "and by tcp_max_syn_backlog, of which a quarter is kept for known peers", func(b *bench) {
		b.sysctl("net.ipv4.tcp_syncookies", "0")
		b.sysctl("net.ipv4.tcp_max_syn_backlog", "8")
		b.listener(100)
		require.Equal(b, 7, b.syns(4000, 20))
		require.Zero(b, b.h.count[MibTCPReqQFullDrop])
		require.EqualValues(b, 13, b.h.count[MibListenDrops])
	}},
	{"LI-05", "2.4: by a table of 2^k, k from 6 up to the first that reaches tcp_max_syn_backlog", func(b *bench) {
		for _, c := range []struct {
			sysctl string
			k      uint8
			room   int
		}{{"1", 6, 64}, {"64", 6, 64}, {"65", 7, 128}, {"128", 7, 128}, {"129", 8, 256}} {
			o := b.old()
			o.sysctl("net.ipv4.tcp_syncookies", "1") // without, the last quarter is kept
			o.sysctl("net.ipv4.tcp_max_syn_backlog", c.sysctl)
			fd := o.listener(1)
			o.sysctl("net.ipv4.tcp_max_syn_backlog", "1024") // listen has looked already
			_, s, _ := o.h.lookup(fd)
			require.Equal(b, c.k, s.lst.synLog)
			o.syns(1000, c.room)
			require.Zero(b, o.h.count[MibSyncookiesSent])
			o.syns(5000, 1)
			require.EqualValues(b, 1, o.h.count[MibSyncookiesSent], "%d fill a table of 2^%d", c.room, c.k)
		}
	}},
	{"HQ-04", "2.4: only while young requests exceed one", func(b *bench) {
		o := b.old()
		fd := o.listener(0)
		o.newPeer(4000).shake()
		require.Equal(b, 2, o.syns(4001, 3), "the third finds two young ones")
		r, a := o.queued(fd)
		require.Equal(b, []int{2, 1}, []int{r, a})
		require.EqualValues(b, 1, o.h.count[MibAttemptFails])
		require.Zero(b, o.h.count[MibListenOverflows])
		o.run(4 * tcpstate.Second) // they grow old
		o.wire = nil
		require.Equal(b, 1, o.syns(4003, 1))
	}},
	{"HQ-06", "2.4: a sweep of the table sends SYN-ACKs again and forgets", func(b *bench) {
		o := b.old()
		fd := o.listener(1)
		o.newPeer(4000).syn()
		o.wire = nil
		var at []tcpstate.Duration
		begin := o.now
		for range 4000 {
			next, on := o.h.Deadline()
			if !on {
				break
			}
			o.run(next.Sub(o.now))
			if len(o.wire) > 0 {
				at = append(at, o.now.Sub(begin))
			}
			o.wire = nil
		}
		require.Len(b, at, 5)
		for i, want := 0, tcpstate.Duration(0); i < len(at); i++ {
			want += 3 * tcpstate.Second << i
			require.GreaterOrEqual(b, at[i], want)
			require.Less(b, at[i], want+tcpstate.Duration(i+1)*8*200*tcpstate.Millisecond, "all slots come up within eight sweeps")
		}
		r, _ := o.queued(fd)
		require.Zero(b, r)
		require.Zero(b, o.h.count[MibTCPTimeouts])
	}},
	{"HQ-06", "2.4: in a table that is half full old requests go after two time-outs", func(b *bench) {
		o := b.old()
		o.sysctl("net.ipv4.tcp_syncookies", "1")
		o.sysctl("net.ipv4.tcp_max_syn_backlog", "64")
		fd := o.listener(1)
		o.syns(4000, 40)
		o.run(3*tcpstate.Second + 1600*tcpstate.Millisecond)
		r, _ := o.queued(fd)
		require.Equal(b, 40, r, "all have timed out once")
		o.run(26 * tcpstate.Second)
		r, _ = o.queued(fd)
		require.Less(b, r, 32, "until the table is less than half full")
		require.Greater(b, r, 10, "though one sweep may take several")
		for m := range o.wire {
			require.Equal(b, tcpstate.SYN|tcpstate.ACK, o.wire[m].Seg.Flags)
		}
		left := r
		o.run(30 * tcpstate.Second)
		r, _ = o.queued(fd)
		require.Equal(b, left, r, "the others have five")
	}},
	{"HQ-06", "2.4: TCP_DEFER_ACCEPT never takes a bare ACK, and sends the SYN-ACK meanwhile", func(b *bench) {
		o := b.old()
		fd := o.listener(1)
		o.set(fd, SOL_TCP, TCP_DEFER_ACCEPT, 4)
		require.EqualValues(b, 6, o.get(fd, SOL_TCP, TCP_DEFER_ACCEPT), "two time-outs, of 3 and 6 seconds")
		o.sysctl("net.ipv4.tcp_synack_retries", "1")
		p := o.newPeer(4000)
		p.syn()
		p.see()
		for range 2 {
			p.send(tcpstate.ACK, "")
			o.quiet()
			require.Equal(b, rule.DeferAccept, o.why())
			o.run(8 * tcpstate.Second)
			require.Equal(b, "S.", p.see().Seg.Flags.String())
		}
		p.send(tcpstate.ACK, "")
		o.quiet()
		o.run(14 * tcpstate.Second)
		r, a := o.queued(fd)
		require.Equal(b, []int{0, 0}, []int{r, a})
	}},
	{"HQ-06", "2.4: a repeated SYN draws the SYN-ACK every time, and leaves its timer alone", func(b *bench) {
		o := b.old()
		o.listener(1)
		o.newPeer(4000).syn()
		for range 3 {
			o.wire = nil
			o.run(tcpstate.Millisecond)
			o.newPeer(4000).syn()
			require.Equal(b, "S.", o.sent().Seg.Flags.String())
		}
		o.run(2 * tcpstate.Second)
		o.quiet()
		o.run(3 * tcpstate.Second)
		require.Equal(b, "S.", o.sent().Seg.Flags.String())
		require.Zero(b, o.h.count[MibTCPSynRetrans])
	}},
	{"HQ-07", "SYN queue full: drop", func(b *bench) {
		b.sysctl("net.ipv4.tcp_syncookies", "0")
		b.listener(0)
		b.newPeer(4000).syn()
		b.wire = nil
		b.newPeer(4001).syn()
		b.quiet()
		require.Equal(b, rule.SynQueueFull, b.why())
	}},
	{"HQ-07", "or a cookie: a valid ACK of it makes a connection, another is reset", func(b *bench) {
		fd := b.listener(0)
		b.newPeer(4000).syn()
		b.wire = nil
		p := b.newPeer(4001)
		p.syn()
		p.see()
		r, _ := b.queued(fd)
		require.Equal(b, 1, r, "nothing is kept")
		p.ack = p.ack.Add(1000) // another size would do
		p.send(tcpstate.ACK, "")
		require.Equal(b, "R", b.sent().Seg.Flags.String())
		p.ack = p.ack.Sub(1000)
		p.send(tcpstate.ACK, "")
		require.EqualValues(b, 4001, b.call(acceptCall(fd)).Addr.AP.Port())
		for m, want := range map[Mib]uint64{MibSyncookiesSent: 1, MibSyncookiesFailed: 1, MibSyncookiesRecv: 1, MibTCPReqQFullDoCookies: 1} {
			require.Equal(b, want, b.h.count[m], m.String())
		}
	}},
	{"HQ-07", "tcp_syncookies 2: always a cookie, 2.4 only when full", func(b *bench) {
		for _, h := range []*bench{b, b.old()} {
			h.sysctl("net.ipv4.tcp_syncookies", "2")
			h.listener(5)
			require.Equal(b, 1, h.syns(4000, 1))
		}
		require.EqualValues(b, 1, b.h.count[MibSyncookiesSent])
	}},
	{"HQ-07", "2.4: a cookie keeps no options, and is looked at for three seconds", func(b *bench) {
		for _, wait := range []tcpstate.Duration{3 * tcpstate.Second, 3*tcpstate.Second + 1} {
			o := b.old()
			o.sysctl("net.ipv4.tcp_syncookies", "1")
			o.sysctl("net.ipv4.tcp_max_syn_backlog", "64")
			fd := o.listener(1)
			o.syns(1000, 64)
			p := o.newPeer(4001)
			p.synWith(tcpstate.Options{Set: tcpstate.OptMSS | tcpstate.OptSACKOK | tcpstate.OptTS | tcpstate.OptWScale, MSS: 900, TSVal: 5})
			require.Equal(b, tcpstate.OptMSS, o.wire[0].Seg.Opts.Set)
			p.see()
			o.now = o.now.Add(wait) // no sweep in between
			p.send(tcpstate.ACK, "")
			if wait > 3*tcpstate.Second {
				require.Equal(b, "R", o.sent().Seg.Flags.String())
				require.EqualValues(b, 1, o.h.count[MibSyncookiesFailed])
				continue
			}
			c := o.ok(acceptCall(fd))
			require.EqualValues(b, 536, o.get(c, SOL_TCP, TCP_MAXSEG), "of eight sizes the next below 900")
		}
	}},
	{"HQ-08", "2.4: a listener's requests end with it", func(b *bench) {
		o := b.old()
		fd := o.listener(5)
		o.newPeer(4000).syn()
		o.wire = nil
		o.start(1, Call{Op: OpShutdown, FD: fd, N: SHUT_RD})
		o.returned(1)
		_, on := o.h.Deadline()
		require.False(b, on)
	}},
}
