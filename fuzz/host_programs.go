package fuzz

import "github.com/sockspec/sockspec/sock"

// Codes of classic BPF (include/uapi/linux/bpf_common.h).
const (
	bpfLoad, bpfLoadX, bpfStore, bpfStoreX, bpfAlu, bpfJump, bpfReturn, bpfMisc = 0, 1, 2, 3, 4, 5, 6, 7

	bpfHalf, bpfByte                    = 0x08, 0x10
	bpfAbs, bpfInd, bpfMem, bpfLen, msh = 0x20, 0x40, 0x60, 0x80, 0xa0
	bpfX                                = 0x08 // the other operand is X
	bpfA                                = 0x10 // return A
	ancillary                           = 0xfffff000
)

func insn(code uint16, k uint32) sock.SockFilter { return sock.SockFilter{Code: code, K: k} }

// keeps ends a program: the packet is kept whole.
var keeps = insn(bpfReturn, 1<<16)

// programs keep packets, drop them, cut them, and come to that in every way that
// classic BPF has; the last ones are none.
var programs = func() (all [][]sock.SockFilter) {
	add := func(some ...sock.SockFilter) { all = append(all, some) }
	add(keeps)
	add(insn(bpfReturn, 0))
	add(insn(bpfReturn, 9))
	add(insn(bpfLoad|bpfAbs|bpfByte, 9), insn(bpfReturn|bpfA, 0))
	add(insn(bpfLoad|bpfLen, 0), sock.SockFilter{Code: bpfJump | 0x20, JT: 1, K: 30}, keeps, insn(bpfReturn, 20))
	// all of arithmetic, by K and by X
	var sums []sock.SockFilter
	sums = append(sums, insn(bpfLoad, 100), insn(bpfLoadX, 3))
	for op := uint16(0); op <= 0xa0; op += 0x10 {
		if op != 0x80 {
			sums = append(sums, insn(bpfAlu|op, 3), insn(bpfAlu|op|bpfX, 0))
		}
	}
	add(append(sums, insn(bpfAlu|0x80, 0), insn(bpfAlu|0xa0, 1), insn(bpfReturn|bpfA, 0))...)
	add(insn(bpfLoad, 1), insn(bpfLoadX, 0), insn(bpfAlu|0x30|bpfX, 0), keeps) // a division by zero drops
	// all jumps
	add(insn(bpfLoadX, 7), insn(bpfLoad, 7), sock.SockFilter{Code: bpfJump | 0x10, JF: 4, K: 7}, sock.SockFilter{Code: bpfJump | 0x20, JT: 3, K: 7},
		sock.SockFilter{Code: bpfJump | 0x30 | bpfX, JF: 2}, sock.SockFilter{Code: bpfJump | 0x40, JF: 1, K: 4}, insn(bpfJump, 1), insn(bpfReturn, 0), keeps)
	// memory, registers, lengths
	add(insn(bpfLoad, 5), insn(bpfStore, 2), insn(bpfLoadX|bpfMem, 2), insn(bpfStoreX, 3), insn(bpfLoad|bpfMem, 3), insn(bpfMisc, 0), insn(bpfMisc|0x80, 0),
		insn(bpfLoadX|bpfLen, 0), insn(bpfLoadX|msh|bpfByte, 0), insn(bpfLoad|bpfInd|bpfHalf, 0), keeps)
	// what is not in the packet, and other headers
	for ad := uint32(0); ad < 64; ad += 4 {
		add(insn(bpfLoad, 1), insn(bpfLoadX, 1), insn(bpfLoad|bpfAbs, ancillary+ad), keeps)
	}
	add(insn(bpfLoad|bpfAbs|bpfByte, 0xfff00000), insn(bpfLoad|bpfAbs|bpfHalf, 0xffe0000c), insn(bpfLoad|bpfAbs, 0xffe00000), keeps)
	add(insn(bpfLoad|bpfAbs, 5000), keeps)
	add(insn(bpfLoad|bpfAbs, 1<<31), keeps)
	add(insn(bpfLoad|bpfMem, 1), keeps)
	add(insn(bpfLoad|bpfMem, 16), keeps)
	add(insn(bpfAlu|0x30, 0), keeps)
	add(insn(bpfJump, 5), keeps)
	add(insn(bpfLoad, 1))
	add(insn(0xffff, 1), keeps)
	add(insn(bpfLoad|bpfAbs, ancillary+2), keeps)
	return append(all, nil)
}()
