//go:build linux && amd64

package sock

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sockspec/sockspec/tcpstate"
)

// duo runs the same calls on the live kernel and on the model, and collects
// where they differ instead of stopping there. Both have loopback and a link
// "tun0" with the addresses of duoAddrs, and no route beyond.
type duo struct {
	k     *live
	h     *Host
	now   Time
	fds   [2][]int32 // the kernel's and the model's, by slot; -1 when closed
	trace []string
	calls int
	off   string // the first difference
}

var duoAddrs = []netip.Prefix{
	netip.MustParsePrefix("192.168.0.1/16"), netip.MustParsePrefix("fd3d:fa7b:d17d::1/48"), netip.MustParsePrefix("fe80::1/64"),
}

// newDuoKernel makes the kernel's half, in a namespace of its own.
func newDuoKernel(t *testing.T) *live {
	k := newLive(t)
	if err := k.addTun("tun0", duoAddrs); err != nil {
		t.Skipf("no TUN device here: %v", err)
	}
	return k
}

// again is both in a state without sockets.
func (d *duo) again(k *live) {
	if d.h == nil || d.k != k {
		*d = duo{k: k}
	}
	d.h = New(HostConfig{FirstFile: 3, Seed: 1, Addrs: duoAddrs, Unreachable: true})
	d.now, d.trace, d.off = Time(tcpstate.Second), d.trace[:0], ""
	d.fds[0], d.fds[1] = d.fds[0][:0], d.fds[1][:0]
}

// call makes a call on slot's descriptor on both. What the kernel chose is fed
// to the model. It gives what the kernel returned.
func (d *duo) call(slot int, c Call) Return {
	if slot >= 0 {
		c.FD = d.fds[0][slot]
	}
	want := d.k.call(c)
	d.h.fixed = choices{}
	if c.Op == OpBind || c.Op == OpConnect || c.Op == OpListen {
		name := d.k.call(Call{Op: OpGetsockname, FD: c.FD}) // a connect that fails may leave a port as well
		d.h.Choose(Choice{HasPort: true, Port: name.Addr.AP.Port()})
	}
	if slot >= 0 {
		c.FD = d.fds[1][slot]
	}
	d.now = d.now.Add(20)
	got := d.modelCall(c)
	d.calls++
	d.trace = append(d.trace, fmt.Sprintf("slot %d: %v %s -> %d %s", slot, c.Op, brief(c), want.Value, ErrnoName(want.Errno)))
	if err := d.h.Check(); err != nil && d.off == "" {
		d.off = "invariant: " + err.Error()
	}
	if d.off == "" && (want.Errno != got.Errno || want.Addr != got.Addr || string(want.Data) != string(got.Data)) {
		d.off = fmt.Sprintf("call %d: kernel %d %s %v %q, model %d %s %v %q", len(d.trace), want.Value, ErrnoName(want.Errno), want.Addr.AP, want.Data,
			got.Value, ErrnoName(got.Errno), got.Addr.AP, got.Data)
	}
	if c.Op == OpSocket || c.Op == OpAccept {
		d.fds[0], d.fds[1] = append(d.fds[0], int32(want.Value)), append(d.fds[1], int32(got.Value))
	}
	return want
}

// String is what was called, and the difference.
func (d *duo) String() string { return strings.Join(d.trace, "\n  ") + "\n  " + d.off }

// socket opens one for a user; 0 is root.
func (d *duo) socket(domain, typ int32, uid uint32) int {
	d.asUser(uid)
	d.call(-1, Call{Op: OpSocket, Domain: domain, Type: typ | SOCK_NONBLOCK})
	d.asUser(0)
	return len(d.fds[0]) - 1
}

// asUser changes the effective user of the kernel's thread, and of the model's
// process, and leaves the capabilities aside.
func (d *duo) asUser(uid uint32) {
	if d.h.proc.cred.EUID == uid {
		return
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); e != 0 {
		panic(e)
	}
	d.h.proc.cred.EUID = uid
}

// close closes a slot on both.
func (d *duo) close(slot int) {
	d.call(slot, Call{Op: OpClose})
	d.fds[0][slot], d.fds[1][slot] = -1, -1
}

// end closes what is open.
func (d *duo) end() {
	for i, fd := range d.fds[0] {
		if fd >= 0 {
			d.close(i)
		}
	}
}

func (d *duo) set(slot int, level, name, value int32) Errno {
	return d.call(slot, setCall(0, level, name, cint(value))).Errno
}

// addrCall is bind or connect to an address of either family.
func addrCall(op Op, a netip.Addr, port uint16, scope uint32) Call {
	if a.Is4() {
		return Call{Op: op, Addr: in4(a, port), AddrLen: 16}
	}
	addr := in6(a, port)
	addr.Scope = scope
	return Call{Op: op, Addr: addr, AddrLen: 28}
}
