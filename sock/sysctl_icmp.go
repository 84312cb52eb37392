package sock

const ctlICMP6RatemaskName = "net.ipv6.icmp.ratemask"

// icmp6Mask has a bit for each ICMPv6 type whose messages are limited.
type icmp6Mask [256 / 64]uint64

// icmp6Limited is the default: the errors but "packet too big" (icmpv6_sk_init).
var icmp6Limited = icmp6Mask{^uint64(1 << ICMPv6PacketTooBig), ^uint64(0)}

// setICMP6Mask reads a list of types. Nothing is changed on error.
func (c *sysctls) setICMP6Mask(value string) error {
	var taken [256]bool
	if err := readRanges(ctlICMP6RatemaskName, value, taken[:]); err != nil {
		return err
	}
	c.icmp6Mask = icmp6Mask{}
	for t := range taken {
		if taken[t] {
			c.icmp6Mask[t/64] |= 1 << (t % 64)
		}
	}
	return nil
}

// showICMP6Mask is the list as /proc/sys shows it.
func (c *sysctls) showICMP6Mask() string {
	var taken [256]bool
	for t := range taken {
		taken[t] = c.icmp6Mask[t/64]>>(t%64)&1 != 0
	}
	return showRanges(spansOf(taken[:]))
}
