package sock

// sizeofCmsghdr is the header before a control message's data (struct cmsghdr).
const sizeofCmsghdr = 16

// noControl begins what a receive tells beside its data: nothing so far.
func (t *thread) noControl() { t.control = t.control[:0] }

// controlRoom is what the program's buffer still holds, octets: each message
// before took its own, rounded up to eight (CMSG_SPACE); one that was cut took all.
func (t *thread) controlRoom() int {
	room := int(t.call.ControlLen)
	for i := range t.control {
		room -= sizeofCmsghdr + (len(t.control[i].Data)+7)&^7
	}
	return room
}

// cmsg appends a control message of n octets and returns where they go. Without
// room for its header the program does not get it; without room for all octets it
// gets the first ones. Either way MSG_CTRUNC says so, and messages behind it may
// not fit either (put_cmsg).
func (h *Host) cmsg(t *thread, level, kind int32, n int) []byte {
	b := h.grab(n)
	clear(b)
	fits := n
	if t.call.HasControlRoom {
		fits = min(n, t.controlRoom()-sizeofCmsghdr)
	}
	if fits < n {
		t.ret.MsgFlags |= MSG_CTRUNC
	}
	if fits < 0 {
		return b
	}
	t.control = append(t.control, Control{Level: level, Type: kind, Data: b[:fits]})
	t.ret.Control = t.control
	return b
}
