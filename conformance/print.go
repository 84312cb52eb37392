package conformance

import (
	"fmt"
	"strings"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
)

// String spells the packet as a script does, without direction and time.
func (s *segment) String() string {
	if f := s.frag; f != nil {
		return fmt.Sprintf("[%s] of IP protocol %d", f.FragSpec, s.proto)
	}
	switch s.proto {
	case sock.ProtoTCP:
		return ecnPrefix(s.tos) + s.tcpString(fmt.Sprintf("win %d", s.window))
	case sock.ProtoUDP:
		return fmt.Sprintf("udp (%d)", len(s.payload))
	case sock.ProtoICMP, sock.ProtoICMPv6:
		return fmt.Sprintf("icmp type_%d code_%d", s.icmpType, s.icmpCode)
	}
	return fmt.Sprintf("IP protocol %d (%d)", s.proto, len(s.payload))
}

func (s *segment) tcpString(window string) string {
	var b strings.Builder
	n := uint32(len(s.payload))
	fmt.Fprintf(&b, "%s %d:%d(%d)", flagLetters(s.flags), s.seq, s.seq+n, n)
	if s.flags.Has(script.ACK) {
		fmt.Fprintf(&b, " ack %d", s.ack)
	}
	if window != "" {
		b.WriteString(" " + window)
	}
	if s.urgent != 0 || s.flags.Has(script.URG) {
		fmt.Fprintf(&b, " urg %d", s.urgent)
	}
	if len(s.options) > 0 {
		fmt.Fprintf(&b, " <%s>", printOptions(s.options))
	}
	return b.String()
}

// flagLetters spells the control bits in the order of Google's printer; no bit at all is "-".
func flagLetters(f script.Flags) string {
	var b strings.Builder
	for _, l := range [...]struct {
		bit    script.Flags
		letter byte
	}{{script.SYN, 'S'}, {script.FIN, 'F'}, {script.RST, 'R'}, {script.PSH, 'P'}, {script.ACK, '.'}, {script.URG, 'U'},
		{script.ECE, 'E'}, {script.CWR, 'W'}, {script.AE, 'A'}} {
		if f.Has(l.bit) {
			b.WriteByte(l.letter)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

func ecnPrefix(tos uint8) string {
	switch {
	case tos == 0:
		return ""
	case tos > 3:
		return fmt.Sprintf("[tos 0x%x] ", tos)
	}
	return [...]string{"", "[ect1] ", "[ect0] ", "[ce] "}[tos]
}

// expectedString spells what a script expects, leaving out what it leaves open.
func expectedString(p *script.Packet, s *segment) string {
	if p.TCP == nil {
		return s.String()
	}
	window := ""
	if p.TCP.HasWindow {
		window = fmt.Sprintf("win %d", p.TCP.Window)
	}
	prefix := ""
	switch p.IP.ECN {
	case script.NotECT:
		prefix = "[noecn] "
	case script.ECT01:
		prefix = "[ect01] "
	case script.ECT0, script.ECT1, script.CE, script.WholeTOS:
		prefix = ecnPrefix(s.tos)
	}
	text := prefix + s.tcpString(window)
	if p.TCP.AnyOptions {
		text += " <...>"
	}
	return text
}

// seconds prints a time as scripts write it.
func seconds(t sock.Time) string { return fmt.Sprintf("%.6f", float64(t)/1e6) }
