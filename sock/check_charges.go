package sock

import (
	"fmt"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
)

// checkCharges: what a socket is charged is the sum over what it holds, and a
// connection holds exactly the octets that its sequence numbers tell of.
func checkCharges(h *Host) error {
	for i, s := range h.socks {
		if s == nil {
			continue
		}
		if err := s.checkDatagrams(); err != nil {
			return fmt.Errorf("socket %d: %w", i, err)
		}
		if s.conn == nil || s.frozen || s.in(tcpstate.Closed, tcpstate.TimeWait) || s.bucket() || s.conn.FastDeferred() {
			continue
		}
		if err := s.checkOctets(); err != nil {
			return fmt.Errorf("socket %d: %w in %v", i, err, s.conn.State())
		}
	}
	return nil
}

// checkDatagrams: SO_RCVBUF is charged for all that waits to be read, and for what
// was read and is given back later (udp_rmem_release). UDP was lent whole pages
// for it, and no more than one beyond.
func (s *sock) checkDatagrams() error {
	if s.dg == nil {
		return nil
	}
	data, errs := truesizes(&s.dg.recv)+s.dg.deficit, truesizes(&s.dg.errs)
	if data+errs != s.dg.rmem || s.dg.deficit < 0 {
		return fmt.Errorf("its datagrams cost %d, it is charged %d", data+errs, s.dg.rmem)
	}
	if f := s.dg.forward; s.prot.dgram != nil && s.prot.dgram.lazyRmem && (f < 0 || f > lentPage || (data+f)%lentPage != 0) {
		return fmt.Errorf("its datagrams cost %d, and it was lent %d beyond", data, f)
	}
	return nil
}

// truesizes is what the datagrams of a queue cost, octets.
func truesizes(q *queue.Deque[dgram]) (sum int32) {
	for k := range q.Len() {
		sum += q.At(k).truesize
	}
	return sum
}

// checkOctets: the octets kept to be sent lie between SND.UNA and the last one
// written, but for SYN and FIN; those kept to be read reach RCV.NXT.
func (s *sock) checkOctets() error {
	c := s.conn
	end := s.txHead.Add(s.tx.Len())
	if w := c.WriteSeq(); end != w && end.Add(1) != w {
		return fmt.Errorf("octets to send end at %d, the stream at %d", end, w)
	}
	if u := c.SndUna(); s.txHead != u && s.txHead != u.Add(1) && s.txHead != u.Sub(1) {
		return fmt.Errorf("octets to send begin at %d, SND.UNA is %d", s.txHead, u)
	}
	if n := c.Readable(); n > 0 && s.rxHead.Add(s.rx.Len()).Less(c.CopiedSeq().Add(n)) {
		return fmt.Errorf("%d octets to read from %d, kept are %d from %d", n, c.CopiedSeq(), s.rx.Len(), s.rxHead)
	}
	return nil
}
