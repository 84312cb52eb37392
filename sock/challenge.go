package sock

import (
	"math"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// challenges bounds the challenge ACKs of all connections of the host together
// (sysctl tcp_challenge_ack_limit; RFC 5961 section 7).
type challenges struct {
	second int64  // of the latest that was sent, counted from 1 (tcp_challenge_timestamp)
	left   uint32 // how many may follow in it (tcp_challenge_count)
}

// bars are what the host does not allow a connection during a step.
func (h *Host) bars(s *sock) (b tcpstate.Bars) {
	if h.strands(s, s.remote.Addr()) {
		b |= tcpstate.BarRoute
	}
	b |= h.barsLong(s)
	if c := &h.challenges; h.challengesLimited() && c.second == h.second() && c.left == 0 {
		b |= tcpstate.BarChallenge
	}
	return b
}

func (h *Host) challengesLimited() bool {
	return h.sysctl.get(ctlTCPChallengeAckLimit) != math.MaxInt32
}

// second is the clock's, from 1 on.
func (h *Host) second() int64 { return int64(h.now)/tcpstate.Second + 1 }

// note counts a challenge ACK that a connection has sent (tcp_send_challenge_ack).
// The first of a second draws how many that second has, so that nobody can tell
// from outside who got one: half the limit at least.
func (c *challenges) note(h *Host, o *tcpstate.Output) {
	if o.Kind != tcpstate.Emit || !h.challengesLimited() {
		return
	}
	switch o.Why {
	case rule.ChallengeAckSyn, rule.ChallengeAckReset, rule.ChallengeAckUnsent, rule.ChallengeAckTooOld, rule.ChallengeAckBadAck:
	default:
		return
	}
	if now := h.second(); c.second != now {
		limit := uint32(h.sysctl.get(ctlTCPChallengeAckLimit))
		c.second, c.left = now, (limit+1)>>1+h.rand.below(limit)
		if limit == 0 { // Linux draws any number then (get_random_u32_inclusive)
			c.left = math.MaxUint32
		}
	}
	c.left--
}

// fingerprint feeds what is left of its second, and how far that is.
func (c *challenges) fingerprint(f *queue.Hash, now Time) {
	f.U32(c.left)
	if c.second != 0 {
		f.U64(uint64(now) - uint64(c.second)*uint64(tcpstate.Second))
	}
}
