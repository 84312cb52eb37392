package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExplorePrintsWhatItWalkedAndAShortestWay(t *testing.T) {
	got := sockspec(t, nil, "explore", "--states", "3000", "--scenario", "handshake", "--show", "SYN-SENT:ESTABLISHED", "--show", "syn-cookie")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Contains(t, got.stdout, "3000 states in ")
	require.Contains(t, got.stdout, "SYN-SENT:ESTABLISHED, in scenario handshake, by 3 moves:\ntwo ends\n  0: connect\n")
	require.Contains(t, got.stdout, "syn-cookie: no way found within these bounds")
}

// The same walk comes to the same result, whoever does it.
func TestExploreAsJSON(t *testing.T) {
	var one, two exploreRecord
	for workers, r := range map[string]*exploreRecord{"1": &one, "3": &two} {
		got := sockspec(t, nil, "explore", "--states", "2000", "--scenario", "backlog", "--scenario", "crossing", "--workers", workers, "--json")
		require.Equal(t, exitOK, got.code, got.stderr)
		require.NoError(t, json.Unmarshal([]byte(got.stdout), r))
		for i := range r.Walks {
			r.Walks[i].Seconds, r.Walks[i].Octets = 0, 0
		}
	}
	require.Equal(t, one, two)
	require.Equal(t, 2000, one.States)
	require.Len(t, one.Walks, 2)
}

func TestExploreEndsAtAnInterruptWithWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got := sockspecContext(t, ctx, nil, "explore")
	require.Equal(t, exitInterrupted, got.code)
	require.Contains(t, got.stderr, "interrupted after ")
	require.Contains(t, got.stdout, "an interrupt")
}
