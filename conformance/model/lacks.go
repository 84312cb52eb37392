package model

import (
	"fmt"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
)

// lacking is an option that Linux has, that the machine stores at most, and
// that changes what a script sees.
type lacking struct {
	level, name int32
	part        string
}

var lackingOptions = []lacking{
	{sock.SOL_TCP, sock.TCP_MD5SIG, "TCP MD5 signatures"},
	{sock.SOL_TCP, sock.TCP_MD5SIG_EXT, "TCP MD5 signatures"},
	{sock.SOL_SOCKET, sock.SO_ZEROCOPY, "zero-copy notifications"},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMPING, "packet time stamps"},
	{sock.SOL_SOCKET, sock.SO_TIMESTAMPING_NEW, "packet time stamps"},
}

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
		if c.Flags&sock.MSG_ZEROCOPY != 0 {
			return noPart("zero-copy notifications")
		}
	}
	return nil
}

func noPart(part string) error {
	return fmt.Errorf("the model has no %s: %w", part, conformance.ErrUnsupported)
}
