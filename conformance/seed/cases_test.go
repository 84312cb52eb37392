//go:build linux

package seed

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/sock"
)

// bench is a host whose hooks refuse what they are told to, remember what they
// were asked, and have no memory for what is scarce.
type bench struct {
	*testing.T
	h      *sock.Host
	refuse map[sock.Hook]sock.Errno
	scarce map[sock.AllocKind]bool
	asked  []sock.HookCall
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, refuse: map[sock.Hook]sock.Errno{}, scarce: map[sock.AllocKind]bool{}}
	answer := func(c sock.HookCall) sock.Errno {
		b.asked = append(b.asked, c)
		return b.refuse[c.Hook]
	}
	b.h = sock.New(sock.HostConfig{FirstFile: 3, Seed: 1, Hooks: sock.Hooks{
		Security: answer, Cgroup: answer, Alloc: func(k sock.AllocKind) bool { return !b.scarce[k] },
	}})
	return b
}

// returned is what a call made, which must not wait.
func (b *bench) returned(out []sock.Effect) sock.Return {
	b.Helper()
	require.NoError(b, b.h.Check())
	for i := range out {
		if out[i].Kind == sock.Done {
			return out[i].Return
		}
	}
	require.FailNow(b, "the call did not return")
	return sock.Return{}
}

// ok makes a call of a thread that must succeed, and gives its value.
func (b *bench) ok(th sock.Thread, c sock.Call) int64 {
	b.Helper()
	r := b.returned(b.h.Call(1, th, c, nil))
	require.Zero(b, r.Errno, "%v: %s", c.Op, sock.ErrnoName(r.Errno))
	return r.Value
}

// unchanged makes a call that must fail and leave nothing behind.
func (b *bench) unchanged(th sock.Thread, e sock.Errno, c sock.Call) {
	b.Helper()
	before, inUse := b.h.Fingerprint(), b.h.SocketsInUse()
	r := b.returned(b.h.Call(1, th, c, nil))
	require.Equal(b, sock.ErrnoName(e), sock.ErrnoName(r.Errno), "%v", c.Op)
	require.Equal(b, before, b.h.Fingerprint(), "%v left something behind", c.Op)
	require.Equal(b, inUse, b.h.SocketsInUse())
}

// last is the hook that was asked last.
func (b *bench) last() sock.HookCall { return b.asked[len(b.asked)-1] }

func (b *bench) hooks() (all []sock.Hook) {
	for _, c := range b.asked {
		all = append(all, c.Hook)
	}
	return all
}

// demote gives a new process, thread 9, to an ordinary user.
func (b *bench) demote() sock.Thread {
	b.ok(1, sock.Call{Op: sock.OpClone, Arg: 9})
	b.ok(9, sock.Call{Op: sock.OpSetresuid, IDs: [3]int32{1000, 1000, 1000}})
	return 9
}

// ruleCase shows a rule on the model.
type ruleCase struct {
	id, says string
	show     func(b *bench)
}

func casesByRule() map[string][]ruleCase {
	by := map[string][]ruleCase{}
	for _, c := range ruleCases {
		by[c.id] = append(by[c.id], c)
	}
	return by
}
