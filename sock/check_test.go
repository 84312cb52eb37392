package sock

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryLawOfTheHostCanFail breaks a host that has something of everything,
// one field at a time; Check names the law.
func TestEveryLawOfTheHostCanFail(t *testing.T) {
	for want, spoil := range map[string]func(h *Host, listener, conn *sock){
		"are of it":                func(h *Host, _, c *sock) { h.newFile(file{kind: fileSocket, sock: c.id}) },
		"refers to a file that is": func(h *Host, _, _ *sock) { h.files[0].kind = fileFree },
		"its socket 77 is gone":    func(h *Host, _, _ *sock) { h.files[0].sock = 77 },
		"waits to be accepted":     func(h *Host, l, c *sock) { c.parent = l.id },
		"is in ESTABLISHED between": func(h *Host, _, c *sock) {
			delete(h.flows, c.flow())
			c.remote = netip.AddrPortFrom(netip.IPv4Unspecified(), 9)
			h.flows[c.flow()] = c.id
		},
		"can't be found by its add": func(h *Host, _, c *sock) { c.remote = netip.AddrPortFrom(c.remote.Addr(), 9) },
		"is no child of it":         func(h *Host, l, c *sock) { l.lst.accept.Push(c.id) },
		"no connection to be accepted": func(h *Host, l, _ *sock) {
			c := h.sockAt(*l.lst.accept.At(0))
			delete(h.flows, c.flow())
			c.conn = nil
		},
		"hold -1 connections too many": func(h *Host, l, _ *sock) { l.lst.accept.Pop() },
		"wait to be accepted, backlog": func(h *Host, l, _ *sock) {
			for range 5000 {
				l.lst.accept.SetLimit(5001)
				l.lst.accept.Push(*l.lst.accept.At(0))
			}
			l.lst.setBacklog(1)
		},
		"until 0":                     func(h *Host, _, _ *sock) { h.thread(4).until = 0 },
		"and is on the list of":       func(h *Host, l, c *sock) { c.waiters.Add(4, false) },
		"is on no wait list":          func(h *Host, l, c *sock) { h.socks[h.thread(4).sock].waiters.Remove(4) },
		"exclusively: false":          func(h *Host, l, _ *sock) { w := &h.socks[h.thread(2).sock].waiters; w.Remove(2); w.Add(2, false) },
		"a thread that does not wait": func(h *Host, l, _ *sock) { h.thread(2).parked = false },
		"datagrams cost":              func(h *Host, _, _ *sock) { h.datagramSocket().dg.rmem++ },
		"octets to send end":          func(h *Host, _, c *sock) { c.tx.Append([]byte("xx")) },
		"octets to send begin":        func(h *Host, _, c *sock) { c.txHead = c.txHead.Add(2); c.tx.Discard(2) },
		"octets to read from":         func(h *Host, _, c *sock) { c.rx.Discard(1) },
		"is a listener and":           func(h *Host, l, c *sock) { l.conn = c.conn },
		"packets are left over":       func(h *Host, _, _ *sock) { h.loop = append(h.loop, Packet{}) },
		"counts as free":              func(h *Host, _, _ *sock) { h.procs[0].fds[3].file = noFile },
		"references are counted":      func(h *Host, _, _ *sock) { h.files[1].refs++ },
		"it is not an orphan":         func(h *Host, _, c *sock) { h.files[1].refs, h.files[1].sock = 1, 0 },
		"its timer is due":            func(h *Host, _, c *sock) { h.arm(timerConn|timer(uint32(c.id)), 0, false) },
	} {
		t.Run(want, func(t *testing.T) {
			b := busy(t)
			b.newPeer(4010).shake() // waits in the accept queue
			b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
			other := b.ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_STREAM})
			b.ok(bindCall(other, in4(localV4, 8099)))
			b.ok(listenCall(other, 1))
			b.parked(2, acceptCall(other))
			require.NoError(t, b.h.Check())
			_, l, _ := b.h.lookup(3)
			_, c, _ := b.h.lookup(4)
			spoil(b.h, l, c)
			require.ErrorContains(t, b.h.Check(), want)
		})
	}
}

// datagramSocket is the first one.
func (h *Host) datagramSocket() *sock {
	for _, s := range h.socks {
		if s != nil && s.dg != nil {
			return s
		}
	}
	return nil
}
