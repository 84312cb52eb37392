package fuzz

import (
	"math/rand/v2"
	"testing"

	"github.com/sockspec/sockspec/tcpstate"
	"github.com/stretchr/testify/require"
)

const seqShift = tcpstate.Seq(0x5000_0000) // away from where the numbers wrap

// FuzzConn does the op list to an endpoint, and to a twin whose sequence
// numbers do not wrap: laws hold after every step, and both do the same.
func FuzzConn(f *testing.F) {
	o := connTarget()
	for _, s := range o.seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		o.check(t, in)
	})
}

func connTarget() opTarget {
	o := opTarget{name: "FuzzConn", head: setupSize, size: opSize, stacks: 1, run: connFails, args: whole, whole: 98}
	for _, s := range allConnSeeds() {
		o.seeds = append(o.seeds, s.bytes())
	}
	return o
}

func connFails(in []byte, w watch) error {
	i, err := runConn(in, &Coverage{}, w)
	if err != nil {
		return law("op %d: %w", i, err)
	}
	return nil
}

// runConn returns the first law broken and the op that broke it.
func runConn(in []byte, cover *Coverage, w watch) (int, error) {
	setup, rest := ReadSetup(in)
	e := NewEndpoint(setup, cover)
	e.Trace = w.trace
	for _, s := range w.stories {
		e.tell(s)
	}
	setup.ISS, setup.IRS = setup.ISS+seqShift, setup.IRS+seqShift
	far := NewEndpoint(setup, &Coverage{})
	for i, o := range Ops(rest, mostOps) {
		if err := e.Do(o); err != nil {
			return i, err
		}
		if err := far.Do(o); err != nil {
			return i, law("without a wrap: %w", err)
		}
		if err := sameBut(e, far); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// sameBut: two runs that differ in their initial sequence numbers differ in nothing else.
func sameBut(e, far *Endpoint) error {
	if e.State() != far.State() || len(e.out) != len(far.out) {
		return law("the wrap makes a difference: %v %+v\nfar from it: %v %+v", e.State(), e.out, far.State(), far.out)
	}
	for i := range e.out {
		if a, b := e.out[i], unshift(far.out[i], e.out[i]); a != b {
			return law("the wrap makes a difference: %+v\nfar from it: %+v", a, b)
		}
	}
	if e.conn != nil && e.conn.Fingerprint(e.now) != far.conn.Fingerprint(far.now) {
		return law("the wrap shows in the fingerprint in %v", e.State())
	}
	return nil
}

// unshift moves o's sequence numbers back. Fields that carry none stay: like tells.
func unshift(o, like tcpstate.Output) tcpstate.Output {
	back := func(s *tcpstate.Seq, like tcpstate.Seq) {
		if *s != like {
			*s -= seqShift
		}
	}
	back(&o.Seg.Seq, like.Seg.Seq)
	back(&o.Seg.Ack, like.Seg.Ack)
	for i := range o.Seg.Opts.NSACK {
		back(&o.Seg.Opts.SACK[i].Start, like.Seg.Opts.SACK[i].Start)
		back(&o.Seg.Opts.SACK[i].End, like.Seg.Opts.SACK[i].End)
	}
	if o.Kind == tcpstate.Reopen {
		o.N -= uint32(seqShift)
	}
	return o
}

// Random op lists find what mutation of the seeds does not, and run with every go test.
func TestConnKeepsItsLawsUnderRandomOps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		in := randomConn(r)
		i, err := runConn(in, &Coverage{}, watch{})
		require.NoError(t, err, "op %d of %x", i, in)
	}
}
