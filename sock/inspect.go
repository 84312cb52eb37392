package sock

// Queues counts what waits at a listener: requests in its SYN queue and
// connections in its accept queue. The error is that of a call on the
// descriptor, or EINVAL when it does not listen.
func (h *Host) Queues(fd int32) (syn, accept int, err Errno) {
	_, s, err := h.lookup(fd)
	if err != 0 {
		return 0, 0, err
	}
	if s.lst == nil {
		return 0, 0, EINVAL
	}
	return int(s.syn.len), s.lst.accept.Len(), 0
}

// SocketsInUse counts the sockets in being: those with descriptors, those that
// wait to be accepted, and those that live on behind a close, TIME-WAIT included
// (/proc/net/sockstat). A listener's requests are none.
func (h *Host) SocketsInUse() (n int) {
	for _, s := range h.socks {
		if s != nil {
			n++
		}
	}
	return n
}
