package tcpstate

// Params fix what a new connection cannot choose for itself.
type Params struct {
	Cfg      *Config
	ISS      Seq    // initial send sequence number
	TSOffset uint32 // added to every timestamp value sent (secure_tcp_ts_off)
	MTU      uint32 // of the path, octets of IP packet
	IPv6     bool   // 40 octets of IP header instead of 20
	UserMSS  uint16 // TCP_MAXSEG, 0 = none
	RcvBuf   int32  // octets; 0 = Cfg.Rmem[1]
	SndBuf   int32  // octets; 0 = Cfg.Wmem[1]
	Locks    uint8  // LockRcvBuf and LockSndBuf: SO_RCVBUF or SO_SNDBUF was set
	Clamp    uint32 // TCP_WINDOW_CLAMP, 0 = none
}

// Bits of Params.Locks.
const (
	LockRcvBuf uint8 = 1
	LockSndBuf uint8 = 2
)

// mtuMSS is the largest payload that fits the path's MTU, without options
// (tcp_mtu_to_mss before the timestamp's 12 octets).
func (p *Params) mtuMSS() uint32 {
	hdr := uint32(40)
	if p.IPv6 {
		hdr = 60
	}
	if p.MTU < hdr+uint32(p.Cfg.MinSndMSS) {
		return uint32(p.Cfg.MinSndMSS)
	}
	return p.MTU - hdr
}
