package sock

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/tcpstate"
)

// unhashed are the fields that Fingerprint leaves out, each with the reason. A
// name is a type's and a field's; it stands for all that lies below it.
var unhashed = map[string]string{
	"Host.hooks":       "not of the host: whoever made it",
	"Host.proc":        "of one input",
	"Host.pathGens":    "the next name of a memory, which none has",
	"Host.caller":      "of one input",
	"Host.conn":        "of one input",
	"Host.out":         "of one input",
	"Host.req":         "of one input",
	"Host.due":         "of one input",
	"Host.arena":       "of one input",
	"Host.backlog":     "of one input",
	"Host.loop":        "of one input",
	"Host.looped":      "of one input",
	"Host.heir":        "of one input",
	"Host.cuts":        "of one input",
	"Host.whole":       "of one input",
	"Host.trimmed":     "of one input",
	"cork.begun":       "of one call",
	"Host.view":        "of one input",
	"Call.Filter":      "nil in a call that waits",
	"Return.Filter":    "nil in a call that waits",
	"Host.dev":         "of one input",
	"Host.dscp":        "of one segment",
	"fastHost.offer":   "of one input",
	"fastHost.fault":   "of one input",
	"Host.spare":       "memory for reuse",
	"Host.sparePorts":  "memory for reuse",
	"fragTable.spare":  "memory for reuse",
	"fragTable.mem":    "sums up queues",
	"thread.data":      "memory for reuse: call.Data lies there",
	"thread.poll":      "memory for reuse: filled anew by each look",
	"thread.control":   "memory for reuse: filled as the call returns",
	"epoll.free":       "memory for reuse",
	"Host.fileCount":   "counts files",
	"Host.tcpCount":    "counts socks",
	"Host.twCount":     "counts socks",
	"Host.anycasts":    "counts what socks have joined",
	"Host.spareSocks":  "where socks is nil",
	"Host.flows":       "found from socks",
	"Host.listens":     "found from socks and their links",
	"Host.udp":         "found from socks and their links",
	"Host.raws":        "found from socks and their links",
	"Host.pings":       "found from socks and their links",
	"Host.tcp":         "made from sysctl",
	"leftover.iss":     "numbers are told from where they begin",
	"Host.stamps":      "counts up: what is told by it is told as an order",
	"thread.since":     "its order is fed",
	"epitem.since":     "its order is fed",
	"Host.count":       "statistics that nothing is decided by",
	"Host.now":         "time is counted from it",
	"sysctls.profile":  "never written: its name is fed",
	"request.txHash":   "whether labels are the same is not a thing of one moment",
	"sock.reqHash":     "whether labels are the same is not a thing of one moment",
	"sock.rehashed":    "a statistic that TCP_INFO reports",
	"sock.id":          "the place in Host.socks",
	"sock.ops":         "follows from typ",
	"sock.prot":        "follows from typ and proto",
	"sock.af":          "follows from family and the addresses",
	"sock.slot":        "the place in the bind table",
	"sock.bound":       "the place in the bind table",
	"sock.syn":         "counts requests",
	"sock.txHead":      "follows from conn",
	"sock.rxHead":      "follows from conn",
	"outcome.park":     "of one input",
	"outcome.ended":    "of one input",
	"Call.Control":     "nil in a call that waits",
	"Call.Groups":      "nil in a call that waits",
	"request.Request":  "tcpstate's, which tests it",
	"extErr.toPort":    "fed with the address",
	"Host.spareFiles":  "which of files are free",
	"Host.spareEpolls": "which of epolls are not used",
	"Host.threadAt":    "found from threads",
	"process.free":     "which of fds have no file",
}

// fullHost has something of all that a host can have.
func fullHost(t *testing.T) *Host {
	b := busy(t)
	h, ok := b.h, b.ok
	require.NoError(t, h.SetSysctl("net.ipv4.ip_local_reserved_ports", "8000-8001"))
	h.Choose(Choice{HasISS: true, HasPort: true, HasTSOffset: true})
	lo := func(port uint16) Addr { return in4(netip.MustParseAddr("127.0.0.1"), port) }
	u := ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	ok(bindCall(u, lo(53)))
	c := ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	ok(connectCall(c, lo(53)))
	ok(Call{Op: OpSend, FD: c, Data: []byte("corked"), Flags: MSG_MORE})
	q := ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	ok(connectCall(q, lo(53)))
	b.parked(5, Call{Op: OpRecv, FD: c, Len: 10})
	b.parked(6, Call{Op: OpPoll, Poll: []PollFD{{FD: c, Events: POLLIN}}, Timeout: 9000})
	ok(Call{Op: OpSend, FD: q, Data: []byte("queued")})
	ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_RAW, Proto: IPPROTO_ICMP})
	p := b.newPeer(4009)
	p.shake()
	slow := ok(acceptCall(3))
	ok(setCall(slow, SOL_SOCKET, SO_LINGER, []byte{1, 0, 0, 0, 9, 0, 0, 0}))
	msgs := []Msg{{Len: 10, Data: []byte("to be overwritten"), Control: []Control{{Data: []byte{1}}}}, {Len: 10}}
	b.parked(9, Call{Op: OpRecvmmsg, FD: c, Msgs: msgs, Data: []byte{9, 15: 0}})
	b.parked(7, recvCall(slow, 99, 0))
	ok(closeCall(slow))
	p.send(tcpstate.ACK, "7 is the last to hold it")
	b.parked(8, Call{Op: OpEpollWait, FD: ok(Call{Op: OpEpollCreate}), Len: 1, Timeout: -1})
	gone := ok(socketCall(0))
	ok(connectCall(gone, in4(netip.MustParseAddr("127.0.0.1"), 8080)))
	ok(connectCall(gone, Addr{Family: AF_UNSPEC}))
	ok(Call{Op: OpSetsockopt, FD: 3, Level: SOL_TCP, Name: TCP_FASTOPEN, Data: []byte{5, 0, 0, 0}})
	part := udpTo(24, false)
	part.Wire = appendWire(nil, &part)[:36]
	part.Opaque, part.Wire[6] = true, fragMore4>>8
	finishIP(part.Wire)
	b.deliver(part)
	ok(filterCall(u, SO_ATTACH_FILTER, retK(9)))
	member := ok(Call{Op: OpSocket, Domain: AF_INET, Type: SOCK_DGRAM})
	ok(setCall(member, SOL_SOCKET, SO_REUSEPORT, []byte{1, 0, 0, 0}))
	ok(filterCall(member, SO_ATTACH_REUSEPORT_CBPF, retK(0)))
	require.NoError(t, h.Check())
	// What takes long to come about: an error that waits, limits under way.
	s := h.socks[h.files[h.proc.fds[u].file].sock]
	s.dg.errs.PushBack(dgram{})
	s.groups = append(s.groups, membership{sources: []netip.Addr{netip.IPv6Unspecified()}})
	w := h.findThread(9)
	w.batch.got = cloneMsgs(w.call.Msgs)
	s.anycast = append(s.anycast, anycast{})
	h.fast.disabled, h.icmp.begun = 1, true
	return h
}

// mutator changes one field at a time and asks whether that shows.
type mutator struct {
	h         *Host
	base      uint64
	seen, hit map[string]bool
}

// try notes whether the state as it is now looks like the one before.
func (m *mutator) try(path string) {
	defer func() {
		if recover() != nil {
			m.hit[path] = true // it was looked at
		}
	}()
	m.seen[path] = true
	if m.h.Fingerprint() != m.base {
		m.hit[path] = true
	}
}

// swap tries another value in v's place.
func (m *mutator) swap(v, other reflect.Value, path string) {
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	v.Set(other)
	m.try(path)
	v.Set(old)
}

// change tries v otherwise, and all that it holds itself. What it points to is
// walked elsewhere.
func (m *mutator) change(v reflect.Value, path string) {
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	other := reflect.New(v.Type()).Elem()
	switch k := v.Kind(); {
	case v.Type() == reflect.TypeFor[netip.Addr]():
		m.swap(v, reflect.ValueOf(netip.MustParseAddr("9.9.9.9")), path)
	case k == reflect.Bool:
		other.SetBool(!v.Bool())
		m.swap(v, other, path)
	case v.CanInt():
		other.SetInt(v.Int() ^ 1)
		m.swap(v, other, path)
	case v.CanUint():
		other.SetUint(v.Uint() ^ 1)
		m.swap(v, other, path)
	case k == reflect.String:
		other.SetString(v.String() + "x")
		m.swap(v, other, path)
	case k == reflect.Struct && strings.HasSuffix(v.Type().PkgPath(), "sockspec/queue"):
		m.swap(v, other, path) // a queue: as if it were empty
	case k == reflect.Struct:
		m.fields(v)
	case k == reflect.Slice && v.Len() == 0:
		other.Set(reflect.MakeSlice(v.Type(), 1, 1))
		m.swap(v, other, path)
	case k == reflect.Slice || k == reflect.Array:
		for i := range min(v.Len(), 16) {
			m.change(v.Index(i), path)
		}
	default:
		m.swap(v, other, path) // a pointer, map or func: as if there were none
	}
}

func (m *mutator) fields(v reflect.Value) {
	for i := range v.NumField() {
		path := v.Type().Name() + "." + v.Type().Field(i).Name
		if _, out := unhashed[path]; out {
			m.seen[path] = true
			continue
		}
		m.change(v.Field(i), path)
	}
}

// A field that no call's answer depends on is in the list above; any other that
// does not show lets two different hosts pass for one.
func TestEveryFieldShowsInTheFingerprint(t *testing.T) {
	h := fullHost(t)
	m := &mutator{h: h, base: h.Fingerprint(), seen: map[string]bool{}, hit: map[string]bool{}}
	m.change(reflect.ValueOf(h).Elem(), "Host")
	m.change(reflect.ValueOf(h.proc).Elem(), "process")
	for _, s := range h.socks {
		for _, v := range [...]any{s, s.dg, s.raw, s.lst, s.fq} {
			if r := reflect.ValueOf(v); !r.IsNil() {
				m.change(r.Elem(), "sock")
			}
		}
		if s.dg != nil && s.dg.recv.Len() > 0 {
			m.change(reflect.ValueOf(s.dg.recv.At(0)).Elem(), "dgram")
		}
	}
	for _, q := range h.frags.queues.All() {
		m.change(reflect.ValueOf(q).Elem(), "fragQueue")
	}
	for _, p := range h.frags.peers.All() {
		m.change(reflect.ValueOf(p).Elem(), "fragPeer")
	}
	for _, r := range h.requests.byFlow.All() {
		m.change(reflect.ValueOf(r).Elem(), "request")
	}
	require.Equal(t, m.base, h.Fingerprint(), "every change was undone")
	var missed, idle []string
	for path := range m.seen {
		if _, out := unhashed[path]; !m.hit[path] && !out {
			missed = append(missed, path)
		}
	}
	for path := range unhashed {
		if !m.seen[path] {
			idle = append(idle, path)
		}
	}
	slices.Sort(missed)
	require.Empty(t, missed, "fields that Fingerprint does not feed: feed them, or say in unhashed why not")
	require.Empty(t, idle, "names in unhashed that no field has")
}
