package sock

// CreateKernelSocket makes a socket that belongs to the kernel and to no process
// (sock_create_kern): no descriptor, no caller whose credentials count, and no
// cgroup to ask. Its number is the Value of the Done effect, which names no
// thread.
func (h *Host) CreateKernelSocket(now Time, domain, typ, proto int32, out []Effect) []Effect {
	h.enter(now, out)
	o := outcome{}
	if s, err := h.createSock(domain, typ, proto, true); err != 0 {
		o = fail(err)
	} else {
		o.value = int64(s.id)
	}
	h.returns(&thread{}, o)
	return h.leave()
}

// ReleaseKernelSocket lets go of a socket that CreateKernelSocket made
// (sock_release). Any other number is EBADF.
func (h *Host) ReleaseKernelSocket(now Time, id int32, out []Effect) []Effect {
	h.enter(now, out)
	o := fail(EBADF)
	if s := h.sockAt(sockID(id)); s != nil && s.kern && !s.dead {
		o = s.ops.release(h, s, nil)
	}
	h.returns(&thread{}, o)
	return h.leave()
}
