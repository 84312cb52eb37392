//go:build linux

package kernel

import (
	"fmt"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// childEhash is how many buckets the table of connections has that each world gets to itself. The machine's own has as many as fit its
// memory, 262,144 with 16 GiB and more, and whoever counts requests (Queues) has to walk it from end to end: a millisecond each
// time, which was half of all that a campaign cost.
const childEhash = 256

// sized are sysctls whose values Linux makes of the size of that table (tcp_set_hashinfo), as they are with the largest.
var sized = [...][2]string{{"net.ipv4.tcp_max_tw_buckets", "131072"}, {"net.ipv4.tcp_max_syn_backlog", "2048"}}

// nursery is a namespace whose children have tables of their own: the setting is read of the namespace that its maker is in.
var nursery struct {
	once sync.Once
	fd   int // open until the process ends; -1 where the kernel is older than Linux 6.1
}

// freshNetNS puts the calling thread into a fresh namespace.
func freshNetNS() error {
	nursery.once.Do(func() {
		nursery.fd = -1
		if t, err := (&instance{}).newThread(openNursery); err == nil {
			_ = t.stop()
		}
	})
	own := nursery.fd >= 0 && unix.Setns(nursery.fd, unix.CLONE_NEWNET) == nil
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	if !own {
		return nil // its table is the machine's: slower, and no different
	}
	for _, s := range sized {
		if err := writeSysctl(s[0], s[1]); err != nil {
			return err
		}
	}
	return nil
}

// openNursery makes the nursery the calling thread's namespace.
func openNursery() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if err := writeSysctl("net.ipv4.tcp_child_ehash_entries", strconv.Itoa(childEhash)); err != nil {
		return err
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		nursery.fd = fd
	}
	return err
}
