package tcpstate

// clockLook is when Linux last read the clock for a connection (tcp_clock_cache),
// as good as its last input.
type clockLook struct {
	at   Time
	turn uint16
}

// clockUse says whether an input has the clock read (tcp_mstamp_refresh). What is
// sent again for an ICMP error has the time of the last look.
type clockUse uint8

const (
	clockRead   clockUse = iota
	clockUnread          // even if it sends
	clockToSend          // only if it sends, or takes what to send
)

// clock is how a call uses the clock: only to send, where it pushes nothing that
// waits and measures no reader. All else looks.
func (c *Conn) clock(in *Input) clockUse {
	idle := false
	switch in.Kind {
	case Send:
		idle = in.Flags&SendEnd == 0
	case Receive, Peek: // who comes to data is measured
		found := in.N > 0 || in.Flags&SendFound != 0
		idle = !found || in.Flags&SendOOB != 0
	case Set:
		pushes := in.Opt == NoDelay && in.N != 0 || in.Opt == Cork && in.N == 0
		idle = !pushes || !c.q.hasUnsent()
	case Shutdown:
		shuts := in.How&ShutWrite != 0 && c.state.in(bitEstablished|bitCloseWait)
		idle = !shuts && (in.How&ShutClose == 0 || !c.state.in(finDue))
	case Close:
		idle = !c.state.in(finDue)
	case Release:
		idle = true
	}
	if idle {
		return clockToSend
	}
	return clockRead
}

// finDue are the states that a close leaves by a FIN, which may wait (tcp_close_state).
const finDue = bitEstablished | bitSynReceived | bitCloseWait

// looked reports whether the clock was read for what an input has led to.
func (u clockUse) looked(out []Output) bool {
	if u != clockToSend {
		return u == clockRead
	}
	for i := range out {
		if o := &out[i]; o.Kind == Emit || o.Kind == Sent && o.N > 0 {
			return true
		}
	}
	return false
}
