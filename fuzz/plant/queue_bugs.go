package main

// queueBugs are in the mechanisms below TCP.
var queueBugs = []file{
	{"queue/fifo.go", []bug{
		{"FIFO holds one more", "off by one", "", `q.list.Len() >= q.limit`, `q.list.Len() > q.limit`},
		{"FIFO gives the youngest", "order", "", `return q.list.PopFront()`, `return q.Remove(q.Len() - 1)`},
	}},
	{"queue/ranges.go", []bug{
		{"ranges that touch not joined", "edge", "", `s.list[j].Start <= r.End`, `s.list[j].Start < r.End`},
		{"range search misses the one that touches", "edge", "", `s.list[mid].End >= off`, `s.list[mid].End > off`},
		{"range holds its end", "edge", "", `off < r.End`, `off <= r.End`},
		{"one range too many", "off by one", "", `i == j && len(s.list) >= s.limit`, `i == j && len(s.list) > s.limit`},
		{"split makes one range too many", "off by one", "", `i+1 == j && len(s.list) >= s.limit`, `false`},
		{"shift moves one end", "check left out", "", `s.list[i].End -= n`, ``},
	}},
	{"queue/table.go", []bug{
		{"table holds one more", "off by one", "", `len(t.index) >= t.limit`, `len(t.index) > t.limit`},
		{"deleted slots never used again", "leak", "", `t.free = i`, ``},
		{"youngest entry lost from the ring", "order", "", `t.slots[youngest].next, t.slots[0].prev = i, i`, `t.slots[0].prev = i`},
	}},
	{"queue/waiters.go", []bug{
		{"event wakes no exclusive waiter", "lost wake-up", "", `if id, ok := w.exclusive.PopFront(); ok {
		dst = append(dst, id)
	}`, ``},
		{"event wakes every exclusive waiter", "wake-one", "", `if id, ok := w.exclusive.PopFront(); ok {
		dst = append(dst, id)
	}`, `dst = w.WakeAll(dst)`},
		{"latest exclusive waiter served first", "order", "", `w.exclusive.PushBack(id)`, `w.exclusive.Insert(0, id)`},
		{"waiter that asks again waits twice", "check left out", "func (w *Waiters[T]) Add(", `w.Waiting(id)`, `false`},
	}},
	{"queue/deadlines.go", []bug{
		{"deadline due only when it has passed", "edge", "", `!ok || t > now`, `!ok || t >= now`},
		{"equal deadlines in any order", "order", "", `cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.serial, b.serial))`, `cmp.Compare(a.time, b.time)`},
		{"heap not mended after a removal", "check left out", "", `hole < d.n`, `false`},
	}},
	{"queue/rebalance.go", []bug{
		{"inner grandchild not turned outwards", "check left out", "", `t.nodes[parent].kid[s^1] == i`, `false`},
		{"black node that left is not missed", "check left out", "", `was == black`, `false`},
		{"only child keeps its colour", "state left over", "", `t.nodes[child].colour = n.colour
			return None`, `return None`},
	}},
	{"queue/deque.go", []bug{
		{"what has wrapped lost when the ring grows", "wrap", "", `copy(buf[k:], d.buf[:d.n-k])`, ``},
		{"element before the first", "edge", "func (d *Deque[T]) At(", `i >= d.n`, `i > d.n`},
	}},
	{"queue/bytes.go", []bug{
		{"gap shows octets of before", "state left over", "", `clear(s)`, ``},
		{"octets behind the ring's end lost", "wrap", "", `copy(b.buf, p[k:])`, `_ = k`},
	}},
}
