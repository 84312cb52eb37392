package matrix

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// infoField is a field of struct tcp_info in which no clock has a part, nor what a buffer costs.
type infoField struct {
	name string
	at   int // octets
	size int
}

var infoFields = []infoField{
	{"state", 0, 1}, {"ca_state", 1, 1}, {"retransmits", 2, 1}, {"probes", 3, 1}, {"backoff", 4, 1}, {"options", 5, 1}, {"wscale", 6, 1},
	{"snd_mss", 16, 4}, {"unacked", 24, 4}, {"sacked", 28, 4}, {"lost", 32, 4}, {"retrans", 36, 4}, {"pmtu", 60, 4}, {"snd_ssthresh", 76, 4},
	{"snd_cwnd", 80, 4}, {"advmss", 84, 4}, {"reordering", 88, 4}, {"total_retrans", 100, 4}, {"bytes_acked", 120, 8}, {"bytes_received", 128, 8},
	{"segs_out", 136, 4}, {"segs_in", 140, 4}, {"notsent_bytes", 144, 4}, {"data_segs_in", 152, 4}, {"data_segs_out", 156, 4},
	{"delivered", 192, 4}, {"delivered_ce", 196, 4}, {"bytes_sent", 200, 8}, {"bytes_retrans", 208, 8}, {"dsack_dups", 216, 4},
	{"reord_seen", 220, 4}, {"rcv_ooopack", 224, 4}, {"snd_wnd", 228, 4},
}

// toItself tells of a connection over loopback, whose peer is this host as well: what it lets in, and so how much is sent at once,
// is made of what a buffer costs.
func toItself(data []byte) bool {
	const pmtu, loopback = 60, 65535
	return binary.LittleEndian.Uint32(data[pmtu:]) >= loopback
}

// closed is the state of a socket whose connection is over: what it has not sent counts from beyond the largest window of that, which
// over loopback is made of what a buffer costs, too.
const closed = 7

// info spells those fields of TCP_INFO that are not 0; false when it was not told whole.
func info(data []byte) (string, bool) {
	last := infoFields[len(infoFields)-1]
	if len(data) < last.at+last.size {
		return "", false
	}
	var list []string
	for _, f := range infoFields {
		if (f.name == "snd_mss" || f.name == "snd_wnd" || f.name == "notsent_bytes" && data[0] == closed) && toItself(data) {
			continue
		}
		var v uint64
		switch f.size {
		case 1:
			v = uint64(data[f.at])
		case 4:
			v = uint64(binary.LittleEndian.Uint32(data[f.at:]))
		case 8:
			v = binary.LittleEndian.Uint64(data[f.at:])
		}
		if v != 0 {
			list = append(list, fmt.Sprintf("%s %d", f.name, v))
		}
	}
	return strings.Join(list, " "), true
}
