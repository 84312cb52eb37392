package story

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/sock"
)

// Why scripts cannot make a call.
const (
	faulty  unsayable = "a pointer that leads nowhere, which scripts have none of"
	message unsayable = "a sendmsg that no script can write"
	reads   unsayable = "a getsockopt that reads what it is given"
	pointer unsayable = "a call with a pointer to a structure, which scripts write none of"
)

// unsayable is a reason, as an error.
type unsayable string

// Error implements error.
func (u unsayable) Error() string { return string(u) }

// sayable is a call as a script makes it. What a script has no words for and the call does not look at is left out; what it looks
// at is an error.
func (p *player) sayable(c sock.Call) (sock.Call, error) {
	c.Addr = p.here(c.Addr)
	if c.Fault != 0 && (c.Op != sock.OpSetsockopt || c.Fault != sock.FaultData) {
		return c, faulty
	}
	switch c.Op {
	case sock.OpSend:
		if p.udps[c.FD] { // scripts' datagrams are zeros
			c.Data = make([]byte, len(c.Data))
		}
		if len(c.Control) > 0 && sendmsg(&c) == "" {
			return c, message
		}
	case sock.OpGetsockopt:
		if slices.Contains(readers, [2]int32{c.Level, c.Name}) {
			return c, reads
		}
		c.Data = nil
	case sock.OpSetsockopt:
		if !attaches(&c) || len(c.Data) != fprog {
			c.Filter = nil
		} else if !bytes.Equal(c.Data, header(c.Filter)) {
			return c, faulty
		}
	case sock.OpIoctl:
		if !slices.Contains(intIoctls, c.N) {
			return c, pointer
		}
		c.Data, c.Len = nil, 4
	case sock.OpFcntl:
		if c.N == sock.F_SETOWN_EX || c.N == sock.F_GETOWN_EX || c.N == sock.F_GETOWNER_UIDS {
			return c, pointer
		}
		c.Data = nil
	}
	return c, nil
}

// readers are options whose getsockopt looks at what is at its pointer.
var readers = [][2]int32{{sock.SOL_IP, sock.IP_MSFILTER}, {sock.SOL_IP, sock.MCAST_MSFILTER}, {sock.IPPROTO_IPV6, sock.MCAST_MSFILTER}}

// intIoctls are requests about an int.
var intIoctls = []int64{sock.FIONREAD, sock.SIOCOUTQ, sock.SIOCATMARK, sock.FIONBIO, sock.SIOCGPGRP, sock.SIOCSPGRP}

// attaches reports whether a setsockopt is about a program.
func attaches(c *sock.Call) bool {
	return c.Level == sock.SOL_SOCKET && (c.Name == sock.SO_ATTACH_FILTER || c.Name == sock.SO_ATTACH_REUSEPORT_CBPF)
}

// fprog is the length of a struct sock_fprog, octets.
const fprog = 16

// header is the structure that scripts make of a program: how many instructions it has, and that its pointer leads to them.
func header(list []sock.SockFilter) []byte {
	b := make([]byte, fprog)
	binary.LittleEndian.PutUint16(b, uint16(len(list)))
	if len(list) > 0 {
		b[8] = 1
	}
	return b
}

func zeros(b []byte) bool { return len(bytes.TrimRight(b, "\x00")) == 0 }

// spell is a call that returned as a script has it.
func (p *player) spell(c sock.Call, r *sock.Return) (string, error) {
	text := p.spellCall(&c, r)
	if text == "" {
		return "", fmt.Errorf("scripts have no %v like that", c.Op)
	}
	if r.Value < 0 {
		return fmt.Sprintf("%s = -1 %s (%v)", text, sock.ErrnoName(r.Errno), syscall.Errno(r.Errno)), nil
	}
	return fmt.Sprintf("%s = %d", text, r.Value), nil
}

// spellCall is a call without its result, but for results among its arguments; "" for one that scripts cannot make.
func (p *player) spellCall(c *sock.Call, r *sock.Return) string {
	switch c.Op {
	case sock.OpSetsockopt:
		if c.Fault != 0 {
			return fmt.Sprintf("setsockopt(%d, %s, -1, %d)", c.FD, optionNames(c.Level, c.Name), c.Len)
		}
		return fmt.Sprintf("setsockopt(%d, %s, %s, %d)", c.FD, optionNames(c.Level, c.Name), optionText(c), len(c.Data))
	case sock.OpGetsockopt:
		value := "..."
		switch b := r.Data; {
		case r.Value != 0 || len(b) != int(c.Len) || len(b) > mostShown || attaches(c):
		case len(b) == 4:
			value = octetsOrInt(b)
		default:
			value = fmt.Sprintf("\"%s\"", octets(b))
		}
		return fmt.Sprintf("getsockopt(%d, %s, %s, [%d])", c.FD, optionNames(c.Level, c.Name), value, c.Len)
	case sock.OpIoctl:
		return fmt.Sprintf("ioctl(%d, %d, [%d])", c.FD, c.N, ioctlInt(c, r))
	case sock.OpDup2:
		return fmt.Sprintf("dup2(%d, %d)", c.FD, c.Arg)
	case sock.OpDup3:
		return fmt.Sprintf("dup3(%d, %d, %d)", c.FD, c.Arg, c.Flags)
	case sock.OpRecv:
		if c.ControlLen > 0 {
			return recvmsg(c, r)
		}
	case sock.OpSend:
		if len(c.Control) > 0 {
			return sendmsg(c)
		}
	}
	text := campaign.SpellCall(*c, r)
	if head := bytes.TrimRight(c.Data, "\x00"); len(head) > 0 && c.Op == sock.OpSend {
		text = strings.Replace(text, ", ..., ", fmt.Sprintf(", \"%s\", ", octets(head)), 1)
	}
	if c.Addr.Scope != 0 {
		text = strings.Replace(text, `")}`, fmt.Sprintf(`"), sin6_scope_id=%d}`, c.Addr.Scope), 1)
	}
	for _, s := range p.shorter() {
		text = strings.Replace(text, s[0], s[1], 1)
	}
	return text
}

// mostShown bounds the octets of a value that a script states: what is longer tells of time and memory, too.
const mostShown = 32

// ioctlInt is the int that an ioctl wrote, or that FIONBIO read.
func ioctlInt(c *sock.Call, r *sock.Return) int32 {
	switch {
	case len(r.Data) >= 4:
		return int32(binary.LittleEndian.Uint32(r.Data))
	case r.Value < 0 || c.N == sock.FIONBIO:
		return int32(c.Arg)
	}
	return 0
}

// optionText is the value that a setsockopt sets.
func optionText(c *sock.Call) string {
	switch b := c.Data; {
	case len(c.Filter) > 0:
		return program(c.Filter)
	case len(b) == 8 && zeros(b[1:4]) && zeros(b[5:]) && c.Name == sock.SO_LINGER:
		return fmt.Sprintf("{onoff=%d, linger=%d}", b[0], b[4])
	case len(b) == 16 && (c.Name == sock.SO_RCVTIMEO || c.Name == sock.SO_SNDTIMEO) && c.Level == sock.SOL_SOCKET:
		return fmt.Sprintf("{tv_sec=%d, tv_usec=%d}", int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:])))
	}
	return octetsOrInt(c.Data)
}

// octetsOrInt is an int, or the octets of anything else up to where zeros follow.
func octetsOrInt(b []byte) string {
	switch {
	case len(b) == 4:
		return fmt.Sprintf("[%d]", int32(binary.LittleEndian.Uint32(b)))
	case zeros(b):
		return "[0]"
	}
	return fmt.Sprintf("\"%s\"", octets(bytes.TrimRight(b, "\x00")))
}

// octets spells what is sent.
func octets(b []byte) (s string) {
	for _, o := range b {
		s += fmt.Sprintf("\\x%02x", o)
	}
	return s
}

// program spells the instructions of a filter.
func program(list []sock.SockFilter) string {
	var parts []string
	for _, i := range list {
		parts = append(parts, fmt.Sprintf("{%#x, %d, %d, %d}", i.Code, i.JT, i.JF, i.K))
	}
	return "{filter=[" + strings.Join(parts, ", ") + "]}"
}
