package tcpstate

import (
	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// shown is the window as the SYN-ACK's 16 bits show it (tcp_synack_window).
func (r *Request) shown() uint32 { return min(r.Window, 65535) }

// tsval is the timestamp to send now, by the clock that connections use.
func (r *Request) tsval(now Time) uint32 { return tsClock(now) + r.TSOffset }

// emitSynAck emits the SYN-ACK (tcp_make_synack, tcp_synack_options). The MSS that it announces is what the way carries by now.
func (r *Request) emitSynAck(now Time, mss uint16, reply *SynAckReply, why rule.ID, out []Output) []Output {
	seg := Segment{
		Seq: r.ISS, Ack: r.RcvNxt(), Flags: SYN | ACK, Wnd: uint16(r.shown()),
		Opts: Options{Set: OptMSS, MSS: mss},
	}
	if r.ECNOK {
		seg.Flags |= ECE // RFC 3168 section 6.1.1
	}
	if r.WScaleOK {
		seg.Opts.Set |= OptWScale
		seg.Opts.WScale = r.RcvWScale
	}
	if r.SACKOK {
		seg.Opts.Set |= OptSACKOK
	}
	if r.TSOK {
		v := r.tsval(now)
		if r.TSFirst == 0 {
			if v == 0 {
				v = 1<<32 - 1 // 0 would mean that none was sent
			}
			r.TSFirst = v
		}
		r.TSLast = v
		seg.Opts.Set |= OptTS
		seg.Opts.TSVal, seg.Opts.TSEcr = v, r.TSRecent
	}
	if reply.On {
		seg.Opts.Set |= OptFastOpen
		seg.Opts.Cookie = reply.Cookie
	}
	return append(out, Output{Kind: Emit, Why: why, Seg: seg})
}

// ack is the bare ACK that tells where the connection stands (tcp_v4_reqsk_send_ack).
func (r *Request) ack(now Time) Segment {
	seg := Segment{Seq: r.ISS.Add(1), Ack: r.RcvNxt(), Flags: ACK, Wnd: uint16(r.shown() >> r.RcvWScale)}
	if r.TSRecent != 0 {
		seg.Opts = Options{Set: OptTS, TSVal: r.tsval(now), TSEcr: r.TSRecent}
	}
	return seg
}

// Fingerprint feeds all fields, times relative to now.
func (r *Request) Fingerprint(h *queue.Hash, now Time) {
	h.U64(uint64(r.IRS)<<32 | uint64(r.ISS))
	h.U64(uint64(r.MSS)<<48 | uint64(r.AdvMSS)<<32 | uint64(r.Window))
	h.U64(uint64(r.Clamp)<<32 | uint64(r.SndWScale)<<24 | uint64(r.RcvWScale)<<16 | uint64(r.NumTimeout)<<8 | uint64(r.NumRetrans))
	for _, b := range [...]bool{r.WScaleOK, r.TSOK, r.SACKOK, r.ECNOK, r.Acked, r.OOWTime != 0} {
		h.Bool(b)
	}
	h.U64(uint64(r.TSRecent)<<32 | uint64(r.TSOffset))
	h.U64(uint64(r.TSFirst)<<32 | uint64(r.TSLast))
	h.U64(uint64(now.Sub(r.SynAckTime)))
	h.U64(uint64(r.Deadline.Sub(now)))
	if r.OOWTime != 0 {
		h.U64(uint64(now.Sub(r.OOWTime)))
	}
	h.U64(uint64(r.ECNRcv)<<32 | uint64(r.SynData))
}
