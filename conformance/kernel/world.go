//go:build linux

package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/packetio"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"golang.org/x/sys/unix"
)

// makeWorld puts the calling thread into a fresh namespace and furnishes it.
func (in *instance) makeWorld(s conformance.Setup) (err error) {
	if err := freshNetNS(); err != nil {
		return err
	}
	if in.netns, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	if err := packetio.ConfigureLink("lo", packetio.LinkConfig{}); err != nil {
		return err
	}
	// Scripts are written for cubic; a host may have another default. Where cubic is refused, Note tells.
	_ = writeSysctl("net.ipv4.tcp_congestion_control", "cubic")
	if in.tun, err = packetio.OpenTUN("tun0", true); err != nil {
		return err
	}
	if err := packetio.ConfigureLink("tun0", linkOf(s)); err != nil {
		return err
	}
	in.packet, err = openPacketSocket(in.tun.Index())
	return err
}

// linkOf is the device's configuration: the local addresses on it, everything else behind the gateways. The peers have routes of
// their own, which scripts may change.
func linkOf(s conformance.Setup) packetio.LinkConfig {
	c := packetio.LinkConfig{MTU: s.MTU}
	for _, f := range []struct {
		local, remote, gateway netip.Addr
		prefix                 int
	}{{s.LocalV4, s.RemoteV4, s.GatewayV4, s.PrefixV4}, {s.LocalV6, s.RemoteV6, s.GatewayV6, s.PrefixV6}} {
		if !f.local.IsValid() {
			continue
		}
		c.Addrs = append(c.Addrs, netip.PrefixFrom(f.local, f.prefix))
		all := netip.PrefixFrom(f.local, 0).Masked()
		via := f.gateway
		if !netip.PrefixFrom(f.local, f.prefix).Contains(via) {
			via = netip.Addr{} // not on the link: then everything is
		}
		if f.remote.IsValid() {
			c.Routes = append(c.Routes, packetio.Route{Dst: netip.PrefixFrom(f.remote, f.remote.BitLen()), Via: via})
		}
		c.Routes = append(c.Routes, packetio.Route{Dst: all, Via: via})
	}
	return c
}

// enter puts a further thread into the namespace.
func (in *instance) enter() error {
	if err := unix.Setns(in.netns, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	return in.pin()
}

// Align waits for a moment a little after the kernel's timer tick. Script times are round numbers; seen from there they fall into
// the middle of ticks, and tick-counting timers see the same spans in each run (schedule_start_time_usecs of Google's run.c).
func (in *instance) Align() {
	const after = 250 * time.Microsecond
	var last unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &last) != nil {
		return
	}
	n := 1000 * in.Tick()
	if n <= 0 || n > int64(20*time.Millisecond) {
		return
	}
	// The coarse clock stands at the last tick. Two ticks from it leave time to calm down.
	at := in.micros(last.Nano() + 2*n + int64(after))
	for in.Now() < at {
		in.sleep(time.Duration(max(0, int64(at-in.Now())-spin)) * time.Microsecond)
	}
}

// Tick is the length of the kernel's timer tick (1/HZ), in microseconds; 0 when it does not tell.
func (in *instance) Tick() tcpstate.Duration {
	var tick unix.Timespec
	if unix.ClockGetres(unix.CLOCK_REALTIME_COARSE, &tick) != nil {
		return 0
	}
	return tick.Nano() / 1000
}

// Edge is a time at which a tick is: ticks are at multiples of their length by the monotonic clock (tick_init_jiffy_update). It is 0
// when the kernel does not tell.
func (in *instance) Edge() sock.Time {
	n := 1000 * in.Tick()
	var real, mono unix.Timespec
	const near, tries = 2000, 10 // nanoseconds between the two clocks' readings
	for range tries {
		if n <= 0 || unix.ClockGettime(unix.CLOCK_REALTIME, &real) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
			return 0
		}
		if time.Now().UnixNano()-real.Nano() < near {
			break
		}
	}
	return in.micros(real.Nano() - mono.Nano()%n)
}

// Command sets a sysctl of the namespace, or has a shell run in it.
func (in *instance) Command(cmd string) error {
	return in.owner.do(func() error {
		if name, value, ok := conformance.ParseSysctl(cmd); ok {
			return writeSysctl(name, value)
		}
		if done, err := ethtool(cmd); done {
			return err
		}
		// The child inherits this thread's namespace.
		out, err := exec.Command("/bin/sh", "-c", cmd).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	})
}

func sysctlPath(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// writeSysctl writes in the namespace of the calling thread.
func writeSysctl(name, value string) error {
	err := os.WriteFile(sysctlPath(name), []byte(value), 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		// A setting of a newer kernel, or one that belongs to the whole machine.
		return fmt.Errorf("sysctl %s=%s: %w: %w", name, value, err, conformance.ErrUnsupported)
	}
	if err != nil {
		return fmt.Errorf("sysctl %s=%s: %w", name, value, err)
	}
	return nil
}

func readSysctl(name string) string {
	b, _ := os.ReadFile(sysctlPath(name))
	return strings.TrimSpace(string(b))
}

var _ interface {
	Align()
	Epoch() sock.Time
} = (*instance)(nil)
