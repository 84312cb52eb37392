package sock

// What a classic BPF program has to be before a socket takes it.

// legal reports whether an instruction's code is one of classic BPF's
// (chk_code_allowed): no bits beyond those that the class knows.
func legal(code uint16) bool {
	switch code & bpfClass {
	case bpfLD:
		switch code & bpfMode {
		case bpfABS, bpfIND:
			return code>>8 == 0 && code&bpfSize <= bpfB
		}
		return code == bpfLD|bpfIMM || code == bpfLD|bpfMEM || code == bpfLD|bpfW|bpfLEN
	case bpfLDX:
		return code == bpfLDX|bpfIMM || code == bpfLDX|bpfMEM || code == bpfLDX|bpfW|bpfLEN || code == bpfLDX|bpfB|bpfMSH
	case bpfST, bpfSTX:
		return code == bpfST || code == bpfSTX
	case bpfALU:
		return code == bpfALU|bpfNEG || code>>8 == 0 && code&bpfOp <= bpfXOR && code&bpfOp != bpfNEG
	case bpfJMP:
		return code == bpfJMP|bpfJA || code>>8 == 0 && code&bpfOp >= bpfJEQ && code&bpfOp <= bpfJSET
	case bpfRET:
		return code == bpfRET|bpfK || code == bpfRET|bpfA
	}
	return code == bpfMISC|bpfTAX || code == bpfMISC|bpfTXA
}

// newProgram checks a program and takes a copy; nil when it is not valid
// (bpf_check_classic, bpf_convert_filter).
func newProgram(insns []SockFilter) *program {
	n := len(insns)
	for pc := range insns {
		if !legal(insns[pc].Code) || !insns[pc].sound(n-pc-1) {
			return nil
		}
	}
	if insns[n-1].Code&bpfClass != bpfRET || !loadsWhatWasStored(insns) {
		return nil
	}
	size, ok := translatedSize(insns)
	if !ok {
		return nil
	}
	return &program{insns: append([]SockFilter(nil), insns...), size: size}
}

// sound checks an instruction's operands: left is how many follow it.
func (i *SockFilter) sound(left int) bool {
	switch code := i.Code; code & bpfClass {
	case bpfALU:
		switch code {
		case bpfALU | bpfDIV | bpfK, bpfALU | bpfMOD | bpfK:
			return i.K != 0
		case bpfALU | bpfLSH | bpfK, bpfALU | bpfRSH | bpfK:
			return i.K < 32
		}
	case bpfST, bpfSTX:
		return i.K < memWords
	case bpfJMP:
		if code == bpfJMP|bpfJA {
			return i.K < uint32(left)
		}
		return int(i.JT) < left && int(i.JF) < left
	case bpfLD, bpfLDX:
		switch code & bpfMode {
		case bpfMEM:
			return i.K < memWords
		case bpfABS:
			return i.K < adOff || i.K-adOff < adMax && (i.K-adOff)%4 == 0
		}
	}
	return true
}

// loadsWhatWasStored reports whether no path leads to a load from a word of
// memory that nothing was stored to (check_load_and_stores).
func loadsWhatWasStored(insns []SockFilter) bool {
	var masks [maxInsns]uint16 // words that have not been stored to on some path there
	for pc, missing := 0, uint16(0xffff); pc < len(insns); pc++ {
		i := &insns[pc]
		missing |= masks[pc]
		switch i.Code & bpfClass {
		case bpfST, bpfSTX:
			missing &^= 1 << i.K
		case bpfLD, bpfLDX:
			if i.Code&bpfMode == bpfMEM && missing>>i.K&1 != 0 {
				return false
			}
		case bpfJMP:
			if i.Code == bpfJMP|bpfJA {
				masks[pc+1+int(i.K)] |= missing
			} else {
				masks[pc+1+int(i.JT)] |= missing
				masks[pc+1+int(i.JF)] |= missing
			}
			missing = 0 // what follows is reached by jumps alone
		}
	}
	return true
}

// Linux translates a program into its own instructions, of eight octets each,
// and charges the socket for those (bpf_prog_size). The translation is not made
// here; only its length is needed.
const (
	bpfProgBase = 96      // struct bpf_prog up to its instructions, octets
	jumpReach   = 1 << 15 // a jump's distance has 16 bits and a sign
)

// translatedSize is the translation's size, octets; false when one of its jumps
// would reach too far. Its first pass measures jumps to targets that it has not
// placed yet, from there to 0.
func translatedSize(insns []SockFilter) (int64, bool) {
	var at [maxInsns + 1]int
	at[0] = 3
	loads := false
	for pc := range insns {
		n, load := insns[pc].translated()
		at[pc+1], loads = at[pc]+n, loads || load
	}
	if loads {
		for pc := range insns {
			at[pc] += 4
		}
		at[len(insns)] += 4
	}
	for pc := range insns {
		if insns[pc].Code&bpfClass == bpfJMP && !insns[pc].reaches(at[:], pc) {
			return 0, false
		}
	}
	return bpfProgBase + 8*int64(at[len(insns)]), true
}

// reaches reports whether a jump's translation can express its distances
// (BPF_EMIT_JMP). Of two ways the second is an instruction of its own.
func (i *SockFilter) reaches(at []int, pc int) bool {
	if at[pc+1] > jumpReach {
		return false
	}
	fits := func(skip, back int) bool { return at[pc+1+skip]-(at[pc+1]-back) < jumpReach }
	switch op := i.Code & bpfOp; {
	case op == bpfJA:
		return fits(int(i.K), 0)
	case i.JF == 0:
		return fits(int(i.JT), 0)
	case i.JT == 0 && op != bpfJSET:
		return fits(int(i.JF), 0)
	}
	return fits(int(i.JT), 1) && fits(int(i.JF), 0)
}

// translated is how many of Linux's instructions one becomes, and whether it
// looks into the packet.
func (i *SockFilter) translated() (n int, loads bool) {
	switch code := i.Code; code & bpfClass {
	case bpfLD, bpfLDX:
		switch code & bpfMode {
		case bpfMSH:
			return 6 + i.translatedLoad(bpfB), true
		case bpfIND:
			if i.K != 0 {
				return 9, true
			}
			return 8, true
		case bpfABS:
			if i.K >= adOff {
				return adCost[(i.K-adOff)/4], false
			}
			return i.translatedLoad(code & bpfSize), true
		}
	case bpfALU:
		if op := code & bpfOp; code&bpfX != 0 && (op == bpfDIV || op == bpfMOD) {
			return 5, false
		}
	case bpfJMP:
		return i.translatedJump(), false
	case bpfRET:
		if code == bpfRET|bpfK {
			return 2, false
		}
	}
	return 1, false
}

// translatedLoad is a load at a fixed place: a quick way for what lies ahead, and
// a slow one (convert_bpf_ld_abs).
func (i *SockFilter) translatedLoad(size uint16) int {
	k := int32(i.K)
	if k < 0 {
		return 8
	}
	n := 12
	if k != 0 {
		n++
	}
	if k > 1<<15-1 {
		n += 2
	}
	if size != bpfB {
		n++
	}
	return n
}

// translatedJump is a jump: one where one way leads to the next instruction, and
// one more for a number that would be taken for negative.
func (i *SockFilter) translatedJump() int {
	op, n := i.Code&bpfOp, 2
	switch {
	case op == bpfJA:
		return 1
	case i.JF == 0, i.JT == 0 && op != bpfJSET:
		n = 1
	}
	if i.Code&bpfX == 0 && int32(i.K) < 0 {
		n++
	}
	return n
}
