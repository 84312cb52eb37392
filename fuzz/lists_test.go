package fuzz

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sockspec/sockspec/conformance"
	"github.com/sockspec/sockspec/conformance/campaign"
	"github.com/sockspec/sockspec/conformance/matrix"
	"github.com/sockspec/sockspec/conformance/model"
	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/fuzz/reach"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// drawn are the lists of so many seeds.
func drawn(l campaign.Lists, n int) (lists []campaign.List) {
	for seed := range n {
		lists = append(lists, rapid.Custom(l.Draw).Example(seed))
	}
	return lists
}

// listReach is what a step of a list has to it.
func listReach(s reach.Set, step *matrix.Step) {
	if c := step.Call; c != nil {
		s.See("call "+c.Op.String(), true)
		s.See("call of a second thread", step.Thread > 1)
	}
	s.See("signal", step.Signal)
	s.See("sysctl", step.Sysctl != nil)
	s.See("pause", !step.Deed() && step.Wait > 0)
	q := step.Whole
	if q == nil {
		return
	}
	o := &q.Seg.Opts
	for n := range uint8(tcpstate.MaxSACK) + 1 {
		s.See(fmt.Sprintf("%d SACK blocks", n), o.NSACK == n)
	}
	s.See("time stamp", o.Has(tcpstate.OptTS))
	s.See("window scale", o.Has(tcpstate.OptWScale) && o.WScale > 0)
	s.See("ECN mark", q.Seg.ECN != 0)
	s.See("urgent", q.Seg.Flags.Has(tcpstate.URG))
	s.See("IPv6", q.Src.Is6())
	s.See("to a port that the stack chose", q.Proto == sock.ProtoTCP && q.DstPort == 0)
	s.See("ICMP", q.ICMP.Quote.Src.IsValid())
	s.See("datagram", q.Proto == sock.ProtoUDP)
	s.See("fragment or the like", q.Opaque)
}

// Lists hold what the targets' inputs do; what other histories do not hold is among it.
func TestListsHaveWhatTheTargetsDo(t *testing.T) {
	all := reach.Set{}
	for _, l := range Lists() {
		for _, list := range drawn(l, 300) {
			for i := range list.Steps {
				listReach(all, &list.Steps[i])
			}
		}
	}
	require.Empty(t, all.Missed(nil))
}

// The same seed is the same list, and few seeds are alike.
func TestAListIsItsSeeds(t *testing.T) {
	for _, l := range Lists() {
		a, b := drawn(l, 60), drawn(l, 60)
		require.Equal(t, a, b, l.Name)
		texts := map[string]bool{}
		for i := range a {
			texts[fmt.Sprint(len(a[i].Steps), a[i].World, fmt.Sprintf("%+v", a[i].Steps))] = true
		}
		require.Greater(t, len(texts), 50, l.Name)
	}
}

// A list takes little longer to play than what is bearable, whatever time passes in the input.
func TestAListDoesNotLast(t *testing.T) {
	for _, l := range Lists() {
		for _, list := range drawn(l, 100) {
			var waits tcpstate.Duration
			for _, s := range list.Steps {
				waits += s.Wait
			}
			require.LessOrEqual(t, waits, 5*tcpstate.Second)
		}
	}
}

// leastScripts are how many of 150 lists the language can say all of: it counts from the first numbers of a connection, which wild segments move. Most of FuzzHost's speak to ports of the stack's choice, or in
// packets that it has no words for.
var leastScripts = map[string]int{"FuzzConn": 82, "FuzzPair": 113, "FuzzHost": 13, "Holes": 149}

// What comes of a list prints as a script, which passes on the model wherever the language can say all of it.
func TestListsPrintAsScripts(t *testing.T) {
	for _, l := range Lists() {
		c := &campaign.Campaign{Other: model.Stack{}, Model: model.Stack{}, Lists: []campaign.Lists{l}}
		pass, all := 0, 150
		for seed := range all {
			rapid.Custom(func(rt *rapid.T) int {
				h, d, err := c.Try(rt)
				require.NoError(t, err)
				require.Nil(t, d, "the model differs from itself")
				text := h.Script()
				s, err := script.Parse("list.pkt", []byte(text))
				if len(s.Events) == 0 {
					all--
					return 0 // nothing that a script states
				}
				require.NoError(t, err, text)
				if conformance.Run(context.Background(), s, model.Stack{}, conformance.Options{}).Verdict == conformance.Pass {
					pass++
				}
				return 0
			}).Example(seed)
		}
		t.Logf("%s: %d of %d pass", l.Name, pass, all)
		require.GreaterOrEqual(t, pass, leastScripts[l.Name], l.Name)
	}
}
