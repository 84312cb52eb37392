package gvisor

import (
	"encoding/binary"
	"time"

	"github.com/sockspec/sockspec/sock"
	"gvisor.dev/gvisor/pkg/tcpip"
)

// The fields of Linux's struct tcp_info that the Sentry fills in, by offset
// (include/uapi/linux/tcp.h). All others are zero, which on Linux would be a
// value: scripts that assert them show where gVisor says nothing.
const (
	infoState       = 0
	infoCaState     = 1
	infoRTO         = 8
	infoRTT         = 68
	infoRTTVar      = 72
	infoSndSsthresh = 76
	infoSndCwnd     = 80
	infoReordSeen   = 220
	sizeofInfo      = 224 // the Sentry's linux.SizeOfTCPInfo
)

// TCP_CA_*: Linux's congestion states.
const (
	caOpen     = 0
	caDisorder = 1
	caRecovery = 3
	caLoss     = 4
)

// info is getsockopt(TCP_INFO), cut to the room that there is (Sentry:
// getSockOptTCP). Spans are in microseconds.
func (f *file) info(room int32) sock.Return {
	var v tcpip.TCPInfoOption
	if err := f.endpoint.GetSockOpt(&v); err != nil {
		return status(err)
	}
	b := make([]byte, sizeofInfo)
	b[infoState] = uint8(v.State)
	b[infoCaState] = congestionState(v.CcState)
	for _, field := range []struct {
		at    int
		value uint32
	}{
		{infoRTO, uint32(v.RTO / time.Microsecond)},
		{infoRTT, uint32(v.RTT / time.Microsecond)},
		{infoRTTVar, uint32(v.RTTVar / time.Microsecond)},
		{infoSndSsthresh, v.SndSsthresh},
		{infoSndCwnd, v.SndCwnd},
		// Netstack knows only that there was reordering, not how often.
		{infoReordSeen, uint32(flag(v.ReorderSeen))},
	} {
		binary.LittleEndian.PutUint32(b[field.at:], field.value)
	}
	return short(b, room)
}

// congestionState is Linux's name for netstack's state. There is no CWR, because
// netstack does not negotiate ECN.
func congestionState(s tcpip.CongestionControlState) uint8 {
	switch s {
	case tcpip.RTORecovery:
		return caLoss
	case tcpip.FastRecovery, tcpip.SACKRecovery:
		return caRecovery
	case tcpip.Disorder:
		return caDisorder
	}
	return caOpen
}
