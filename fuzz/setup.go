package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// Setup is how an endpoint starts: the choices that no op can change.
type Setup struct {
	Passive    bool // begins in LISTEN; otherwise CLOSED, for an Open to come
	IPv6       bool
	Plain      uint8 // bit 0 no timestamps, 1 no window scaling, 2 no SACK, 3 Reno, 4 ask for ECN
	Small      bool  // buffers of the least size, locked
	ISS, IRS   tcpstate.Seq
	MTU        uint32
	Odd        uint8 // bit 0 tcp_rfc1337, 1 tcp_abort_on_overflow, 2 tcp_stdurg, 3 accept queue full at first
	UserMSS    uint16
	DeferCount uint8
	Fast       bool // a SYN with data makes the connection at once (RFC 7413)
}

// setupSize is a Setup's bytes at the head of an input.
const setupSize = 4

// Sequence numbers start where they soon wrap, at 2^32 or at the sign's 2^31.
var (
	firstISS = []tcpstate.Seq{1<<32 - 2, 1<<32 - 1, 0, 1<<31 - 2, 1<<32 - 3000, 1<<31 - 3000}
	firstIRS = []tcpstate.Seq{1<<32 - 500, 1<<32 - 1, 1<<31 - 1, 0, 1<<32 - 5000, 1<<31 - 5000}
	mtus     = []uint32{1500, 576, 65535, 9000, 1280, 68}
)

// ReadSetup takes the Setup off an input; missing bytes are zero.
func ReadSetup(in []byte) (s Setup, rest []byte) {
	var b [setupSize]byte
	n := copy(b[:], in)
	s = Setup{
		Passive: b[0]&1 != 0, IPv6: b[0]&2 != 0, Plain: b[0] >> 2 & 31, Small: b[0]&128 != 0,
		ISS: choose(firstISS, b[1]&15), IRS: choose(firstIRS, b[1]>>4), MTU: choose(mtus, b[2]&15), Odd: b[2] >> 4,
		UserMSS: []uint16{0, 88, 536, 1460}[b[3]&3], DeferCount: b[3] >> 2 & 3, Fast: b[3]&16 != 0,
	}
	return s, in[n:]
}

// Config is Linux's, less what the setup switches off.
func (s *Setup) Config() *tcpstate.Config {
	cfg := tcpstate.Linux()
	if s.Plain&1 != 0 {
		cfg.Timestamps = 0
	}
	cfg.WindowScaling = s.Plain&2 == 0
	cfg.SACK = s.Plain&4 == 0
	if s.Plain&8 != 0 {
		cfg.Congestion = tcpstate.Reno
	}
	if s.Plain&16 != 0 {
		cfg.ECN = 1
	}
	cfg.RFC1337 = s.Odd&1 != 0
	cfg.AbortOnOverflow = s.Odd&2 != 0
	cfg.StdURG = s.Odd&4 != 0
	return &cfg
}

// Params are those of the endpoint's connections.
func (s *Setup) Params(cfg *tcpstate.Config) tcpstate.Params {
	p := tcpstate.Params{Cfg: cfg, ISS: s.ISS, TSOffset: 1<<32 - 3000, MTU: s.MTU, IPv6: s.IPv6, UserMSS: s.UserMSS}
	if s.Small {
		p.RcvBuf, p.SndBuf, p.Locks = 2304, 4608, tcpstate.LockRcvBuf|tcpstate.LockSndBuf
	}
	return p
}
