//go:build linux && amd64

package sock

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// infoFields are the fields of struct tcp_info by offset and size, octets; those
// that hang on how long something took are left to scripts, whose clock both
// stacks share.
var infoFields = []struct {
	name    string
	at, n   int
	onClock bool
}{
	{"state", 0, 1, false}, {"ca_state", 1, 1, false}, {"retransmits", 2, 1, false}, {"probes", 3, 1, false}, {"backoff", 4, 1, false},
	{"options", 5, 1, false}, {"wscale", 6, 1, false}, {"app_limited", 7, 1, false}, {"rto", 8, 4, true}, {"ato", 12, 4, true},
	{"snd_mss", 16, 4, false}, {"rcv_mss", 20, 4, false}, {"unacked", 24, 4, false}, {"sacked", 28, 4, false}, {"lost", 32, 4, false},
	{"retrans", 36, 4, false}, {"fackets", 40, 4, false}, {"last_data_sent", 44, 4, true}, {"last_ack_sent", 48, 4, false},
	{"last_data_recv", 52, 4, true}, {"last_ack_recv", 56, 4, true}, {"pmtu", 60, 4, false}, {"rcv_ssthresh", 64, 4, false},
	{"rtt", 68, 4, true}, {"rttvar", 72, 4, true}, {"snd_ssthresh", 76, 4, false}, {"snd_cwnd", 80, 4, false}, {"advmss", 84, 4, false},
	{"reordering", 88, 4, false}, {"rcv_rtt", 92, 4, true}, {"rcv_space", 96, 4, false}, {"total_retrans", 100, 4, false},
	{"pacing_rate", 104, 8, true}, {"max_pacing_rate", 112, 8, false}, {"bytes_acked", 120, 8, false}, {"bytes_received", 128, 8, false},
	{"segs_out", 136, 4, false}, {"segs_in", 140, 4, false}, {"notsent_bytes", 144, 4, false}, {"min_rtt", 148, 4, true},
	{"data_segs_in", 152, 4, false}, {"data_segs_out", 156, 4, false}, {"delivery_rate", 160, 8, true}, {"busy_time", 168, 8, true},
	{"rwnd_limited", 176, 8, true}, {"sndbuf_limited", 184, 8, true}, {"delivered", 192, 4, false}, {"delivered_ce", 196, 4, false},
	{"bytes_sent", 200, 8, false}, {"bytes_retrans", 208, 8, false}, {"dsack_dups", 216, 4, false}, {"reord_seen", 220, 4, false},
	{"rcv_ooopack", 224, 4, false}, {"snd_wnd", 228, 4, false}, {"rcv_wnd", 232, 4, false}, {"rehash", 236, 4, false},
	{"total_rto", 240, 2, false}, {"total_rto_recoveries", 242, 2, false}, {"total_rto_time", 244, 4, false},
	{"received_ce", 248, 4, false}, {"delivered_bytes", 252, 12, false}, {"received_bytes", 264, 12, false}, {"accecn", 276, 4, false},
}

// sameInfo compares what both stacks report of a socket.
func (p *pair) sameInfo(t require.TestingT, slot int, where string) {
	c := Call{Op: OpGetsockopt, Level: SOL_TCP, Name: TCP_INFO, Len: 1000}
	c.FD = p.fds[0][slot]
	want := p.k.call(c)
	c.FD = p.fds[1][slot]
	var got Return
	for _, e := range p.h.Call(p.now, 1, c, nil) {
		got = e.Return
	}
	require.Equal(t, want.Errno, got.Errno)
	require.Equal(t, len(want.Data), len(got.Data))
	for _, f := range infoFields {
		a, b := want.Data[f.at:f.at+f.n], got.Data[f.at:f.at+f.n]
		if !f.onClock {
			assert.Equal(t, infoValue(a), infoValue(b), "slot %d %s: tcpi_%s (kernel, model)%s", slot, where, f.name, p)
		}
	}
}

// infoValue is a field as a number.
func infoValue(b []byte) string {
	var raw [8]byte
	copy(raw[:], b)
	if len(b) > 8 {
		return fmt.Sprintf("%x", b)
	}
	return fmt.Sprint(binary.LittleEndian.Uint64(raw[:]))
}

// TCP_INFO in every state: each field that does not hang on the clock is what
// the live kernel reports. Where a FIN is under way the delayed ACK of it may
// have come or not; scripts show those states.
func TestTCPInfoOfEveryStateAgreesWithTheLiveKernel(t *testing.T) {
	k := newLive(t)
	for _, f := range optFamilies {
		for _, st := range streamStates {
			if st.name == "shut down for writing" || st.name == "closed by the peer" {
				continue
			}
			p := &optPair{pair: &pair{k: k, now: Time(tcpstate.Second)}, t: t}
			p.h = optHost(t, k)
			st.reach(p, f.family, f.at)
			for slot := range p.fds[0] {
				p.sameInfo(t, slot, f.name+", "+st.name)
			}
			p.drop()
		}
	}
}
