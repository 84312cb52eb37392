package sock

import (
	"fmt"
	"strconv"
	"strings"
)

const ctlReservedPortsName = "net.ipv4.ip_local_reserved_ports"

// portSpan is a range of ports, both ends included.
type portSpan struct{ first, last uint16 }

// reservedPort reports whether the port is not for the host to choose
// (inet_is_local_reserved_port). A bind that asks for it gets it.
func (c *sysctls) reservedPort(port uint16) bool {
	for _, r := range c.reserved {
		if r.first <= port && port <= r.last {
			return true
		}
	}
	return false
}

// setReserved reads a list of ports and ranges. Nothing is changed on error.
func (c *sysctls) setReserved(value string) error {
	var taken [1 << 16]bool
	if err := readRanges(ctlReservedPortsName, value, taken[:]); err != nil {
		return err
	}
	c.reserved = spansOf(taken[:])
	return nil
}

// readRanges reads a list of numbers and ranges, "8080,9000-9010", in decimal, octal
// or hexadecimal; blanks have no place in it (proc_do_large_bitmap).
func readRanges(name, value string, taken []bool) error {
	for rest := strings.Trim(value, "\n"); rest != ""; {
		var word string
		word, rest, _ = strings.Cut(rest, ",")
		from, to, isRange := strings.Cut(word, "-")
		if !isRange {
			to = from
		}
		a, okA := parseLong(from)
		b, okB := parseLong(to)
		if !okA || !okB || a > b || b >= int64(len(taken)) {
			return fmt.Errorf("%s: %q is neither a number below %d nor a range like 90-95", name, word, len(taken))
		}
		for p := a; p <= b; p++ {
			taken[p] = true
		}
	}
	return nil
}

// spansOf joins neighbours.
func spansOf(taken []bool) (spans []portSpan) {
	for p := range taken {
		switch {
		case !taken[p]:
		case p > 0 && taken[p-1]:
			spans[len(spans)-1].last = uint16(p)
		default:
			spans = append(spans, portSpan{uint16(p), uint16(p)})
		}
	}
	return spans
}

// showRanges is such a list as /proc/sys shows it.
func showRanges(spans []portSpan) string {
	words := make([]string, len(spans))
	for i, r := range spans {
		words[i] = strconv.Itoa(int(r.first))
		if r.last != r.first {
			words[i] += "-" + strconv.Itoa(int(r.last))
		}
	}
	return strings.Join(words, ",")
}
