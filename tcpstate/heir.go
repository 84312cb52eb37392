package tcpstate

// Heir is what a TIME-WAIT leaves to a connection that takes its name: numbers
// and timestamps that no segment of the old one can be taken for.
type Heir struct {
	ISS        Seq
	TSRecent   uint32
	TSRecentAt Time
	TSOffset   uint32
	// Waited is for how long the TIME-WAIT has been one, milliseconds; FinWait2
	// says that the peer's FIN is still to come.
	Waited   int32
	FinWait2 bool
}

// Heir tells what this endpoint would leave; false when it does not wait, or has
// seen no timestamps (RFC 6191; tcp_twsk_unique).
func (c *Conn) Heir(now Time) (Heir, bool) {
	if !c.mini || c.opt.tsRecentAt == never {
		return Heir{}, false
	}
	waited := int32(tsClock(now) - c.timers.since)
	return Heir{c.heirISS(), c.opt.tsRecent, c.opt.tsRecentAt, c.opt.tsOffset, waited, c.state == FinWait2}, true
}

// heirISS is far enough from the numbers that the old connection has used; 0 is
// left out, for it means that none was chosen.
func (c *Conn) heirISS() Seq {
	iss := c.snd.nxt.Add(65535 + 2)
	if iss == 0 {
		iss++
	}
	return iss
}
