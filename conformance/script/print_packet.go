package script

import (
	"encoding/hex"
	"fmt"
	"strings"
)

func (w *printer) packet(p *Packet) {
	if p.Direction == Outbound {
		w.put("> ")
	} else {
		w.put("< ")
	}
	if p.Conn != "" {
		w.put(p.Conn, ": ")
	}
	for i := range p.Outer {
		w.header(&p.Outer[i])
	}
	w.ipSpec(p.IP)
	switch {
	case p.UDP != nil:
		w.put("udp ")
		w.ports(p.Ports)
		w.num("(", uint64(p.UDP.Len))
		w.put(")")
	case p.ICMP != nil:
		w.icmp(p.ICMP)
	case p.TCP != nil:
		if p.PSP != nil {
			w.put("encap psp ")
			w.num("spi ", uint64(p.PSP.SPI))
			w.put(" ")
		}
		w.ports(p.Ports)
		w.tcp(p.TCP)
	}
}

func (w *printer) ports(ports *Ports) {
	if ports != nil {
		fmt.Fprintf(w, "%d > %d ", ports.Src, ports.Dst)
	}
}

var markWords = map[ECNCheck]string{NotECT: "noecn", ECT0: "ect0", ECT1: "ect1", CE: "ce", ECT01: "ect01"}

// ipSpec writes the bracket with a blank behind it, or nothing.
func (w *printer) ipSpec(s IPSpec) {
	var parts []string
	switch s.ECN {
	case ECNNotStated:
	case WholeTOS:
		parts = append(parts, fmt.Sprintf("tos %#x", s.TOS))
	default:
		parts = append(parts, markWords[s.ECN])
	}
	if s.HasFlowLabel {
		parts = append(parts, fmt.Sprintf("flowlabel %#x", s.FlowLabel))
	}
	if s.HasTTL {
		parts = append(parts, fmt.Sprintf("ttl %d", s.TTL))
	}
	if s.HasFrag {
		parts = append(parts, s.Frag.String())
	}
	if len(parts) > 0 {
		w.put("[", strings.Join(parts, ", "), "] ")
	}
}

// String is the fragment as a script writes it.
func (f FragSpec) String() string {
	text := fmt.Sprintf("frag %d:%d", f.Start, f.End)
	if f.More {
		text += "+"
	}
	if f.ID != 0 {
		text += fmt.Sprintf(" id %d", f.ID)
	}
	return text
}

func (w *printer) header(h *Header) {
	switch h.Kind {
	case HeaderIPv4, HeaderIPv6:
		w.put(map[HeaderKind]string{HeaderIPv4: "ipv4 ", HeaderIPv6: "ipv6 "}[h.Kind])
		w.ipSpec(h.IP)
		w.put(h.Src.String(), " > ", h.Dst.String())
	case HeaderMPLS:
		w.put("mpls ")
		w.labels(h.Labels)
	case HeaderGRE:
		w.put("gre")
		if h.GRE != nil {
			w.put(" ")
			w.gre(h.GRE)
		}
	}
	w.put(": ")
}

func (w *printer) labels(stack []MPLSLabel) {
	for i, l := range stack {
		if i > 0 {
			w.put(" ")
		}
		bottom := ""
		if l.Bottom {
			bottom = "[S], "
		}
		fmt.Fprintf(w, "(label %d, tc %d, %sttl %d)", l.Label, l.TC, bottom, l.TTL)
	}
}

// gre writes the flags as a number: names exist for three of the bits only.
func (w *printer) gre(g *GRE) {
	fmt.Fprintf(w, "flags 0x%x, sum 0x%x, off 0x%x, key 0x%x, seq %d", g.Flags, g.Checksum, g.Offset, g.Key, g.Sequence)
}

func (w *printer) icmp(m *ICMP) {
	w.put("icmp ", m.Type)
	if m.Code != "" {
		w.put(" ", m.Code)
	}
	if m.HasMTU {
		w.num(" mtu ", uint64(m.MTU))
	}
	if m.HasID {
		w.num(" id ", uint64(m.ID))
	}
	switch m.Echo {
	case EchoTCP:
		w.put(" [")
		w.seqRange(m.Seq, m.Len)
		w.put("]")
	case EchoUDP:
		w.num(" [udp (", uint64(m.Len))
		w.put(")]")
	case EchoRaw:
		w.num(" [raw (", uint64(m.Len))
		w.put(")]")
	}
}

func (w *printer) seqRange(seq uint32, n uint16) {
	fmt.Fprintf(w, "%d:%d(%d)", seq, uint64(seq)+uint64(n), n)
}

// flagOrder is the order in which Google's tools print flags, ACK last.
var flagOrder = []struct {
	bit    Flags
	letter string
}{{FIN, "F"}, {SYN, "S"}, {RST, "R"}, {PSH, "P"}, {URG, "U"}, {ECE, "E"}, {CWR, "W"}, {AE, "A"}, {ACK, "."}}

// String is the flags as a script writes them, - for none.
func (f Flags) String() string {
	text := ""
	for _, o := range flagOrder {
		if f.Has(o.bit) {
			text += o.letter
		}
	}
	if text == "" {
		return "-"
	}
	return text
}

func (w *printer) tcp(t *TCP) {
	w.put(t.Flags.String(), " ")
	w.seqRange(t.Seq, t.Len)
	if t.HasAck {
		w.num(" ack ", uint64(t.Ack))
	}
	if t.HasWindow {
		w.num(" win ", uint64(t.Window))
	}
	if t.HasUrgent {
		w.num(" urg ", uint64(t.Urgent))
	}
	switch {
	case t.AnyOptions:
		w.put(" <...>")
	case len(t.Options) > 0:
		w.put(" <")
		for i := range t.Options {
			if i > 0 {
				w.put(",")
			}
			w.put(t.Options[i].String())
		}
		w.put(">")
	}
}

var optionWords = map[OptionKind]string{
	OptNOP: "nop", OptEOL: "eol", OptMSS: "mss", OptWScale: "wscale", OptSACKOK: "sackOK", OptSACK: "sack", OptMD5: "md5",
	OptTS: "TS", OptFastOpen: "FO", OptFastOpenExp: "FOEXP", OptAccECN: "ECN",
}

// String is the option as a script writes it.
func (o *TCPOption) String() string {
	w := &printer{}
	w.put(optionWords[o.Kind])
	switch o.Kind {
	case OptMSS, OptWScale:
		w.num(" ", uint64(o.Value))
	case OptTS:
		w.num(" val ", uint64(o.Value))
		w.num(" ecr ", uint64(o.Echo))
	case OptSACK:
		for _, b := range o.Blocks {
			fmt.Fprintf(w, " %d:%d", b.Left, b.Right)
		}
	case OptMD5, OptFastOpen, OptFastOpenExp:
		if len(o.Data) > 0 {
			w.put(" ", hex.EncodeToString(o.Data))
		}
	case OptAccECN:
		for _, c := range o.Counters {
			w.num(map[AccECNField]string{E0B: " e0b ", CEB: " ceb ", E1B: " e1b "}[c.Field], uint64(c.Value))
		}
	}
	return w.String()
}
