//go:build linux

package kernel

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// features are the offloads that scripts switch, with the commands of linux/ethtool.h.
var features = map[string]uint32{"tso": 0x1f, "gso": 0x24, "gro": 0x2c, "tx": 0x17, "sg": 0x19}

// ethtool performs `ethtool -K DEVICE FEATURE on|off ...` in the namespace of the calling thread, as hosts seldom have the
// program. Other forms are left to it.
func ethtool(cmd string) (done bool, err error) {
	words := strings.Fields(cmd)
	if len(words) < 5 || words[0] != "ethtool" || words[1] != "-K" || len(words)%2 == 0 {
		return false, nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true, err
	}
	defer unix.Close(fd)
	for w := words[3:]; len(w) >= 2; w = w[2:] {
		number, ok := features[w[0]]
		if !ok {
			return false, nil
		}
		var value [8]byte // struct ethtool_value
		binary.NativeEndian.PutUint32(value[:], number)
		if w[1] == "on" {
			value[4] = 1
		}
		var ifr [40]byte // struct ifreq with a pointer
		copy(ifr[:unix.IFNAMSIZ-1], words[2])
		*(*unsafe.Pointer)(unsafe.Pointer(&ifr[unix.IFNAMSIZ])) = unsafe.Pointer(&value[0])
		if _, errno := call6(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&ifr[0])), 0, 0, 0); errno != 0 {
			return true, fmt.Errorf("ethtool -K %s %s %s: %w", words[2], w[0], w[1], errno)
		}
	}
	return true, nil
}
