package campaign

import (
	"encoding/binary"

	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
	"pgregory.net/rapid"
)

// option is a socket option with values to try.
type option struct {
	level, name int32
	values      []int32
}

var options = []option{
	{sock.SOL_SOCKET, sock.SO_ERROR, []int32{0}}, {sock.SOL_SOCKET, sock.SO_ERROR, []int32{0}}, {sock.SOL_SOCKET, sock.SO_REUSEADDR, []int32{0, 1, 1}},
	{sock.SOL_SOCKET, sock.SO_REUSEPORT, []int32{0, 1}}, {sock.SOL_SOCKET, sock.SO_OOBINLINE, []int32{0, 1}},
	{sock.SOL_SOCKET, sock.SO_RCVLOWAT, []int32{1, 3, 20}}, {sock.SOL_SOCKET, sock.SO_SNDBUF, []int32{0, 5000, 100_000}},
	{sock.SOL_SOCKET, sock.SO_RCVBUF, []int32{0, 5000, 100_000}}, {sock.SOL_TCP, sock.TCP_NODELAY, []int32{0, 1}},
	{sock.SOL_TCP, sock.TCP_CORK, []int32{0, 1}}, {sock.SOL_TCP, sock.TCP_QUICKACK, []int32{0, 1}}, {sock.SOL_TCP, sock.TCP_MAXSEG, []int32{0, 700}},
	{sock.SOL_TCP, sock.TCP_DEFER_ACCEPT, []int32{0, 1}}, {sock.SOL_IP, sock.IP_RECVERR, []int32{0, 1}}, {sock.SOL_IPV6, sock.IPV6_RECVERR, []int32{0, 1}},
	{sock.SOL_IPV6, sock.IPV6_V6ONLY, []int32{0, 1}}, {sock.SOL_IP, sock.IP_TTL, []int32{7, 64}}, {sock.SOL_IP, sock.IP_MTU, []int32{0}},
	{sock.SOL_SOCKET, sock.SO_KEEPALIVE, []int32{0, 1, 1}}, {sock.SOL_TCP, sock.TCP_KEEPIDLE, []int32{1, 2}}, {sock.SOL_TCP, sock.TCP_KEEPINTVL, []int32{1}},
	{sock.SOL_TCP, sock.TCP_KEEPCNT, []int32{1, 2}}, {sock.SOL_TCP, sock.TCP_USER_TIMEOUT, []int32{0, 300, 1500}}, {sock.SOL_TCP, sock.TCP_LINGER2, []int32{-1, 1}},
	{sock.SOL_TCP, sock.TCP_SYNCNT, []int32{1, 2}},
}

// datagramOptions are those of sockets that are not TCP's.
var datagramOptions = []option{
	{sock.SOL_SOCKET, sock.SO_ERROR, []int32{0}}, {sock.SOL_SOCKET, sock.SO_ERROR, []int32{0}}, {sock.SOL_SOCKET, sock.SO_REUSEADDR, []int32{0, 1, 1}},
	{sock.SOL_SOCKET, sock.SO_REUSEPORT, []int32{0, 1}}, {sock.SOL_SOCKET, sock.SO_SNDBUF, []int32{0, 5000, 100_000}}, {sock.SOL_SOCKET, sock.SO_RCVBUF, []int32{0, 5000, 100_000}},
	{sock.SOL_SOCKET, sock.SO_BROADCAST, []int32{0, 1}}, {sock.SOL_SOCKET, sock.SO_PEEK_OFF, []int32{-1, 0, 3}}, {sock.SOL_SOCKET, sock.SO_SELECT_ERR_QUEUE, []int32{0, 1}},
	{sock.SOL_SOCKET, sock.SO_DONTROUTE, []int32{0, 1}},
	{sock.SOL_IP, sock.IP_RECVERR, []int32{0, 1, 1}}, {sock.SOL_IP, sock.IP_RECVERR, []int32{0, 1, 1}}, {sock.SOL_IP, sock.IP_PKTINFO, []int32{0, 1}},
	{sock.SOL_IP, sock.IP_RECVTTL, []int32{0, 1}}, {sock.SOL_IP, sock.IP_RECVTOS, []int32{0, 1}}, {sock.SOL_IP, sock.IP_TTL, []int32{7, 64}},
	{sock.SOL_IP, sock.IP_TOS, []int32{0, 0x10}}, {sock.SOL_IP, sock.IP_MTU_DISCOVER, []int32{0, 1, 2, 3}}, {sock.SOL_IP, sock.IP_MTU, []int32{0}},
	{sock.SOL_IP, sock.IP_HDRINCL, []int32{0}},
	{sock.SOL_IPV6, sock.IPV6_RECVERR, []int32{0, 1, 1}}, {sock.SOL_IPV6, sock.IPV6_RECVERR, []int32{0, 1, 1}}, {sock.SOL_IPV6, sock.IPV6_V6ONLY, []int32{0, 1}},
	{sock.SOL_IPV6, sock.IPV6_RECVPKTINFO, []int32{0, 1}}, {sock.SOL_IPV6, sock.IPV6_RECVHOPLIMIT, []int32{0, 1}}, {sock.SOL_IPV6, sock.IPV6_RECVTCLASS, []int32{0, 1}},
	{sock.SOL_IPV6, sock.IPV6_MTU_DISCOVER, []int32{0, 1, 2, 3}}, {sock.SOL_IPV6, sock.IPV6_MTU, []int32{0, 1300}},
	{sock.SOL_UDP, sock.UDP_CORK, []int32{0, 0, 1}}, {sock.SOL_UDP, sock.UDP_SEGMENT, []int32{0, 3}},
	{sock.SOL_RAW, sock.ICMP_FILTER, []int32{0, 1, 1 << 8}},
}

// sizeofTimeval is the size of struct timeval: seconds, and microseconds.
const sizeofTimeval = 16

func drawOption(t *rapid.T, k *matrix.Kind, c *sock.Call) {
	if c.Op == sock.OpSetsockopt && rapid.IntRange(0, 7).Draw(t, "linger") == 0 {
		c.Level, c.Name = sock.SOL_SOCKET, sock.SO_LINGER
		c.Data = append(matrix.Int(rapid.Int32Range(0, 1).Draw(t, "on")), matrix.Int(rapid.SampledFrom([]int32{0, 0, 1}).Draw(t, "seconds"))...)
		return
	}
	if c.Op == sock.OpSetsockopt && rapid.IntRange(0, 7).Draw(t, "time-out") == 0 {
		c.Level, c.Name = sock.SOL_SOCKET, rapid.SampledFrom([]int32{sock.SO_RCVTIMEO, sock.SO_SNDTIMEO}).Draw(t, "which")
		c.Data = make([]byte, sizeofTimeval)
		binary.LittleEndian.PutUint32(c.Data[8:], rapid.SampledFrom([]uint32{0, 100_000, 700_000}).Draw(t, "microseconds"))
		return
	}
	list := options
	if k.Type != sock.SOCK_STREAM {
		list = datagramOptions
	}
	o := rapid.SampledFrom(list).Draw(t, "option")
	c.Level, c.Name, c.Len = o.level, o.name, 4
	if c.Op == sock.OpSetsockopt {
		c.Data = matrix.Int(rapid.SampledFrom(o.values).Draw(t, "value"))
	}
}
