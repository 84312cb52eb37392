package matrix

import "github.com/sockspec/sockspec/sock"

// fcntlCalls are about the file, or its descriptor, with what they leave behind.
func fcntlCalls() (list []probe) {
	for _, f := range []struct {
		name   string
		n, arg int64
	}{
		{"F_SETFD FD_CLOEXEC", sock.F_SETFD, 1}, {"F_SETFD 2", sock.F_SETFD, 2},
		{"F_DUPFD 0", sock.F_DUPFD, 0}, {"F_DUPFD -1", sock.F_DUPFD, -1}, {"F_DUPFD_CLOEXEC 0", sock.F_DUPFD_CLOEXEC, 0},
		{"F_SETFL O_NONBLOCK|O_ASYNC", sock.F_SETFL, sock.O_NONBLOCK | sock.O_ASYNC}, {"F_SETFL O_DIRECT", sock.F_SETFL, sock.O_DIRECT},
		{"F_GETOWN", sock.F_GETOWN, 0}, {"F_SETOWN 0", sock.F_SETOWN, 0}, {"F_SETOWN nobody", sock.F_SETOWN, 1 << 28},
		{"F_SETSIG 64", sock.F_SETSIG, 64}, {"F_SETSIG 65", sock.F_SETSIG, 65}, {"F_GETSIG", sock.F_GETSIG, 0}, {"1234", 1234, 0},
	} {
		list = append(list, plain("fcntl "+f.name, sock.Call{Op: sock.OpFcntl, N: f.n, Arg: f.arg}))
	}
	for _, after := range []struct {
		get  string
		n    int64
		name string
		set  sock.Call
	}{
		{"F_GETFD", sock.F_GETFD, "F_SETFD 0", sock.Call{Op: sock.OpFcntl, N: sock.F_SETFD}}, // of its own the live stack sets it
		{"F_GETFD", sock.F_GETFD, "F_SETFD 3", sock.Call{Op: sock.OpFcntl, N: sock.F_SETFD, Arg: 3}},
		{"F_GETFL", sock.F_GETFL, "O_NONBLOCK|O_ASYNC", sock.Call{Op: sock.OpFcntl, N: sock.F_SETFL, Arg: sock.O_NONBLOCK | sock.O_ASYNC}},
		{"F_GETFL", sock.F_GETFL, "FIOASYNC", sock.Call{Op: sock.OpIoctl, N: sock.FIOASYNC, Arg: 1, Len: 4}},
		{"F_GETFL", sock.F_GETFL, "FIONBIO", sock.Call{Op: sock.OpIoctl, N: sock.FIONBIO, Arg: 1, Len: 4}},
	} {
		p := plain("fcntl "+after.get+" after "+after.name, sock.Call{Op: sock.OpFcntl, N: after.n})
		p.before = func(_ *Kind, s int32) []Step {
			c := after.set
			c.FD = s
			return []Step{call(c)}
		}
		list = append(list, p)
	}
	return list
}

func ioctlCalls() (list []probe) {
	for _, r := range []struct {
		name   string
		n, arg int64
	}{{"FIONBIO 1", sock.FIONBIO, 1}, {"FIOASYNC 1", sock.FIOASYNC, 1}, {"SIOCGSTAMP", sock.SIOCGSTAMP, 0}, {"SIOCGPGRP", sock.SIOCGPGRP, 0},
		{"0x8999", 0x8999, 0}, {"0", 0, 0}} {
		list = append(list, plain("ioctl "+r.name, sock.Call{Op: sock.OpIoctl, N: r.n, Arg: r.arg, Len: 4}))
	}
	return list
}

// deviceCalls ask about the host's devices, with a struct ifreq: a name, and what is asked for.
func deviceCalls() (list []probe) {
	for _, r := range []struct {
		name   string
		n      int64
		device string
		index  int32
	}{
		{"SIOCGIFINDEX", sock.SIOCGIFINDEX, "tun0", 0}, {"SIOCGIFINDEX none", sock.SIOCGIFINDEX, "none", 0}, {"SIOCGIFNAME 1", sock.SIOCGIFNAME, "", 1},
		{"SIOCGIFNAME 9", sock.SIOCGIFNAME, "", 9}, {"SIOCGIFADDR", sock.SIOCGIFADDR, "tun0", 0}, {"SIOCGIFADDR lo", sock.SIOCGIFADDR, "lo", 0},
		{"SIOCGIFMTU", sock.SIOCGIFMTU, "tun0", 0}, {"SIOCGIFMTU lo", sock.SIOCGIFMTU, "lo", 0}, {"SIOCGIFFLAGS", sock.SIOCGIFFLAGS, "tun0", 0},
		{"SIOCGIFFLAGS lo", sock.SIOCGIFFLAGS, "lo", 0}, {"SIOCGIFFLAGS none", sock.SIOCGIFFLAGS, "none", 0},
		{"SIOCGIFNETMASK", sock.SIOCGIFNETMASK, "tun0", 0}, {"SIOCGIFADDR lo:1", sock.SIOCGIFADDR, "lo:1", 0},
		{"SIOCDEVPRIVATE", sock.SIOCDEVPRIVATE, "tun0", 0}, {"SIOCDEVPRIVATE none", sock.SIOCDEVPRIVATE, "none", 0},
	} {
		req := make([]byte, sizeofIfreq)
		copy(req, r.device)
		copy(req[16:], Int(r.index))
		p := plain("ioctl "+r.name, sock.Call{Op: sock.OpIoctl, N: r.n, Data: req, Len: sizeofIfreq})
		list = append(list, p)
	}
	return list
}

// sizeofIfreq is the size of struct ifreq: a name of 16 octets, and a union.
const sizeofIfreq = 40
