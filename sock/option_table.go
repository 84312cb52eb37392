package sock

import "github.com/sockspec/sockspec/tcpstate"

// effect says what the model makes of an option.
type effect uint8

const (
	supported effect = iota // has its effect
	kept                    // accepted and read back, changes nothing else here
	refused                 // answered as by a kernel that is built without it
)

// kinds is a set of kinds of socket.
type kinds uint8

const (
	onStream kinds = 1 << iota
	onDgram
	onRaw
	onICMP // RAW with ICMP for protocol
	onPing // datagrams of ICMP
	onAll  = onStream | onDgram | onRaw | onICMP | onPing
)

// kind is the socket's own.
func (s *sock) kind() kinds {
	switch {
	case s.typ == SOCK_STREAM:
		return onStream
	case s.typ == SOCK_DGRAM && s.proto == IPPROTO_UDP:
		return onDgram
	case s.typ == SOCK_DGRAM:
		return onPing
	case s.proto == IPPROTO_ICMP && s.family == AF_INET:
		return onICMP
	}
	return onRaw
}

// option is one row of a level's table: what setsockopt asks of the value, in
// Linux's order of checks, where the value is kept, and what else comes of it.
// Most options are such a row and nothing more.
type option struct {
	num  int32
	name string
	does effect
	note string // for the reader of the table

	// only are the kinds that may set it, 0 for all; the rest are told other,
	// ENOPROTOOPT when that is 0, and may read it unless strict.
	only   kinds
	other  Errno
	strict bool

	readOnly, writeOnly bool
	anyLength           bool // set looks at the length by itself
	least               int  // least octets, where the level has no rule of its own

	// lo to hi is what the value may be; no bounds when both are 0. Out of
	// range is EINVAL.
	lo, hi int32

	// One of caps is needed when needed says so (always when nil), else capErr
	// (EPERM when 0).
	caps   Capability
	capErr Errno
	needed func(o *options, v int32) bool
	when   string // needed in words

	// The value's place: one of the three, or none when set and get do it all.
	flag  func(o *options) *bool
	cell  func(o *options) *int32
	tells tcpstate.Option // the connection has it
	truth bool            // anything but 0 is kept as 1

	set  func(h *Host, s *sock, v *value) Errno           // instead of keeping it
	then func(h *Host, s *sock)                           // after it was kept
	get  func(h *Host, s *sock, t *thread) (int64, Errno) // instead of what was kept
	data func(h *Host, s *sock, t *thread) outcome        // instead of an int
}

// optionLevel is a level of setsockopt with its table.
type optionLevel struct {
	level int32
	name  string
	rows  []option
	// read takes the int out of the value, as the level's function does before
	// it looks any further; o is nil for a name that is not in the table.
	read func(o *option, v *value) (int32, Errno)
	give func(t *thread, v int64) outcome
	// unsigned: a negative room counts as a huge one.
	unsigned bool
	of       int32 // the protocol of RAW that has it, 0 for any; the rest are told EOPNOTSUPP
	// router is the protocol of RAW whose sockets route multicast; the rest are told
	// EOPNOTSUPP of its options. 0: the level has none.
	router int32
}

// refuses reports that an option is not the socket's: of another protocol of RAW,
// or of multicast routing (ip_mroute_setsockopt, ip6_mroute_setsockopt).
func (l *optionLevel) refuses(s *sock, num int32) bool {
	const first, last = 200, 212 // MRT_BASE, MRT_MAX; MRT6_BASE and MRT6_MAX are the same
	if l.router != 0 && inRange(num, first, last) {
		return s.typ != SOCK_RAW || int32(s.num) != l.router
	}
	return l.of != 0 && int32(s.num) != l.of
}

// find is the row of an option, nil when the level has none of that number.
func (l *optionLevel) find(num int32) *option {
	for i := range l.rows {
		if l.rows[i].num == num {
			return &l.rows[i]
		}
	}
	return nil
}

// setsockopt is the level's part of setsockopt(2).
func (l *optionLevel) setsockopt(h *Host, s *sock, num int32, v *value) Errno {
	o := l.find(num)
	if l.refuses(s, num) {
		return EOPNOTSUPP
	}
	if o != nil && o.anyLength {
		if o.only != 0 && o.only&s.kind() == 0 {
			return o.toOthers()
		}
		return o.set(h, s, v)
	}
	n, err := l.read(o, v)
	switch {
	case err != 0:
		return err
	case o == nil || o.readOnly:
		return ENOPROTOOPT
	case o.only != 0 && o.only&s.kind() == 0:
		return o.toOthers()
	}
	v.int = n
	if err := o.check(h, s, v); err != 0 {
		return err
	}
	if o.set != nil {
		return o.set(h, s, v)
	}
	o.keep(h, s, n)
	return 0
}

// toOthers is what a socket of the wrong kind is told.
func (o *option) toOthers() Errno {
	if o.other != 0 {
		return o.other
	}
	return ENOPROTOOPT
}

// check asks for the capability, the length and the range, in that order.
func (o *option) check(h *Host, s *sock, v *value) Errno {
	switch {
	case o.caps != 0 && !h.capable(o.caps) && (o.needed == nil || o.needed(&s.opt, v.int)):
		if o.capErr != 0 {
			return o.capErr
		}
		return EPERM
	case v.n < o.least:
		return EINVAL
	case o.lo != o.hi && !inRange(v.int, o.lo, o.hi):
		return EINVAL
	}
	return 0
}

// keep puts the value into its place and does what follows from it.
func (o *option) keep(h *Host, s *sock, n int32) {
	if o.truth && n != 0 {
		n = 1
	}
	switch {
	case o.flag != nil:
		*o.flag(&s.opt) = n != 0
	case o.cell != nil:
		*o.cell(&s.opt) = n
	case o.tells != 0:
		h.tell(s, o.tells, uint32(n))
	}
	if o.then != nil {
		o.then(h, s)
	}
}

// getsockopt is the level's part of getsockopt(2).
func (l *optionLevel) getsockopt(h *Host, s *sock, t *thread, num int32) outcome {
	o := l.find(num)
	switch {
	case l.refuses(s, num):
		return fail(EOPNOTSUPP)
	case t.call.Len < 0 && !l.unsigned:
		return fail(EINVAL)
	case o == nil || o.writeOnly:
		return fail(ENOPROTOOPT)
	case o.strict && o.only&s.kind() == 0:
		return fail(o.toOthers())
	case o.data != nil:
		return o.data(h, s, t)
	case o.get != nil:
		n, err := o.get(h, s, t)
		if err != 0 {
			return fail(err)
		}
		return l.give(t, n)
	}
	return l.give(t, o.kept(&s.opt))
}

// kept is the value as it was kept.
func (o *option) kept(opt *options) int64 {
	switch {
	case o.flag != nil:
		return int64(flag(*o.flag(opt)))
	case o.cell != nil:
		return int64(*o.cell(opt))
	case o.tells != 0:
		return int64(int32(opt.get(o.tells)))
	}
	return 0
}
