package conformance

import "github.com/sockspec/sockspec/sock"

// descriptor pairs a descriptor of the script with one of the live stack. Scripts number theirs as they like.
type descriptor struct {
	live int32
	conn *conn // nil for what is no socket
	// family, type and protocol as socket() got them.
	family, typ, proto int32
}

// addFD files a descriptor that a call has returned under the number that the script gives it.
func (e *engine) addFD(p *plan, r *sock.Return, d *descriptor) error {
	if r.Value < 0 {
		return nil
	}
	n := int32(p.want)
	// accept may reuse a number that the script has not closed: some of Google's do, and mean the newer one from there on.
	if e.fds[n] != nil && p.call.Op != sock.OpAccept {
		return &Failure{Line: p.ev.Pos.Line, What: p.ev.Call.Name, Expected: "a descriptor that is not in use",
			Got: resultString(p.want, 0) + ", which is open"}
	}
	d.live = int32(r.Value)
	if d.conn != nil {
		d.conn.fd = d.live
	}
	e.fds[n] = d
	return nil
}

// acceptedConn finds the connection that accept returned: by the peer's port where the call told it, else the one that came
// last, as Google's runner does.
func (e *engine) acceptedConn(r *sock.Return) *conn {
	for i := len(e.conns) - 1; i >= 0; i-- {
		c := e.conns[i]
		if c.fd >= 0 || c.state != connPassiveSent && c.state != connPassiveAcked {
			continue
		}
		if !r.Addr.AP.IsValid() || r.Addr.AP.Port() == c.live.remote.Port() {
			return c
		}
	}
	return nil
}
