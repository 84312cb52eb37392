package sock

import "encoding/binary"

// The levels that RAW sockets have of their own.

// rawOptions is SOL_RAW (do_raw_setsockopt).
var rawOptions = optionLevel{
	level: SOL_RAW, name: "SOL_RAW", read: readNothing, give: (*thread).giveInt, unsigned: true,
	rows: []option{
		{num: ICMP_FILTER, name: "ICMP_FILTER", anyLength: true, only: onICMP, other: EOPNOTSUPP, strict: true,
			set: setICMPFilter(1), data: getICMPFilter(1), note: "a bit for each type blocked; of IPPROTO_ICMP only"},
	},
}

// icmp6Options is SOL_ICMPV6 (rawv6_seticmpfilter).
var icmp6Options = optionLevel{
	level: SOL_ICMPV6, name: "SOL_ICMPV6", of: IPPROTO_ICMPV6, read: readNothing, give: (*thread).giveInt, unsigned: true,
	rows: []option{
		{num: ICMPV6_FILTER, name: "ICMPV6_FILTER", anyLength: true, set: setICMPFilter(8), data: getICMPFilter(8), note: "a bit for each type blocked"},
	},
}

// raw6Options is SOL_RAW on AF_INET6, and those two names of IPPROTO_IPV6
// (do_rawv6_setsockopt).
var raw6Options = optionLevel{
	level: SOL_RAW, name: "SOL_RAW", read: readWhole, give: (*thread).giveInt, unsigned: true,
	rows: []option{
		{num: IPV6_HDRINCL, name: "IPV6_HDRINCL", flag: func(o *options) *bool { return &o.hdrIncl }},
		{num: IPV6_CHECKSUM, name: "IPV6_CHECKSUM", set: setChecksumAt, get: getChecksumAt, note: "where, from the header's start; negative for none; not odd"},
	},
}

// raw6OptionsOfIPv6 are the same by way of IPPROTO_IPV6, where RFC 3542 leaves
// ICMPv6's checksum to the kernel.
var raw6OptionsOfIPv6 = optionLevel{
	level: IPPROTO_IPV6, name: "IPPROTO_IPV6", read: readWhole, give: (*thread).giveInt, unsigned: true,
	rows: []option{
		raw6Options.rows[0],
		{num: IPV6_CHECKSUM, name: "IPV6_CHECKSUM", get: getChecksumAt, set: func(h *Host, s *sock, v *value) Errno {
			if s.num == IPPROTO_ICMPV6 {
				return EINVAL
			}
			return setChecksumAt(h, s, v)
		}},
	},
}

// rawLevels and raw6Levels are where options go that are RAW's own, nil for all
// others (raw_setsockopt, rawv6_setsockopt).
func rawLevels(_ *sock, level, _ int32) *optionLevel {
	if level == SOL_RAW {
		return &rawOptions
	}
	return nil
}

func raw6Levels(_ *sock, level, name int32) *optionLevel {
	switch {
	case level == SOL_RAW:
		return &raw6Options
	case level == SOL_ICMPV6:
		return &icmp6Options
	case level == IPPROTO_IPV6 && (name == IPV6_CHECKSUM || name == IPV6_HDRINCL):
		return &raw6OptionsOfIPv6
	}
	return nil
}

// readNothing leaves the value to the option.
func readNothing(*option, *value) (int32, Errno) { return 0, 0 }

// setICMPFilter takes up to so many words of filter; what is not given stays.
func setICMPFilter(words int) func(*Host, *sock, *value) Errno {
	return func(_ *Host, s *sock, v *value) Errno {
		if v.fault {
			return EFAULT
		}
		b := filterBytes(s, words)
		copy(b, v.data)
		for i := range words {
			s.raw.filter[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
		return 0
	}
}

// getICMPFilter reads them back.
func getICMPFilter(words int) func(*Host, *sock, *thread) outcome {
	return func(_ *Host, s *sock, t *thread) outcome {
		if t.call.Len < 0 {
			return fail(EINVAL)
		}
		t.in = append(t.in[:0], filterBytes(s, words)...)
		return t.giveBytes()
	}
}

// filterBytes is the filter as it lies in memory.
func filterBytes(s *sock, words int) []byte {
	b := make([]byte, 0, 32)
	for _, w := range s.raw.filter[:words] {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func setChecksumAt(_ *Host, s *sock, v *value) Errno {
	if v.int > 0 && v.int&1 != 0 {
		return EINVAL
	}
	s.raw.checksumAt = max(v.int, -1)
	return 0
}

func getChecksumAt(_ *Host, s *sock, _ *thread) (int64, Errno) { return int64(s.raw.checksumAt), 0 }
