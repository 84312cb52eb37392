package matrix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/sock"
)

// addr spells the address that a call wrote, with its length; nothing if it wrote none.
func (s *speller) addr(r *sock.Return) string {
	if r.AddrLen == 0 {
		return ""
	}
	text := fmt.Sprintf("family %d", r.Addr.Family)
	if ap := r.Addr.AP; ap.IsValid() {
		ip := ap.Addr().String()
		if ap.Addr().Is6() {
			ip = "[" + ip + "]"
		}
		text = ip + ":" + s.port(ap.Port())
	}
	if r.Addr.Scope != 0 {
		text += fmt.Sprintf(" scope %d", r.Addr.Scope)
	}
	return fmt.Sprintf(" @%s/%d", text, r.AddrLen)
}

// result spells a return: "= 3 "abc"", "= -1 EPIPE SIGPIPE".
func (s *speller) result(c *sock.Call, r *sock.Return) string {
	var b strings.Builder
	switch {
	case r.Value < 0:
		name := sock.ErrnoName(r.Errno)
		if name == "" {
			name = fmt.Sprintf("errno %d", r.Errno)
		}
		fmt.Fprintf(&b, "= -1 %s", name)
	case makes(c):
		b.WriteString("= fd")
	default:
		fmt.Fprintf(&b, "= %d", r.Value)
	}
	if r.SIGPIPE {
		b.WriteString(" SIGPIPE")
	}
	if r.Value >= 0 {
		s.results(&b, c, r)
	}
	return b.String()
}

// results spells what a call wrote through its pointers.
func (s *speller) results(b *strings.Builder, c *sock.Call, r *sock.Return) {
	switch c.Op {
	case sock.OpRead:
		b.WriteString(brief(s.header(r.Data)))
	case sock.OpRecv:
		s.received(b, r)
	case sock.OpGetsockopt:
		if text, ok := info(r.Data); ok && c.Level == sock.SOL_TCP && c.Name == sock.TCP_INFO {
			b.WriteString(" " + text)
			return
		}
		if text, ok := memory(r.Data); ok && c.Level == sock.SOL_SOCKET && c.Name == sock.SO_MEMINFO {
			b.WriteString(" " + text)
			return
		}
		if what := own(c); what != "" && c.Len >= 4 {
			b.WriteString(what)
			return
		}
		if c.Level == sock.SOL_IP && c.Name == sock.IP_PROTOCOL {
			b.WriteString(" " + s.number(r.Data))
			return
		}
		b.WriteString(" " + number(r.Data))
	case sock.OpIoctl:
		if c.Arg != 0 {
			return // it hands in, and gets nothing
		}
		if len(c.Data) > 0 { // a structure, of which the rest is zeros
			r.Data = bytes.TrimRight(r.Data, "\x00")
		}
		b.WriteString(" " + number(r.Data))
	case sock.OpPoll, sock.OpEpollWait:
		for _, p := range r.Poll {
			b.WriteString(" " + events(p.Revents))
		}
	case sock.OpAccept, sock.OpGetsockname, sock.OpGetpeername:
		b.WriteString(s.addr(r))
	}
}

// own is what an option tells that each stack has for itself, nothing for others.
func own(c *sock.Call) string {
	switch {
	case c.Level == sock.SOL_TCP && c.Name == sock.TCP_TIMESTAMP:
		return " clock"
	case c.Level == sock.SOL_SOCKET && (c.Name == sock.SO_COOKIE || c.Name == sock.SO_NETNS_COOKIE):
		return " cookie"
	}
	return ""
}

// number spells what IP_PROTOCOL tells: a protocol, or a port; of part of one nothing can be said.
func (s *speller) number(b []byte) string {
	if len(b) < 4 {
		return fmt.Sprintf("(%d)", len(b))
	}
	return s.id(binary.LittleEndian.Uint16(b))
}

// received spells what recvmsg wrote.
func (s *speller) received(b *strings.Builder, r *sock.Return) {
	if r.MsgFlags&sock.MSG_ERRQUEUE != 0 && s.quotes(r.Data) {
		fmt.Fprintf(b, " header (%d)", len(r.Data))
	} else if r.MsgFlags&sock.MSG_ERRQUEUE != 0 && s.segment(r.Data) {
		b.WriteString(brief(s.relative(r.Data, 0)))
	} else {
		b.WriteString(brief(s.header(r.Data)))
	}
	b.WriteString(s.addr(r))
	if r.MsgFlags != 0 {
		fmt.Fprintf(b, " flags %#x", uint32(r.MsgFlags))
	}
	for _, m := range r.Control {
		if tellsTime(&m) {
			clear(m.Data)
		}
		fmt.Fprintf(b, " cmsg %d.%d %x", m.Level, m.Type, m.Data)
	}
}

// tellsTime reports whether a control message holds a moment of the stack's clock.
func tellsTime(m *sock.Control) bool {
	switch m.Type {
	case sock.SO_TIMESTAMP, sock.SO_TIMESTAMPNS, sock.SO_TIMESTAMP_NEW, sock.SO_TIMESTAMPNS_NEW:
		return m.Level == sock.SOL_SOCKET
	}
	return false
}

// quotes tells whether an error's data begin like a header that the stack sent: that holds chance.
func (s *speller) quotes(data []byte) bool {
	return len(data) >= 2 && slices.Contains(s.ports, binary.BigEndian.Uint16(data)) ||
		len(data) == 1 && slices.ContainsFunc(s.ports, func(n uint16) bool { return byte(n>>8) == data[0] })
}

// segment tells whether an error's data begin as a segment does that the stack sent.
func (s *speller) segment(data []byte) bool {
	if len(data) <= numberAt {
		return false
	}
	for e := range s.first {
		if e.local.Port() == binary.BigEndian.Uint16(data) && e.remote.Port() == binary.BigEndian.Uint16(data[2:]) {
			return true
		}
	}
	return false
}

// brief quotes data; long data by its ends. Octets of 0 are what the call left alone.
func brief(data []byte) string {
	const most = 40
	switch {
	case len(bytes.Trim(data, "\x00")) == 0:
		return ""
	case len(data) <= most:
		return fmt.Sprintf(" %q", data)
	}
	return fmt.Sprintf(" %q...%q", data[:8], data[len(data)-8:])
}

// number spells an option's value: an int as such, all else in hex.
func number(data []byte) string {
	if len(data) == 4 {
		return fmt.Sprint(int32(binary.LittleEndian.Uint32(data)))
	}
	return fmt.Sprintf("x%x", data)
}

// eventNames are poll's events in the order in which they are spelled.
var eventNames = []struct {
	bit  uint32
	name string
}{{sock.POLLIN, "IN"}, {sock.POLLPRI, "PRI"}, {sock.POLLOUT, "OUT"}, {sock.POLLERR, "ERR"}, {sock.POLLHUP, "HUP"},
	{sock.POLLNVAL, "NVAL"}, {sock.POLLRDNORM, "RDNORM"}, {sock.POLLRDBAND, "RDBAND"}, {sock.POLLWRNORM, "WRNORM"},
	{sock.POLLWRBAND, "WRBAND"}, {sock.POLLRDHUP, "RDHUP"}}

func events(mask uint32) string {
	var names []string
	for _, e := range eventNames {
		if mask&e.bit != 0 {
			names = append(names, e.name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "|")
}
