package tcpstate

import "math/bits"

// cubicState is CUBIC with HyStart (RFC 9438, RFC 9406's ancestor; struct bictcp).
// Times are jiffies or microseconds as Linux keeps them, 32 bits wide.
type cubicState struct {
	cnt, lastMax, lastCwnd, lastTime uint32
	origin, k                        uint32
	delayMin                         uint32 // microseconds
	epoch                            uint32 // start of the epoch in jiffies, 0 none
	ackCnt, tcpCwnd                  uint32
	roundStart, lastAck, currRTT     uint32
	endSeq                           Seq
	samples                          uint8
	found                            bool
}

// Parameters of tcp_cubic.c.
const (
	cubicBeta      = 717 // of 1024
	cubicScale     = 41  // of 1024
	cubicHZ        = 10  // time unit 2^-10 s
	cubicBetaScale = 8 * (1024 + cubicBeta) / 3 / (1024 - cubicBeta)
	cubicRTTScale  = cubicScale * 10
	hystartLow     = 16 // cwnd below which HyStart is off
	hystartSpacing = 2000
	hystartSamples = 8
)

const cubicFactor = (uint64(1) << (10 + 3*cubicHZ)) / cubicRTTScale

// jiffies is the 32-bit clock that CUBIC's epochs are kept in. It starts above
// 0, which means "none".
func (c *Conn) jiffies() uint32 { return uint32(int64(c.now)/max(c.cfg.Tick, 1)) + 1 }

func (c *Conn) cubicReset() {
	u := &c.ca.cubic
	*u = cubicState{}
	c.hystartReset()
}

func (c *Conn) hystartReset() {
	u := &c.ca.cubic
	u.roundStart, u.lastAck = uint32(c.now), uint32(c.now)
	u.endSeq, u.currRTT, u.samples = c.snd.nxt, ^uint32(0), 0
}

// cubicTxStart shifts the epoch by an idle time (cubictcp_cwnd_event TX_START).
func (c *Conn) cubicTxStart() {
	u := &c.ca.cubic
	if c.ca.algo != Cubic || u.epoch == 0 {
		return
	}
	if d := c.since(c.snd.lastSent) / max(c.cfg.Tick, 1); d > 0 {
		u.epoch = min(u.epoch+uint32(d), c.jiffies())
	}
}

// cubicSSThresh ends the epoch and cuts the window to 70 % (cubictcp_recalc_ssthresh).
func (c *Conn) cubicSSThresh() uint32 {
	u, cwnd := &c.ca.cubic, c.ca.cwnd
	u.epoch = 0
	if cwnd < u.lastMax {
		u.lastMax = cwnd * (1024 + cubicBeta) / 2048 // fast convergence
	} else {
		u.lastMax = cwnd
	}
	return max(cwnd*cubicBeta/1024, 2)
}

// cubicUpdate finds how many ACKs the next increase takes (bictcp_update).
func (c *Conn) cubicUpdate(acked uint32) {
	u, cwnd, now := &c.ca.cubic, c.ca.cwnd, c.jiffies()
	hz := uint32(Second / max(c.cfg.Tick, 1))
	u.ackCnt += acked
	if u.lastCwnd == cwnd && int32(now-u.lastTime) <= int32(hz/32) {
		return
	}
	if u.epoch == 0 || now != u.lastTime {
		u.lastCwnd, u.lastTime = cwnd, now
		if u.epoch == 0 {
			u.begin(cwnd, acked, now)
		}
		u.curve(cwnd, now, hz, uint32(c.tick(Duration(u.delayMin))/max(c.cfg.Tick, 1)))
	}
	u.friendly(cwnd)
	u.cnt = max(u.cnt, 2)
}

func (u *cubicState) begin(cwnd, acked, now uint32) {
	u.epoch, u.ackCnt, u.tcpCwnd = now, acked, cwnd
	if u.lastMax <= cwnd {
		u.k, u.origin = 0, cwnd
		return
	}
	u.k = cubeRoot(cubicFactor * uint64(u.lastMax-cwnd))
	u.origin = u.lastMax
}

// curve is W(t) = C (t-K)^3 + W_max.
func (u *cubicState) curve(cwnd, now, hz, delay uint32) {
	t := (uint64(uint32(now-u.epoch)) + uint64(delay)) << cubicHZ / uint64(hz)
	var offs uint64
	if t < uint64(u.k) {
		offs = uint64(u.k) - t
	} else {
		offs = t - uint64(u.k)
	}
	delta := uint32(cubicRTTScale * offs * offs * offs >> (10 + 3*cubicHZ))
	target := u.origin + delta
	if t < uint64(u.k) {
		target = u.origin - delta
	}
	if target > cwnd {
		u.cnt = cwnd / (target - cwnd)
	} else {
		u.cnt = 100 * cwnd
	}
	if u.lastMax == 0 && u.cnt > 20 {
		u.cnt = 20 // nothing known yet: 5 % a round trip
	}
}

// friendly never grows slower than Reno would.
func (u *cubicState) friendly(cwnd uint32) {
	delta := cwnd * cubicBetaScale >> 3
	if delta > 0 && u.ackCnt > delta {
		n := (u.ackCnt - 1) / delta
		u.ackCnt -= n * delta
		u.tcpCwnd += n
	}
	if u.tcpCwnd > cwnd {
		u.cnt = min(u.cnt, cwnd/(u.tcpCwnd-cwnd))
	}
}

// rootBits are cube roots of 0 to 63, scaled by 64, as Linux has them.
var rootBits = [64]uint8{
	0, 54, 54, 54, 118, 118, 118, 118, 123, 129, 134, 138, 143, 147, 151, 156,
	157, 161, 164, 168, 170, 173, 176, 179, 181, 185, 187, 190, 192, 194, 197, 199,
	200, 202, 204, 206, 209, 211, 213, 215, 217, 219, 221, 222, 224, 225, 227, 229,
	231, 232, 234, 236, 237, 239, 240, 242, 244, 245, 246, 248, 250, 251, 252, 254,
}

// cubeRoot is Linux's guess at a cube root, up to 0.2 % beside it: the root of the
// highest bits, and a step of Newton's (cubic_root).
func cubeRoot(a uint64) uint32 {
	n := uint32(bits.Len64(a))
	if n < 7 {
		return (uint32(rootBits[a]) + 35) >> 6
	}
	n = n*84>>8 - 1
	x := (uint32(rootBits[a>>(3*n)&63]) + 10) << n >> 6
	x = 2*x + uint32(a/(uint64(x)*uint64(x-1)))
	return x * 341 >> 10
}

// packetsAcked feeds round trips to HyStart (cubictcp_acked).
func (c *Conn) packetsAcked(rttUs int64) {
	u := &c.ca.cubic
	hz := uint32(Second / max(c.cfg.Tick, 1))
	if c.ca.algo != Cubic || rttUs < 0 || (u.epoch != 0 && c.jiffies()-u.epoch < hz) {
		return
	}
	delay := uint32(max(rttUs, 1))
	if u.delayMin == 0 || u.delayMin > delay {
		u.delayMin = delay
	}
	if !u.found && c.ca.inSlowStart() {
		c.hystart(delay)
	}
}

// hystart leaves slow start when ACKs trail off or the delay grows (hystart_update).
func (c *Conn) hystart(delay uint32) {
	u, now := &c.ca.cubic, uint32(c.now)
	if c.snd.una.Greater(u.endSeq) {
		c.hystartReset()
	}
	if c.ca.cwnd < hystartLow {
		return
	}
	if int32(now-u.lastAck) <= hystartSpacing {
		u.lastAck = now
		if int32(now-u.roundStart) > int32((u.delayMin+c.hystartDelay())>>1) {
			u.found = true
			c.ca.ssthresh = c.ca.cwnd
		}
	}
	u.currRTT = min(u.currRTT, delay)
	if u.samples < hystartSamples {
		u.samples++
	} else if u.currRTT > u.delayMin+min(max(u.delayMin>>3, 4000), 16000) {
		u.found = true
		c.ca.ssthresh = c.ca.cwnd
	}
}

// hystartDelay allows for the time that offloaded packets take (hystart_ack_delay).
func (c *Conn) hystartDelay() uint32 {
	if c.ca.pacing == 0 {
		return 0
	}
	return uint32(min(1000, uint64(gsoMaxSize)*4*1_000_000/c.ca.pacing))
}
