package explore

import (
	"fmt"
	"slices"

	"github.com/sockspec/sockspec/fuzz"
)

// Scenario is a world worth walking.
type Scenario struct {
	Name, About string
	// Weight is its part of a bound on states. SettleEach is how many states there are to one that is made to settle.
	Weight, SettleEach int
	roots              func() ([]Root, error)
}

// ending are the scenarios whose walk without a bound was seen to end, after some thousand states. Others may end too: two ends and
// their channel must, but nobody has waited for it.
var ending = []string{"fragments", "limits", "refusals", "messages", "successors", "exits", "full", "buckets"}

// Ends reports whether a walk without a bound is known to end.
func (s *Scenario) Ends() bool { return slices.Contains(ending, s.Name) }

// Setups of package fuzz. Plain is without timestamps, window scaling and SACK: fewer states differ only in their numbers.
var (
	plain   = fuzz.Setup{Plain: 7, MTU: 1500}
	full    = fuzz.Setup{MTU: 1500}
	tight   = fuzz.Setup{Plain: 7, MTU: 1500, Small: true}
	allEnds = fuzz.EndShutdown | fuzz.EndClose | fuzz.EndAbort
)

func passive(s fuzz.Setup) fuzz.Setup { s.Passive = true; return s }
func lazy(s fuzz.Setup) fuzz.Setup    { s.Fast = true; return s }

// Scenarios are walked in this order; what one does not use of its part is the next ones'. The small ones come first.
var Scenarios = []Scenario{
	{"fragments", "datagrams in parts, whole, twice, crossed, late and broken", 1, 16, scenes("fragments")},
	{"limits", "what a host does only so often, and buffers that hold little", 1, 16, scenes("limits")},
	{"refusals", "packets and calls that a filter, a security module, a cgroup or the memory refuses", 1, 16, scenes("refusals")},
	{"messages", "ICMP and datagrams in places where they mean nothing", 1, 16, scenes("messages")},
	{"successors", "listeners, clients and ways that take another's place", 1, 16, scenes("successors")},
	{"exits", "threads that end, and those that wait beside them", 1, 16, scenes("exits")},
	{"rare", "one endpoint, on ways that take a peer that does the one thing needed", 1, 16, rareSolos},
	{"handshake", "a client and a server without data: loss, doubles, overtaking, time-outs, every kind of close", 2, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, passive(plain)}, Channel: 6, Trouble: fuzz.Trouble{Lose: 1, Twice: 1, Overtake: 1, Timeouts: 2}, Ends: allEnds})},
	{"crossing", "two ends that open at once; the mirror image of a state is the same state", 2, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, plain}, Channel: 6, Trouble: fuzz.Trouble{Lose: 1, Twice: 1, Overtake: 1, Timeouts: 2}, Ends: allEnds})},
	{"request", "a client that writes to a server", 3, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, passive(plain)}, Writes: [2]uint8{1, 0}, Octets: 2000, Channel: 8, Trouble: fuzz.Trouble{Lose: 1, Twice: 1, Overtake: 1, Timeouts: 2}, Ends: fuzz.EndShutdown | fuzz.EndClose})},
	{"dialogue", "both sides write, with timestamps, SACK and window scaling", 3, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{full, passive(full)}, Writes: [2]uint8{1, 1}, Octets: 1000, Channel: 8, Trouble: fuzz.Trouble{Lose: 1, Overtake: 1, Timeouts: 1}, Ends: fuzz.EndShutdown | fuzz.EndClose})},
	{"window", "a reader with the least buffer, whose window closes", 3, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, passive(tight)}, Writes: [2]uint8{4, 0}, Octets: 700, Channel: 8, Trouble: fuzz.Trouble{Lose: 1, Timeouts: 3}, Ends: fuzz.EndClose})},
	{"fastopen", "a client with a cookie, whose SYN carries data", 2, 1,
		two(fuzz.DuoConfig{Setup: [2]fuzz.Setup{lazy(plain), passive(lazy(plain))}, Octets: 1000, Channel: 6, Trouble: fuzz.Trouble{Lose: 1, Overtake: 1, Timeouts: 1}, Ends: allEnds})},
	{"endpoint", "one endpoint and all that the seeds do, in any order, from every state along them", 6, 8, solos},
	{"backlog", "a listener with room for one connection, three peers and two threads that wait", 3, 16,
		onHost(fuzz.WalkConfig{Peers: 3, Threads: 2, Signals: true, Ticks: 2,
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegData, fuzz.SegFin, fuzz.SegRst, fuzz.SegSynAgain},
			Calls:    []fuzz.WalkCall{fuzz.CallAccept, fuzz.CallPoll, fuzz.CallBacklog, fuzz.CallClose}})},
	{"cookies", "a listener whose SYN queue is full sends cookies", 1, 16,
		onHost(fuzz.WalkConfig{Peers: 3, Threads: 1, Ticks: 1, Sysctls: [][2]string{{"net.ipv4.tcp_max_syn_backlog", "1"}},
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegData, fuzz.SegWrongAck, fuzz.SegRst},
			Calls:    []fuzz.WalkCall{fuzz.CallAccept, fuzz.CallNoBlock}})},
	{"overflow", "a full accept queue, where the completing ACK is answered with RST", 1, 16,
		onHost(fuzz.WalkConfig{Peers: 2, Threads: 1, Ticks: 1, Sysctls: [][2]string{{"net.ipv4.tcp_abort_on_overflow", "1"}},
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegData}, Calls: []fuzz.WalkCall{fuzz.CallAccept}})},
	{"full", "a full SYN queue, and no cookies", 1, 16,
		onHost(fuzz.WalkConfig{Peers: 3, Threads: 1, Ticks: 1, Sysctls: [][2]string{{"net.ipv4.tcp_syncookies", "0"}, {"net.ipv4.tcp_max_syn_backlog", "1"}},
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegRst}, Calls: []fuzz.WalkCall{fuzz.CallAccept}})},
	{"buckets", "connections that may not stay in TIME-WAIT", 1, 16,
		onHost(fuzz.WalkConfig{Backlog: 1, Peers: 1, Threads: 1, Ticks: 1, Sysctls: [][2]string{{"net.ipv4.tcp_max_tw_buckets", "0"}},
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegFin}, Calls: []fuzz.WalkCall{fuzz.CallAccept, fuzz.CallShutdown, fuzz.CallClose}})},
	{"reopen", "a peer that comes again to a connection in TIME-WAIT", 1, 16,
		onHost(fuzz.WalkConfig{Backlog: 1, Peers: 1, Threads: 1, Ticks: 1, Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegFin, fuzz.SegSynNew},
			Calls: []fuzz.WalkCall{fuzz.CallAccept, fuzz.CallClose}})},
	{"server", "threads that read, write and close what a listener accepts", 3, 16,
		onHost(fuzz.WalkConfig{Backlog: 1, SndBuf: 4608, Peers: 1, Threads: 2, Signals: true, Ticks: 2,
			Segments: []fuzz.WalkSegment{fuzz.SegAck, fuzz.SegData, fuzz.SegFin, fuzz.SegRst, fuzz.SegAhead, fuzz.SegShut},
			Calls:    []fuzz.WalkCall{fuzz.CallAccept, fuzz.CallRecv, fuzz.CallRecvAll, fuzz.CallSend, fuzz.CallSendMuch, fuzz.CallShutdown, fuzz.CallClose, fuzz.CallAbort}})},
	{"client", "threads that connect, read, write, poll and close", 3, 16,
		onHost(fuzz.WalkConfig{Backlog: -1, Threads: 2, Signals: true, Ticks: 2,
			Segments: []fuzz.WalkSegment{fuzz.SegSynAck, fuzz.SegAck, fuzz.SegData, fuzz.SegFin, fuzz.SegRst, fuzz.SegWrongAck, fuzz.SegSynAgain},
			Calls:    []fuzz.WalkCall{fuzz.CallConnect, fuzz.CallRecv, fuzz.CallSend, fuzz.CallPoll, fuzz.CallNoBlock, fuzz.CallShutdown, fuzz.CallClose, fuzz.CallDisconnect}})},
	{"host", "a host and all that the seeds do, streams and datagrams, in any order, from every state along them", 3, 64, hostSolos},
}

func two(c fuzz.DuoConfig) func() ([]Root, error) {
	return func() ([]Root, error) { return []Root{{Name: "two ends", World: duo{fuzz.NewDuo(c)}}}, nil }
}

func onHost(c fuzz.WalkConfig) func() ([]Root, error) {
	return func() ([]Root, error) {
		w, err := fuzz.NewHostWalk(c)
		if err != nil {
			return nil, fmt.Errorf("the host of a walk: %w", err)
		}
		return []Root{{Name: "a host", World: host{w}}}, nil
	}
}

// scenes are those of a group.
func scenes(group string) func() ([]Root, error) {
	return func() (roots []Root, err error) {
		for _, c := range fuzz.Scenes(group) {
			w, err := fuzz.NewScene(c)
			if err != nil {
				return nil, fmt.Errorf("the scene of %s: %w", c.Name, err)
			}
			roots = append(roots, Root{Name: c.Name, World: scene{w}})
		}
		return roots, nil
	}
}

func rareSolos() (roots []Root, err error) {
	for _, n := range fuzz.RareSolos() {
		roots = append(roots, Root{n.Name, solo{n.Start}, n.Moves})
	}
	return roots, nil
}

func solos() (roots []Root, err error) {
	for _, n := range fuzz.Solos() {
		roots = append(roots, Root{n.Name, solo{n.Start}, n.Moves})
	}
	return roots, nil
}

func hostSolos() (roots []Root, err error) {
	for _, n := range fuzz.HostSolos() {
		roots = append(roots, Root{n.Name, hostSolo{n.Start}, n.Moves})
	}
	return roots, nil
}
