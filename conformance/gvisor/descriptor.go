package gvisor

import "github.com/sockspec/sockspec/sock"

// dup gives the file another descriptor.
func (in *Instance) dup(_ sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	return in.install(f, firstFD), true, nil
}

// fcntl has the commands that concern a socket's descriptor and status flags.
func (in *Instance) fcntl(_ sock.Thread, c *sock.Call) (sock.Return, bool, error) {
	f := in.file(c.FD)
	if f == nil {
		return fail(ebadf), true, nil
	}
	switch c.N {
	case fGetfl:
		flags := int64(oRdwr)
		if f.nonblock {
			flags |= oNonblock
		}
		return value(flags), true, nil
	case fSetfl:
		// The flag belongs to the open file: all its descriptors share it.
		f.nonblock = c.Arg&oNonblock != 0
		return value(0), true, nil
	case fGetfd:
		if f.cloexec {
			return value(fdCloexec), true, nil
		}
		return value(0), true, nil
	case fSetfd:
		f.cloexec = c.Arg&fdCloexec != 0
		return value(0), true, nil
	case fDupfd, fDupfdCloexec:
		if c.Arg < 0 || c.Arg >= maxFiles {
			return fail(einval), true, nil
		}
		return in.install(f, int(c.Arg)), true, nil
	}
	return sock.Return{}, true, unsupported("fcntl: command %d", c.N)
}
