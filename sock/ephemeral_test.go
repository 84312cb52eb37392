//go:build linux && amd64

package sock

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// sysctl sets one on both. Those of the kernel belong to the namespace.
func (d *duo) sysctl(t *testing.T, name, value string) {
	require.NoError(t, os.WriteFile("/proc/sys/"+strings.ReplaceAll(name, ".", "/"), []byte(value), 0))
	require.NoError(t, d.h.SetSysctl(name, value))
}

// wait lets time pass on both.
func (d *duo) wait(ms int) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
	d.now = d.now.Add(int64(ms) * int64(tcpstate.Millisecond))
}

// leaveTimeWait connects to the helper and closes first.
func (d *duo) leaveTimeWait(helper int, fixed uint16) (slot int) {
	slot = d.socket(AF_INET, SOCK_STREAM, 0)
	if fixed != 0 {
		d.set(slot, SOL_SOCKET, SO_REUSEADDR, 1)
		d.call(slot, addrCall(OpBind, loopback4, fixed, 0))
	}
	d.call(slot, addrCall(OpConnect, loopback4, helperPort, 0))
	child := len(d.fds[0])
	d.call(helper, Call{Op: OpAccept, Flags: SOCK_NONBLOCK})
	d.close(slot)
	d.close(child)
	return slot
}

// A connect takes the name of a TIME-WAIT when tcp_tw_reuse, timestamps and the
// time since let it: at once where bind fixed the port, else after
// tcp_tw_reuse_delay (tcp_twsk_unique).
func TestTimeWaitReuseAgreesWithTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	port := 20000
	for _, reuse := range []string{"0", "1", "2"} {
		for _, stamps := range []string{"0", "1"} {
			for _, delay := range []string{"1", "60000"} {
				for _, fixed := range []bool{false, true} {
					port++
					d.again(k)
					d.sysctl(t, "net.ipv4.tcp_tw_reuse", reuse)
					d.sysctl(t, "net.ipv4.tcp_tw_reuse_delay", delay)
					d.sysctl(t, "net.ipv4.tcp_timestamps", stamps)
					d.sysctl(t, "net.ipv4.ip_local_port_range", fmt.Sprint(port, port))
					own := uint16(0)
					if fixed {
						own = uint16(port)
					}
					helper := d.helper()
					d.leaveTimeWait(helper, own)
					d.wait(20)
					d.leaveTimeWait(helper, own)
					require.Empty(t, d.off, "reuse %s, timestamps %s, delay %s ms, fixed %v\n%s", reuse, stamps, delay, fixed, &d)
					d.end()
				}
			}
		}
	}
}

// drain takes ports by a call on ever new sockets until there are no more, on
// each side apart: which comes first is chance, which there are is not.
func (d *duo) drain(t *testing.T, typ int32, opts []Call, c Call) (got [2][]uint16, last [2]Errno) {
	for side, call := range []func(Call) Return{d.k.call, d.modelCall} {
		for range 300 {
			r := call(Call{Op: OpSocket, Domain: AF_INET, Type: typ | SOCK_NONBLOCK})
			require.Zero(t, r.Errno)
			fd := int32(r.Value)
			d.fds[side] = append(d.fds[side], fd)
			for _, o := range opts {
				o.FD = fd
				require.Zero(t, call(o).Errno)
			}
			c.FD = fd
			if r = call(c); r.Errno != 0 && r.Errno != EINPROGRESS {
				last[side] = r.Errno
				break
			}
			got[side] = append(got[side], call(Call{Op: OpGetsockname, FD: fd}).Addr.AP.Port())
		}
	}
	return got, last
}

// endApart closes what drain left, which is not slot by slot the same.
func (d *duo) endApart() {
	for side, call := range []func(Call) Return{d.k.call, d.modelCall} {
		for _, fd := range d.fds[side] {
			call(Call{Op: OpClose, FD: fd})
		}
		d.fds[side] = d.fds[side][:0]
	}
}

// each is each port once, in order. Datagram sockets may share one, and then
// never run out.
func each(ports []uint16) []uint16 {
	ports = slices.Clone(ports)
	slices.Sort(ports)
	return slices.Compact(ports)
}

// BI-08, CO-04: which ephemeral ports there are, and the error when there are no
// more, with some reserved, some in use by sockets with and without options,
// with a range of the socket's own, for each call that takes one.
func TestEphemeralPortsRunOutAsOnTheLiveKernel(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	on := func(name int32) Call { return setCall(0, SOL_SOCKET, name, cint(1)) }
	calls := []struct {
		name string
		typ  int32
		call Call
	}{
		{"bind to any", SOCK_STREAM, addrCall(OpBind, any4, 0, 0)}, {"bind to one", SOCK_STREAM, addrCall(OpBind, loopback4, 0, 0)},
		{"listen", SOCK_STREAM, listenCall(0, 1)}, {"connect", SOCK_STREAM, addrCall(OpConnect, loopback4, helperPort, 0)},
		{"UDP bind to any", SOCK_DGRAM, addrCall(OpBind, any4, 0, 0)}, {"UDP bind to one", SOCK_DGRAM, addrCall(OpBind, loopback4, 0, 0)},
		{"UDP connect", SOCK_DGRAM, addrCall(OpConnect, loopback4, helperPort, 0)},
	}
	options := [][]Call{nil, {on(SO_REUSEADDR)}, {on(SO_REUSEPORT)}, {setCall(0, SOL_IP, IP_LOCAL_PORT_RANGE, cint(21005<<16|21002))},
		{setCall(0, SOL_IP, IP_LOCAL_PORT_RANGE, cint(21005<<16))}, {on(SO_REUSEADDR), setCall(0, SOL_IP, IP_LOCAL_PORT_RANGE, cint(21008))}}
	ports := 0
	for _, c := range calls {
		for oi, opts := range options {
			d.again(k)
			d.sysctl(t, "net.ipv4.ip_local_port_range", "21000 21013")
			d.sysctl(t, "net.ipv4.ip_local_reserved_ports", "9,21003,21009-21010")
			d.helper()
			for i, s := range []bindSpec{{place: places[0], reuseAddr: 1}, {place: places[2]}, {place: places[5]}, {place: places[1], dev: 1, reusePort: 1}} {
				s.typ = c.typ
				d.call(d.open(&s), addrCall(OpBind, s.addr, uint16(21000+i*2), 0))
			}
			got, last := d.drain(t, c.typ, opts, c.call)
			require.Equal(t, each(got[0]), each(got[1]), "%s, options %d", c.name, oi)
			require.Equal(t, ErrnoName(last[0]), ErrnoName(last[1]), "%s, options %d", c.name, oi)
			require.Empty(t, d.off)
			ports += len(each(got[0]))
			d.endApart()
		}
	}
	t.Logf("%d ports", ports)
}

// The kernel leaves ports of one parity to bind and those of the other to
// connect, while there are any; a range of the socket's own ends that.
func TestParityOfEphemeralPortsIsTheLiveKernels(t *testing.T) {
	k := newDuoKernel(t)
	var d duo
	for _, low := range []int{22000, 22001} {
		for _, c := range []Call{addrCall(OpBind, any4, 0, 0), listenCall(0, 1), addrCall(OpConnect, loopback4, helperPort, 0)} {
			d.again(k)
			d.sysctl(t, "net.ipv4.ip_local_port_range", fmt.Sprint(low, low+99))
			d.sysctl(t, "net.ipv4.ip_local_reserved_ports", "")
			d.helper()
			got, last := d.drain(t, SOCK_STREAM, nil, c)
			require.Equal(t, last[0], last[1])
			for side, ports := range got {
				require.Len(t, ports, 100)
				for i, p := range ports {
					first := (int(p)-low)%2 == 1 // odd distances are bind's
					require.Equal(t, (c.Op != OpConnect) == (i < 50), first, "%v: port %d is number %d of side %d", c.Op, p, i, side)
				}
			}
			d.endApart()
		}
	}
}
