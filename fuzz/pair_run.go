package fuzz

import "github.com/sockspec/sockspec/tcpstate"

// A pair's op is four bytes: what and who, how much, how long after, and the
// fate of the next packet.
const (
	pairWrite = iota
	pairRead
	pairWait
	pairShutdown
	pairSet
	pairClose
	pairAbort
	pairOOB
	numPairOps
)

// firstOctets are what a side that opens fast has to say at once.
const firstOctets = 700

// run connects the pair, does the ops over the bad link, and then lets both
// sides finish over a perfect one. The error is the first law broken.
func (p *Pair) run(ops []byte) error {
	ops = ops[:min(len(ops)/pairOpSize, mostPairOps)*pairOpSize]
	for i := 3; i < len(ops); i += pairOpSize {
		p.link.fates = append(p.link.fates, ops[i])
	}
	for i, u := range p.side {
		if !u.listens {
			in := tcpstate.Input{Kind: tcpstate.Open}
			if u.setup.Fast {
				in.Fast, in.N = tcpstate.FastSend, firstOctets
				u.plan = firstOctets
			}
			if err := p.feed(i, in, nil); err != nil {
				return err
			}
		}
	}
	for ; len(ops) > 0; ops = ops[pairOpSize:] {
		if err := p.do(ops[0], ops[1], ops[2]); err != nil {
			return err
		}
	}
	p.link.next = len(p.link.fates)
	return p.settle()
}

// do does one op, then lets its time pass.
func (p *Pair) do(what, much, long byte) error {
	before := p.pulse()
	err := p.act(int(what>>7), int(what&0x7F%numPairOps), much)
	if p.pulse() != before {
		p.acts[what>>7][what&0x7F%numPairOps]++
	}
	end := p.now.Add(choose(gaps[:9], long))
	for more := true; more && err == nil; {
		more, err = p.event(end)
	}
	p.now = end
	return err
}

// pulse changes with everything that an op does.
func (p *Pair) pulse() int { return p.steps + p.side[0].plan + p.side[1].plan }

// act is the op itself: of side i, of a kind.
func (p *Pair) act(i, kind int, much byte) error {
	if p.side[i].conn == nil && (kind == pairClose || kind == pairAbort) {
		kind = pairWait // whoever listens waits for who comes
	}
	switch kind {
	case pairWrite:
		return p.want(i, int(choose(lengths, much)), tcpstate.SendFlags(much>>5)&tcpstate.SendMore)
	case pairRead:
		return p.readUp(i, int(choose(lengths, much)))
	case pairShutdown:
		return p.shutdown(i)
	case pairSet:
		return p.set(i, much)
	case pairClose:
		return p.close(i, tcpstate.Close)
	case pairAbort:
		return p.close(i, tcpstate.Abort)
	case pairOOB:
		return p.urge(i)
	}
	return nil
}

// want adds n octets to what the user wants written, unless the stream is over.
func (p *Pair) want(i, n int, f tcpstate.SendFlags) error {
	u := p.side[i]
	if u.shut || u.closed {
		return nil
	}
	u.plan = min(u.plan+n, mostOctets)
	return p.write(i, f)
}

// urge writes an urgent octet that the other side reads in its place; out of
// line, Linux drops it from the stream when the next one comes.
func (p *Pair) urge(i int) error {
	if p.side[1-i].conn == nil {
		return nil
	}
	inline := tcpstate.Input{Kind: tcpstate.Set, Opt: tcpstate.OOBInline, N: 1}
	if err := p.feed(1-i, inline, nil); err != nil {
		return err
	}
	return p.want(i, 1, tcpstate.SendOOB)
}

// set changes an option that costs no octets.
func (p *Pair) set(i int, which byte) error {
	harmless := []setting{
		{tcpstate.NoDelay, []uint32{1, 0}}, {tcpstate.Cork, []uint32{1, 0}}, {tcpstate.QuickAck, []uint32{1, 0, 2}},
		{tcpstate.RcvBuf, []uint32{2304, 8192, 131072}}, {tcpstate.SndBuf, []uint32{4608, 16384}},
		{tcpstate.WindowClamp, []uint32{1, 3000}}, {tcpstate.NotSentLowat, []uint32{1, 1000}},
	}
	in := tcpstate.Input{Kind: tcpstate.Set}
	in.Opt, in.N = choose(harmless, which&7%7).with(which >> 3)
	return p.feed(i, in, nil)
}

// settle lets both users write and read all that is left, close in the pair's
// order, and wait until neither side holds anything any more.
func (p *Pair) settle() error {
	for _, phase := range [...]struct {
		name string
		act  func(i int) error
		done func() bool
	}{
		{"deliver all octets", p.pump, p.delivered},
		{"close", p.finish, p.over},
	} {
		for !phase.done() {
			for i := range p.side {
				if err := phase.act(i); err != nil {
					return err
				}
			}
			if phase.done() {
				break
			}
			more, err := p.event(1 << 62)
			if err != nil {
				return err
			}
			if !more && !phase.done() {
				return law("deadlock: nothing will ever %s: %v wrote %d of %d and read %d, %v wrote %d of %d and read %d", phase.name,
					p.side[0].State(), p.side[0].written, p.side[0].plan, p.side[0].read,
					p.side[1].State(), p.side[1].written, p.side[1].plan, p.side[1].read)
			}
		}
	}
	return p.checkErrors()
}

// pump is a user who writes what is left and reads all there is.
func (p *Pair) pump(i int) error {
	if p.side[i].conn == nil {
		return nil
	}
	if err := p.write(i, 0); err != nil {
		return err
	}
	return p.readUp(i, mostOctets)
}

// delivered: all octets have arrived, or need not any more.
func (p *Pair) delivered() bool {
	if p.frayed {
		return len(p.link.wire) == 0 || p.over()
	}
	for i, u := range p.side {
		if u.conn == nil || u.written < u.plan || p.side[1-i].read < u.plan || u.State() == tcpstate.SynSent {
			return false
		}
	}
	return true
}

// finish closes in the pair's order; who is second waits for the end of the stream.
func (p *Pair) finish(i int) error {
	if err := p.readUp(i, mostOctets); err != nil {
		return err
	}
	u := p.side[i]
	second := p.order != 2 && int(p.order) != i
	if u.closed || !p.frayed && second && u.conn != nil && !u.conn.EOF() && u.State() != tcpstate.Closed {
		return nil
	}
	frayed := p.frayed
	err := p.close(i, tcpstate.Close)
	p.frayed = frayed // all octets are delivered by now
	return err
}

// over: neither side holds anything.
func (p *Pair) over() bool {
	for _, u := range p.side {
		if u.State() != tcpstate.Closed {
			return false
		}
	}
	return true
}

// checkErrors: no octet is missing, and no side failed, unless someone let go early.
func (p *Pair) checkErrors() error {
	for i, u := range p.side {
		if !p.frayed && p.side[1-i].read != u.plan {
			return law("%d octets of %d arrived", p.side[1-i].read, u.plan)
		}
	}
	return nil
}
