package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// mostSettling bounds the events until everything has ended.
const mostSettling = 2000

// Settle lets nothing more go wrong: packets arrive in order, users read what there is, and then close. All that was written
// arrives, also if its writer has closed since, and so does the news that there is no more; what is sent again is answered; who
// waits for room is told of it; both ends become CLOSED; nobody waits for ever. What somebody let go of first is owed to nobody.
//
// It is one order of events of many, so that mirror images of a state may settle in two ways; both are fair.
func (d *Duo) Settle() error {
	if err := d.pump("deliver all octets", d.quiet); err != nil {
		return err
	}
	for i := range d.user {
		if err := d.owed(i); err != nil {
			return err
		}
	}
	for i := range d.user {
		if e := d.end[i]; !d.user[i].closed && (e.conn != nil || e.listens) {
			if err := d.act(duoClose, i, &Coverage{}); err != nil {
				return err
			}
		}
	}
	return d.pump("close", d.over)
}

// owed is what an end, once all is quiet, still owes its peer or its user.
func (d *Duo) owed(i int) error {
	u, other, peer := &d.user[i], &d.user[1-i], d.end[1-i]
	// Who closes before all was read, or before all has come, resets (RFC 9293 section 3.6.1, RFC 2525 section 2.17), and what it
	// wrote is lost.
	resets := u.letGo || u.closed && other.written != u.read
	if !resets && !other.closed && other.read != u.written {
		return law("end %d wrote %d octets, and %d arrived", i, u.written, other.read)
	}
	// A RST, also one that answers what came before its sender opened, lets one end go and need not reach the other. Who aborts in
	// CLOSING sends none (tcp_need_reset): the peer, whose FIN is acknowledged, stays in FIN-WAIT-2.
	reset := (d.sent[0]|d.sent[1])&msgRst != 0 || u.letGo
	if ends := (u.shut || u.closed) && !reset; ends && !other.closed {
		switch peer.State() {
		case tcpstate.Established, tcpstate.FinWait1, tcpstate.FinWait2:
			return law("end %d has ended, and end %d will never know", i, 1-i)
		}
	}
	if s := d.end[i].State(); !u.writable && !u.shut && !u.closed && (s == tcpstate.Established || s == tcpstate.CloseWait) {
		return law("end %d waits for room that is there", i)
	}
	return nil
}

// pump lets things happen until they are done.
func (d *Duo) pump(what string, done func() bool) error {
	var cover Coverage
	var vain [2]vain
	for range mostSettling {
		for i := range d.user {
			u := &d.user[i]
			if e := d.end[i]; e.conn != nil && !u.closed && u.readable && e.Readable() > 0 {
				if err := d.act(duoRead, i, &cover); err != nil {
					return err
				}
			}
		}
		var err error
		switch whose, _ := d.deadline(); {
		case len(d.wire[0]) > 0:
			err = d.deliver(0, d.take(0, 0), &cover)
		case len(d.wire[1]) > 0:
			err = d.deliver(1, d.take(1, 0), &cover)
		case done():
			return nil
		case whose == [2]bool{}:
			s := d.States()
			return law("deadlock: nothing will ever %s: %v and %v", what, s[0], s[1])
		case whose[0]:
			err = d.again(0, &vain[0], &cover)
		default:
			err = d.again(1, &vain[1], &cover)
		}
		if err != nil {
			return err
		}
	}
	s := d.States()
	return law("%d events do not %s: %v and %v", mostSettling, what, s[0], s[1])
}

// mostVain is how often an end may send again in vain although nothing is lost. Once may find what answers it answering no more
// than so often (sysctl tcp_invalid_ratelimit); the next comes later than that.
const mostVain = 2

// vain is how often an end has sent the same again.
type vain struct {
	una   tcpstate.Seq
	state tcpstate.State
	times int
}

// again lets a timer of an end fire. What it sends again gets an answer that gets it on.
func (d *Duo) again(i int, v *vain, cover *Coverage) error {
	e, under := d.end[i], len(d.wire[1-i])
	now := vain{state: e.State()}
	if e.conn != nil {
		now.una = e.conn.SndUna()
	}
	if now.times = v.times; now != *v {
		now.times = 0
	}
	*v = now
	err := d.expire(i, cover)
	for _, s := range d.wire[1-i][under:] {
		if s.SeqLen() > 0 && (e.conn == nil || s.Seq == now.una) {
			v.times++
		}
	}
	if err == nil && v.times > mostVain {
		return law("end %d sends again and again in %v, and gets no answer", i, now.state)
	}
	return err
}

// quiet: nobody waits for an answer, or will have one.
func (d *Duo) quiet() bool {
	for i, e := range d.end {
		switch s := d.States()[i]; {
		case s == tcpstate.SynSent || s == tcpstate.SynReceived:
			return false
		case s == tcpstate.Closed || s == tcpstate.TimeWait || e.conn == nil:
		case e.conn.OutQueue() > 0:
			return false
		}
	}
	return true
}

// over: both ends are closed.
func (d *Duo) over() bool {
	s := d.States()
	return s[0] == tcpstate.Closed && s[1] == tcpstate.Closed
}
