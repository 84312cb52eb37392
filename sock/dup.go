package sock

// dupFrom gives the file another descriptor, at least from (f_dupfd).
func (h *Host) dupFrom(fd, from int32, cloexec bool) outcome {
	if h.fileAt(fd) != noFile && (from < 0 || from >= h.proc.limit) {
		return fail(EINVAL)
	}
	return h.dup(fd, from, cloexec)
}

// dup does so where the lowest number is known to be within limits, or the table
// is to say that it is full (alloc_fd).
func (h *Host) dup(fd, from int32, cloexec bool) outcome {
	f := h.fileAt(fd)
	if f == noFile {
		return fail(EBADF)
	}
	to, err := h.proc.lowest(from)
	if err != 0 {
		return fail(err)
	}
	h.install(to, f, cloexec)
	return done(int64(to))
}

// sysDup is dup(2).
func sysDup(h *Host, t *thread) outcome { return h.dup(t.call.FD, 0, false) }

// sysDup2 is dup2(2): onto itself nothing happens.
func sysDup2(h *Host, t *thread) outcome {
	c := &t.call
	if int64(c.FD) == c.Arg {
		if h.fileAt(c.FD) == noFile {
			return fail(EBADF)
		}
		return done(c.Arg)
	}
	c.Flags = 0
	return sysDup3(h, t)
}

// sysDup3 is dup3(2): what the new descriptor stood for is closed in the same
// step, and the call waits where close would (ksys_dup3, do_dup2).
func sysDup3(h *Host, t *thread) outcome {
	c := &t.call
	to := clampInt32(c.Arg)
	switch {
	case c.Flags&^O_CLOEXEC != 0, int64(c.FD) == c.Arg:
		return fail(EINVAL)
	case to < 0 || to >= h.proc.limit:
		return fail(EBADF)
	}
	f := h.fileAt(c.FD)
	if f == noFile {
		return fail(EBADF)
	}
	h.proc.grow(to)
	was := h.proc.fds[to].file
	if was == reserved {
		return fail(EBUSY) // a blocked accept will put its connection there
	}
	h.install(to, f, c.Flags&O_CLOEXEC != 0)
	if was == noFile {
		return done(int64(to))
	}
	return h.drop(t, was, done(int64(to)))
}

// drop lets go of a descriptor's reference. The call comes to o, after a wait
// if it was the last one and SO_LINGER wants it.
func (h *Host) drop(t *thread, f fileID, o outcome) outcome {
	was, last := h.put(f)
	if !last {
		return o
	}
	if wait := h.release(t, was); wait.park {
		t.after, t.lingers = o, true
		return wait
	}
	return o
}
