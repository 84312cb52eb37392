package fuzz

// rareSeeds show what takes a peer that does the one thing needed. Walks go on from them by their own ops alone.
var rareSeeds = []seed{
	{"a FIN before RCV.NXT acknowledges an orphan's FIN", zero, then(active, []Op{closing, seg(ack|fin, at(rcvNxt, back1)), expire})},
	{"reordering that lasts, by RACK", zero, then(active, []Op{set(nodelay, 0), send(k1000), send(k1000), seg(ack, acks(1, 0), opts(1|1<<2), after(4)), expire})},
	{"a lower mark for what is readable", zero, then(active, []Op{set(rcvlowat, 2), seg(ack|psh, length(k100)), set(rcvlowat, 0)})},
}

// RareSolos are endpoints that the rare seeds lead through; what may happen to them is what any of these does.
func RareSolos() (list []Lead[*Solo]) {
	var ops alphabet
	for _, s := range rareSeeds {
		ops = ops.learn(s.ops)
	}
	for _, s := range rareSeeds {
		list = append(list, leadOf(s, ops))
	}
	return list
}

// allConnSeeds are the seeds of one endpoint.
func allConnSeeds() []seed { return append(connSeeds(), rareSeeds...) }
