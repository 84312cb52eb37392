//go:build linux

package kernel

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/sockspec/sockspec/conformance"
	"golang.org/x/sys/unix"
)

// OneCPU is the stack with the threads of each instance on one processor, next instances on the next one. There what a packet or a
// call brings about is through before anyone whom it woke goes on, and they go on in the order in which they were woken. On several
// processors who wakes up there runs beside it, and which of two comes first is chance.
func (s Stack) OneCPU() conformance.Stack {
	s.oneCPU = true
	return s
}

// processors are those that this process may run on.
var processors = sync.OnceValue(func() (list []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(unix.Getpid(), &set) != nil {
		return nil
	}
	for cpu := range 64 * len(set) {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list
})

// turn picks processors one after the other.
var turn atomic.Uint32

// pickCPU is the set of the one processor that the next instance is to run on; nil where nobody tells which there are.
func pickCPU() *unix.CPUSet {
	list := processors()
	if len(list) == 0 {
		return nil
	}
	set := &unix.CPUSet{}
	set.Set(list[int(turn.Add(1))%len(list)])
	return set
}

// pin binds the calling thread to the instance's processor, if it has one.
func (in *instance) pin() error {
	if in.cpu == nil {
		return nil
	}
	if err := unix.SchedSetaffinity(0, in.cpu); err != nil {
		return fmt.Errorf("bind a thread to one processor: %w", err)
	}
	return nil
}

// unpin lets the calling thread run anywhere again, before Go uses it for something else.
func (in *instance) unpin() {
	if in.cpu == nil {
		return
	}
	set := unix.CPUSet{}
	for _, cpu := range processors() {
		set.Set(cpu)
	}
	_ = unix.SchedSetaffinity(0, &set)
}
