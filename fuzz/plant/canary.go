package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sockspec/sockspec/fuzz/woven"
)

// canaryTime is how long a fuzz target may look for its canary.
const canaryTime = 30 * time.Second

// firstCanary is the number of the first canary: bugs and canaries never mix.
const firstCanary = 1001

// canary is a bug that a fuzz target must find.
type canary struct {
	Target, Package string
	Path            string
	bug
}

// numbered is the canary as a bug with its number, i its place in allCanaries.
func (c canary) numbered(i int) numbered { return numbered{c.bug, firstCanary + i, c.Path} }

// numberedCanaries are all of them.
func numberedCanaries() (all []numbered) {
	for i, c := range allCanaries() {
		all = append(all, c.numbered(i))
	}
	return all
}

// allCanaries are those that may be found by a seed, and those that none shows.
func allCanaries() []canary { return slices.Concat(canaries, deepCanaries) }

// canaries are one each of the targets. Where one can be thought of that the
// seeds pass by, mutation has to find it.
var canaries = []canary{
	{"FuzzConn", "fuzz", "tcpstate/ack.go", bug{"ACK of one octet that was not sent", "off by one", "", `s.Ack.Greater(c.snd.nxt)`, `s.Ack.Greater(c.snd.nxt.Add(1))`}},
	{"FuzzPair", "fuzz", "tcpstate/xmit.go", bug{"no probe of a window that never opened", "RFC 2525 2.12", "", `c.armXmit(xmitProbe, c.probeBase())`, ``}},
	{"FuzzHost", "fuzz", "sock/accept.go", bug{"accept on a socket that does not listen", "check left out", "func tcpAccept(", `s.state() != tcpstate.Listen`, `false`}},
	{"FuzzOptions", "fuzz", "sock/option_table.go", bug{"octet of 256", "off by one", "", `!inRange(v.int, o.lo, o.hi)`, `!inRange(v.int, o.lo, o.hi) && v.int != 256`}},
	{"FuzzWire", "sock", "sock/wireread.go", bug{"top bit of the urgent pointer lost", "sign", "", `binary.BigEndian.Uint16(body[18:])`, `binary.BigEndian.Uint16(body[18:]) &^ 0x8000`}},
	{"FuzzParse", "conformance/script", "conformance/script/show.go", bug{"octet that begins no character passed over as three", "length", "", `s = s[size:]`, `s = s[utf8.RuneLen(r):]`}},
	{"FuzzDecode", "packetio", "packetio/encode.go", bug{"top bit of the port lost", "sign", "", `layers.TCPPort(p.DstPort)`, `layers.TCPPort(p.DstPort &^ 0x8000)`}},
	{"FuzzReadCapture", "packetio", "packetio/capread.go", bug{"length taken from the frame as it is", "check left out", "", `max(ci.Length-len(data)+len(ip), len(ip))`, `ci.Length - len(data) + len(ip)`}},
	{"FuzzLink", "packetio", "packetio/link.go", bug{"second child of the heap not looked at", "off by one", "", `c <= 2*i+2 && c < last`, `c < 2*i+2 && c < last`}},
	{"FuzzFIFO", "queue", "queue/fifo.go", bug{"what stays keeps its place when others go", "order", "", `*q.list.At(kept) = *p`, ``}},
	{"FuzzDeadlines", "queue", "queue/deadlines.go", bug{"heap not mended after a removal", "check left out", "", `hole < d.n`, `false`}},
	{"FuzzDeque", "queue", "queue/deque.go", bug{"what has wrapped lost when the ring grows", "wrap", "", `copy(buf[k:], d.buf[:d.n-k])`, `if k != 5 || d.n != 8 {
	copy(buf[k:], d.buf[:d.n-k])
}`}},
	{"FuzzHash", "queue", "queue/hash.go", bug{"last octets of a run forgotten", "length", "", `h.U64(tail)`, ``}},
	{"FuzzRanges", "queue", "queue/ranges.go", bug{"split makes one range too many", "off by one", "", `i+1 == j && len(s.list) >= s.limit`, `false`}},
	{"FuzzTable", "queue", "queue/table.go", bug{"youngest entry lost from the ring", "order", "", `t.slots[youngest].next, t.slots[0].prev = i, i`, `t.slots[0].prev = i`}},
	{"FuzzTree", "queue", "queue/rebalance.go", bug{"node that comes up keeps its colour in a tree of twenty", "state left over", "", `t.nodes[sibling].colour = t.nodes[parent].colour`, `if t.n < 20 {
	t.nodes[sibling].colour = t.nodes[parent].colour
}`}},
	{"FuzzWaiters", "queue", "queue/waiters.go", bug{"waiter that asks again waits twice", "check left out", "func (w *Waiters[T]) Add(", `w.Waiting(id)`, `false`}},
	{"FuzzBytes", "queue", "queue/bytes.go", bug{"gap shows octets of before", "state left over", "", `clear(s)`, ``}},
}

// buildCanary builds the package of a target as go test -fuzz does, into the file to.
func buildCanary(ctx context.Context, root, overlay, pkg, to string) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-fuzz=.", "-overlay", overlay, "-o", to, "./"+pkg)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// find lets a target look for canary i in the test binary bin. It works in dir,
// with the package's corpus of files and no other, so that what it finds stays
// there. bySeeds: the seeds show the bug already.
func (c canary) find(ctx context.Context, root, bin, dir string, i int) (found, bySeeds bool, out string, err error) {
	if corpus := filepath.Join(root, filepath.FromSlash(c.Package), "testdata"); isDir(corpus) {
		if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS(corpus)); err != nil {
			return false, false, "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*canaryTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-test.run=^$", "-test.fuzz=^"+c.Target+"$", "-test.fuzztime="+canaryTime.String(),
		"-test.fuzzminimizetime=1x", "-test.fuzzcachedir="+filepath.Join(dir, "cache"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", woven.EnvName, firstCanary+i))
	text, _ := cmd.CombinedOutput() // it fails when it finds something
	out = string(text)
	bySeeds = strings.Contains(out, "failure while testing seed corpus entry")
	return bySeeds || strings.Contains(out, "Failing input written to"), bySeeds, out, nil
}

func isDir(path string) bool {
	s, err := os.Stat(path)
	return err == nil && s.IsDir()
}
