package story

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Mark is how a script marks an event of the model, "" for no mark.
type Mark func(ev *conformance.Event) string

// Gaps are worth trying in turn: how far apart deeds are that a story has at one time.
var Gaps = []tcpstate.Duration{tcpstate.Millisecond, 10 * tcpstate.Millisecond, 0}

// Write is the story as a script under a title, which is lines of comment: what the model does. Deeds are at least a gap apart.
// Events are marked as mark says; nil marks none.
func (s *Story) Write(title string, mark Mark, gap tcpstate.Duration) (string, error) {
	p, err := play(s, mark, gap)
	if err != nil {
		return "", err
	}
	return p.text(s, title), nil
}

// text is the script.
func (p *player) text(s *Story, title string) string {
	var b strings.Builder
	b.WriteString(title + "\n")
	if s.MTU != 0 && s.MTU != 1500 {
		fmt.Fprintf(&b, "--mtu=%d\n", s.MTU)
	}
	switch {
	case p.local == scriptLocal6:
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
	when := seconds(l.at)
	if l.waited {
		when += "..." + seconds(l.end)
	}
	if l.thread > 0 {
		when += fmt.Sprintf(" t%d:", l.thread)
	}
	text := when + " " + l.text
	if l.shows != "" {
		text += " //@" + l.shows
	}
	return text + "\n"
}

func seconds(t sock.Time) string {
	s := strings.TrimRight(fmt.Sprintf("%.6f", float64(t)/1e6), "0")
	return strings.TrimSuffix(s, ".")
}
