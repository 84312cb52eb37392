//go:build linux

package kernel

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Counters reads the namespace's statistics: the lines Tcp, Udp and Ip of /proc/net/snmp, TcpExt of /proc/net/netstat, and all of
// /proc/net/snmp6. Those of Udp and Ip bear its name, as they do in snmp6.
func (in *instance) Counters() (map[string]uint64, error) {
	all := map[string]uint64{}
	for _, f := range [...]struct{ file, line, prefix string }{{"snmp", "Tcp:", ""}, {"netstat", "TcpExt:", ""}, {"snmp", "Udp:", "Udp"}, {"snmp", "Ip:", "Ip"}} {
		b, err := in.procNet(f.file)
		if err != nil {
			return nil, err
		}
		if err := readCounters(all, b, f.line, f.prefix); err != nil {
			return nil, fmt.Errorf("/proc/net/%s: %w", f.file, err)
		}
	}
	b, err := in.procNet("snmp6")
	if err != nil {
		return all, nil // a kernel without IPv6 has no such file
	}
	readPairs(all, b)
	return all, nil
}

// readPairs takes a table of a name and a value in each line.
func readPairs(all map[string]uint64, table []byte) {
	for _, line := range bytes.Split(table, []byte("\n")) {
		if f := bytes.Fields(line); len(f) == 2 {
			if n, err := strconv.ParseUint(string(f[1]), 10, 64); err == nil {
				all[string(f[0])] = n
			}
		}
	}
}

// procNet reads a file of /proc/net as the namespace has it, which is that of the thread that made it.
func (in *instance) procNet(file string) ([]byte, error) {
	return os.ReadFile(fmt.Sprintf("/proc/self/task/%d/net/%s", in.owner.tid, file))
}

// readCounters takes the names from the first line that begins with head and the values from the second; prefix goes before
// the names.
func readCounters(all map[string]uint64, table []byte, head, prefix string) error {
	var names [][]byte
	for _, line := range bytes.Split(table, []byte("\n")) {
		f := bytes.Fields(line)
		if len(f) == 0 || string(f[0]) != head {
			continue
		}
		if names == nil {
			names = f
			continue
		}
		for i := 1; i < min(len(f), len(names)); i++ {
			// MaxConn is -1; it counts nothing.
			if n, err := strconv.ParseUint(string(f[i]), 10, 64); err == nil {
				all[prefix+string(names[i])] = n
			}
		}
		return nil
	}
	return fmt.Errorf("no line %q with names and one with values", head)
}
