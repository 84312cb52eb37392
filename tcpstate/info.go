package tcpstate

// Info is what getsockopt(TCP_INFO) reports (struct tcp_info of
// include/uapi/linux/tcp.h), field by field in Linux's units: microseconds for
// round trips and time-outs, milliseconds for the times since something.
type Info struct {
	State, CAState, Retransmits, Probes, Backoff, Options uint8
	SndWScale, RcvWScale                                  uint8
	DeliveryRateAppLimited                                bool
	RTO, ATO, SndMSS, RcvMSS                              uint32
	Unacked, Sacked, Lost, Retrans                        uint32
	LastDataSent, LastDataRecv, LastAckRecv               uint32
	PMTU, RcvSSThresh, RTT, RTTVar, SndSSThresh, SndCwnd  uint32
	AdvMSS, Reordering, RcvRTT, RcvSpace, TotalRetrans    uint32
	PacingRate, MaxPacingRate                             uint64
	BytesAcked, BytesReceived                             uint64
	SegsOut, SegsIn, NotSentBytes, MinRTT                 uint32
	DataSegsIn, DataSegsOut                               uint32
	DeliveryRate, BusyTime, RwndLimited, SndbufLimited    uint64
	Delivered, DeliveredCE                                uint32
	BytesSent, BytesRetrans                               uint64
	DSACKDups, ReordSeen, RcvOOOPack, SndWnd, RcvWnd      uint32
	TotalRTO, TotalRTORecoveries                          uint16
	TotalRTOTime                                          uint32
	Rehash                                                uint32 // the caller's to fill in
	FastOpenFail                                          FastFailure
}

// Bits of Info.Options (TCPI_OPT_*).
const (
	InfoTimestamps uint8 = 1
	InfoSACK       uint8 = 2
	InfoWScale     uint8 = 4
	InfoECN        uint8 = 8
	InfoECNSeen    uint8 = 16
	InfoSynData    uint8 = 32  // data in a SYN was taken, ours or the peer's
	InfoFastChild  uint8 = 128 // made by the peer's SYN
)

// Info fills in what Linux would report at the given time (tcp_get_info).
func (c *Conn) Info(now Time) Info {
	now = max(now, c.now)
	i := Info{
		State: uint8(c.SockState()), CAState: uint8(c.ca.state), Retransmits: c.ca.retransmits,
		Probes: c.ca.probes, Backoff: c.rtt.backoff, Options: c.infoOptions(),
		RTO: uint32(c.rtt.rto), ATO: uint32(min(c.ack.ato, c.delackLimit())),
		SndMSS: c.snd.mssCache, RcvMSS: c.ack.rcvMSS,
		Unacked: c.q.packetsOut, Sacked: c.q.sackedOut, Lost: c.q.lostOut, Retrans: c.q.retransOut,
		PMTU: c.snd.mtu.octets(), RcvSSThresh: c.rcv.ssthresh, RTT: c.rtt.srtt >> 3, RTTVar: c.rtt.mdev >> 2,
		SndSSThresh: c.ca.ssthresh, SndCwnd: c.ca.cwnd, AdvMSS: c.opt.advMSS,
		Reordering: c.ca.reordering, RcvRTT: c.rcv.rttUs >> 3, RcvSpace: c.rcv.space,
		PacingRate: c.ca.pacing, MaxPacingRate: ^uint64(0),
		NotSentBytes: c.NotSent(), MinRTT: c.rtt.min(), SndWnd: c.snd.wnd, RcvWnd: c.rcv.wnd,
	}
	if c.opt.wscale {
		i.SndWScale, i.RcvWScale = c.opt.sndWScale, c.opt.rcvWScale
	}
	if c.fo != nil {
		i.FastOpenFail = c.fo.fail
	}
	i.LastDataSent = c.cfg.sinceMs(c.snd.lastSent, now)
	i.LastDataRecv = c.cfg.sinceMs(c.ack.lastRcv, now)
	i.LastAckRecv = c.cfg.sinceMs(c.stat.lastAck, now)
	c.infoCounters(&i, now)
	return i
}

// sinceMs is the time between two moments in milliseconds, by a clock of jiffies.
func (cfg *Config) sinceMs(then, now Time) uint32 {
	return uint32(cfg.between(then, now) / Millisecond)
}

func (c *Conn) infoOptions() (o uint8) {
	for _, f := range [...]struct {
		on  bool
		bit uint8
	}{{c.opt.ts, InfoTimestamps}, {c.opt.sack, InfoSACK}, {c.opt.wscale, InfoWScale},
		{c.ecn.on, InfoECN}, {c.ecn.seen, InfoECNSeen},
		{c.fast(fastDataAcked), InfoSynData}, {c.fast(fastChild), InfoFastChild}} {
		if f.on {
			o |= f.bit
		}
	}
	return o
}

func (c *Conn) infoCounters(i *Info, now Time) {
	s := &c.stat
	i.TotalRetrans, i.BytesAcked, i.BytesReceived = s.totalRetrans, s.bytesAcked, s.bytesReceived
	i.SegsOut, i.SegsIn, i.DataSegsIn, i.DataSegsOut = s.segsOut, s.segsIn, s.dataSegsIn, s.dataSegsOut
	i.Delivered, i.DeliveredCE = s.delivered, s.deliveredCE
	i.BytesSent, i.BytesRetrans = s.bytesSent, s.bytesRetrans
	i.DSACKDups, i.ReordSeen, i.RcvOOOPack = s.dsackDups, s.reordSeen, s.rcvOOOPack
	i.TotalRTO, i.TotalRTORecoveries = s.totalRTO, s.rtoRecoveries
	rto := s.rtoTime
	if s.rtoStamp != 0 {
		rto += retransClock(now) - s.rtoStamp
	}
	i.TotalRTOTime = rto
	i.DeliveryRateAppLimited = s.rateAppLimited
	if s.rateInterval > 0 { // a sample was taken
		i.DeliveryRate = uint64(s.rateDelivered) * uint64(c.snd.mssCache) * 1_000_000 / uint64(s.rateInterval)
	}
	t := s.chronos
	if s.chrono != chronoNone {
		t[s.chrono-1] += tsClock(now) - s.chronoStart
	}
	// Busy includes the time in which something held the sender up.
	i.BusyTime = (uint64(t[0]) + uint64(t[1]) + uint64(t[2])) * 1000
	i.RwndLimited, i.SndbufLimited = uint64(t[1])*1000, uint64(t[2])*1000
}
