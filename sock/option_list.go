package sock

import (
	"strconv"
	"strings"
)

// Option is one row of the table of options, as words for a reader.
type Option struct {
	Level  string // SOL_SOCKET, IPPROTO_TCP, ...
	Name   string // Linux's
	Number int32
	Model  string // supported, kept or refused
	Access string // r, w or rw
	Octets string // least length to set, octets; "" where the option has a form of its own
	Range  string // "" where every number will do
	Needs  string // capabilities, and when they are asked for
	On     string // kinds of socket that may set it, and what the others are told
	Note   string
}

// optionLevels are all levels with a table.
var optionLevels = [...]*optionLevel{&socketOptions, &ipOptions, &ipv6Options, &tcpOptions, &udpOptions,
	&rawOptions, &raw6Options, &icmp6Options}

// Options lists every option that the model knows, by level, in Linux's order.
func Options() []Option {
	var list []Option
	for _, l := range optionLevels {
		for i := range l.rows {
			list = append(list, l.rows[i].words(l))
		}
	}
	return list
}

func (e effect) String() string { return [...]string{"supported", "kept", "refused"}[e] }

func (o *option) words(l *optionLevel) Option {
	w := Option{Level: l.name, Name: o.name, Number: o.num, Model: o.does.String(), Access: o.access(), Note: o.note, On: o.kindWords(), Needs: o.capWords()}
	if o.readOnly {
		return w
	}
	if !o.anyLength {
		least := o.least
		if l.level != IPPROTO_IP && l.level != IPPROTO_IPV6 {
			least = 4
		}
		w.Octets = strconv.Itoa(least)
	}
	switch {
	case o.lo == 0 && o.hi == maxInt32:
		w.Range = "0 and up"
	case o.lo != o.hi:
		w.Range = strconv.Itoa(int(o.lo)) + " to " + strconv.Itoa(int(o.hi))
	case o.flag != nil || o.truth:
		w.Range = "flag"
	}
	return w
}

func (o *option) access() string {
	switch {
	case o.readOnly && o.writeOnly:
		return "none"
	case o.readOnly:
		return "r"
	case o.writeOnly:
		return "w"
	}
	return "rw"
}

// capWords are the capabilities, of which one will do.
func (o *option) capWords() string {
	var names []string
	for _, c := range [...]struct {
		c    Capability
		name string
	}{{CapNetRaw, "CAP_NET_RAW"}, {CapNetAdmin, "CAP_NET_ADMIN"}} {
		if o.caps&c.c != 0 {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	err := EPERM
	if o.capErr != 0 {
		err = o.capErr
	}
	s := strings.Join(names, " or ")
	if o.when != "" {
		s += " " + o.when
	}
	return s + ", else " + ErrnoName(err)
}

// kindWords are the kinds of socket that may set it.
func (o *option) kindWords() string {
	if o.only == 0 {
		return ""
	}
	var names []string
	for _, k := range [...]struct {
		k    kinds
		name string
	}{{onStream, "STREAM"}, {onDgram, "DGRAM"}, {onRaw, "RAW"}, {onICMP &^ onRaw, "RAW with ICMP"}, {onPing, "ping"}} {
		if o.only&k.k != 0 && (k.k != onICMP || o.only&onRaw == 0) {
			names = append(names, k.name)
		}
	}
	who := strings.Join(names, ", ")
	if who == "" {
		who = "none"
	}
	return who + "; others: " + ErrnoName(o.toOthers())
}
