package sock

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// on makes a call of a thread that must return at once.
func (b *bench) on(th Thread, c Call) Return {
	b.Helper()
	b.start(th, c)
	return b.returned(th)
}

// onOK is on, for a call that must succeed.
func (b *bench) onOK(th Thread, c Call) int32 {
	b.Helper()
	r := b.on(th, c)
	require.Equal(b, "", ErrnoName(r.Errno), "%v", c.Op)
	return int32(r.Value)
}

// onFails is on, for a call that must fail.
func (b *bench) onFails(th Thread, e Errno, c Call) {
	b.Helper()
	require.Equal(b, ErrnoName(e), ErrnoName(b.on(th, c).Errno), "%v", c.Op)
}

// fork makes a child of thread 1's process with that thread.
func (b *bench) fork(th Thread) int32 { b.Helper(); return b.ok(Call{Op: OpClone, Arg: int64(th)}) }

func rlimit(soft, hard uint64) Call {
	data := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, soft), hard)
	return Call{Op: OpPrlimit, N: RLIMIT_NOFILE, Data: data}
}

func TestForkSharesFilesAndNotTheTable(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	require.EqualValues(t, 2, b.fork(9))
	require.EqualValues(t, fd+1, b.onOK(9, socketCall()), "the child has the parent's descriptors")
	require.Equal(t, fd+1, b.ok(socketCall()), "and what it opens is its own")
	b.onOK(9, Call{Op: OpFcntl, FD: fd, N: F_SETFL, Arg: O_NONBLOCK})
	require.EqualValues(t, O_RDWR|O_NONBLOCK, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFL}), "O_NONBLOCK is the file's")
	b.onOK(9, Call{Op: OpFcntl, FD: fd, N: F_SETFD, Arg: FD_CLOEXEC})
	require.Zero(t, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFD}), "close-on-exec is the descriptor's")
	b.ok(closeCall(fd))
	b.quiet()
	p.send(tcpstate.ACK, "x")
	require.Equal(t, "x", string(b.on(9, recvCall(fd, 9, 0)).Data))
	b.run(tcpstate.Second)
	b.wire = nil
	b.onOK(9, closeCall(fd))
	require.Equal(t, "F.", b.sent().Seg.Flags.String(), "the last one closes")
}

func TestBlockedAcceptsOfTwoProcessesWakeOneEach(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	b.fork(9)
	b.parked(9, acceptCall(l))
	b.parked(1, acceptCall(l))
	b.newPeer(4000).shake()
	require.Equal(t, []Thread{9}, b.woke, "the one that waited longest")
	require.EqualValues(t, l+1, b.returned(9).Value)
	require.Empty(t, b.done)
	b.newPeer(4001).shake()
	require.EqualValues(t, l+1, b.returned(1).Value, "in a table of its own")
}

func TestAForkedChildDoesNotOwnItsParentsAccept(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	b.parked(2, acceptCall(l))
	b.fork(9)
	require.EqualValues(t, l+1, b.onOK(9, socketCall()), "the descriptor is reserved in the parent only")
}

func TestExecClosesWhatIsMarked(t *testing.T) {
	b := newBench(t)
	kept, gone := b.ok(socketCall()), b.ok(socketCall(SOCK_CLOEXEC))
	b.parked(2, pollCall(-1, PollFD{FD: b.listener(1), Events: POLLIN}))
	b.ok(Call{Op: OpExec})
	b.fails(EBADF, listenCall(gone, 1))
	b.ok(Call{Op: OpFcntl, FD: kept, N: F_GETFD})
	b.onFails(2, ESRCH, socketCall())
}

func TestExitClosesEverythingAndEndsTheThreads(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	b.fork(9)
	b.onOK(9, Call{Op: OpClone, N: CLONE_THREAD, Arg: 10})
	fd := b.onOK(9, socketCall(SOCK_NONBLOCK))
	b.onFails(9, EINPROGRESS, connectCall(fd, in4(remoteV4, testPort)))
	p := b.answer()
	p.send(tcpstate.SYN|tcpstate.ACK, "")
	p.see()
	b.onOK(9, setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
	b.parked(10, acceptCall(l))
	b.start(9, Call{Op: OpExit})
	require.Empty(t, b.done, "exit does not return, nor do the others")
	require.Equal(t, "F.", b.sent().Seg.Flags.String(), "its connection is released")
	b.onFails(9, ESRCH, socketCall())
	b.onFails(10, ESRCH, socketCall())
	b.newPeer(4000).shake()
	b.parked(1, pollCall(-1, PollFD{FD: b.ok(acceptCall(l)), Events: POLLIN}))
}

func TestExitOfTheLastProcessLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.listener(5)
	b.newPeer(4000).shake()
	b.parked(2, recvCall(b.ok(acceptCall(3)), 1, 0))
	b.wire = nil
	b.ok(Call{Op: OpEpollCreate})
	b.start(1, Call{Op: OpExit})
	require.Empty(t, b.h.listens.ends)
	require.Zero(t, b.h.fileCount)
	b.onFails(7, ESRCH, socketCall())
	b.run(1000 * tcpstate.Second)
	require.Zero(t, b.h.tcpCount)
}

// A limit of none: what Linux 6.18 answers. dup finds the table full, F_DUPFD its argument out of range.
func TestNoDescriptorAtAll(t *testing.T) {
	b := newBench(t)
	fd, ep := b.ok(socketCall()), b.ok(Call{Op: OpEpollCreate})
	b.ok(rlimit(0, 10))
	for _, c := range []Call{{Op: OpDup, FD: fd}, socketCall(), acceptCall(fd), {Op: OpEpollCreate}} {
		b.fails(EMFILE, c)
	}
	for _, from := range []int64{0, 5} {
		b.fails(EINVAL, Call{Op: OpFcntl, FD: fd, N: F_DUPFD, Arg: from})
		b.fails(EBADF, Call{Op: OpFcntl, FD: 99, N: F_DUPFD, Arg: from})
	}
	b.fails(EBADF, Call{Op: OpDup, FD: 99})
	b.fails(EBADF, Call{Op: OpDup2, FD: fd, Arg: 7})
	b.ok(Call{Op: OpDup2, FD: fd, Arg: int64(fd)})
	b.fails(EINVAL, pollCall(0, PollFD{FD: fd, Events: POLLIN}))
	b.fails(EINVAL, Call{Op: OpRead, FD: ep, Len: 10})
	b.fails(EINVAL, Call{Op: OpWrite, FD: ep, Data: []byte("x")})
	b.fails(ENOTSOCK, recvCall(ep, 10, 0))
	b.fails(EINVAL, Call{Op: OpIoctl, FD: ep, N: FIONREAD})
}

func TestLimitOfDescriptors(t *testing.T) {
	b := newBench(t)
	fd := b.ok(socketCall())
	b.ok(rlimit(4, 10))
	b.fails(EMFILE, socketCall())
	b.fails(EMFILE, Call{Op: OpDup, FD: fd})
	b.fails(EMFILE, acceptCall(fd))
	b.fails(EMFILE, Call{Op: OpEpollCreate})
	b.fails(EBADF, Call{Op: OpDup3, FD: fd, Arg: 4})
	b.fails(EINVAL, rlimit(11, 10))
	b.fails(EPERM, rlimit(10, maxFiles+1))
	r := b.call(rlimit(10, 10))
	require.EqualValues(t, []byte{4, 10}, []byte{r.Data[0], r.Data[8]})
	b.ok(Call{Op: OpDup3, FD: fd, Arg: 9})
	b.ok(rlimit(3, 10))
	b.ok(listenCall(9, 1)) // a descriptor above the limit stays
	b.ok(Call{Op: OpCapset})
	b.fails(EPERM, rlimit(3, 11))
	b.ok(rlimit(3, 9))
}

// The system's limit counts open files, not descriptors, and spares
// CAP_SYS_ADMIN (alloc_empty_file).
func TestLimitOfFiles(t *testing.T) {
	b := newBench(t)
	l := b.listener(5)
	b.ok(Call{Op: OpDup, FD: l})
	require.NoError(t, b.h.SetSysctl("fs.file-max", "2"))
	b.parked(2, acceptCall(l)) // has a file ready for what it will return
	b.ok(Call{Op: OpCapset, Arg: int64(allCaps)})
	before := b.h.Fingerprint()
	b.fails(ENFILE, socketCall())
	b.fails(ENFILE, acceptCall(l))
	b.fails(ENFILE, Call{Op: OpEpollCreate})
	require.Equal(t, before, b.h.Fingerprint())
	b.ok(Call{Op: OpDup, FD: l})
	b.ok(Call{Op: OpCapset, N: int64(CapSysAdmin), Arg: int64(allCaps)})
	b.ok(socketCall())
}

func TestDup2ClosesWhatItReplaces(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	other := b.ok(socketCall())
	require.Equal(t, fd, b.ok(Call{Op: OpDup2, FD: fd, Arg: int64(fd)}))
	b.fails(EBADF, Call{Op: OpDup2, FD: 99, Arg: 99})
	b.fails(EINVAL, Call{Op: OpDup3, FD: fd, Arg: int64(fd)})
	b.fails(EINVAL, Call{Op: OpDup3, FD: fd, Arg: 50, Flags: 1})
	b.fails(EBADF, Call{Op: OpDup3, FD: 99, Arg: 50})
	b.fails(EBADF, Call{Op: OpDup3, FD: fd, Arg: -1})
	b.ok(setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
	b.parked(2, Call{Op: OpDup3, FD: other, Arg: int64(fd), Flags: O_CLOEXEC})
	require.Equal(t, "F.", p.see().Seg.Flags.String())
	require.EqualValues(t, FD_CLOEXEC, b.ok(Call{Op: OpFcntl, FD: fd, N: F_GETFD}))
	p.send(tcpstate.ACK, "")
	require.EqualValues(t, fd, b.returned(2).Value)
	b.fails(ENOTCONN, Call{Op: OpGetpeername, FD: fd})
}

func TestDup2OntoADescriptorThatAcceptHoldsIsBusy(t *testing.T) {
	b := newBench(t)
	l := b.listener(1)
	b.parked(2, acceptCall(l))
	b.fails(EBUSY, Call{Op: OpDup2, FD: l, Arg: int64(l) + 1})
}

// A thread that lets go of the last reference when its call ends also waits for
// SO_LINGER (task work of the caller's return to user space).
func TestTheLastHolderLingers(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.ok(setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
	b.parked(2, recvCall(fd, 9, 0))
	b.ok(closeCall(fd))
	b.quiet()
	p.send(tcpstate.ACK, "late")
	require.Empty(t, b.done, "the octets are taken; the return waits for the release")
	b.run(tcpstate.Second)
	p.ack = p.ack.Add(1)
	p.send(tcpstate.ACK, "")
	require.Equal(t, "late", string(b.returned(2).Data))
}

func TestPollHoldsItsFiles(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.parked(2, pollCall(1000, PollFD{FD: fd, Events: POLLIN}))
	b.ok(closeCall(fd))
	b.quiet()
	p.send(tcpstate.ACK, "x")
	require.EqualValues(t, POLLNVAL, b.returned(2).Poll[0].Revents, "who looks again finds the descriptor closed")
}

func TestEpollWaitThatGaveUpIsNotWokenForAnother(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	ep := b.ok(Call{Op: OpEpollCreate})
	b.ok(epollCtl(ep, fd, EPOLL_CTL_ADD, POLLIN))
	b.parked(2, epollWait(ep, 10))
	b.parked(3, epollWait(ep, -1))
	b.run(10 * tcpstate.Millisecond)
	require.Zero(t, b.returned(2).Value)
	p.send(tcpstate.ACK, "x")
	require.EqualValues(t, 1, b.returned(3).Value)
}

func TestCredentials(t *testing.T) {
	b := newBench(t)
	ids := func(op Op, r, e, s int32) Call { return Call{Op: op, IDs: [3]int32{r, e, s}} }
	b.fork(9)
	b.onOK(9, ids(OpSetresgid, 5, 5, 5))
	b.onOK(9, Call{Op: OpSetgroups, Groups: []uint32{30, 20}})
	require.EqualValues(t, 3, b.onOK(9, socketCall()))
	b.onOK(9, ids(OpSetresuid, -1, 1000, -1))
	c := b.h.Cred(9)
	require.Equal(t, Cred{EUID: 1000, GID: 5, EGID: 5, SGID: 5, Groups: []uint32{20, 30}, Permitted: allCaps, bound: allCaps}, c)
	require.True(t, c.InGroup(20) && c.InGroup(5) && !c.InGroup(6))
	b.onFails(9, EACCES, bindCall(3, in4(any4, 80)))
	b.onOK(9, ids(OpSetresuid, -1, 0, -1))
	require.Equal(t, allCaps, b.h.Cred(9).Effective, "back to 0, back in effect")
	b.onOK(9, ids(OpSetresuid, 1000, 1000, 1000))
	require.Zero(t, b.h.Cred(9).Permitted, "no way back")
	b.onFails(9, EPERM, ids(OpSetresuid, 0, -1, -1))
	b.onFails(9, EPERM, ids(OpSetresgid, -1, 7, -1))
	b.onFails(9, EPERM, Call{Op: OpSetgroups})
	b.onFails(9, EPERM, Call{Op: OpCapset, N: int64(CapNetRaw), Arg: int64(CapNetRaw)})
	require.Equal(t, allCaps, b.h.Cred(1).Effective, "the parent is as it was")
	b.ok(bindCall(b.ok(socketCall()), in4(any4, 80)))
}

// What execve leaves of who the process is: the effective IDs become the saved
// ones, so that the program cannot go back to others; the real ones stay
// (cap_bprm_creds_from_file).
func TestExecSavesTheEffectiveIDs(t *testing.T) {
	b := newBench(t)
	b.ok(Call{Op: OpSetresgid, IDs: [3]int32{0, 9, 0}})
	b.ok(Call{Op: OpSetresuid, IDs: [3]int32{0, 8, 0}})
	c := b.h.Cred(1)
	require.Equal(t, [6]uint32{0, 8, 0, 0, 9, 0}, [6]uint32{c.UID, c.EUID, c.SUID, c.GID, c.EGID, c.SGID})
	b.ok(Call{Op: OpExec})
	c = b.h.Cred(1)
	require.Equal(t, [6]uint32{0, 8, 8, 0, 9, 9}, [6]uint32{c.UID, c.EUID, c.SUID, c.GID, c.EGID, c.SGID})
}

func TestCapset(t *testing.T) {
	b := newBench(t)
	b.fails(EPERM, Call{Op: OpCapset, N: int64(CapNetRaw), Arg: int64(CapNetAdmin)})
	b.ok(Call{Op: OpCapset, N: 0, Arg: int64(CapNetAdmin)})
	require.Zero(t, b.h.Cred(1).Effective)
	b.ok(Call{Op: OpCapset, N: int64(CapNetAdmin), Arg: int64(CapNetAdmin)})
	b.ok(Call{Op: OpExec})
	require.Equal(t, allCaps, b.h.Cred(1).Effective, "execve gives root everything anew")
	b.ok(Call{Op: OpSetresuid, IDs: [3]int32{0, 8, 0}})
	b.ok(Call{Op: OpExec})
	require.Equal(t, [2]Capability{allCaps, 0}, [2]Capability{b.h.Cred(1).Permitted, b.h.Cred(1).Effective})
	b.ok(Call{Op: OpSetresuid, IDs: [3]int32{8, 8, 8}})
	b.ok(Call{Op: OpExec})
	require.Zero(t, b.h.Cred(1).Permitted)
}

func TestCloneRefusesNamesInUse(t *testing.T) {
	b := newBench(t)
	for _, c := range []Call{{Arg: -1}, {Arg: 1 << 16}, {Arg: 9, N: 1}} {
		c.Op = OpClone
		b.fails(EINVAL, c)
	}
	b.fails(EBUSY, Call{Op: OpClone, Arg: 1})
	b.fork(9)
	b.start(9, Call{Op: OpExit})
	require.EqualValues(t, 3, b.fork(9), "a name is free once its thread has ended; numbers are new")
}

// A close that lingers goes on without its thread.
func TestExitUnderALingeringClose(t *testing.T) {
	b := newBench(t)
	fd, p := b.accepted()
	b.fork(9)
	b.onOK(9, Call{Op: OpClone, N: CLONE_THREAD, Arg: 10})
	b.ok(closeCall(fd))
	b.onOK(9, setCall(fd, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 5, 0, 0, 0}))
	b.parked(10, closeCall(fd))
	p.see()
	b.start(9, Call{Op: OpExit})
	require.Empty(t, b.done)
	p.send(tcpstate.ACK, "")
	p.send(tcpstate.FIN|tcpstate.ACK, "")
	b.run(61 * tcpstate.Second)
	require.Equal(t, 1, b.h.SocketsInUse(), "the listener")
}
