package sock

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// sizeofTCPInfo is the size of struct tcp_info of 6.18, octets.
const sizeofTCPInfo = 280

// getTCPInfo is TCP_INFO: struct tcp_info as it lies in memory on a
// little-endian machine (tcp_get_info).
func getTCPInfo(h *Host, s *sock, t *thread) outcome {
	i := tcpstate.Info{State: uint8(s.state())}
	switch {
	case s.lst != nil:
		// A listener reports its accept queue where others count packets.
		i.Unacked, i.Sacked = uint32(s.lst.accept.Len()), s.lst.backlog
		i.SndCwnd, i.Reordering = h.tcp.InitCwnd, s.left.tcp.Reordering
		i.PacingRate, i.MaxPacingRate = 1<<64-1, s.opt.maxPacing
	case s.conn != nil:
		i = s.conn.Info(h.now)
	default:
		i = freshInfo(h, s)
	}
	i.MaxPacingRate = s.opt.maxPacing
	if s.lst == nil {
		i.Rehash = uint32(s.rehashed)
	}
	t.in = t.in[:0]
	t.putInfoHead(&i)
	t.putInfoTail(&i)
	return t.giveBytes()
}

// freshInfo is what a socket without a connection reports. One that had one
// still shows what tcp_disconnect leaves alone.
func freshInfo(h *Host, s *sock) tcpstate.Info {
	i := tcpstate.New(h.params(s, h.mtu, s.af.ipv6)).Info(h.now)
	i.State, i.PMTU, i.RcvMSS = uint8(tcpstate.Closed), 0, 0
	i.NotSentBytes = s.left.unsent
	if s.mss != 0 {
		i.SndMSS = s.mss
	}
	if p := s.past; p != nil {
		i.PMTU, i.SndMSS, i.RcvMSS, i.AdvMSS = p.PMTU, p.SndMSS, p.RcvMSS, p.AdvMSS
		i.RcvSSThresh, i.RcvSpace, i.SndWnd, i.RcvWnd = p.RcvSSThresh, p.RcvSpace, p.SndWnd, p.RcvWnd
		i.Reordering, i.MinRTT, i.RcvRTT, i.Retransmits = p.Reordering, p.MinRTT, p.RcvRTT, p.Retransmits
		i.Options = p.Options & (tcpstate.InfoECN | tcpstate.InfoECNSeen) // until the next SYN
	}
	return i
}

// fingerprintPast feeds what freshInfo shows of a former connection.
func fingerprintPast(f *queue.Hash, p *tcpstate.Info) {
	f.Bool(p != nil)
	if p == nil {
		return
	}
	for _, v := range [...]uint32{p.PMTU, p.SndMSS, p.RcvMSS, p.AdvMSS, p.RcvSSThresh, p.RcvSpace, p.SndWnd, p.RcvWnd, p.Reordering,
		p.MinRTT, p.RcvRTT, uint32(p.Retransmits), uint32(p.Options)} {
		f.U32(v)
	}
}

// leastRcvMSS is TCP_MIN_MSS, octets.
const leastRcvMSS = 88

// remember keeps what a connection leaves behind for TCP_INFO; a listener or a
// fresh socket leaves what it began with.
func (h *Host) remember(s *sock) {
	i := freshInfo(h, s)
	if s.conn != nil {
		i = s.conn.Info(h.now)
	}
	i.RcvMSS = leastRcvMSS
	s.past = &i
}

// pastMSS makes the MSS of the socket that of its former connection, if it had one.
func (s *sock) pastMSS() {
	if s.past != nil {
		p := *s.past
		p.SndMSS, s.past = s.mss, &p
	}
}

// pastClamp has a new bound of the window act on what the former connection, if there was one, has left (tcp_set_window_clamp).
func (s *sock) pastClamp(old, n uint32) {
	if s.past == nil || n == old || n == 0 {
		return
	}
	p := *s.past
	if s.past = &p; n < old {
		p.RcvSSThresh = min(p.RcvSSThresh, n)
	} else {
		p.RcvSSThresh = max(p.RcvSSThresh, min(p.RcvWnd, n))
	}
}

// forgetRcvMSS is what inet_csk_delack_init does to one that has been connected.
func (s *sock) forgetRcvMSS() {
	if s.past != nil {
		p := *s.past
		p.RcvMSS, s.past = 0, &p
	}
}

// putInfoHead appends the fields up to tcpi_total_retrans: octets, then ints.
func (t *thread) putInfoHead(i *tcpstate.Info) {
	t.in = append(t.in, i.State, i.CAState, i.Retransmits, i.Probes, i.Backoff, i.Options,
		i.SndWScale&15|i.RcvWScale<<4, byte(flag(i.DeliveryRateAppLimited))|byte(i.FastOpenFail)<<1)
	for _, v := range [...]uint32{
		i.RTO, i.ATO, i.SndMSS, i.RcvMSS,
		i.Unacked, i.Sacked, i.Lost, i.Retrans, 0, // tcpi_fackets is no more
		i.LastDataSent, 0, i.LastDataRecv, i.LastAckRecv, // last_ack_sent was never kept
		i.PMTU, i.RcvSSThresh, i.RTT, i.RTTVar, i.SndSSThresh, i.SndCwnd, i.AdvMSS, i.Reordering,
		i.RcvRTT, i.RcvSpace, i.TotalRetrans,
	} {
		t.put32(v)
	}
}

// putInfoTail appends the fields from tcpi_pacing_rate on; those of accurate
// ECN at the end are zero.
func (t *thread) putInfoTail(i *tcpstate.Info) {
	for _, v := range [...]uint64{i.PacingRate, i.MaxPacingRate, i.BytesAcked, i.BytesReceived} {
		t.put64(v)
	}
	for _, v := range [...]uint32{i.SegsOut, i.SegsIn, i.NotSentBytes, i.MinRTT, i.DataSegsIn, i.DataSegsOut} {
		t.put32(v)
	}
	for _, v := range [...]uint64{i.DeliveryRate, i.BusyTime, i.RwndLimited, i.SndbufLimited} {
		t.put64(v)
	}
	t.put32(i.Delivered)
	t.put32(i.DeliveredCE)
	t.put64(i.BytesSent)
	t.put64(i.BytesRetrans)
	for _, v := range [...]uint32{
		i.DSACKDups, i.ReordSeen, i.RcvOOOPack, i.SndWnd, i.RcvWnd, i.Rehash,
		uint32(i.TotalRTO) | uint32(i.TotalRTORecoveries)<<16, i.TotalRTOTime,
	} {
		t.put32(v)
	}
	for len(t.in) < sizeofTCPInfo {
		t.in = append(t.in, 0)
	}
}
