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
	blind       bool // it is set and never read
}

func opt(level, name int32, values ...int32) option {
	return option{level: level, name: name, values: values}
}

// options are those of TCP's sockets.
var options = []option{
	opt(sock.SOL_SOCKET, sock.SO_ERROR, 0), opt(sock.SOL_SOCKET, sock.SO_ERROR, 0), opt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 0, 1, 1),
	opt(sock.SOL_SOCKET, sock.SO_REUSEPORT, 0, 1), opt(sock.SOL_SOCKET, sock.SO_OOBINLINE, 0, 1),
	opt(sock.SOL_SOCKET, sock.SO_RCVLOWAT, 1, 3, 20), opt(sock.SOL_SOCKET, sock.SO_SNDBUF, 0, 5000, 100_000),
	opt(sock.SOL_SOCKET, sock.SO_RCVBUF, 0, 5000, 100_000), opt(sock.SOL_TCP, sock.TCP_NODELAY, 0, 1),
	opt(sock.SOL_TCP, sock.TCP_CORK, 0, 1), opt(sock.SOL_TCP, sock.TCP_QUICKACK, 0, 1), opt(sock.SOL_TCP, sock.TCP_MAXSEG, 0, 700),
	opt(sock.SOL_TCP, sock.TCP_DEFER_ACCEPT, 0, 1), opt(sock.SOL_IP, sock.IP_RECVERR, 0, 1), opt(sock.SOL_IPV6, sock.IPV6_RECVERR, 0, 1),
	opt(sock.SOL_IPV6, sock.IPV6_V6ONLY, 0, 1), opt(sock.SOL_IP, sock.IP_TTL, 7, 64), opt(sock.SOL_IP, sock.IP_MTU, 0),
	opt(sock.SOL_SOCKET, sock.SO_KEEPALIVE, 0, 1, 1), opt(sock.SOL_TCP, sock.TCP_KEEPIDLE, 1, 2), opt(sock.SOL_TCP, sock.TCP_KEEPINTVL, 1),
	opt(sock.SOL_TCP, sock.TCP_KEEPCNT, 1, 2), opt(sock.SOL_TCP, sock.TCP_USER_TIMEOUT, 0, 300, 1500), opt(sock.SOL_TCP, sock.TCP_LINGER2, -1, 1),
	opt(sock.SOL_TCP, sock.TCP_SYNCNT, 1, 2), opt(sock.SOL_TCP, sock.TCP_INQ, 0, 1), opt(sock.SOL_SOCKET, sock.SO_TIMESTAMP, 0, 1, 1),
	opt(sock.SOL_SOCKET, sock.SO_TIMESTAMPNS_NEW, 0, 1),
}

// datagramOptions are those of sockets that are not TCP's. Known, and left out: IP_MTU and IPV6_MTU tell of the route that the socket has
// remembered, which on Linux learns of a narrower path when it is next used; the model's knows at once.
var datagramOptions = []option{
	opt(sock.SOL_SOCKET, sock.SO_ERROR, 0), opt(sock.SOL_SOCKET, sock.SO_ERROR, 0), opt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 0, 1, 1),
	opt(sock.SOL_SOCKET, sock.SO_REUSEPORT, 0, 1), opt(sock.SOL_SOCKET, sock.SO_SNDBUF, 0, 5000, 100_000), opt(sock.SOL_SOCKET, sock.SO_RCVBUF, 0, 5000, 100_000),
	opt(sock.SOL_SOCKET, sock.SO_BROADCAST, 0, 1), opt(sock.SOL_SOCKET, sock.SO_PEEK_OFF, -1, 0, 3), opt(sock.SOL_SOCKET, sock.SO_SELECT_ERR_QUEUE, 0, 1),
	opt(sock.SOL_SOCKET, sock.SO_DONTROUTE, 0, 1),
	opt(sock.SOL_IP, sock.IP_RECVERR, 0, 1, 1), opt(sock.SOL_IP, sock.IP_RECVERR, 0, 1, 1), opt(sock.SOL_IP, sock.IP_PKTINFO, 0, 1),
	opt(sock.SOL_IP, sock.IP_RECVTTL, 0, 1), opt(sock.SOL_IP, sock.IP_RECVTOS, 0, 1), opt(sock.SOL_IP, sock.IP_TTL, 7, 64),
	opt(sock.SOL_IP, sock.IP_TOS, 0, 0x10), opt(sock.SOL_IP, sock.IP_MTU_DISCOVER, 0, 1, 2, 3), opt(sock.SOL_IP, sock.IP_HDRINCL, 0),
	opt(sock.SOL_IPV6, sock.IPV6_RECVERR, 0, 1, 1), opt(sock.SOL_IPV6, sock.IPV6_RECVERR, 0, 1, 1), opt(sock.SOL_IPV6, sock.IPV6_V6ONLY, 0, 1),
	opt(sock.SOL_IPV6, sock.IPV6_RECVPKTINFO, 0, 1), opt(sock.SOL_IPV6, sock.IPV6_RECVHOPLIMIT, 0, 1), opt(sock.SOL_IPV6, sock.IPV6_RECVTCLASS, 0, 1),
	opt(sock.SOL_IPV6, sock.IPV6_MTU_DISCOVER, 0, 1, 2, 3), {level: sock.SOL_IPV6, name: sock.IPV6_MTU, values: []int32{0, 1300}, blind: true},
	opt(sock.SOL_UDP, sock.UDP_CORK, 0, 0, 1), opt(sock.SOL_UDP, sock.UDP_SEGMENT, 0, 3),
	opt(sock.SOL_RAW, sock.ICMP_FILTER, 0, 1, 1<<8),
}

// sizeofTimeval is the size of struct timeval: seconds, and microseconds.
const sizeofTimeval = 16

// infoRoom is as much as TCP_INFO tells: struct tcp_info.
const infoRoom = 280

// memoryRoom is as much as SO_MEMINFO tells: nine numbers.
const memoryRoom = 36

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
	if k.Type == sock.SOCK_STREAM && c.Op == sock.OpGetsockopt && rapid.Bool().Draw(t, "info") {
		c.Level, c.Name, c.Len = sock.SOL_TCP, sock.TCP_INFO, infoRoom
		return
	}
	list := options
	if k.Type != sock.SOCK_STREAM {
		list = datagramOptions
	}
	o := rapid.SampledFrom(list).Draw(t, "option")
	c.Level, c.Name, c.Len = o.level, o.name, 4
	if o.blind {
		c.Op = sock.OpSetsockopt
	}
	if c.Op == sock.OpSetsockopt {
		c.Data = matrix.Int(rapid.SampledFrom(o.values).Draw(t, "value"))
	}
}
