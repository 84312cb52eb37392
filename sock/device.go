package sock

import (
	"bytes"
	"net/netip"
)

// Interface indexes: a host has loopback and one link. No device is 0.
const (
	loopbackIndex int32 = 1 // LOOPBACK_IFINDEX
	linkIndex     int32 = 2
)

// ifNameSize is the room for a device's name with its terminating zero (IFNAMSIZ).
const ifNameSize = 16

// deviceName is the name of a device, "" when there is none of that index.
func (h *Host) deviceName(index int32) string {
	switch index {
	case loopbackIndex:
		return "lo"
	case linkIndex:
		return h.device
	}
	return ""
}

// deviceNamed is the index of a device, 0 when there is none of that name.
func (h *Host) deviceNamed(name string) int32 {
	switch name {
	case "lo":
		return loopbackIndex
	case h.device:
		return linkIndex
	}
	return 0
}

// deviceOf is the device that has an address of the host's. What the host sends
// to itself counts as arriving there, although it goes by way of loopback
// (ip_route_output_key_hash_rcu, ip6_rcv_core).
func deviceOf(a netip.Addr) int32 {
	if a.IsLoopback() {
		return loopbackIndex
	}
	return linkIndex
}

// trueDevice is what the packet that arrives came by, whatever address it was
// for (skb->dev): loopback for what goes to an address of the link's, too, but
// not for copies of what goes out to many (ip_mc_output).
func (h *Host) trueDevice(p *Packet) int32 {
	many := p.toMany || p.Dst.IsMulticast() || h.kindOf(p.Dst) == addrBroadcast
	if p.looped && !many {
		return loopbackIndex
	}
	return h.dev
}

// bindToDevice is SO_BINDTODEVICE: a name, which a zero or the option's length
// ends; the empty one lets go (sock_setbindtodevice).
func (h *Host) bindToDevice(s *sock, data []byte) Errno {
	data = data[:min(len(data), ifNameSize-1)]
	if i := bytes.IndexByte(data, 0); i >= 0 {
		data = data[:i]
	}
	index := int32(0)
	if len(data) > 0 {
		if index = h.deviceNamed(string(data)); index == 0 {
			return ENODEV
		}
	}
	return h.bindToIndex(s, index)
}

// bindToIndex is SO_BINDTOIFINDEX: whoever is bound to a device already needs a
// capability to change it. The index need not exist (sock_bindtoindex_locked).
func (h *Host) bindToIndex(s *sock, index int32) Errno {
	switch {
	case s.opt.boundDev != 0 && !h.capable(CapNetRaw):
		return EPERM
	case index < 0:
		return EINVAL
	}
	s.opt.boundDev, s.routed = index, false
	return 0
}

// getDevice answers SO_BINDTODEVICE with a name that a zero ends, or with
// nothing (sock_getbindtodevice).
func (h *Host) getDevice(s *sock, t *thread) outcome {
	t.in = t.in[:0]
	if s.opt.boundDev == 0 {
		return t.giveBytes()
	}
	if t.call.Len < ifNameSize {
		return fail(EINVAL)
	}
	name := h.deviceName(s.opt.boundDev)
	if name == "" {
		return fail(ENODEV)
	}
	t.in = append(append(t.in, name...), 0)
	return t.giveBytes()
}

// hears reports whether the socket gets packets that come in by a device
// (inet_sk_bound_dev_eq).
func (s *sock) hears(dev int32) bool { return s.opt.boundDev == 0 || s.opt.boundDev == dev }
