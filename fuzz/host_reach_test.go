package fuzz

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sockspec/sockspec/fuzz/reach"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// callsHeard notes, from what a run tells, which calls were made and how they ended.
func callsHeard(s reach.Set) Trace {
	made := map[sock.Thread]sock.Op{}
	return func(format string, args ...any) {
		if strings.Contains(format, "thread") {
			made[args[1].(sock.Thread)] = args[2].(sock.Op)
			return
		}
		text := fmt.Sprintf(format, args...)
		i := strings.Index(text, " thread ")
		if i < 0 {
			return
		}
		var th sock.Thread
		var value, errno int64
		if _, err := fmt.Sscanf(text[i:], " thread %d value %d errno %d", &th, &value, &errno); err != nil {
			return
		}
		op := made[th]
		switch {
		case strings.Contains(text, "> parked"):
			s.See(op.String()+" waits", true)
		case strings.Contains(text, "> done"):
			s.See(op.String()+" succeeds", errno == 0)
			s.See(op.String()+" fails", errno != 0)
		}
	}
}

// waiting are the calls that a thread can be parked in.
var waiting = []sock.Op{sock.OpAccept, sock.OpConnect, sock.OpSend, sock.OpRecv, sock.OpPoll, sock.OpEpollWait, sock.OpClose}

// The seeds of hosts make every call to an end, to an error and, where it can, to
// wait; they do every op, and walk every edge.
func TestSeedsOfHostsReachEveryCallAndEdge(t *testing.T) {
	s, cover := reach.Set{}, &Coverage{}
	for op := sock.OpSocket; op <= sock.OpRecvmmsg; op++ {
		s.See(op.String()+" succeeds", false)
		s.See(op.String()+" fails", false)
	}
	for _, op := range waiting {
		s.See(op.String()+" waits", false)
	}
	for _, in := range fuzzHostSeeds {
		r := NewHostRun(in[0])
		r.Trace = callsHeard(s)
		for _, o := range Ops(in[1:], mostHostOps) {
			s.See(fmt.Sprintf("op %d", r.what(o)), true)
		}
		for what := range numWideOps {
			s.See(fmt.Sprintf("op %d", what), false)
		}
		require.NoError(t, RunHost(in[1:], r))
		cover.Add(r.Cover)
	}
	for _, e := range tcpstate.Edges() {
		s.See(fmt.Sprintf("%v to %v on %s", e.From, e.To, e.On), cover.HasEdge(e.From, e.To))
	}
	s.See(rule.TooLong.String(), cover.HasRule(rule.TooLong)) // which takes three parties
	require.Empty(t, s.Missed(map[string]string{
		"execve fails":        "there is always a program to run",
		"exit_group succeeds": "it does not return",
	}))
}
