package explore

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz"
	"github.com/sockspec/sockspec/tcpstate"
)

var update = flag.Bool("update", false, "write testdata/pairs.txt anew")

// pairsFile lists what two ends can be in at one time.
const pairsFile = "testdata/pairs.txt"

// smallWorld is a world of two ends that has few states: a walk visits all of them, so that what it does not find is not there.
type smallWorld struct {
	name string
	fuzz.DuoConfig
}

func smallWorlds() (list []smallWorld) {
	troubles := []struct {
		name string
		fuzz.Trouble
	}{{"", fuzz.Trouble{}}, {", one lost", fuzz.Trouble{Lose: 1}}, {", one overtaken", fuzz.Trouble{Overtake: 1}},
		{", one twice", fuzz.Trouble{Twice: 1}}, {", one time-out", fuzz.Trouble{Timeouts: 1}}}
	for _, w := range []struct {
		name     string
		ends     [2]fuzz.Setup
		troubles int
	}{{"a client and a server", [2]fuzz.Setup{plain, passive(plain)}, 5}, {"both open", [2]fuzz.Setup{plain, plain}, 3},
		{"Fast Open", [2]fuzz.Setup{lazy(plain), passive(lazy(plain))}, 3}} {
		for _, t := range troubles[:w.troubles] {
			list = append(list, smallWorld{w.name + t.name, fuzz.DuoConfig{Setup: w.ends, Octets: 100, Channel: 6, Trouble: t.Trouble, Ends: allEnds}})
		}
	}
	patient := fuzz.DuoConfig{Setup: [2]fuzz.Setup{plain, passive(plain)}, Octets: 100, Channel: 1, Trouble: fuzz.Trouble{Timeouts: 6}, Ends: fuzz.EndShutdown}
	return append(list, smallWorld{"a client and a server, room for one packet each way, six time-outs", patient})
}

// walkAll visits all states of a small world.
func (w *smallWorld) walkAll(settleEach int) (*Result, error) {
	roots, err := two(w.DuoConfig)()
	if err != nil {
		return nil, err
	}
	s := Search{Roots: roots, SettleEach: settleEach}
	return s.Run(context.Background()), nil
}

// aPair is a pair of states, and the shortest way there.
type aPair struct {
	a, b tcpstate.State
	way  *Way
	in   string
}

// allPairs walks all of the small worlds to their ends, once for all tests.
var allPairs = sync.OnceValues(func() (list []aPair, err error) {
	best := map[[2]tcpstate.State]aPair{}
	for _, w := range smallWorlds() {
		r, err := w.walkAll(0)
		if err != nil {
			return nil, err
		}
		if r.Broken != nil || r.Stopped != "" {
			return nil, fmt.Errorf("%s: broken: %v, stopped: %q; %v", w.name, r.Broken, r.Stopped, r.Way)
		}
		for a := tcpstate.Established; a <= tcpstate.Closing; a++ {
			for b := tcpstate.Established; b <= tcpstate.Closing; b++ {
				old, ok := best[[2]tcpstate.State{a, b}]
				if way := r.PairWay(a, b); way != nil && (!ok || len(way.Moves) < len(old.way.Moves)) {
					best[[2]tcpstate.State{a, b}] = aPair{a, b, way, w.name}
				}
			}
		}
	}
	for _, p := range best {
		list = append(list, p)
	}
	slices.SortFunc(list, func(p, q aPair) int {
		return cmp.Or(cmp.Compare(p.a.String(), q.a.String()), cmp.Compare(p.b.String(), q.b.String()))
	})
	return list, nil
})

// The forms that a move has in the list.
var (
	moved = regexp.MustCompile(`^(deliver|lose|double) to (\d): (\S+) .*`)
	timed = regexp.MustCompile(`^time passes, timer of (\d)`)
	acted = regexp.MustCompile(`^(\d): `)
	signs = map[string]string{"deliver": ">", "lose": "x", "double": "="}
)

// brief is a way on one line.
func (w *Way) brief() string {
	var list []string
	at := w.Root.World.Clone()
	for _, m := range w.Moves {
		text := at.Describe(m)
		if f := moved.FindStringSubmatch(text); f != nil {
			text = f[3] + signs[f[1]] + f[2]
		}
		text = timed.ReplaceAllString(text, "$1:timer")
		list = append(list, acted.ReplaceAllString(text, "$1:"))
		_ = at.Do(m, &fuzz.Coverage{}) // kept the laws before
	}
	if len(list) == 0 {
		return "as it begins"
	}
	return strings.Join(list, " ")
}

const pairsHeader = `# The states that two ends of a connection can be in at one time: the client or first end, then the server or second. Each with the
# fewest moves that lead there and the world in which they do. 0 and 1 are the ends; "0:close" is what a user does, "0:timer" time
# that passes, "F.>1" a segment that arrives at 1, "x1" one that is lost, "=1" one that comes twice.
#
# RFC 9293's diagram itself, with an ABORT at any time and messages that may come late, leaves out no pair; what makes this list
# short is that packets do not come from nowhere. Written by: go test ./fuzz/explore -run TestPairs -update
`

// Each pair of states that two endpoints come to, loss and doubles and all, is listed, and no other. That each step between them is a
// step of RFC 9293's diagram, or none, is held by the worlds themselves (fuzz.Diagram).
func TestPairsOfStatesAreThoseOfTheList(t *testing.T) {
	list, err := allPairs()
	require.NoError(t, err)
	got := pairsHeader
	for _, p := range list {
		got += fmt.Sprintf("\n%-12v %-12v %2d  %s: %s\n", p.a, p.b, len(p.way.Moves), p.in, p.way.brief())
		if why := surprising[[2]tcpstate.State{p.a, p.b}]; why != "" {
			got += "    " + why + "\n"
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(pairsFile, []byte(got), 0o644))
	}
	want, err := os.ReadFile(pairsFile)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(got, "\n"))
}

// What the larger walks come to, with more that goes wrong at once, is on the list too.
func TestNoWalkComesToAPairThatIsNotListed(t *testing.T) {
	rep, err := walked()
	require.NoError(t, err)
	list, err := allPairs()
	require.NoError(t, err)
	listed := map[[2]tcpstate.State]bool{}
	for _, p := range list {
		listed[[2]tcpstate.State{p.a, p.b}] = true
	}
	n := 0
	for a := tcpstate.Established; a <= tcpstate.Closing; a++ {
		for b := tcpstate.Established; b <= tcpstate.Closing; b++ {
			if rep.Cover.HasPair(a, b) {
				n++
				require.True(t, listed[[2]tcpstate.State{a, b}], "%v and %v", a, b)
			}
		}
	}
	require.Greater(t, n, 40)
}

// surprising pairs have a line that says how they come about.
var surprising = func() map[[2]tcpstate.State]string {
	const (
		gone     = "half-open: one end has let go, and its RST is under way, or was lost"
		outlived = "the SYN outlives who sent it; the answer to it will draw a RST"
		ack      = "the ACK that completes the handshake is still under way"
		crossing = "SYNs that cross (RFC 9293 figure 8)"
		closing  = "FINs that cross (RFC 9293 figure 13)"
		behind   = "the ACK of the FIN came before the peer's own FIN, or that one was lost"
		forgot   = "the request was given up (tcp_synack_retries) before the ACK came, which will draw a RST"
		twice    = "who closed second must be heard again: TIME-WAIT answers a FIN that is repeated"
	)
	type p = [2]tcpstate.State
	const (
		closed, synSent, synReceived    = tcpstate.Closed, tcpstate.SynSent, tcpstate.SynReceived
		established, closeWait, lastAck = tcpstate.Established, tcpstate.CloseWait, tcpstate.LastAck
		finWait1, finWait2, timeWait    = tcpstate.FinWait1, tcpstate.FinWait2, tcpstate.TimeWait
		both                            = tcpstate.Closing
	)
	return map[p]string{
		{closed, synReceived}: outlived,
		{closed, established}: gone, {closed, closeWait}: gone, {closed, finWait2}: gone, {closed, lastAck}: gone, {closed, timeWait}: gone,
		{established, closed}: gone, {closeWait, closed}: gone, {finWait2, closed}: gone, {closed, both}: gone, {both, closed}: gone,
		{established, tcpstate.Listen}: forgot, {finWait1, tcpstate.Listen}: forgot,
		{closed, finWait1}:         "half-open: one end has let go, and the other, made by a SYN alone or not, sends its FIN to nobody",
		{finWait1, closed}:         "half-open: one end has let go, and the other, made by a SYN alone or not, sends its FIN to nobody",
		{established, synReceived}: ack, {finWait1, synReceived}: ack,
		{finWait1, synSent}:        "SYNs that cross, and one end closes before its SYN,ACK has arrived",
		{synSent, finWait1}:        "SYNs that cross, or Fast Open: one end closes before its SYN,ACK has arrived",
		{synReceived, finWait1}:    "SYNs that cross, and one end closes before its SYN,ACK has arrived",
		{synReceived, closed}:      "SYNs that cross, and one end closes before it hears anything",
		{synReceived, synReceived}: crossing, {synReceived, synSent}: crossing, {synSent, synSent}: crossing, {synReceived, established}: crossing,
		{both, both}: closing, {finWait1, both}: closing, {both, finWait1}: closing, {both, timeWait}: closing, {timeWait, both}: closing, {timeWait, timeWait}: closing,
		{both, finWait2}: behind, {finWait2, both}: behind,
		{lastAck, timeWait}: twice, {timeWait, lastAck}: twice,
	}
}()
