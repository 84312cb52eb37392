package fuzz

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/sockspec/sockspec/sock"
)

// What an op does to the sockets of an OptionRun, by its Kind.
const (
	optionSet  = iota // setsockopt; Flags and Opts: the option, Seq: the socket, Ack: octets, Len: the value, Wnd: see optionCall
	optionGet         // getsockopt; Wnd: the room
	optionMove        // Flags: what becomes of the socket
	numOptionOps
)

// optionLevel are the numbers of the levels that sock.Options names.
var optionLevel = map[string]int32{"SOL_SOCKET": sock.SOL_SOCKET, "IPPROTO_IP": sock.IPPROTO_IP, "IPPROTO_IPV6": sock.IPPROTO_IPV6, "IPPROTO_TCP": sock.SOL_TCP,
	"IPPROTO_UDP": sock.IPPROTO_UDP, "SOL_RAW": sock.SOL_RAW, "SOL_ICMPV6": sock.SOL_ICMPV6}

// optionRow is a row of the table of options with its range as numbers.
type optionRow struct {
	sock.Option
	level  int32
	lo, hi int64 // bounds when lo < hi
}

var optionRows = func() (rows []optionRow) {
	for _, o := range sock.Options() {
		r := optionRow{Option: o, level: optionLevel[o.Level]}
		switch n, _ := fmt.Sscanf(o.Range, "%d to %d", &r.lo, &r.hi); {
		case o.Range == "0 and up":
			r.hi = 1<<31 - 1
		case n < 2:
			r.lo, r.hi = 0, 0
		}
		rows = append(rows, r)
	}
	return rows
}()

// What a value is: an int, in as many octets as the op says, or the beginning of a structure.
var (
	optionInts  = []int32{1, 0, -1, 2, 3, 15, 64, 88, 255, 256, 1000, 5000, 32767, 65535, 120000, 1<<31 - 1, -1 << 31}
	optionTexts = [][]byte{[]byte("cubic"), []byte("reno"), []byte("lo"), []byte("eth0"), {224, 0, 0, 9, 192, 168, 0, 1}, {0xff, 2, 15: 9, 16: 2}, {2, 0, 0, 0, 1, 0, 0, 0},
		{224, 0, 0, 9, 192, 168, 0, 1, 192, 0, 2, 1}, {0, 0, 0, 2}, // ip_mreq_source; an interface in network order
		{2, 8: 2, 12: 224, 15: 9, 136: 2, 140: 192, 142: 2, 143: 1}, {2, 8: 10, 16: 0xff, 17: 2, 31: 9, 136: 10, 144: 0xfd, 159: 2}, // group_source_req
		{224, 0, 0, 9, 192, 168, 0, 1, 1, 12: 1, 16: 192, 18: 2, 19: 1}, {1, 8: 1}, // ip_msfilter, sock_fprog
		{2, 8: 2, 12: 224, 15: 9, 136: 1, 140: 1, 144: 2, 148: 192, 150: 2, 151: 1},                             // group_filter
		{2, 8: 10, 16: 0xff, 17: 2, 31: 9, 136: 1, 140: 1, 144: 10, 152: 0xfd, 167: 2}, {0xfd, 15: 0x99, 16: 2}} // and of IPv6; an anycast address
	optionOctets  = []int{4, 0, 1, 2, 3, 5, 8, 12, 16, 20, 28, 32, 40, 136, 264, 300}
	optionFilters = [][]sock.SockFilter{nil, {{Code: 6, K: 1 << 16}}, {{Code: 6}}, {{Code: 0x28, K: 12}}}
)

// OptionRun sets and reads options of sockets of every kind.
type OptionRun struct {
	*HostRun
	set, refused, got []bool // by row of optionRows
}

// optionKinds are the sockets that a run begins with: family, type, protocol.
var optionKinds = append([][3]int32{{sock.AF_INET, sock.SOCK_STREAM, 0}, {sock.AF_INET, sock.SOCK_STREAM, 0}, {sock.AF_INET6, sock.SOCK_STREAM, 0}}, dgramKinds...)

// optionSockets are the calls that make them.
func optionSockets() (calls []sock.Call) {
	for _, k := range optionKinds {
		calls = append(calls, sock.Call{Op: sock.OpSocket, Domain: k[0], Type: k[1] | sock.SOCK_NONBLOCK, Proto: k[2]})
	}
	return calls
}

// NewOptionRun is a host with a socket of each kind; setup is NewHostRun's.
func NewOptionRun(setup byte) (*OptionRun, error) {
	r := &OptionRun{NewHostRun(setup | datagramOps), make([]bool, len(optionRows)), make([]bool, len(optionRows)), make([]bool, len(optionRows))}
	r.fds = nil
	for _, c := range optionSockets() {
		if _, err := r.Call(1, c); err != nil {
			return nil, err
		}
	}
	r.fds = append(r.fds, -1)
	return r, nil
}

// RunOptions does the ops of the input and lets the host come to rest. The error is the first law broken.
func RunOptions(in []byte, r *OptionRun) error {
	for _, o := range Ops(in, mostHostOps) {
		if err := r.Wait(choose(gaps[:9], o.Gap), false); err != nil {
			return err
		}
		if err := r.do(o); err != nil {
			return err
		}
	}
	return r.Finish()
}

func (r *OptionRun) do(o Op) error {
	switch o.Kind % numOptionOps {
	case optionSet:
		return r.trySet(o)
	case optionGet:
		_, err := r.read(o, choose([]int32{4, 300, 0, 1, 2, 3, 5, 8, 16, 1 << 30, -1}, o.Wnd))
		return err
	}
	return r.move(o)
}

// row is the option that o chooses.
func (o Op) row() int { return (int(o.Flags) + int(o.Opts)<<8) % len(optionRows) }

// mappedPeer is a peer that a socket of IPv6 speaks IPv4 to.
var mappedPeer = sock.Addr{Family: sock.AF_INET6, AP: netip.MustParseAddrPort("[::ffff:192.0.2.1]:8080")}

// optionMapped, among the moves, is a connect to mappedPeer.
const optionMapped = 255

// optionCall is a call about o's option. Of Wnd, bit 7 is a pointer that leads
// nowhere, bits 5-6 a filter, bit 4 the option's number at another level.
func (r *OptionRun) optionCall(op sock.Op, o Op) sock.Call {
	row := &optionRows[o.row()]
	c := sock.Call{Op: op, FD: choose(r.fds, o.Seq), Level: row.level, Name: row.Number, Data: optionBytes(o)} // a group to read about, say
	if op == sock.OpSetsockopt {
		c.Filter = choose(optionFilters, o.Wnd>>5&3)
		if o.Wnd&0x80 != 0 {
			c.Data, c.Len, c.Fault = nil, int32(len(c.Data)), sock.FaultData
		}
		if o.Wnd&0x10 != 0 {
			c.Level = []int32{sock.SOL_SOCKET, sock.IPPROTO_IP, sock.IPPROTO_IPV6, sock.SOL_TCP, 99}[o.Wnd&0xF%5]
		}
	}
	return c
}

// optionBytes is the value to set.
func optionBytes(o Op) []byte {
	b := make([]byte, 300)
	if i := int(o.Len) % (len(optionInts) + len(optionTexts)); i < len(optionInts) {
		binary.LittleEndian.PutUint32(b, uint32(optionInts[i]))
	} else {
		copy(b, optionTexts[i-len(optionInts)])
	}
	return b[:choose(optionOctets, o.Ack)]
}

// callNow makes a call of thread 1, which none of these parks.
func (r *OptionRun) callNow(c sock.Call) (sock.Return, error) {
	out, err := r.Call(1, c)
	if err != nil {
		return sock.Return{}, err
	}
	i := slices.IndexFunc(out, func(e sock.Effect) bool { return e.Kind == sock.Done && e.Return.Thread == 1 })
	if i < 0 {
		return sock.Return{}, law("%v of a socket that does not block waits", c.Op)
	}
	if r.Trace != nil {
		r.Trace("    > reads %x", out[i].Return.Data)
	}
	ret := out[i].Return
	ret.Data = slices.Clone(ret.Data) // it is the thread's, until its next call
	return ret, nil
}

// read asks for o's option. Linux never writes beyond the room.
func (r *OptionRun) read(o Op, room int32) (sock.Return, error) {
	c := r.optionCall(sock.OpGetsockopt, o)
	c.Len = room
	ret, err := r.callNow(c)
	if err == nil && ret.Errno == 0 {
		r.got[o.row()] = true
		if program := c.Level == sock.SOL_SOCKET && c.Name == sock.SO_ATTACH_FILTER; !program && room >= 0 && len(ret.Data) > int(room) {
			err = law("%s: %d octets in a room of %d", optionRows[o.row()].Name, len(ret.Data), room)
		}
	}
	return ret, err
}

// trySet sets o's option and holds what is read then against the table: a value
// that was refused changed nothing, one that was taken is within its range.
func (r *OptionRun) trySet(o Op) error {
	row := &optionRows[o.row()]
	before, err := r.read(o, 300)
	if err != nil {
		return err
	}
	c := r.optionCall(sock.OpSetsockopt, o)
	ret, err := r.callNow(c)
	if err != nil || c.Level != row.level {
		return err
	}
	after, err := r.read(o, 300)
	switch {
	case err != nil:
		return err
	case ret.Errno != 0:
		r.refused[o.row()] = true
		if row.Access == "rw" && (before.Errno != after.Errno || !bytes.Equal(before.Data, after.Data)) {
			return law("%s was refused with %s, and reads %x then, %x before", row.Name, sock.ErrnoName(ret.Errno), after.Data, before.Data)
		}
		return nil
	}
	r.set[o.row()] = true
	return row.holds(c.Data, after)
}

// holds: what was taken, and what is read then, are within the option's range.
func (row *optionRow) holds(taken []byte, read sock.Return) error {
	if row.Access == "r" || row.Access == "none" {
		return law("%s cannot be set, and was", row.Name)
	}
	if row.lo == row.hi {
		return nil
	}
	for _, b := range [][]byte{taken, read.Data} {
		if len(b) < 4 {
			continue // an octet, or nothing to read
		}
		if v := int64(int32(binary.LittleEndian.Uint32(b))); v < row.lo || v > row.hi {
			return law("%s of %d: the range is %s", row.Name, v, row.Range)
		}
	}
	return nil
}

// move takes a socket to another state: what an option answers depends on it.
func (r *OptionRun) move(o Op) error {
	h := Op{Kind: 1, Seq: o.Seq, Ack: o.Ack, Len: o.Len, Wnd: o.Wnd, Opts: o.Opts | 1}
	h.Flags = choose([]uint8{hostServe, hostConnect, hostAccept, hostBind, hostDisconnect, hostSend, hostRecv, hostNewFlow, hostSegment, hostTick, hostClose, optionMapped}, o.Flags)
	if h.Flags == optionMapped {
		_, err := r.Call(1, sock.Call{Op: sock.OpConnect, FD: choose(r.fds, o.Seq), Addr: mappedPeer, AddrLen: 28})
		return err
	}
	return r.HostRun.do(h)
}
