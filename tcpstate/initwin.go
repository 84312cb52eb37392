package tcpstate

import "math/bits"

// maxWScale is the largest window scale (RFC 7323 section 2.3; TCP_MAX_WSCALE).
const maxWScale = 14

// defaultScaling is the share of receive buffer that is window before any
// segment was measured, in 1/256: half (TCP_DEFAULT_SCALING_RATIO).
const defaultScaling = 128

// winFromSpace is the window that space octets of receive buffer are worth
// (tcp_win_from_space); the rest pays for the overhead of the buffers.
func winFromSpace(ratio uint8, space int32) int32 {
	return int32(int64(space) * int64(ratio) >> 8)
}

// advMSS is the MSS that a SYN announces: what the path's MTU carries, or less
// when TCP_MAXSEG asked for less (tcp_mss_clamp of ipv4_default_advmss).
func (p *Params) advMSS() uint16 {
	hdr, least := uint32(40), uint32(256) // DEFAULT_MIN_ADVMSS
	if p.IPv6 {
		hdr, least = 60, 1280-60
	}
	mss := least
	if p.MTU > hdr+least {
		mss = p.MTU - hdr
	}
	switch {
	case !p.IPv6:
		mss = min(mss, 65535-hdr)
	case mss > 65535-20: // longer than IPv6 without jumbograms: "any" (ip6_default_advmss)
		mss = 65535
	}
	if p.UserMSS != 0 && uint32(p.UserMSS) < mss {
		return p.UserMSS
	}
	return uint16(mss)
}

// defaultPeerMSS is what a peer that announces no MSS is taken to accept
// (RFC 9293 section 3.7.1; for IPv6 Linux takes the least MTU's).
func (p *Params) defaultPeerMSS() uint16 {
	if p.IPv6 {
		return 1280 - 60
	}
	return 536
}

// selectInitialWindow chooses the first receive window, the scale to announce
// and the clamp (tcp_select_initial_window). space is the window that the whole
// receive buffer is worth, mss what one segment carries beside its options,
// clamp TCP_WINDOW_CLAMP or 0. All are octets.
func selectInitialWindow(cfg *Config, space int32, mss, clamp uint32, wscaleOK bool) (wnd, newClamp uint32, wscale uint8) {
	room := uint32(max(space, 0))
	if clamp == 0 {
		clamp = 65535 << maxWScale
	}
	room = min(room, clamp)
	// Whole segments only, so that the sender can use all that is offered.
	if room > mss && mss > 0 {
		room -= room % mss
	}
	wnd = room
	if cfg.WorkaroundSign {
		wnd = min(wnd, 32767) // for peers that take the window as signed
	}
	if wscaleOK {
		// The scale can never change again: let it reach what tuning may grow to.
		most := max(room, uint32(max(cfg.Rmem[2], 0)), uint32(max(cfg.RmemMax, 0)))
		most = min(most, clamp)
		wscale = uint8(min(max(bits.Len32(most)-16, 0), maxWScale))
	}
	return wnd, min(uint32(65535)<<wscale, clamp), wscale
}
