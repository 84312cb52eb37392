package sock

import "github.com/sockspec/sockspec/tcpstate"

// rand is splitmix64 (Steele, Lea, Flood 2014): the only source of chance in a
// Host, and part of its state.
type rand uint64

// next draws 64 bits.
func (r *rand) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below draws a number in [0, n), 0 when n is 0.
func (r *rand) below(n uint32) uint32 {
	if n == 0 {
		return 0
	}
	return uint32(r.next()>>32) % n
}

// Choice fixes what a Host would otherwise draw from its seed. A checker feeds
// it what it saw another stack choose.
type Choice struct {
	HasISS, HasPort, HasTSOffset bool
	ISS                          tcpstate.Seq // initial sequence number
	Port                         uint16       // ephemeral port; used if it is free
	TSOffset                     uint32       // of timestamp values
}

// choices are the draws that were fixed, each for one use.
type choices struct {
	iss  []tcpstate.Seq
	port []uint16
	ts   []uint32
}

// shift takes the first of list, if there is one.
func shift[T any](list *[]T) (v T, ok bool) {
	if len(*list) == 0 {
		return v, false
	}
	v = (*list)[0]
	*list = (*list)[1:]
	return v, true
}

// Choose fixes the next draw of each kind that c has. Several calls line up.
func (h *Host) Choose(c Choice) {
	if c.HasISS {
		h.fixed.iss = append(h.fixed.iss, c.ISS)
	}
	if c.HasPort {
		h.fixed.port = append(h.fixed.port, c.Port)
	}
	if c.HasTSOffset {
		h.fixed.ts = append(h.fixed.ts, c.TSOffset)
	}
}

// drawISS is the initial sequence number of a connection: by default so little
// below 2^32 that the first exchange crosses the wrap.
func (h *Host) drawISS() tcpstate.Seq {
	if v, ok := shift(&h.fixed.iss); ok {
		return v
	}
	return tcpstate.Seq(0).Sub(1 + h.rand.below(1000))
}

// issOf is that of the socket's next connection: beyond the last one's numbers,
// if it was disconnected, even where there was none (tcp_disconnect).
func (h *Host) issOf(s *sock) tcpstate.Seq {
	if s.left.iss != 0 && len(h.fixed.iss) == 0 {
		return s.left.iss
	}
	return h.drawISS()
}

// drawTSOffset is what a connection adds to its timestamps (secure_tcp_ts_off).
func (h *Host) drawTSOffset() uint32 {
	if v, ok := shift(&h.fixed.ts); ok {
		return v
	}
	if h.tcp.Timestamps != 1 {
		return 0
	}
	return uint32(h.rand.next())
}
