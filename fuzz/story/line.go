package story

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/sock"
)

// line is one event of a script.
type line struct {
	at, end sock.Time // end: when a call that waited returned
	call    *sock.Call
	asked   string // the call without what came of it
	thread  sock.Thread
	text    string
	waited  bool
	shows   string // the rule that the script is about, if it shows here
	left    string // why it is left out
}

// text is the script.
func (p *player) text(s *Story, title string) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	for _, what := range s.Unsaid {
		fmt.Fprintf(&b, "// Not said here: %s\n", what)
	}
	if s.MTU != 0 && s.MTU != matrix.UsualMTU {
		fmt.Fprintf(&b, "--mtu=%d\n", s.MTU)
	}
	switch {
	case p.local == storyLocal6:
		fmt.Fprintf(&b, "--ip_version=ipv6\n--local_ip=%v\n--remote_ip=%v\n", p.local, p.peer)
	case p.peer != scriptPeer.Addr():
		fmt.Fprintf(&b, "--remote_ip=%v\n", p.peer)
	}
	if p.echoes {
		b.WriteString("--tcp_ts_ecr_scaled\n")
	}
	if len(s.Sysctls) > 0 {
		b.WriteString("`sysctl -q")
		for _, c := range s.Sysctls {
			b.WriteString(strings.TrimPrefix(conformance.SysctlCommand(c[0], c[1]), "sysctl -q"))
		}
		b.WriteString("`\n")
	}
	for i := range p.lines {
		b.WriteString(p.lines[i].String())
	}
	return b.String()
}

// String is the line with its time.
func (l *line) String() string {
	when, thread := seconds(l.at), ""
	if l.waited {
		when += "..." + seconds(l.end)
	}
	if l.thread > 0 {
		thread = fmt.Sprintf("t%d: ", l.thread)
	}
	if l.call != nil && l.text == "" {
		return fmt.Sprintf("// %s %s%s does not return\n", seconds(l.at), thread, cmp.Or(l.asked, l.call.Op.String()))
	}
	if l.left != "" {
		return fmt.Sprintf("// Left out: %s %s%s: %s\n", when, thread, l.text, l.left)
	}
	text := when + " " + thread + l.text
	if l.shows != "" {
		text += " //@" + l.shows
	}
	return text + "\n"
}

func seconds(t sock.Time) string {
	s := strings.TrimRight(fmt.Sprintf("%.6f", float64(t)/1e6), "0")
	return strings.TrimSuffix(s, ".")
}
