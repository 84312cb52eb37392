package fuzz

import (
	"fmt"

	"github.com/sockspec/sockspec/tcpstate"
)

// What can happen in a Duo. A move is a kind, an end, and which of the packets on their way to it.
const (
	duoDeliver uint8 = iota // the oldest packet, or one that overtakes
	duoLose
	duoTwice // a copy follows all others
	duoExpire
	duoOpen
	duoWrite
	duoRead
	duoShutdown
	duoClose
	duoAbort
)

var duoNames = [...]string{"deliver", "lose", "double", "time passes", "connect", "write", "read", "shutdown", "close", "abort"}

// DuoMove is one thing that can happen.
type DuoMove struct {
	Kind, End, At uint8
}

// pack and unpackDuo carry a move in a number.
func (m DuoMove) pack() uint32       { return uint32(m.Kind)<<16 | uint32(m.End)<<8 | uint32(m.At) }
func unpackDuo(n uint32) DuoMove     { return DuoMove{uint8(n >> 16), uint8(n >> 8), uint8(n)} }
func (d *Duo) packet(m DuoMove) bool { return int(m.At) < len(d.wire[m.End&1]) }

// Moves lists what can happen now.
func (d *Duo) Moves(to []uint32) []uint32 {
	add := func(kind uint8, end, at int) { to = append(to, DuoMove{kind, uint8(end), uint8(at)}.pack()) }
	for i := range d.end {
		for k := range d.wire[i] {
			if k == 0 || d.left.Overtake > 0 {
				add(duoDeliver, i, k)
			}
			if d.left.Lose > 0 {
				add(duoLose, i, k)
			}
			if d.left.Twice > 0 {
				add(duoTwice, i, k)
			}
		}
		d.userMoves(i, add)
	}
	whose, _ := d.deadline()
	for i, due := range whose {
		if due && d.left.Timeouts > 0 {
			add(duoExpire, i, 0)
		}
	}
	return to
}

// userMoves are what the user of an end may do. One who was not told does not try, so that a lost wake-up is a deadlock.
func (d *Duo) userMoves(i int, add func(kind uint8, end, at int)) {
	u, e := &d.user[i], d.end[i]
	if !u.opened {
		add(duoOpen, i, 0)
		return
	}
	if e.conn == nil || u.closed {
		return
	}
	connected := e.conn.State() != tcpstate.SynSent && e.conn.State() != tcpstate.Closed
	if connected && u.writes > 0 && u.writable && !u.shut {
		add(duoWrite, i, 0)
	}
	if u.readable && e.Readable() > 0 {
		add(duoRead, i, 0)
	}
	if connected && !u.shut && d.Ends&EndShutdown != 0 {
		add(duoShutdown, i, 0)
	}
	if d.Ends&EndClose != 0 {
		add(duoClose, i, 0)
	}
	if d.Ends&EndAbort != 0 {
		add(duoAbort, i, 0)
	}
}

// Do makes a move happen. A move that cannot happen is nothing.
func (d *Duo) Do(n uint32, cover *Coverage) error {
	m := unpackDuo(n)
	i, why, before := int(m.End&1), byUser, d.diagram()
	d.tired = false
	var err error
	switch m.Kind {
	case duoDeliver, duoLose, duoTwice:
		why = byMessage
		err = d.underway(m, i, cover)
	case duoExpire:
		why = byTime
		d.left.Timeouts = spend(d.left.Timeouts)
		if err = d.expire(i, cover); d.tired {
			why = byPatience
		}
	default:
		err = d.act(m.Kind, i, cover)
	}
	if err != nil {
		return err
	}
	after := d.diagram()
	cover.Pair(after.State[0], after.State[1])
	return refines(before, after, i, why)
}

// underway is the fate of a packet.
func (d *Duo) underway(m DuoMove, i int, cover *Coverage) error {
	if !d.packet(m) {
		return nil
	}
	switch m.Kind {
	case duoLose:
		d.left.Lose = spend(d.left.Lose)
		d.take(i, int(m.At))
		return nil
	case duoTwice:
		d.left.Twice = spend(d.left.Twice)
		d.send(i, d.wire[i][m.At])
		return nil
	}
	if m.At > 0 {
		d.left.Overtake = spend(d.left.Overtake)
	}
	return d.deliver(i, d.take(i, int(m.At)), cover)
}

// fastCookie is a cookie of four octets, as fastOpen reads it.
const fastCookie = 1 | 1<<2

func spend(n uint8) uint8 { return max(n, 1) - 1 }

// act is what a user does.
func (d *Duo) act(kind uint8, i int, cover *Coverage) error {
	u := &d.user[i]
	in := tcpstate.Input{}
	switch kind {
	case duoOpen:
		u.opened = true
		in.Kind = tcpstate.Open
		if d.Setup[i].Fast { // with data, and a cookie from an earlier connection
			in.Fast, in.N = tcpstate.FastSend, d.Octets
			fastOpen(&in.Seg.Opts, fastCookie)
		}
	case duoWrite:
		u.writes, u.writable = spend(u.writes), false
		in.Kind, in.N = tcpstate.Send, d.Octets
	case duoRead:
		u.readable = false
		in.Kind, in.N = tcpstate.Receive, d.end[i].Readable()
		u.read += in.N
	case duoShutdown:
		u.shut = true
		in.Kind, in.How = tcpstate.Shutdown, tcpstate.ShutWrite
	case duoClose:
		u.closed, u.letGo = true, d.end[i].State() == tcpstate.SynSent
		if in.Kind = tcpstate.Close; d.Flaw == Brusque && d.end[i].conn != nil {
			in.Kind = tcpstate.Abort
		}
	case duoAbort:
		u.closed, u.letGo = true, true
		in.Kind = tcpstate.Abort
	}
	before := u.written
	err := d.feed(i, in, cover)
	switch kind { // who got all asked for may ask again; others wait to be told
	case duoWrite:
		u.writable = u.writable || u.written-before == d.Octets
	case duoRead:
		u.readable = u.readable || d.end[i].Readable() > 0
	}
	return err
}

// Describe says what a move is.
func (d *Duo) Describe(n uint32) string {
	m := unpackDuo(n)
	i := m.End & 1
	switch {
	case m.Kind <= duoTwice && d.packet(m):
		return fmt.Sprintf("%s to %d:%s", duoNames[m.Kind], i, describeSegment(&d.wire[i][m.At]))
	case m.Kind == duoExpire:
		return fmt.Sprintf("%s, timer of %d", duoNames[m.Kind], i)
	case int(m.Kind) < len(duoNames):
		return fmt.Sprintf("%d: %s", i, duoNames[m.Kind])
	}
	return "nothing"
}
