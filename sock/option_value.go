package sock

// value is what setsockopt was given.
type value struct {
	data  []byte
	n     int   // its length, as the caller has it
	fault bool  // there is no memory behind it
	int   int32 // as the level has read it
	// filter is where a struct sock_fprog in data leads to.
	filter []SockFilter
}

// valueOf is a call's value. With FaultData its length is Len.
func valueOf(c *Call) value {
	if c.Fault&FaultData != 0 {
		return value{n: int(c.Len), fault: c.Len > 0}
	}
	return value{data: c.Data, n: len(c.Data), filter: c.Filter}
}

// has reports EINVAL for a value of less than n octets, EFAULT for one that
// can't be read.
func (v *value) has(n int) Errno {
	switch {
	case v.n < n:
		return EINVAL
	case v.fault:
		return EFAULT
	}
	return 0
}

// readWhole is for levels that want an int before they look at the name
// (sk_setsockopt, do_tcp_setsockopt, udp_lib_setsockopt).
func readWhole(_ *option, v *value) (int32, Errno) {
	if err := v.has(4); err != 0 {
		return 0, err
	}
	return rd32(v.data), 0
}

// readIP is for IPPROTO_IP: an int, or a single octet, or nothing for 0
// (do_ip_setsockopt).
func readIP(o *option, v *value) (int32, Errno) {
	switch {
	case o == nil || o.readOnly || v.n < 1:
		return 0, 0
	case v.fault:
		return 0, EFAULT
	case v.n < 4:
		return int32(v.data[0]), 0
	}
	return rd32(v.data), 0
}

// readIPv6 is for IPPROTO_IPV6: an int, 0 when it is too short
// (do_ipv6_setsockopt).
func readIPv6(_ *option, v *value) (int32, Errno) {
	switch {
	case v.n < 4:
		return 0, 0
	case v.fault:
		return 0, EFAULT
	}
	return rd32(v.data), 0
}

// rd32 reads a C int.
func rd32(b []byte) int32 {
	return int32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}

// rd64 reads a C long.
func rd64(b []byte) int64 { return int64(uint32(rd32(b))) | int64(rd32(b[4:]))<<32 }

// swap32 turns the octets of an int round: what the network's order is to a
// little-endian machine (ntohl).
func swap32(v int32) int32 {
	u := uint32(v)
	return int32(u<<24 | u<<8&0xff0000 | u>>8&0xff00 | u>>24)
}

// inRange reports lo <= v <= hi.
func inRange(v, lo, hi int32) bool { return lo <= v && v <= hi }

// cName is a C string of at most limit octets, ended early by a zero
// (strncpy_from_sockptr).
func cName(data []byte, limit int) string {
	data = data[:min(len(data), limit)]
	for i, b := range data {
		if b == 0 {
			return string(data[:i])
		}
	}
	return string(data)
}
