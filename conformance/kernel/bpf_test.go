//go:build linux

package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hookPoint is a place in the kernel where a program of the cgroup can refuse.
type hookPoint struct{ typ, attach uint32 }

// refuser is a program at a hook point of a cgroup that always refuses.
type refuser struct {
	point hookPoint
	prog  int
	group int
}

// insn is a BPF instruction.
type insn struct {
	op, regs uint8
	off      int16
	imm      int32
}

// refusal is a program that sets the call's error and says no:
//
//	r1 = -errno; call bpf_set_retval; r0 = 0; exit
func refusal(errno unix.Errno) []insn {
	const setRetval = 187
	return []insn{
		{op: 0xb7, regs: 1, imm: -int32(errno)}, {op: 0x85, imm: setRetval}, {op: 0xb7}, {op: 0x95},
	}
}

// bpf makes a bpf(2) call.
func bpf(cmd int, attr []byte) (int, error) {
	for range 10 { // the verifier may be interrupted
		r, _, e := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr)))
		if e == 0 {
			return int(r), nil
		}
		if e != unix.EAGAIN {
			return -1, e
		}
	}
	return -1, unix.EAGAIN
}

// load verifies the program for the place.
func load(p hookPoint, code []insn) (int, error) {
	license := []byte("GPL\x00")
	log := make([]byte, 64<<10)
	attr := make([]byte, 128)
	le := binary.LittleEndian
	le.PutUint32(attr, p.typ)
	le.PutUint32(attr[4:], uint32(len(code)))
	le.PutUint64(attr[8:], uint64(uintptr(unsafe.Pointer(&code[0]))))
	le.PutUint64(attr[16:], uint64(uintptr(unsafe.Pointer(&license[0]))))
	le.PutUint32(attr[24:], 1)
	le.PutUint32(attr[28:], uint32(len(log)))
	le.PutUint64(attr[32:], uint64(uintptr(unsafe.Pointer(&log[0]))))
	le.PutUint32(attr[68:], p.attach)
	fd, err := bpf(unix.BPF_PROG_LOAD, attr)
	runtime.KeepAlive(code)
	runtime.KeepAlive(license)
	if err != nil {
		return -1, fmt.Errorf("loading a program for %+v: %w: %s", p, err, unix.ByteSliceToString(log))
	}
	return fd, nil
}

// refuseAt puts a program that refuses into the cgroup, until stop.
func refuseAt(group int, p hookPoint, errno unix.Errno) (*refuser, error) {
	prog, err := load(p, refusal(errno))
	if err != nil {
		return nil, err
	}
	if prog, err = outOfTheWay(prog); err != nil {
		return nil, err
	}
	r := &refuser{p, prog, group}
	if err := r.do(unix.BPF_PROG_ATTACH); err != nil {
		unix.Close(prog)
		return nil, fmt.Errorf("attaching %+v: %w", p, err)
	}
	return r, nil
}

func (r *refuser) do(cmd int) error {
	attr := make([]byte, 32)
	binary.LittleEndian.PutUint32(attr, uint32(r.group))
	binary.LittleEndian.PutUint32(attr[4:], uint32(r.prog))
	binary.LittleEndian.PutUint32(attr[8:], r.point.attach)
	_, err := bpf(cmd, attr)
	return err
}

// stop takes the program away.
func (r *refuser) stop() error { return errors.Join(r.do(unix.BPF_PROG_DETACH), unix.Close(r.prog)) }

// ownCgroup makes a cgroup and moves this process there. leave undoes both.
func ownCgroup() (fd int, leave func() error, err error) {
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/unified/cgroup.procs"); err == nil {
		root += "/unified" // beside the older hierarchies
	}
	dir := filepath.Join(root, fmt.Sprintf("sockspec-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return -1, nil, err
	}
	move := func(to string) error { return os.WriteFile(to+"/cgroup.procs", []byte("0"), 0) }
	leave = func() error { return errors.Join(move(root), unix.Close(fd), os.Remove(dir)) }
	if err := move(dir); err != nil {
		return -1, nil, errors.Join(err, os.Remove(dir))
	}
	if fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		fd, err = outOfTheWay(fd)
	}
	if err != nil {
		return -1, nil, errors.Join(err, leave())
	}
	return fd, leave, nil
}

// outOfTheWay gives a file a high descriptor, so that calls get those that the
// model gives.
func outOfTheWay(fd int) (int, error) {
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 200)
	unix.Close(fd)
	return high, err
}
