package sock

import "github.com/sockspec/sockspec/tcpstate"

// leftover is what a socket keeps of the connections that it has had:
// tcp_disconnect resets nearly all, and what it does not shows in ioctl and in
// windows.
type leftover struct {
	// sent and unsent are how far the number of the next octet is ahead of
	// SND.UNA and of SND.NXT: the next connection's numbers begin beyond the
	// largest window of this one.
	sent, unsent uint32
	maxWnd       uint32
	tcp          tcpstate.Left
	// iss is where the next connection begins (write_seq); 0 has it drawn.
	iss tcpstate.Seq
}

// disconnect notes what the connection, if there was one, leaves behind.
func (l *leftover) disconnect(c *tcpstate.Conn) {
	if c != nil {
		*l = leftover{c.OutQueue(), c.NotSent(), c.MaxWindow(), c.Left(), c.WriteSeq()}
	}
	if l.iss = l.iss.Add(l.maxWnd + 2); l.iss == 0 {
		l.iss = 1
	}
	l.sent += l.maxWnd + 2
	l.unsent += l.maxWnd + 2
}

// outQueue is SIOCOUTQ, or SIOCOUTQNSD when only what was never sent counts.
func (s *sock) outQueue(sent bool) uint32 {
	switch {
	case s.handshaking():
		return 0
	case s.conn == nil && sent:
		return s.left.sent
	case s.conn == nil:
		return s.left.unsent
	case sent:
		return s.conn.OutQueue()
	}
	return s.conn.NotSent()
}
