package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// mostSettling bounds the events until everything has ended.
const mostSettling = 2000

// Settle lets nothing more go wrong: packets arrive in order, users read what there is, and then close. All that was written
// arrives, and so does the news that there is no more, unless somebody let go of the connection before; both ends become CLOSED;
// nobody waits for ever.
func (d *Duo) Settle() error {
	if err := d.pump("deliver all octets", d.quiet); err != nil {
		return err
	}
	for i := range d.user {
		u, other := &d.user[i], &d.user[1-i]
		if !u.closed && !other.closed && other.read != u.written {
			return law("end %d wrote %d octets, and %d arrived", i, u.written, other.read)
		}
		// A RST, also one that answers what came before its sender opened, lets one end go and need not reach the other.
		reset := (d.sent[0]|d.sent[1])&msgRst != 0
		if ends := (u.shut || u.closed) && !reset; ends && !other.closed && d.end[1-i].State() == tcpstate.Established {
			return law("end %d has ended, and end %d will never know", i, 1-i)
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

// pump lets things happen until they are done.
func (d *Duo) pump(what string, done func() bool) error {
	var cover Coverage
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
		switch who, _ := d.deadline(); {
		case len(d.wire[0]) > 0:
			err = d.deliver(0, d.take(0, 0), &cover)
		case len(d.wire[1]) > 0:
			err = d.deliver(1, d.take(1, 0), &cover)
		case done():
			return nil
		case who < 0:
			s := d.States()
			return law("deadlock: nothing will ever %s: %v and %v", what, s[0], s[1])
		default:
			err = d.expire(&cover)
		}
		if err != nil {
			return err
		}
	}
	s := d.States()
	return law("%d events do not %s: %v and %v", mostSettling, what, s[0], s[1])
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
