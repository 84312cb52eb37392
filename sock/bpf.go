package sock

import "github.com/sockspec/sockspec/queue"

// SockFilter is one instruction of a classic BPF program (struct sock_filter).
type SockFilter struct {
	Code   uint16 // class, size, mode, operation: the BPF_ constants of <linux/bpf_common.h>
	JT, JF uint8  // jumps forward, in instructions beyond the next
	K      uint32
}

// maxInsns is BPF_MAXINSNS, memWords BPF_MEMWORDS.
const (
	maxInsns = 4096
	memWords = 16
)

// The parts of an instruction's code (include/uapi/linux/bpf_common.h, filter.h).
const (
	bpfLD, bpfLDX, bpfST, bpfSTX, bpfALU, bpfJMP, bpfRET, bpfMISC = 0, 1, 2, 3, 4, 5, 6, 7

	bpfW, bpfH, bpfB                                      = 0x00, 0x08, 0x10
	bpfIMM, bpfABS, bpfIND, bpfMEM, bpfLEN, bpfMSH        = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0
	bpfADD, bpfSUB, bpfMUL, bpfDIV, bpfOR, bpfAND         = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50
	bpfLSH, bpfRSH, bpfNEG, bpfMOD, bpfXOR                = 0x60, 0x70, 0x80, 0x90, 0xa0
	bpfJA, bpfJEQ, bpfJGT, bpfJGE, bpfJSET                = 0x00, 0x10, 0x20, 0x30, 0x40
	bpfK, bpfX, bpfA                                      = 0x00, 0x08, 0x10
	bpfTAX, bpfTXA                                        = 0x00, 0x80
	bpfClass, bpfSize, bpfMode, bpfOp              uint16 = 0x07, 0x18, 0xe0, 0xf0
)

// program is a classic BPF program that was found valid. It is never written, so
// that clones and children share it.
type program struct {
	insns []SockFilter
	size  int64 // what it is charged for: octets of Linux's own translation
}

// fingerprint feeds the program; none has no instructions.
func (p *program) fingerprint(f *queue.Hash) {
	if p == nil {
		f.U32(0)
		return
	}
	f.U32(uint32(len(p.insns)))
	for _, i := range p.insns {
		f.U64(uint64(i.Code)<<48 | uint64(i.JT)<<40 | uint64(i.JF)<<32 | uint64(i.K))
	}
}

// machine is a program under way.
type machine struct {
	a, x uint32
	mem  [memWords]uint32
}

// run is the program's verdict on a packet: how many octets of it to keep, or
// what else a program is asked for. All jumps go forward, so it ends. A load from
// outside the packet and a division by zero end it with 0
// (Documentation/networking/filter.rst; bpf_convert_filter).
func (p *program) run(v *filterView) uint32 {
	var m machine
	for pc := 0; pc < len(p.insns); pc++ {
		i := &p.insns[pc]
		ok := true
		switch i.Code & bpfClass {
		case bpfLD, bpfLDX:
			ok = m.load(i, v)
		case bpfST:
			m.mem[i.K] = m.a
		case bpfSTX:
			m.mem[i.K] = m.x
		case bpfALU:
			ok = m.alu(i)
		case bpfJMP:
			pc += m.jump(i)
		case bpfRET:
			if i.Code&bpfSize == bpfA {
				return m.a
			}
			return i.K
		case bpfMISC:
			m.misc(i)
		}
		if !ok {
			return 0
		}
	}
	return 0
}

// misc moves one register to the other.
func (m *machine) misc(i *SockFilter) {
	if i.Code == bpfMISC|bpfTXA {
		m.a = m.x
		return
	}
	m.x = m.a
}

// load is LD and LDX; false when there is nothing to load.
func (m *machine) load(i *SockFilter, v *filterView) bool {
	var n uint32
	ok := true
	switch i.Code & bpfMode {
	case bpfIMM:
		n = i.K
	case bpfMEM:
		n = m.mem[i.K]
	case bpfLEN:
		n = uint32(v.length())
	case bpfMSH: // four times the lower half: the length of an IPv4 header
		n, ok = v.octets(int32(i.K), bpfB)
		n = n & 15 << 2
	case bpfIND:
		n, ok = v.octets(int32(m.x+i.K), i.Code&bpfSize)
	case bpfABS:
		if i.K >= adOff {
			n, ok = v.ancillary(i.K-adOff, m.a, m.x)
		} else {
			n, ok = v.octets(int32(i.K), i.Code&bpfSize)
		}
	}
	switch {
	case !ok:
	case i.Code&bpfClass == bpfLDX:
		m.x = n
	default:
		m.a = n
	}
	return ok
}

// alu computes with 32 bits; false for a division by zero. A shift looks at the
// lower five bits, as the processor does.
func (m *machine) alu(i *SockFilter) bool {
	n := i.K
	if i.Code&bpfX != 0 {
		n = m.x
	}
	switch i.Code & bpfOp {
	case bpfADD:
		m.a += n
	case bpfSUB:
		m.a -= n
	case bpfMUL:
		m.a *= n
	case bpfDIV, bpfMOD:
		if n == 0 {
			return false
		}
		if i.Code&bpfOp == bpfDIV {
			m.a /= n
		} else {
			m.a %= n
		}
	case bpfOR:
		m.a |= n
	case bpfAND:
		m.a &= n
	case bpfXOR:
		m.a ^= n
	case bpfLSH:
		m.a <<= n & 31
	case bpfRSH:
		m.a >>= n & 31
	case bpfNEG:
		m.a = -m.a
	}
	return true
}

// jump is how many instructions to pass over.
func (m *machine) jump(i *SockFilter) int {
	n := i.K
	if i.Code&bpfX != 0 {
		n = m.x
	}
	holds := false
	switch i.Code & bpfOp {
	case bpfJA:
		return int(i.K)
	case bpfJEQ:
		holds = m.a == n
	case bpfJGT:
		holds = m.a > n
	case bpfJGE:
		holds = m.a >= n
	case bpfJSET:
		holds = m.a&n != 0
	}
	if holds {
		return int(i.JT)
	}
	return int(i.JF)
}
