package packetio

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/sockspec/sockspec/fuzz/shrink"
	"github.com/sockspec/sockspec/sock"
)

// decodeTarget: what it finds is told as the packet, and as what is read in it and written again.
var decodeTarget = shrink.Target[[]byte]{
	Name: "FuzzDecode",
	Run: func(t shrink.T, b []byte) {
		checkDecode(t, b)
		// Checksums would hide most of the code from chance.
		checkDecode(t, repair(b))
	},
	Shrink: shrink.Octets,
	Args:   inOnePiece,
	Tell: func(logf shrink.Logf, b []byte) {
		if shrink.Caught(func(t shrink.T) { checkDecode(t, b) }) == nil {
			b = repair(b)
			logf("with its lengths and checksums repaired:")
		}
		logf("%d octets\n%s", len(b), hex.Dump(b))
		logf("a test of package packetio:\n%s", shrink.TestCase("DecodeFound", fmt.Sprintf("checkDecode(t, []byte(%q))", b)))
		var p sock.Packet
		var r Raw
		if err := DecodeRaw(b, &p, &r); err != nil {
			logf("dropped: %v, with %s", err, shrink.Fields(p))
			return
		}
		logf("decoded: %s, and %s", shrink.Fields(p), shrink.Fields(r))
		for _, encode := range []func() ([]byte, error){
			func() ([]byte, error) { return Encode(nil, &p) },
			func() ([]byte, error) { return EncodeRaw(nil, &p, &r) },
		} {
			again, err := encode()
			var q sock.Packet
			logf("encoded again, error %v:\n%sdecoded again, error %v: %s", err, hex.Dump(again), Decode(again, &q), shrink.Fields(q))
		}
	},
}

func inOnePiece(b []byte) []any { return []any{b} }

// captureTarget: what it finds is told as the file, and record by record.
var captureTarget = shrink.Target[[]byte]{
	Name: "FuzzReadCapture",
	Run:  func(t shrink.T, b []byte) { checkCapture(t, b) },
	Shrink: func(b []byte, fails func([]byte) bool) []byte {
		records := shrink.List(records(b), func(some [][]byte) bool { return fails(slices.Concat(some...)) })
		return shrink.Octets(slices.Concat(records...), fails)
	},
	Args: inOnePiece,
	Tell: func(logf shrink.Logf, b []byte) {
		logf("a capture of %d octets\n%s", len(b), hex.Dump(b))
		logf("a test of package packetio:\n%s", shrink.TestCase("CaptureFound", fmt.Sprintf("checkCapture(t, []byte(%q))", b)))
		c, err := NewCaptureReader(newReader(b))
		for i := 0; err == nil; i++ {
			var p Captured
			if p, err = c.Next(); err == nil {
				logf("packet %d, %d octets of %d, at %v, comment %q: %x", i, len(p.Data), p.Length, p.Time.UTC(), p.Comment, p.Data)
			}
		}
		logf("ends with: %v", err)
	},
}

// records splits a capture as far as its lengths are sound: into pcapng's blocks, or into the header of a classic file
// and its records. What is left is one more.
func records(b []byte) (all [][]byte) {
	ng := len(b) >= 4 && binary.LittleEndian.Uint32(b) == ngSectionHeader
	for len(b) >= 16 {
		n := binary.LittleEndian.Uint32(b[4:]) // a block tells its whole length
		switch {
		case !ng && all == nil:
			n = 24
		case !ng:
			n = 16 + binary.LittleEndian.Uint32(b[8:])
		}
		if n < 12 || int64(n) > int64(len(b)) {
			break
		}
		all, b = append(all, b[:n]), b[n:]
	}
	return append(all, b)
}

// linkTarget: what it finds is told as the link, and as what was sent and when it arrived.
var linkTarget = shrink.Target[linkSeed]{
	Name: "FuzzLink",
	Run:  func(t shrink.T, in linkSeed) { in.run(t) },
	Shrink: func(s linkSeed, fails func(linkSeed) bool) linkSeed {
		with := func(change func(*linkSeed)) bool {
			next := s
			change(&next)
			return fails(next)
		}
		s.ops = shrink.Octets(s.ops, func(ops []byte) bool { return with(func(s *linkSeed) { s.ops = ops }) })
		s.rates = shrink.Number(s.rates, func(n uint32) bool { return with(func(s *linkSeed) { s.rates = n }) })
		s.more = shrink.Number(s.more, func(n uint32) bool { return with(func(s *linkSeed) { s.more = n }) })
		s.delay = int64(shrink.Number(uint64(s.delay), func(n uint64) bool { return with(func(s *linkSeed) { s.delay = int64(n) }) }))
		s.queue = shrink.Number(s.queue, func(n uint16) bool { return with(func(s *linkSeed) { s.queue = n }) })
		s.seed = shrink.Number(s.seed, func(n uint64) bool { return with(func(s *linkSeed) { s.seed = n }) })
		s.ops = shrink.Octets(s.ops, func(ops []byte) bool { return with(func(s *linkSeed) { s.ops = ops }) })
		return s
	},
	Args: func(s linkSeed) []any { return []any{s.seed, s.rates, s.more, s.delay, s.queue, s.ops} },
	Tell: func(logf shrink.Logf, s linkSeed) {
		imp := s.impairments()
		spelt := strings.TrimPrefix(fmt.Sprintf("%#v", imp), "packetio.")
		logf("a test of package packetio:\n%s", shrink.TestCase("LinkFound", fmt.Sprintf("checkLink(t, %s, %d, []byte(%q))", spelt, s.seed, s.ops)))
		tellLink(logf, imp, s.seed, s.ops)
	},
}

// tellLink does what checkLink does, and says so.
func tellLink(logf shrink.Logf, imp Impairments, seed uint64, ops []byte) {
	l, err := NewLink(imp, imp, seed)
	if err != nil {
		logf("no link: %v", err)
		return
	}
	var now sock.Time
	for i, op := range ops {
		if op < 128 {
			logf("at %d %c sends packet %d", now, "AB"[op&1], byte(i))
			l.Send(now, End(op&1), []byte{byte(i)})
		}
		now = now.Add(int64(op & 0x7f))
		if op&2 != 0 {
			continue
		}
		for _, d := range l.Receive(now, nil) {
			logf("at %d %c receives packet %d, due at %d", now, "AB"[d.To], d.Packet[0], d.At)
		}
		if at, waits := l.Deadline(); waits {
			logf("at %d the next is due at %d; %d go to A and %d to B", now, at, l.UnderWay(A), l.UnderWay(B))
		}
	}
	logf("%+v", l.Stats())
}
