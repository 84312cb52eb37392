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
