package model

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
)

// lacking is an option that Linux has, that the machine stores at most, and
// that changes what a script sees.
type lacking struct {
	level, name int32
	part        string
}

var lackingOptions = []lacking{
	{sock.SOL_TCP, sock.TCP_FASTOPEN, "TCP Fast Open"},
	{sock.SOL_TCP, sock.TCP_FASTOPEN_CONNECT, "TCP Fast Open"},
	{sock.SOL_TCP, tcpFastOpenKey, "TCP Fast Open"},
	{sock.SOL_TCP, tcpFastOpenNoCookie, "TCP Fast Open"},
	{sock.SOL_TCP, tcpMD5Sig, "TCP MD5 signatures"},
	{sock.SOL_SOCKET, sock.SO_ZEROCOPY, "zero-copy notifications"},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMPING, "packet time stamps"},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMP, "packet time stamps"},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMPNS, "packet time stamps"},
}

// Options that sock has no name for (include/uapi/linux/tcp.h).
const (
	tcpMD5Sig           = 14
	tcpFastOpenKey      = 33
	tcpFastOpenNoCookie = 34
)

// lacks names the part of Linux that a call needs and the model does not have,
// so that a script is skipped for it and not failed.
func lacks(c *sock.Call) error {
	switch c.Op {
	case sock.OpSetsockopt:
		for _, o := range lackingOptions {
			if c.Level == o.level && c.Name == o.name {
				return noPart(o.part)
			}
		}
	case sock.OpSend:
		if c.Flags&sock.MSG_FASTOPEN != 0 {
			return noPart("TCP Fast Open")
		}
		if c.Flags&sock.MSG_ZEROCOPY != 0 {
			return noPart("zero-copy notifications")
		}
	}
	return nil
}

func noPart(part string) error {
	return fmt.Errorf("the model has no %s: %w", part, conformance.ErrUnsupported)
}

// Kinds of TCP options that carry a Fast Open cookie (RFC 7413, RFC 6994).
const (
	kindFastOpen     = 34
	kindExperimental = 254
)

// fastOpenSyn reports a SYN that a server with the given sysctl would answer by
// Fast Open: one with a cookie option, or with data where no cookie is asked for.
func fastOpenSyn(packet []byte, p *sock.Packet, sysctl int64) bool {
	const server, noCookie = 2, 0x200
	if sysctl&server == 0 || p.Proto != sock.ProtoTCP || p.Seg.Flags.String() != "S" {
		return false
	}
	if sysctl&noCookie != 0 && p.Seg.Len > 0 {
		return true
	}
	opts, _ := packetio.Options(packet)
	for _, o := range opts {
		if o.Kind == kindFastOpen || (o.Kind == kindExperimental && strings.HasPrefix(string(o.Data), "\xf9\x89")) {
			return true
		}
	}
	return false
}
