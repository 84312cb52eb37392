package sock

import (
	"fmt"
	"strconv"
	"strings"
)

// LinuxRelease is the kernel that profile Linux is, and that live tests are held against.
const LinuxRelease = "6.18"

// OlderLinux says of a kernel's release, as uname tells it, that it is older than LinuxRelease, and may differ where the rules have
// changed since. It is empty for any other, and for what is no release.
func OlderLinux(uname string) string {
	if majorMinor(uname) >= majorMinor(LinuxRelease) {
		return ""
	}
	return fmt.Sprintf("on Linux %s, and the rules are those of Linux %s: what differs is no failure", uname, LinuxRelease)
}

// majorMinor makes the first two numbers of a release one that grows with it, out of reach if there are none.
func majorMinor(release string) int {
	const unknown = 1 << 30
	major, rest, _ := strings.Cut(release, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	a, err := strconv.ParseUint(major, 10, 16)
	b, err2 := strconv.ParseUint(rest[:end], 10, 10)
	if err != nil || err2 != nil {
		return unknown
	}
	return int(a<<10 | b)
}
