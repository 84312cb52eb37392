package tcpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryLawOfTheSendSideCanFail breaks a connection with two segments in
// flight and a FIN behind them, one field at a time; Check names the law.
func TestEveryLawOfTheSendSideCanFail(t *testing.T) {
	for want, spoil := range map[string]func(*Conn){
		"beyond SND.UNA":                   func(c *Conn) { c.snd.una = c.q.at(0).seq.Sub(1) },
		"is acknowledged and kept":         func(c *Conn) { c.snd.una = c.q.at(0).end },
		"what is sent ends at":             func(c *Conn) { c.snd.nxt = c.snd.nxt.Sub(1) },
		"the last octet written is":        func(c *Conn) { c.snd.write = c.snd.write.Add(1) },
		"and written to":                   func(c *Conn) { c.snd.pushed = c.snd.write.Add(1) },
		"small segment sent to":            func(c *Conn) { c.snd.sml = c.snd.nxt.Add(1) },
		"SACKed up to":                     func(c *Conn) { c.sackAt(1); c.q.sackHigh = c.snd.nxt.Add(1) },
		"control algorithm 3":              func(c *Conn) { c.ca.algo = Reno + 1 },
		"SYN in the middle":                func(c *Conn) { c.q.at(1).flags |= SYN },
		"FIN in the middle":                func(c *Conn) { c.q.at(0).flags |= FIN },
		"costs 3":                          func(c *Conn) { c.snd.queued += 3 - c.q.at(1).true; c.q.at(1).true = 3 },
		"packets sent at 0":                func(c *Conn) { c.q.at(0).sent = never },
		"FIN unacknowledged: false":        func(c *Conn) { c.q.at(2).flags &^= FIN },
		"FIN sent: false":                  func(c *Conn) { c.stat.finSent = false },
		"slow start threshold 1":           func(c *Conn) { c.ca.ssthresh = 1 },
		"the largest ever is":              func(c *Conn) { c.snd.maxWnd = c.snd.wnd - 1 },
		"the largest there was is":         func(c *Conn) { c.opt.wndUnheld = true },
		"time-out 0 outside":               func(c *Conn) { c.rtt.rto = 0 },
		"windows scaled by 15":             func(c *Conn) { c.opt.sndWScale = 15 },
		"lost or SACKed, and":              func(c *Conn) { c.sackAt(1); c.q.sackHigh = c.q.at(1).end },
		"retransmission timer at":          func(c *Conn) { c.timers.xmit = c.now.Add(longestRTO + 1) },
		"keepalive timer at -1":            func(c *Conn) { c.timers.keep = -1 },
		"timewait bucket: false":           func(c *Conn) { c.timers.wait = 5 },
		"buffers to send and nobody":       func(c *Conn) { c.timers, c.state = timers{}, Closed },
		"persist timer with 3 packets":     func(c *Conn) { c.timers.kind = xmitProbe },
		"keepalive timer that nobody":      func(c *Conn) { c.timers.keep = c.now.Add(5) },
		"delayed ACK: pending 0":           func(c *Conn) { c.timers.delack = c.now.Add(5) },
		"an ACK that nobody is owed":       func(c *Conn) { c.ack.pending, c.timers.delack = ackTimer, c.now.Add(5) },
		"an ACK is owed and":               func(c *Conn) { c.ack.pending = ackSched },
		"1 SACKs held back":                func(c *Conn) { c.ack.compressed = 1 },
		"FIN of the peer taken: true":      func(c *Conn) { c.finRcvd = true },
		"and the user is to wait for more": func(c *Conn) { c.finRcvd, c.state, c.shut = true, Closing, ShutWrite },
		"window shown for":                 func(c *Conn) { c.rcv.wup = c.rcv.nxt.Add(1) },
		"5 SACK blocks":                    func(c *Conn) { c.rcv.nsacks = 5 },
		"with octets from":                 func(c *Conn) { c.rcv.copied = c.rcv.nxt.Sub(1) },
		"no timewait bucket": func(c *Conn) {
			c.purgeSendQueue()
			c.snd.una, c.snd.write, c.stat.finSent = c.snd.nxt, c.snd.nxt, false
			c.clearXmit()
			c.state = TimeWait
		},
		"kind 1 and nothing in flight":  func(c *Conn) { *c = *established(t, noSACK).c; c.timers.kind, c.timers.xmit = xmitRTO, c.now.Add(5) },
		"bucket with a timer of a conn": func(c *Conn) { c.timeWaitOf(); c.timers.keep = c.now.Add(5) },
		"timewait bucket in CLOSE-WAIT": func(c *Conn) { c.timeWaitOf(); c.state = CloseWait },
		"timewait bucket with data out of o": func(c *Conn) {
			c.timeWaitOf()
			c.holdOOO(rxBuffer{seq: c.rcv.nxt.Add(5), end: c.rcv.nxt.Add(6)})
		},
	} {
		t.Run(want, func(t *testing.T) {
			w := established(t, plainOpts)
			w.call(Send, 1000)
			w.call(Send, 1000)
			w.c.Step(Input{Kind: Shutdown, Now: w.now, How: ShutWrite}, nil)
			require.NoError(t, w.c.Check())
			spoil(w.c)
			require.ErrorContains(t, w.c.Check(), want)
		})
	}
}

// sackAt marks a sent buffer as SACKed, counters and all.
func (c *Conn) sackAt(i int) {
	c.q.at(i).tags |= tagSacked
	c.q.sackedOut += uint32(c.q.at(i).pcount)
}

// timeWaitOf makes a timewait bucket of the connection.
func (c *Conn) timeWaitOf() {
	c.state = FinWait2
	c.timeWait(TimeWait, 0, 1)
}

// TestEveryLawOfWaitingDataCanFail: the window is closed, data waits, the persist timer runs.
func TestEveryLawOfWaitingDataCanFail(t *testing.T) {
	for want, spoil := range map[string]func(*Conn){
		"no timer is armed": func(c *Conn) { c.clearXmit() },
		"was never sent":    func(c *Conn) { c.q.at(0).tags = tagLost },
		"empty buffer": func(c *Conn) {
			b := c.q.at(0)
			b.end, c.snd.write, c.snd.pushed = b.seq, b.seq, b.seq
		},
		"persist timer with 0 packets": func(c *Conn) { c.purgeSendQueue(); c.snd.write, c.snd.pushed = c.snd.nxt, c.snd.nxt },
	} {
		t.Run(want, func(t *testing.T) {
			w := established(t, plainOpts)
			w.arrive(Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1), Flags: ACK})
			w.call(Send, 3000)
			require.NoError(t, w.c.Check())
			require.Equal(t, xmitProbe, w.c.timers.kind)
			spoil(w.c)
			require.ErrorContains(t, w.c.Check(), want)
		})
	}
}

// TestEveryLawOfTheReceiveSideCanFail: two segments to read, two out of order with SACK blocks for them.
func TestEveryLawOfTheReceiveSideCanFail(t *testing.T) {
	for want, spoil := range map[string]func(*Conn){
		"follows [":                   func(c *Conn) { c.rq.in.At(1).seq = c.rq.in.At(1).seq.Add(1) },
		"ends at":                     func(c *Conn) { c.rq.in.At(1).end = c.rcv.nxt.Sub(1) },
		"the user reads":              func(c *Conn) { c.rcv.copied = c.rq.in.At(0).seq.Sub(1) },
		"octets that nobody will":     func(c *Conn) { c.orphan = true },
		"SACK block [":                func(c *Conn) { c.rcv.sacks[0].Start = c.rcv.nxt },
		"are one":                     func(c *Conn) { c.rcv.sacks[1] = c.rcv.sacks[0] },
		"data out of order behind":    func(c *Conn) { c.state, c.finRcvd = CloseWait, true },
		"FIN of the peer taken: fals": func(c *Conn) { c.state = CloseWait },
	} {
		t.Run(want, func(t *testing.T) {
			w := established(t, plainOpts)
			for _, at := range []uint32{0, 1000, 3000, 5000} {
				w.arrive(data(at, 1000, 0))
			}
			require.NoError(t, w.c.Check())
			require.Equal(t, [3]int{2, 2, 2}, [3]int{w.c.rq.in.Len(), w.c.rq.ooo.Len(), int(w.c.rcv.nsacks)})
			spoil(w.c)
			require.ErrorContains(t, w.c.Check(), want)
		})
	}
}

// TestAnAckInTheMiddleOfAPacketReleasesItsOctets: Linux keeps the packet, and the
// user's octets are gone all the same, or a peer that acknowledges them one by one
// would make the caller keep all of them.
func TestAnAckInTheMiddleOfAPacketReleasesItsOctets(t *testing.T) {
	w := established(t, plainOpts)
	w.call(Send, 1000)
	released := uint32(0)
	for at := uint32(100); at <= 1000; at += 100 {
		for _, o := range w.c.Step(Input{Kind: SegmentArrives, Now: w.now, Seg: Segment{Seq: peerISS.Add(1), Ack: ourISS.Add(1 + at), Flags: ACK, Wnd: 65535}}, nil) {
			if o.Kind == Acked {
				released += o.N
			}
		}
		require.Equal(t, at, released)
	}
}
