package story

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/sock"
)

// sendmsg is a send with control messages; "" for one that no script can write.
func sendmsg(c *sock.Call) string {
	name, ok := msgName(c)
	if !ok {
		return ""
	}
	from := "..."
	if !zeros(c.Data) {
		from = fmt.Sprintf("\"%s\"", octets(bytes.TrimRight(c.Data, "\x00")))
	}
	return fmt.Sprintf("sendmsg(%d, {msg_name(...)=%s, msg_iov(1)=[{%s, %d}], msg_control=[%s], msg_flags=0}, %#x)", c.FD, name, from, len(c.Data),
		controls(c.Control), uint32(c.Flags))
}

// recvmsg is a recv with room for control messages, and those that came.
func recvmsg(c *sock.Call, r *sock.Return) string {
	return fmt.Sprintf("recvmsg(%d, {msg_name(...)=..., msg_iov(1)=[{..., %d}], msg_control=[%s], msg_controllen=%d, msg_flags=%#x}, %#x)", c.FD, c.Len,
		controls(r.Control), c.ControlLen, uint32(r.MsgFlags), uint32(c.Flags))
}

// controls spells control messages.
func controls(all []sock.Control) string {
	var list []string
	for _, m := range all {
		list = append(list, fmt.Sprintf("{cmsg_level=%d, cmsg_type=%d, cmsg_data=%s}", m.Level, m.Type, controlData(&m)))
	}
	return strings.Join(list, ", ")
}

// msgName is where a message goes; false for what scripts take for something else.
func msgName(c *sock.Call) (string, bool) {
	scope := ""
	if c.Addr.Scope != 0 {
		scope = fmt.Sprintf(", sin6_scope_id=%d", c.Addr.Scope)
	}
	switch to := c.Addr.AP; {
	case c.AddrLen == 0:
		return "NULL", true
	case c.Addr.Family == sock.AF_INET && c.AddrLen == 16:
		return fmt.Sprintf(`{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}`, to.Port(), to.Addr()), true
	case c.Addr.Family == sock.AF_INET6 && c.AddrLen == 28:
		return fmt.Sprintf(`{sa_family=AF_INET6, sin6_port=htons(%d), sin6_addr=inet_addr("%s")%s}`, to.Port(), to.Addr(), scope), true
	}
	return "", false
}

// controlData is what a control message says: an int, cut to what the kernel has there, or the octets.
func controlData(m *sock.Control) string {
	octet, short := m.Level == sock.SOL_IP && m.Type == sock.IP_TOS, m.Level == sock.SOL_UDP && m.Type == sock.UDP_SEGMENT
	if len(m.Data) == 4 && !octet && !short {
		return fmt.Sprint(int32(binary.LittleEndian.Uint32(m.Data)))
	}
	return fmt.Sprintf("\"%s\"", octets(m.Data))
}
