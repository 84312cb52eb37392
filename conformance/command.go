package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sockspec/sockspec/conformance/script"
)

// command carries out a shell command of the script. What sets sysctls is understood here, for every stack: `sysctl -q
// name=value ...`, `set_sysctls.py /proc/sys/name=value ...`, and shell scripts beside the script that consist of such lines.
// What only tidies up after Google's runner is done by a fresh instance anyway. The rest goes to the stack as it is.
func (e *engine) command(c *script.Command) error {
	err := e.shell(c.Text, 0)
	if err == nil || errors.Is(err, ErrUnsupported) {
		if err != nil {
			err = fmt.Errorf("line %d: %w", c.Pos.Line, err)
		}
		return err
	}
	return &Failure{Line: c.Pos.Line, What: "command", Expected: "`" + strings.TrimSpace(c.Text) + "` to succeed", Got: err.Error()}
}

// maxDepth bounds scripts that call scripts.
const maxDepth = 4

// shell runs commands, one a line or separated by semicolons, a backslash joining lines, # beginning a comment. As in a shell the
// last one's failure is the failure of all.
func (e *engine) shell(text string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("shell scripts call each other more than %d deep", maxDepth)
	}
	text = strings.ReplaceAll(text, "\\\n", " ")
	var last error
	for _, line := range strings.Split(text, "\n") {
		for _, cmd := range splitCommands(line) {
			if last = e.list(cmd, depth); errors.Is(last, ErrUnsupported) {
				return last // the script may depend on it
			}
		}
	}
	return last
}

// list runs commands joined by && and ||, from left to right.
func (e *engine) list(cmd string, depth int) error {
	var err error
	start, op := 0, ""
	step := func(end int) {
		if op == "" || (op == "&&") == (err == nil) {
			err = e.simple(strings.TrimSpace(cmd[start:end]), depth)
		}
	}
	scanTop(cmd, func(i int) int {
		if !strings.HasPrefix(cmd[i:], "&&") && !strings.HasPrefix(cmd[i:], "||") {
			return 1
		}
		step(i)
		op, start = cmd[i:i+2], i+2
		return 2
	})
	step(len(cmd))
	return err
}

// noop matches commands that mean nothing on an instance of its own: its link has no shaping queue (Linux's default discipline
// behaves like pfifo here), and nobody else uses its sysctls, so they need no restoring.
var noop = regexp.MustCompile(`^(tc qdisc (add|replace) dev \S+ root pfifo|/tmp/sysctl_restore_\$\{?PPID\}?\.sh|set -e|true|:)$`)

// flush matches what empties the caches of earlier connections. A stack that has no such cache has nothing to do.
var flush = regexp.MustCompile(`^(ip tcp_metrics flush( all)?|ip route flush cache)$`)

// simple runs one command.
func (e *engine) simple(cmd string, depth int) error {
	bare := stripRedirections(cmd)
	words, err := splitWords(bare)
	switch {
	case err != nil:
		return err
	case len(words) == 0, noop.MatchString(strings.Join(words, " ")):
		return nil
	case flush.MatchString(strings.Join(words, " ")):
		return e.flushCaches(bare)
	case strings.Contains(bare, "|"):
		return e.inst.Command(cmd)
	case words[0] == "sysctl":
		return e.sysctl(words[1:])
	case filepath.Base(words[0]) == "set_sysctls.py":
		return e.sysctl(words[1:])
	case len(words) == 1 && strings.HasSuffix(words[0], ".sh"):
		return e.source(words[0], depth)
	}
	return e.inst.Command(cmd)
}

// flushCaches does nothing before the first event, when all caches are empty.
func (e *engine) flushCaches(cmd string) error {
	if e.cur.ev == nil {
		return nil
	}
	if err := e.inst.Command(cmd); !errors.Is(err, ErrUnsupported) {
		return err
	}
	return nil
}

// source interprets a shell script. Its path is relative to the directory of the .pkt file, where Google's runner is started.
func (e *engine) source(path string, depth int) error {
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(e.script.Path), path)
	}
	text, err := script.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Base(path) == "defaults.sh" {
		return e.shell(suiteDefaults, depth+1)
	}
	if err != nil {
		return err
	}
	return e.shell(string(text), depth+1)
}

// suiteDefaults are the sysctls that Google's suite assumes, for its scripts outside of its tree: values of Linux that hosts are
// known to change.
const suiteDefaults = `
sysctl -q net.ipv4.tcp_rmem="4096 540000 15728640"
sysctl -q net.ipv4.tcp_wmem="4096 262144 4194304"
sysctl -q net.ipv4.tcp_congestion_control=cubic
sysctl -q net.ipv4.tcp_slow_start_after_idle=0
sysctl -q net.ipv4.tcp_ecn=0
sysctl -q net.ipv4.tcp_fastopen=0x70403
sysctl -q net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4
`
