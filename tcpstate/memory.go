package tcpstate

// Memory is lent to a socket by the page, and what it has not used of that tells whether header prediction goes on: a segment
// that is larger goes the slow way (tcp_rcv_established). What was lent for a segment that then cost nothing, since it was
// appended to another or was there already, stays lent until something is freed.

// page is how much is lent at least (PAGE_SIZE), a power of two.
const page = 1 << pageShift

const pageShift = 12

// forwardAlloc is how much memory the socket has been lent and has not used, octets (sk_forward_alloc). All that it has been lent are
// whole pages. Below 0 it has used more.
func (c *Conn) forwardAlloc() int32 {
	return -(c.rcv.rmem+c.snd.queued)&(page-1) + int32(c.rcv.spare)<<pageShift
}

// Memory is what lies in the receive buffer, and in the send buffer, and what the socket has been lent beyond that, octets, which may
// be below 0 (SO_MEMINFO: SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_WMEM_QUEUED, SK_MEMINFO_FWD_ALLOC).
func (c *Conn) Memory() (rmem, queued, forward uint32) {
	return uint32(c.rcv.rmem), uint32(c.snd.queued), uint32(c.forwardAlloc())
}

// schedule has the socket lent so much that it may use n octets (sk_rmem_schedule, sk_wmem_schedule, sk_forced_mem_schedule).
func (c *Conn) schedule(n int32) {
	if short := n - c.forwardAlloc(); short > 0 {
		c.rcv.spare += int8((short + page - 1) >> pageShift)
	}
}

// charge uses n octets for what is queued: rcv.rmem or snd.queued (sk_mem_charge).
func (c *Conn) charge(queued *int32, n int32) {
	left := c.forwardAlloc() - n
	*queued += n
	c.rcv.spare = int8(left >> pageShift)
}

// buy is schedule and charge.
func (c *Conn) buy(queued *int32, n int32) {
	c.schedule(n)
	c.charge(queued, n)
}

// uncharge frees n octets and gives back what are whole pages (sk_mem_uncharge, sk_mem_reclaim).
func (c *Conn) uncharge(queued *int32, n int32) {
	c.charge(queued, -n)
	c.rcv.spare = min(c.rcv.spare, 0)
}
