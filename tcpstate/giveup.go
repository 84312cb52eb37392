package tcpstate

import (
	"math/bits"

	"github.com/sockspec/sockspec/tcpstate/rule"
)

// shrunkTooLong ends a connection whose peer neither opens its window nor
// answers (tcp_rtx_probe0_timed_out).
func (c *Conn) shrunkTooLong(b *buffer) bool {
	stamp := c.ca.retransStamp
	if stamp == 0 {
		stamp = retransClock(b.sent)
	}
	since := Duration(tsClock(c.now)-stamp) * Millisecond
	limit := 2 * c.rtoMax()
	if u := c.userTimeout(); u > 0 {
		if since > u {
			return true
		}
		limit = min(limit, u)
	}
	return c.since(c.stat.lastAck) > limit && since > limit
}

// writeErr gives up (tcp_write_err).
func (c *Conn) writeErr() {
	err := c.soft
	if err == 0 {
		err = ETIMEDOUT
	}
	c.doneWithError(err, rule.RetriesExhausted)
}

// writeTimedOut counts a time-out and gives up when there were too many
// (tcp_write_timeout; R2 of RFC 9293 section 3.8.3).
func (c *Conn) writeTimedOut() bool {
	retries := c.cfg.Retries2
	expired := false
	if c.state.in(bitSynSent | bitSynReceived) {
		retries = c.user.synCnt
		if retries == 0 {
			retries = c.cfg.SynRetries
		}
		most := uint16(retries)
		if c.state == SynSent {
			most += uint16(c.cfg.SynLinearTimeouts)
		}
		expired = uint16(c.ca.retransmits) >= most
	} else if c.orphan {
		retries = c.orphanRetries(c.rtt.rto < c.rtoMax())
	}
	if !expired {
		expired = c.timedOut(retries, c.userTimeout())
	}
	c.fastTimedOut(expired)
	if expired {
		c.writeErr()
		return true
	}
	c.tell(Rehash, rule.RehashTimeout)
	return false
}

// orphanRetries bounds the tries for a socket that nobody holds (tcp_orphan_retries).
func (c *Conn) orphanRetries(alive bool) uint8 {
	n := c.cfg.OrphanRetries
	if c.soft != 0 && !alive {
		n = 0
	}
	if n == 0 && alive {
		return 8
	}
	return n
}

// timedOut turns a count of tries into a time: as long as so many doublings
// of the least time-out take (retransmits_timed_out).
func (c *Conn) timedOut(tries uint8, limit Duration) bool {
	if c.ca.retransmits == 0 {
		return false
	}
	if limit == 0 {
		base := leastRTO // whatever the sysctl says
		if c.state.in(bitSynSent | bitSynReceived) {
			base = c.cfg.RTOInit
		}
		limit = modelTimeout(tries, base, c.rtoMax())
	}
	return int32(c.sinceRetrans()-uint32(limit/Millisecond)) >= 0
}

// modelTimeout is the sum of tries+1 time-outs that double up to most
// (tcp_model_timeout).
func modelTimeout(tries uint8, base, most Duration) Duration {
	doublings := uint8(bits.Len64(uint64(max(most/base, 1))) - 1)
	if tries <= doublings {
		return (2<<tries - 1) * base
	}
	return (2<<doublings-1)*base + Duration(tries-doublings)*most
}
