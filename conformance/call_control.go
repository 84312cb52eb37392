package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// Control messages whose data scripts write as structures.
const (
	scmTimestamping = 37
	ipRecvErr       = 11
	ipv6RecvErr     = 25
)

// control reads [{cmsg_level=..., cmsg_type=..., cmsg_data=...}, ...].
func (a *args) control(m *msghdr, x *script.Expr) {
	if x.Kind != script.ExprArray {
		a.failf("%s, where an array of {cmsg_level=...} was expected", x)
		return
	}
	for i := range x.Elems {
		el := &x.Elems[i]
		level, ok1 := el.Field("cmsg_level")
		typ, ok2 := el.Field("cmsg_type")
		data, ok3 := el.Field("cmsg_data")
		if !ok1 || !ok2 || !ok3 {
			a.failf("%s, where {cmsg_level=..., cmsg_type=..., cmsg_data=...} was expected", el)
			return
		}
		c := sock.Control{Level: int32(a.value(level)), Type: int32(a.value(typ))}
		c.Data = a.controlData(&c, data)
		m.control = append(m.control, c)
	}
}

// controlData lays one message's data out as the kernel does. "..." are the octets.
func (a *args) controlData(c *sock.Control, x *script.Expr) []byte {
	switch x.Kind {
	case script.ExprArray:
		a.unsupported("control data %s", x)
		return nil
	case script.ExprString, script.ExprConcat:
		b, err := x.Bytes()
		if err != nil {
			a.failf("%v", err)
		}
		return b
	}
	if x.Kind != script.ExprBraces {
		return narrow(c, binary.LittleEndian.AppendUint32(nil, uint32(a.value(x))))
	}
	if b, ok := a.structControl(c, x); ok {
		return b
	}
	if _, ok := x.Field("scm_sec"); ok {
		return a.stamp(c, x)
	}
	return a.extendedError(c, x)
}

// stampUnits are the messages that tell a time by their type: what the fraction of a second counts, in nanoseconds.
var stampUnits = map[int32]uint64{29: 1000, 63: 1000, 35: 1, 64: 1, scmTimestamping: 1} // SO_TIMESTAMP, SO_TIMESTAMPNS: old, new

// stamp lays out {scm_sec=1, scm_nsec=0}, or scm_usec where it is a struct timeval.
func (a *args) stamp(c *sock.Control, x *script.Expr) []byte {
	size := 16
	if c.Type == scmTimestamping {
		size = 48 // struct scm_timestamping: three timespecs, the first is software's
	}
	b := make([]byte, size)
	for i, names := range [][]string{{"scm_sec"}, {"scm_nsec", "scm_usec"}} {
		for _, name := range names {
			if v, ok := x.Field(name); ok {
				binary.LittleEndian.PutUint64(b[8*i:], uint64(a.value(v)))
			}
		}
	}
	return b
}

// extendedError is struct sock_extended_err, with room for the address that the kernel appends.
func (a *args) extendedError(c *sock.Control, x *script.Expr) []byte {
	b := make([]byte, 16, 16+28)
	for i := range x.Elems {
		m := &x.Elems[i]
		if m.Kind != script.ExprAssign {
			a.failf("%s in control data", m)
			return nil
		}
		v := a.value(&m.Elems[0])
		switch m.Text {
		case "ee_errno":
			binary.LittleEndian.PutUint32(b, uint32(v))
		case "ee_origin":
			b[4] = uint8(v)
		case "ee_type":
			b[5] = uint8(v)
		case "ee_code":
			b[6] = uint8(v)
		case "ee_info":
			binary.LittleEndian.PutUint32(b[8:], uint32(v))
		case "ee_data":
			binary.LittleEndian.PutUint32(b[12:], uint32(v))
		default:
			a.failf("member %s of control data", m.Text)
		}
	}
	if c.Level == solIP {
		return b[:16+16]
	}
	return b[:16+28]
}

// compareControl checks the control messages received (cmsg_expect_eq). Of an extended error the address is not compared, and
// time stamps may be off by the tolerance.
func (e *engine) compareControl(m *msghdr, got []sock.Control) (string, string) {
	for i := range max(len(m.control), len(got)) {
		if i >= len(m.control) || i >= len(got) {
			return fmt.Sprintf("%d control messages", len(m.control)), fmt.Sprintf("%d control messages", len(got))
		}
		w, g := m.expected(i), &got[i]
		if w.Level != g.Level || w.Type != g.Type || len(w.Data) != len(g.Data) || !e.sameControl(&w, g) {
			return controlString(&w), controlString(g)
		}
	}
	return "", ""
}

// sizeofCmsghdr is the header before a control message's data (struct cmsghdr).
const sizeofCmsghdr = 16

// cmsgSpace is the room that a control message takes with n octets of data.
func cmsgSpace(n int) int32 { return sizeofCmsghdr + int32(n+7)&^7 }

// controlRoom is msg_controllen of a message to receive: as the script says, or what the expected messages take.
func (m *msghdr) controlRoom() int32 {
	if m.room >= 0 {
		return m.room
	}
	room := int32(0)
	for i := range m.control {
		room += cmsgSpace(len(m.control[i].Data))
	}
	return room
}

// controllen reads msg_controllen: more than maxControl octets no message takes.
func (a *args) controllen(m *msghdr, x *script.Expr) {
	n := a.value(x)
	if n < 0 || n > maxControl {
		a.failf("msg_controllen %d: it is from 0 to %d octets here", n, maxControl)
		return
	}
	m.room = int32(n)
}

// maxControl bounds what a script may ask for, octets.
const maxControl = 1 << 16

// expected is the message i that is expected. A script writes it whole; it is received cut to the room (put_cmsg).
func (m *msghdr) expected(i int) sock.Control {
	c, room := m.control[i], m.controlRoom()
	for k := range i {
		room -= cmsgSpace(len(m.control[k].Data))
	}
	c.Data = c.Data[:max(0, min(len(c.Data), int(room)-sizeofCmsghdr))]
	return c
}

func (e *engine) sameControl(w, g *sock.Control) bool {
	switch {
	case w.Level == solIP && w.Type == ipRecvErr, w.Level == solIPv6 && w.Type == ipv6RecvErr:
		n := min(16, len(w.Data))
		return bytes.Equal(w.Data[:n], g.Data[:n])
	case w.Level == solSocket && stampUnits[w.Type] != 0 && len(w.Data) >= 16:
		return e.sameStamp(w.Data, g.Data, stampUnits[w.Type])
	}
	return bytes.Equal(w.Data, g.Data)
}

// sameStamp compares a software time stamp, which the script writes as its own time; 0 is not compared.
func (e *engine) sameStamp(w, g []byte, unit uint64) bool {
	le := binary.LittleEndian
	if le.Uint64(w) == 0 && le.Uint64(w[8:]) == 0 {
		return true
	}
	micros := func(b []byte) sock.Time { return sock.Time(le.Uint64(b)*1e6 + le.Uint64(b[8:])*unit/1e3) }
	want, stamp := micros(w), micros(g)
	if w, ok := e.inst.(wallClock); ok {
		stamp -= w.Epoch()
	}
	off := stamp - e.zero - want
	return max(off, -off) <= sock.Time(e.cfg.tolerance)
}

// wallClock is an instance whose time stamps for programs count from another origin than its own clock: Epoch is the latter's.
type wallClock interface{ Epoch() sock.Time }

func controlString(c *sock.Control) string {
	return fmt.Sprintf("control message level %d type %d data %x", c.Level, c.Type, c.Data)
}
