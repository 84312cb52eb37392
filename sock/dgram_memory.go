package sock

// lentPage is in what UDP's sockets are lent memory, octets (SK_MEM_QUANTUM).
const lentPage = 4096

// takeRmem has the socket lent so much that a datagram may lie in its queue
// (udp_rmem_schedule).
func (g *datagrams) takeRmem(size int32) {
	if short := size - g.forward; short > 0 {
		g.forward += (short + lentPage - 1) &^ (lentPage - 1)
	}
	g.forward -= size
}

// releaseRmem gives the memory of a datagram that was read back, once a quarter
// of the buffer was read or the second queue is empty. Of whole pages the socket
// keeps one (udp_rmem_release).
func (s *sock) releaseRmem(size int32) {
	g := s.dg
	g.reader = max(g.reader-1, 0)
	g.deficit += size
	if g.deficit < s.opt.rcvbuf>>2 && g.reader > 0 {
		return
	}
	g.forward += g.deficit
	g.forward -= (g.forward - 1) &^ (lentPage - 1)
	g.rmem -= g.deficit
	g.deficit = 0
	g.reader = int32(g.recv.Len())
}
