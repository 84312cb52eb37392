package fuzz

import "github.com/sockspec/sockspec/sock"

// hostIoctls are requests of each layer: of descriptors, of sockets, of the
// protocol, of devices, and one that nobody knows.
var hostIoctls = []int64{sock.FIONREAD, sock.SIOCOUTQ, sock.FIONBIO, sock.FIOCLEX, sock.FIONCLEX, sock.SIOCATMARK, sock.SIOCOUTQNSD, sock.SIOCGSTAMP, sock.SIOCGIFFLAGS, 0}

// otherCall makes o any call at all: Opts says which, and the other bytes are
// whatever it takes.
func (r *HostRun) otherCall(o Op, c *sock.Call) {
	c.Op = sock.Op(o.Opts) % (sock.OpRecvmmsg + 2)
	c.IDs = [3]int32{int32(o.Ack&3) - 1, int32(o.Wnd&3) - 1, -1}
	c.Type, c.Proto, c.Level, c.Name = int32(o.Wnd&15), int32(o.Ack), int32(o.Ack&7), int32(o.Wnd)
	c.Arg = int64(choose(r.fds, o.Ack))
	c.Msgs = []sock.Msg{{Len: c.Len, Data: make([]byte, min(c.Len, 5000))}, {Len: 9, Data: make([]byte, 9)}}[:o.Wnd%3]
	switch c.Op {
	case sock.OpIoctl:
		c.N = choose(hostIoctls, o.Len)
	case sock.OpClone:
		c.N = choose([]int64{0, sock.CLONE_THREAD, 1}, o.Len)
	case sock.OpEpollCreate, sock.OpDup3: // their numbers would settle the flags otherwise
		c.Flags = choose([]int32{0, sock.O_CLOEXEC, sock.MSG_DONTWAIT}, o.Wnd)
	case sock.OpWrite:
		c.Data = make([]byte, min(c.Len, 5000))
	}
}
