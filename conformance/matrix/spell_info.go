package matrix

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// infoField is a field of struct tcp_info in which no clock has a part; of one that a clock has, whether it was ever measured.
type infoField struct {
	name string
	at   int // octets
	size int
	only byte // these bits of an octet; 0 for all
	none bool // whether it was measured is all that counts
}

var infoFields = []infoField{
	{name: "state", at: 0, size: 1}, {name: "ca_state", at: 1, size: 1}, {name: "retransmits", at: 2, size: 1}, {name: "probes", at: 3, size: 1}, {name: "backoff", at: 4, size: 1}, {name: "options", at: 5, size: 1}, {name: "wscale", at: 6, size: 1},
	{name: "snd_mss", at: 16, size: 4}, {name: "unacked", at: 24, size: 4}, {name: "sacked", at: 28, size: 4}, {name: "lost", at: 32, size: 4}, {name: "retrans", at: 36, size: 4}, {name: "pmtu", at: 60, size: 4}, {name: "snd_ssthresh", at: 76, size: 4},
	{name: "snd_cwnd", at: 80, size: 4}, {name: "advmss", at: 84, size: 4}, {name: "reordering", at: 88, size: 4}, {name: "total_retrans", at: 100, size: 4}, {name: "bytes_acked", at: 120, size: 8}, {name: "bytes_received", at: 128, size: 8},
	{name: "segs_out", at: 136, size: 4}, {name: "segs_in", at: 140, size: 4}, {name: "notsent_bytes", at: 144, size: 4}, {name: "data_segs_in", at: 152, size: 4}, {name: "data_segs_out", at: 156, size: 4},
	{name: "delivered", at: 192, size: 4}, {name: "delivered_ce", at: 196, size: 4}, {name: "bytes_sent", at: 200, size: 8}, {name: "bytes_retrans", at: 208, size: 8}, {name: "dsack_dups", at: 216, size: 4},
	{name: "reord_seen", at: 220, size: 4}, {name: "rcv_ooopack", at: 224, size: 4}, {name: "snd_wnd", at: 228, size: 4},
	{name: "rcv_ssthresh", at: 64, size: 4}, {name: "rcv_space", at: 96, size: 4}, {name: "rcv_wnd", at: 232, size: 4},
	{name: "fastopen_client_fail", at: 7, size: 1, only: 6}, {name: "rcv_mss", at: 20, size: 4}, {name: "total_rto", at: 240, size: 2}, {name: "total_rto_recoveries", at: 242, size: 2},
	{name: "rcv_rtt", at: 92, size: 4, none: true}, {name: "min_rtt", at: 148, size: 4, none: true},
}

// info spells those fields of TCP_INFO that are not 0; false when it was not told whole.
func info(data []byte) (string, bool) {
	const whole = 248
	if len(data) < whole {
		return "", false
	}
	var list []string
	for i := range infoFields {
		f := &infoFields[i]
		switch v := f.value(data); {
		case f.none && v != 0 && v != math.MaxUint32:
			list = append(list, f.name)
		case !f.none && v != 0:
			list = append(list, fmt.Sprintf("%s %d", f.name, v))
		}
	}
	return strings.Join(list, " "), true
}

func (f *infoField) value(data []byte) uint64 {
	b := data[f.at:]
	switch f.size {
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	if f.only != 0 {
		return uint64(b[0] & f.only)
	}
	return uint64(b[0])
}

// memory spells what SO_MEMINFO tells of a stream: what lies in its buffers and what has been lent to it, octets.
func memory(data []byte) (string, bool) {
	const whole = 36
	if len(data) < whole {
		return "", false
	}
	var list []string
	for _, f := range [...]struct {
		name string
		at   int
	}{{"rmem", 0}, {"rcvbuf", 4}, {"sndbuf", 12}, {"forward", 16}, {"wmem_queued", 20}} {
		list = append(list, fmt.Sprintf("%s %d", f.name, int32(binary.LittleEndian.Uint32(data[f.at:]))))
	}
	return strings.Join(list, " "), true
}
