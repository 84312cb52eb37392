package main

// deepCanaries lie where the seeds of a target do not come, or come without a
// difference: mutation has to find them. They are for targets whose canary of
// above a seed shows. How long that takes is chance: seconds mostly, and now and
// then more than a gate may wait.
var deepCanaries = []canary{
	{"FuzzConn", "fuzz", "tcpstate/ack.go", bug{"ACK of what was not sent, by a peer of a window of 500", "check left out", "", `s.Ack.Greater(c.snd.nxt)`, `s.Ack.Greater(c.snd.nxt) && s.Wnd != 500`}},
	{"FuzzDeadlines", "queue", "queue/deadlines.go", bug{"thirteenth of the heap stays at its end", "off by one", "", `d.fix(int(e.pos))`, `if d.n != 13 || known {
	d.fix(int(e.pos))
}`}},
	{"FuzzTree", "queue", "queue/rebalance.go", bug{"node that comes up keeps its colour in a tree of forty", "state left over", "", `t.nodes[sibling].colour = t.nodes[parent].colour`, `if t.n < 40 {
	t.nodes[sibling].colour = t.nodes[parent].colour
}`}},
	{"FuzzWaiters", "queue", "queue/waiters.go", bug{"eleventh of those who wait alone is not woken", "lost wake-up", "func (w *Waiters[T]) WakeNext(", `dst = append(dst, id)`, `if w.exclusive.Len() != 10 {
	dst = append(dst, id)
}`}},
	{"FuzzBytes", "queue", "queue/bytes.go", bug{"seven octets that wrap are lost", "wrap", "", `copy(b.buf, p[k:])`, `if len(p)-k != 7 {
	copy(b.buf, p[k:])
}`}},
}
